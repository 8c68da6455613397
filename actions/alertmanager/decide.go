package alertmanager

import (
	"slices"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// The names of the alerts, which are their labels alertname.
const (
	releaseFailed       = "HaldaneReleaseFailed"       // and what became of its rollback
	releaseUndecided    = "HaldaneReleaseUndecided"    // marginal, or nobody knows
	releaseNotRecovered = "HaldaneReleaseNotRecovered" // the rollback did not help
	rollbackFailed      = "HaldaneRollbackFailed"
	actionFailed        = "HaldaneActionFailed" // somebody was not told, or not reached
	sourceTroubled      = "HaldaneSourceTroubled"
	rollbacksHeld       = "HaldaneRollbacksHeld"    // many services failed at once
	messagesHeldBack    = "HaldaneMessagesHeldBack" // a digest of what max_per_minute held back
)

// raises says which alert an event raises; "" is none:
//
//	run.failed, rollback.requested  HaldaneReleaseFailed
//	run.marginal, run.inconclusive  HaldaneReleaseUndecided
//	rollback.not_recovered          HaldaneReleaseNotRecovered
//	rollback.updated to failed      HaldaneRollbackFailed
//	delivery.failed                 HaldaneActionFailed
//	source.troubled                 HaldaneSourceTroubled
//	hold.engaged by many services   HaldaneRollbacksHeld
//	messages.digest                 HaldaneMessagesHeldBack
func raises(d analysis.Delivery, m config.Message) string {
	switch d.Event.Type {
	case analysis.EventRunFailed, analysis.EventRollbackRequested:
		return releaseFailed
	case analysis.EventRunMarginal, analysis.EventRunInconclusive:
		return releaseUndecided
	case analysis.EventRollbackNotRecovered:
		return releaseNotRecovered
	case analysis.EventDeliveryFailed:
		return actionFailed
	case analysis.EventSourceTroubled:
		return sourceTroubled
	case analysis.EventMessagesDigest:
		return messagesHeldBack
	case analysis.EventRollbackUpdated:
		if m.Urgent {
			return rollbackFailed
		}
	case analysis.EventHoldEngaged, analysis.EventHoldReleased:
		if n := d.Event.Notice; n != nil && n.Hold != nil && n.Hold.Kind == analysis.HoldManyServices {
			return rollbacksHeld
		}
	}
	return ""
}

// resolves reports whether an event ends an alert of its run:
//
//	rollback.verified, run.passed   all
//	source.recovered                HaldaneSourceTroubled
func resolves(t analysis.EventType, alertname string) bool {
	switch t {
	case analysis.EventRollbackVerified, analysis.EventRunPassed:
		return true
	case analysis.EventSourceRecovered:
		return alertname == sourceTroubled
	}
	return false
}

// next says which alerts of a run go on and which end when a delivery comes, given
// those that were alive before it. Of one that goes on, the annotation news says what
// has happened since.
func next(d analysis.Delivery, m config.Message, alive []alert, raised *alert) (on, over []alert) {
	for _, one := range alive {
		switch {
		case resolves(d.Event.Type, one.Labels["alertname"]):
			over = append(over, one)
		case raised == nil || one.id() != raised.id():
			on = append(on, one.with("news", config.Cut(m.Title, maxText)))
		}
	}
	if raised != nil {
		on = append(on, *raised)
	}
	return slices.Clip(on), over
}
