package webhook

import (
	"encoding/json"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// payload is the body when the config has none. It is a contract with receivers:
// fields are added, never renamed. All of it is fixed by the event, so that every
// attempt sends the same bytes.
type payload struct {
	Type      analysis.EventType `json:"type"`
	Schema    int                `json:"schema"`
	Timestamp time.Time          `json:"timestamp"` // when it happened
	Data      data               `json:"data"`
}

type data struct {
	DeliveryID string                   `json:"delivery_id"`
	ExpiresAt  time.Time                `json:"expires_at"` // not to be acted on after it
	Run        *analysis.Run            `json:"run"`        // null when a person rolled back a service without a run
	Rollback   *analysis.RollbackTarget `json:"rollback"`   // null when the event is about none
	Reason     string                   `json:"reason"`
	Findings   []analysis.Finding       `json:"findings"`
	Runbook    string                   `json:"runbook"`
	Report     string                   `json:"report"`
}

// defaultBody writes the body. Times are cut to milliseconds: that is what the
// store keeps, and a repeat after a restart must not differ from the first try.
func defaultBody(d analysis.Delivery) ([]byte, error) {
	n := analysis.Notice{}
	if d.Event.Notice != nil {
		n = *d.Event.Notice
	}
	p := payload{
		Type: wireType(d.Event.Type), Schema: 1, Timestamp: d.Event.At.UTC().Truncate(time.Millisecond),
		Data: data{
			DeliveryID: d.ID, ExpiresAt: d.ExpiresAt.UTC().Truncate(time.Millisecond),
			Run: n.Run, Rollback: n.Rollback, Reason: n.Reason, Findings: n.Findings,
			Runbook: n.Runbook, Report: n.Report,
		},
	}
	if p.Data.Reason == "" {
		p.Data.Reason = d.Event.Text
	}
	if p.Data.Findings == nil {
		p.Data.Findings = []analysis.Finding{}
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, analysis.Errorf(analysis.Internal, "the webhook's body cannot be written").Because(err)
	}
	return body, nil
}

// wireType is the type that receivers see. A rollback that a person asked for is
// for the deploy tool the same order as one that Haldane decided on.
func wireType(t analysis.EventType) analysis.EventType {
	if t == analysis.EventRollbackRequested {
		return analysis.EventRunFailed
	}
	return t
}
