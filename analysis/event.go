package analysis

import (
	"slices"
	"time"
)

// EventType names one thing that can happen.
type EventType string

// The events of a run's life, in about the order in which they can happen. Those
// up to EventHoldReleased are also the types of webhooks.
const (
	EventRunStarted           EventType = "run.started"
	EventRunPassed            EventType = "run.passed"
	EventRunFailed            EventType = "run.failed"
	EventRunMarginal          EventType = "run.marginal"
	EventRunInconclusive      EventType = "run.inconclusive"
	EventRollbackVerified     EventType = "rollback.verified"
	EventRollbackNotRecovered EventType = "rollback.not_recovered"
	EventDeliveryFailed       EventType = "delivery.failed"
	EventHoldEngaged          EventType = "hold.engaged"
	EventHoldReleased         EventType = "hold.released"

	EventRunQueued         EventType = "run.queued"
	EventRunCancelled      EventType = "run.cancelled"
	EventRunSuperseded     EventType = "run.superseded"
	EventSourceTroubled    EventType = "source.troubled"    // a look could not read a source
	EventSourceRecovered   EventType = "source.recovered"   // and a later one could again
	EventRollbackRequested EventType = "rollback.requested" // by a person
	EventRollbackApproved  EventType = "rollback.approved"  // by a person
	EventRollbackRefused   EventType = "rollback.refused"   // by a person: the release is kept
	EventRollbackUpdated   EventType = "rollback.updated"   // its state changed; the text says how
	EventDeliveryDone      EventType = "delivery.done"
	EventRunAcknowledged   EventType = "run.acknowledged" // somebody looks after it
	EventMessagesDigest    EventType = "messages.digest"  // what was held back of an action's messages
	EventVerdictFeedback   EventType = "verdict.feedback" // a person said whether it was right
)

// Concluded returns the event that tells of an outcome.
func Concluded(o Outcome) EventType {
	switch o {
	case OutcomePass:
		return EventRunPassed
	case OutcomeFail:
		return EventRunFailed
	case OutcomeMarginal:
		return EventRunMarginal
	}
	return EventRunInconclusive
}

// Event is one thing that happened, to a Run or, when RunID is empty, to a service;
// without a service it concerns everything. Events are only ever added: they are the one source of timeline, audit
// and retrospectives. Ordinary looks are not events, they have rows of their own.
type Event struct {
	ID          string    `json:"id"` // UUIDv7
	RunID       string    `json:"run_id,omitempty"`
	Plan        string    `json:"plan,omitempty"` // the run's; only in lists over all runs
	Service     string    `json:"service,omitempty"`
	Environment string    `json:"environment,omitempty"`
	At          time.Time `json:"at"`
	Type        EventType `json:"type"`
	Who         Cause     `json:"who"`
	Text        string    `json:"text"` // one sentence
	Notice      *Notice   `json:"-"`    // what deliveries of this event tell, fixed when it happened
}

// Notice is what a webhook or a message is about: the state of things at the
// moment of the event, so that a repeated delivery says the same.
type Notice struct {
	Run      *Run            `json:"run,omitempty"` // nil when a person rolled back a service without a run
	Rollback *RollbackTarget `json:"rollback,omitempty"`
	Reason   string          `json:"reason"`
	Findings []Finding       `json:"findings"`
	Runbook  string          `json:"runbook,omitempty"`
	Report   string          `json:"report,omitempty"` // the run's page
	Plan     PlanFacts       `json:"plan"`
	Hold     *Hold           `json:"hold,omitempty"`
	Failed   *FailedDelivery `json:"failed,omitempty"`   // with delivery.failed
	Evidence *Evidence       `json:"evidence,omitempty"` // with a verdict that is not good: what it rests on
}

// Evidence are the samples behind the worst findings of a verdict, for pictures.
type Evidence struct {
	Plan  Plan   `json:"plan"`  // with the metrics of the pairs only
	Pairs []Pair `json:"pairs"` // worst first, at most EvidencePairs of the newest EvidenceSteps
}

// Limits of what an event keeps for pictures.
const (
	EvidencePairs = 4
	EvidenceSteps = 360
)

// EvidenceOf picks what the worst findings of a verdict rest on; nil when there is
// nothing. The findings are those of the pairs.
func EvidenceOf(plan *Plan, pairs []Pair, findings []Finding) *Evidence {
	e := &Evidence{Plan: *plan}
	e.Plan.Metrics, e.Plan.On, e.Plan.Schedule = nil, Reactions{}, nil
	for _, bad := range []bool{true, false} {
		for _, f := range findings {
			i := slices.IndexFunc(pairs, func(p Pair) bool { return p.Metric == f.Metric && p.Segment == f.Segment })
			m, known := plan.Metric(f.Metric)
			if f.Bad != bad || i < 0 || !known || len(e.Pairs) == EvidencePairs {
				continue
			}
			e.Pairs = append(e.Pairs, pairs[i].newest(EvidenceSteps))
			if _, there := e.Plan.Metric(m.Name); !there {
				e.Plan.Metrics = append(e.Plan.Metrics, m)
			}
		}
	}
	if len(e.Pairs) == 0 {
		return nil
	}
	return e
}

// RollbackTarget names both ends of a rollback: to a version, never "one back".
type RollbackTarget struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// PlanFacts are the parts of a plan that messages show or route by.
type PlanFacts struct {
	Name        string            `json:"name"`
	Service     string            `json:"service"`
	Environment string            `json:"environment"`
	Owner       string            `json:"owner,omitempty"`
	Severity    string            `json:"severity,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Judge       JudgeName         `json:"judge,omitempty"`
	DryRun      bool              `json:"dry_run,omitempty"`
}

// Facts returns what messages show of a plan.
func (p *Plan) Facts() PlanFacts {
	return PlanFacts{
		Name: p.Name, Service: p.Service, Environment: p.Environment, Owner: p.Owner,
		Severity: p.Severity, Labels: p.Labels, Judge: p.Judge, DryRun: p.DryRun,
	}
}

// FailedDelivery tells which delivery finally failed, and why.
type FailedDelivery struct {
	ID           string `json:"id"`
	Action       string `json:"action"`
	ChangesWorld bool   `json:"changes_world"`
	Attempts     int    `json:"attempts"`
	Error        string `json:"error"`
}

// Hold is a reason why deliveries that change the world wait.
type Hold struct {
	ID          string     `json:"id"`
	Kind        HoldKind   `json:"kind"`
	Service     string     `json:"service,omitempty"` // "" holds every service
	Environment string     `json:"environment,omitempty"`
	Reason      string     `json:"reason"`
	By          Cause      `json:"by"`
	At          time.Time  `json:"at"`
	Until       *time.Time `json:"until,omitempty"` // released by itself then
	ReleasedAt  *time.Time `json:"released_at,omitempty"`
	ReleasedBy  *Cause     `json:"released_by,omitempty"`
}

// HoldKind is what engaged a hold.
type HoldKind string

// The kinds of holds.
const (
	HoldManual       HoldKind = "manual"        // a person
	HoldManyServices HoldKind = "many_services" // many services failed at once: the platform or a backend is the suspect
	HoldSilence      HoldKind = "silence"       // a person, of messages: rollbacks go on
	HoldFreeze       HoldKind = "freeze"        // a time of the config in which Haldane only tells
)

// Covers reports whether the hold applies to a service at a time.
func (h Hold) Covers(service, environment string, now time.Time) bool {
	if h.ReleasedAt != nil || h.Until != nil && !now.Before(*h.Until) {
		return false
	}
	return (h.Service == "" || h.Service == service) && (h.Environment == "" || h.Environment == environment)
}

// Concerns reports whether a hold is about one of the plans that somebody may know of: it
// holds a service of theirs, or everything.
func (h Hold) Concerns(plans []Plan, scope Scope) bool {
	return scope == nil || h.Service == "" || slices.ContainsFunc(plans, func(p Plan) bool {
		return scope(p.Name) && p.Service == h.Service && (h.Environment == "" || p.Environment == h.Environment)
	})
}
