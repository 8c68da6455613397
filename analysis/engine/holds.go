package engine

import (
	"context"
	"errors"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Hold makes every delivery that changes the world wait, of one service or of all,
// until it is released. A silence keeps back messages instead.
func (e *Engine) Hold(ctx context.Context, h analysis.Hold) (analysis.Hold, error) {
	h.ID, h.At = newID(), time.Now().Truncate(time.Millisecond).UTC()
	if h.Kind != analysis.HoldSilence {
		h.Kind = analysis.HoldManual
	}
	if wrong := wrongEnd(h.Until, h.At); wrong != "" {
		err := analysis.Errorf(analysis.Invalid, "until: %s", wrong)
		err.Fields = []analysis.FieldError{{Field: "until", Message: wrong}}
		return h, err
	}
	err := e.store.Write(ctx, func(tx *store.Tx) error { return e.engage(ctx, tx, e.setup.Load(), &h, nil, h.At) })
	return h, err
}

// wrongEnd says what is wrong with the end of a hold, or nothing.
func wrongEnd(until *time.Time, now time.Time) string {
	switch {
	case until == nil:
		return ""
	case !until.After(now):
		return "in the past"
	case until.UTC().Year() > lastYear:
		return "after the year 9999"
	}
	return ""
}

// lastYear is the last that JSON can tell: a time beyond it, which "9999-12-31T23:00:00-02:00"
// is in UTC, could be kept and never be shown.
const lastYear = 9999

// engage records a hold. When a run's failure brought it about, those who are told
// of that failure are told of the hold.
func (e *Engine) engage(ctx context.Context, tx *store.Tx, s *Setup, h *analysis.Hold, r *analysis.Run, now time.Time) error {
	if err := tx.InsertHold(ctx, h); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		e.log.WarnContext(ctx, map[bool]string{true: "messages are silenced", false: "rollbacks are held"}[h.Kind == analysis.HoldSilence], "hold", h.ID, "kind", h.Kind, "service", h.Service, "environment", h.Environment, "by", h.By.String(), "reason", h.Reason)
	})
	if r == nil {
		return tx.InsertEvent(ctx, &analysis.Event{
			ID: newID(), Service: h.Service, Environment: h.Environment, At: now,
			Type: analysis.EventHoldEngaged, Who: h.By, Text: h.Reason,
		})
	}
	var told []analysis.Reaction
	for _, re := range r.Snapshot.On.Fail {
		if !s.changesWorld(re.Action) {
			told = append(told, re.Alone())
		}
	}
	return e.tell(ctx, tx, s, r, occurrence{typ: analysis.EventHoldEngaged, who: h.By, text: "rollbacks are held: " + h.Reason, hold: h}, told, now)
}

// Release ends a hold and lets what waited for it go on at once.
func (e *Engine) Release(ctx context.Context, id string, by analysis.Cause) (h analysis.Hold, err error) {
	now := time.Now().Truncate(time.Millisecond).UTC()
	err = e.store.Write(ctx, func(tx *store.Tx) error {
		if h, err = tx.ReleaseHold(ctx, id, now, by); err != nil {
			return err
		}
		return tx.InsertEvent(ctx, &analysis.Event{
			ID: newID(), Service: h.Service, Environment: h.Environment, At: now,
			Type: analysis.EventHoldReleased, Who: by, Text: "released: " + h.Reason,
		})
	})
	if err != nil {
		return h, err
	}
	e.log.InfoContext(ctx, "hold released", "hold", h.ID, "by", by.String())
	return h, e.retryHeld(ctx)
}

// retryHeld gives every held delivery another chance: the guard rails are asked
// again when its job is worked.
func (e *Engine) retryHeld(ctx context.Context) error {
	ids, err := e.store.OpenDeliveries(ctx, analysis.DeliveryHeld)
	errs := []error{err}
	for _, id := range ids {
		errs = append(errs, e.withDelivery(ctx, id, func(tx *store.Tx, d *analysis.Delivery, now time.Time) error {
			if d.State != analysis.DeliveryHeld || !now.Before(d.ExpiresAt) {
				return nil
			}
			g, err := e.guardDelivery(ctx, tx, e.setup.Load(), d, now)
			if err != nil || g.state == analysis.DeliveryHeld && g.why == d.Reason {
				return err
			}
			if g.state == analysis.DeliveryHeld { // for another reason now
				return e.keepBack(ctx, tx, e.setup.Load(), d, g, now)
			}
			d.JobID, err = tx.EnqueueDelivery(ctx, d.ID, time.Time{})
			if err != nil {
				return err
			}
			return tx.UpdateDelivery(ctx, d)
		}))
	}
	return errors.Join(errs...)
}
