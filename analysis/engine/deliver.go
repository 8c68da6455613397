package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Deliver performs a delivery, if it is time to. It is called again until the
// delivery has ended, perhaps twice at once: the receiver knows a repeat by the
// delivery's id.
func (e *Engine) Deliver(ctx context.Context, id string) error {
	s := e.setup.Load()
	d, claimed, err := e.claim(ctx, s, id)
	if analysis.KindOf(err) == analysis.NotFound { // somebody deleted it, or its run
		return nil
	}
	if err != nil || !claimed {
		return err
	}
	began := time.Now()
	receipt, err := e.perform(ctx, s, d)
	e.metrics.attempted(d, time.Since(began), err)
	return e.record(ctx, s, d, receipt, err)
}

// claim decides in one transaction whether the delivery is to be performed now,
// and counts the attempt before it is made.
func (e *Engine) claim(ctx context.Context, s *Setup, id string) (d analysis.Delivery, claimed bool, err error) {
	err = e.withDelivery(ctx, id, func(tx *store.Tx, locked *analysis.Delivery, now time.Time) error {
		claimed = false
		if !locked.State.Open() {
			return nil
		}
		if locked.State == analysis.DeliveryFollowing {
			if !now.Before(locked.ExpiresAt) {
				return e.lose(ctx, tx, s, locked, now)
			}
			locked.Earlier, err = earlier(ctx, tx, locked)
			d, claimed = *locked, true
			return err
		}
		if waits, err := e.waitsForAnother(ctx, tx, locked); err != nil || waits {
			// The one before it will wake it up.
			return err
		}
		if !now.Before(locked.ExpiresAt) && !worthTelling(locked, now) {
			return e.expire(ctx, tx, s, locked, now)
		}
		if locked.ChangesWorld {
			g, err := e.guardDelivery(ctx, tx, s, locked, now)
			if err != nil {
				return err
			}
			if g.state != analysis.DeliveryPending {
				return e.keepBack(ctx, tx, s, locked, g, now)
			}
		}
		if locked.EventType == analysis.EventMessagesDigest && locked.Attempts == 0 {
			if err := e.fillDigest(ctx, tx, locked, now); err != nil {
				return err
			}
		}
		wasHeld := locked.State == analysis.DeliveryHeld
		locked.State = analysis.DeliveryPending
		locked.Attempts++
		if err := errors.Join(tx.MarkTried(ctx, id, now), tx.UpdateDelivery(ctx, locked)); err != nil {
			return err
		}
		if wasHeld {
			if err := e.follow(ctx, tx, s, locked, now); err != nil {
				return err
			}
		}
		locked.Earlier, err = earlier(ctx, tx, locked)
		d, claimed = *locked, true
		return err
	})
	return d, claimed && err == nil, err
}

// tellLate is how late a message may be that nobody could try to send in time.
const tellLate = 24 * time.Hour

// worthTelling reports whether a delivery past its deadline is tried once all the same: a
// message that an outage of ours kept back. People would rather hear late than never.
func worthTelling(d *analysis.Delivery, now time.Time) bool {
	return !d.ChangesWorld && d.Attempts == 0 && d.State == analysis.DeliveryPending && now.Before(d.ExpiresAt.Add(tellLate))
}

// withDelivery locks a delivery, and before it the service when the world is to be
// changed: whoever locks both does it in this order.
func (e *Engine) withDelivery(ctx context.Context, id string, do func(tx *store.Tx, d *analysis.Delivery, now time.Time) error) error {
	return e.store.Write(ctx, func(tx *store.Tx) error {
		d, err := tx.Delivery(ctx, id)
		if err != nil {
			return err
		}
		if d.ChangesWorld {
			if err := tx.LockService(ctx, d.Service, d.Environment); err != nil {
				return err
			}
		}
		if d, err = tx.LockDelivery(ctx, id); err != nil {
			return err
		}
		return do(tx, &d, time.Now().Truncate(time.Millisecond).UTC())
	})
}

// earlier returns the receipts of the run's earlier deliveries by the same action.
func earlier(ctx context.Context, tx *store.Tx, d *analysis.Delivery) ([]analysis.Receipt, error) {
	if d.RunID == "" {
		return nil, nil
	}
	all, err := tx.DeliveriesOf(ctx, d.RunID)
	var out []analysis.Receipt
	for i := range all {
		if all[i].Action == d.Action && all[i].ID != d.ID && all[i].Receipt != nil {
			out = append(out, *all[i].Receipt)
		}
	}
	return out, err
}

func (e *Engine) guardDelivery(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) (guarded, error) {
	sub := subject{nil, d.Service, d.Environment, d.EventID, d.EventType, d.Event.Who}
	if d.RunID != "" {
		r, err := tx.LockRun(ctx, d.RunID)
		if err != nil {
			return pass, err
		}
		sub.run = &r
	}
	return e.guard(ctx, tx, s, sub, now)
}

// keepBack holds or skips a delivery, and says so when that is news.
func (e *Engine) keepBack(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, g guarded, now time.Time) error {
	news := d.State != g.state || d.Reason != g.why
	d.State, d.Reason = g.state, g.why
	if g.state == analysis.DeliverySkipped {
		return e.finish(ctx, tx, s, d, now)
	}
	var err error
	if d.JobID, err = tx.EnqueueDelivery(ctx, d.ID, wakeAt(d, g)); err != nil {
		return err
	}
	if err := tx.UpdateDelivery(ctx, d); err != nil || !news {
		return err
	}
	return e.follow(ctx, tx, s, d, now)
}

// expire ends a delivery whose deadline has passed. A rollback is never sent late:
// somebody is told instead.
func (e *Engine) expire(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) error {
	switch {
	case d.State == analysis.DeliveryHeld:
		d.State, d.Reason = analysis.DeliverySkipped, "late: its deadline passed while it was held ("+d.Reason+")"
	case d.Attempts == 0:
		d.State, d.Reason = analysis.DeliverySkipped, lateUnsent
	default:
		last := d.Reason
		if last == "" {
			last = "Haldane ended in the middle of it, so what came of it is not known"
		}
		d.State, d.Reason = analysis.DeliveryFailed, fmt.Sprintf("gave up after %d attempts: %s", d.Attempts, last)
	}
	return e.finish(ctx, tx, s, d, now)
}

// lateUnsent is why a delivery was skipped that nothing held and nobody tried in time.
const lateUnsent = "late: its deadline passed before it could be sent"

// perform does the delivery's work with the world outside, or asks how it is going.
func (e *Engine) perform(ctx context.Context, s *Setup, d analysis.Delivery) (analysis.Receipt, error) {
	a, ok := s.Actions[d.Action]
	if !ok {
		return analysis.Receipt{}, analysis.Errorf(analysis.Invalid, "action %q: not in the config any more", d.Action)
	}
	if d.State == analysis.DeliveryFollowing {
		return a.follow(ctx, d)
	}
	return a.Perform(ctx, d)
}
