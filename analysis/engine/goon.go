package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// goOn makes the deliveries that follow from how one ended: those of then when it was
// done, those of else when it finally failed or could not be sent in time. It reports
// whether a failure has something to fall back to.
func (e *Engine) goOn(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) (fallsBack bool, err error) {
	next, word := d.Reaction.Then, "then"
	switch {
	case d.State == analysis.DeliveryDone:
	case d.State == analysis.DeliveryFailed || d.Reason == lateUnsent:
		next, word, fallsBack = d.Reaction.Else, "else", len(d.Reaction.Else) > 0
	default:
		return false, nil
	}
	if len(next) == 0 {
		return false, nil
	}
	if fallsBack {
		d.State = analysis.DeliveryFailed // also when it came too late: the next takes its place
		if err := tx.UpdateDelivery(ctx, d); err != nil {
			return false, err
		}
	}
	ev, err := tx.Event(ctx, d.EventID)
	if err != nil {
		return false, err
	}
	within := analysis.Duration(d.ExpiresAt.Sub(d.CreatedAt))
	if d.RunID != "" {
		r, err := tx.LockRun(ctx, d.RunID)
		if err != nil {
			return false, err
		}
		within = r.Snapshot.DeliverWithin
	}
	for i, re := range next {
		made := newDelivery(&ev, fmt.Sprintf("%s>%s/%d", d.Step, word, i), re, s.changesWorld(re.Action), now, within)
		if err := e.dispatch(ctx, tx, s, made, pass, now); err != nil {
			return false, err
		}
	}
	if fallsBack {
		tx.AfterCommit(func() {
			e.log.Warn("a delivery failed, the plan has something to fall back to", "delivery", d.ID, "run", d.RunID, "action", d.Action, "reason", d.Reason)
		})
	}
	return fallsBack, nil
}
