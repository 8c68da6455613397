package analysis

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"
)

// Delivery is one thing that one Action must do because of one Event.
type Delivery struct {
	ID           string        `json:"id"`
	RunID        string        `json:"run_id,omitempty"`
	EventID      string        `json:"event_id"`
	EventType    EventType     `json:"event_type"`
	Step         string        `json:"step"` // its place among the event's reactions
	Action       string        `json:"action"`
	ChangesWorld bool          `json:"changes_world"`
	State        DeliveryState `json:"state"`
	Reason       string        `json:"reason,omitempty"` // why it is held, was skipped or failed; or the last try's error
	Attempts     int           `json:"attempts"`
	CreatedAt    time.Time     `json:"created_at"`
	ExpiresAt    time.Time     `json:"expires_at"` // until when it may be performed, or is followed
	EndedAt      *time.Time    `json:"ended_at,omitempty"`
	Receipt      *Receipt      `json:"receipt,omitempty"`

	// What an Action is given besides, when it performs.
	Event   Event     `json:"-"` // with its Notice
	Earlier []Receipt `json:"-"` // of this run's earlier deliveries by the same action, oldest first

	// What the engine keeps.
	Service     string   `json:"-"`
	Environment string   `json:"-"`
	Reaction    Reaction `json:"-"` // what it performs
	Rev         int64    `json:"-"`
	JobID       int64    `json:"-"`
}

// ReplacesStep reports whether d changes the world because another one, of the same
// event, could not: it is what that one falls back to.
func (d *Delivery) ReplacesStep(other Delivery) bool {
	return d.ChangesWorld && d.EventID == other.EventID && strings.HasPrefix(d.Step, other.Step+">else/")
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states. Held, pending and following ones are open, the others final.
const (
	DeliveryPending   DeliveryState = "pending"   // to be performed, perhaps again
	DeliveryHeld      DeliveryState = "held"      // waits for a Hold
	DeliveryFollowing DeliveryState = "following" // was accepted; is followed to its end
	DeliveryDone      DeliveryState = "done"
	DeliveryFailed    DeliveryState = "failed"
	DeliverySkipped   DeliveryState = "skipped"
)

// Open reports whether something must still be done.
func (s DeliveryState) Open() bool { return s.Unsent() || s == DeliveryFollowing }

// Unsent reports whether it has still to be performed.
func (s DeliveryState) Unsent() bool { return s == DeliveryPending || s == DeliveryHeld }

// NotConfirmed begins the reason of a delivery that was accepted and never heard of again:
// the other side may still be at it.
const NotConfirmed = "accepted, but not known to be done"

// DeliveryID makes the stable id of a delivery: the same event and step give the
// same id, so that a repeat is recognised by its receiver.
func DeliveryID(eventID, step string) string {
	sum := sha256.Sum256([]byte(eventID + "\x00" + step))
	return "dlv_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:15]))
}

// Receipt is what an Action keeps of a performed delivery.
type Receipt struct {
	At   time.Time         `json:"at"`
	Text string            `json:"text,omitempty"` // what the other side said, for people, without secrets
	Refs map[string]string `json:"refs,omitempty"` // what later deliveries need, e.g. Slack's channel and ts
	Done bool              `json:"done"`           // false: taken, not known to be done
	// Again is when to ask a Follower, from At on; 0 leaves it to the engine.
	Again time.Duration `json:"again,omitempty"`
}
