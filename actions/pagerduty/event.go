package pagerduty

import (
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// What is done about an event.
type what string

const (
	trigger what = "trigger"
	resolve what = "resolve"
	change  what = "change"
)

// decide says what is sent for a delivery, and for which alerts:
//
//	run.failed                     trigger
//	run.marginal, inconclusive,    trigger, as a warning at most
//	source.troubled
//	delivery.failed,               trigger, as an alert of its own when the run has one already
//	rollback.not_recovered,
//	rollback.updated to failed
//	hold.engaged by many services  trigger
//	messages.digest                trigger, because alerts may be among what was held back
//	rollback.verified, run.passed, resolve all alerts of the run; a change event if it has none
//	source.recovered
//	hold.released                  resolve the hold's alert
//	all else                       change event
func decide(d analysis.Delivery, m config.Message) (what, []string) {
	key, open := alertKey(d), openAlerts(d.Earlier)
	switch t := d.Event.Type; {
	case t == analysis.EventRollbackVerified, t == analysis.EventRunPassed, t == analysis.EventSourceRecovered:
		if len(open) == 0 {
			return change, nil
		}
		return resolve, open
	case t == analysis.EventHoldReleased && byManyServices(d):
		return resolve, []string{key}
	case t == analysis.EventHoldEngaged && !byManyServices(d):
		return change, nil // a person's own doing
	case m.Urgent && len(open) > 0:
		return trigger, []string{key + "/urgent"}
	case m.Urgent, m.Mood == config.MoodUnsure, d.Event.Type == analysis.EventMessagesDigest:
		return trigger, []string{key}
	}
	return change, nil
}

// alertKey is the dedup_key of what a delivery is about: its run, its hold, or else
// the event itself. A rollback without a run stands alone.
func alertKey(d analysis.Delivery) string {
	n := d.Event.Notice
	switch {
	case d.RunID != "":
		return "haldane/run/" + d.RunID
	case n != nil && n.Hold != nil && n.Hold.ID != "":
		return "haldane/hold/" + n.Hold.ID
	}
	return "haldane/event/" + d.EventID
}

func byManyServices(d analysis.Delivery) bool {
	n := d.Event.Notice
	return n != nil && n.Hold != nil && n.Hold.Kind == analysis.HoldManyServices
}

// The refs of a receipt.
const (
	refAlerts = "alerts" // the dedup_keys that were triggered or resolved, with spaces between
	refWhat   = "sent"
)

// openAlerts are the alerts of a run that were triggered and not resolved since.
func openAlerts(earlier []analysis.Receipt) []string {
	var open []string
	for _, r := range earlier {
		switch keys := strings.Fields(r.Refs[refAlerts]); what(r.Refs[refWhat]) {
		case trigger:
			open = append(open, keys...)
		case resolve:
			open = slices.DeleteFunc(open, func(k string) bool { return slices.Contains(keys, k) })
		}
	}
	slices.Sort(open)
	return slices.Compact(open)
}

// severity is the alert's: the plan's for what is bad, a warning at most for what
// nobody knows.
func severity(m config.Message) string {
	known := []string{"info", "warning", "error", "critical"}
	s := m.Severity
	if !slices.Contains(known, s) {
		s = "critical"
	}
	if !m.Urgent && m.Mood != config.MoodBad && slices.Index(known, s) > slices.Index(known, "warning") {
		s = "warning"
	}
	return s
}
