package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// askAgain is how often a followed delivery is asked about when its action does not say.
const askAgain = 5 * time.Second

// follow asks how the work that a delivery started is going.
func (a Action) follow(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	f, ok := a.Action.(analysis.Follower)
	if !ok || d.Receipt == nil {
		return analysis.Receipt{}, analysis.Errorf(analysis.Invalid, "action %q: cannot be followed any more: its settings changed", d.Action)
	}
	return f.Follow(ctx, d, *d.Receipt)
}

// accepted goes on with a delivery that the other side took: it is followed if its action
// can be, or done.
func (e *Engine) accepted(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) error {
	a := s.Actions[d.Action]
	if _, follows := a.Action.(analysis.Follower); d.Receipt.Done || !follows || a.FollowFor <= 0 {
		d.State = analysis.DeliveryDone
		return e.finish(ctx, tx, s, d, now)
	}
	d.State, d.ExpiresAt = analysis.DeliveryFollowing, now.Add(a.FollowFor)
	tx.AfterCommit(func() {
		e.log.Info("delivery accepted, it is followed to its end", "delivery", d.ID, "run", d.RunID, "action", d.Action, "until", d.ExpiresAt)
	})
	if err := e.askLater(ctx, tx, d, now); err != nil {
		return err
	}
	if d.ChangesWorld {
		if err := e.follow(ctx, tx, s, d, now); err != nil {
			return err
		}
	}
	if err := e.endOlder(ctx, tx, d, now); err != nil {
		return err
	}
	return e.wakeNext(ctx, tx, d)
}

// askLater makes the job that asks again how it is going.
func (e *Engine) askLater(ctx context.Context, tx *store.Tx, d *analysis.Delivery, now time.Time) (err error) {
	wait := askAgain
	if d.Receipt.Again > 0 {
		wait = d.Receipt.Again
	}
	at := now.Add(wait)
	if at.After(d.ExpiresAt) {
		at = d.ExpiresAt
	}
	if d.JobID, err = tx.EnqueueDelivery(ctx, d.ID, at); err != nil {
		return err
	}
	return tx.UpdateDelivery(ctx, d)
}

// settleFollowed applies what was heard of a followed delivery.
func (e *Engine) settleFollowed(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, receipt analysis.Receipt, failure error, now time.Time) error {
	if d.State != analysis.DeliveryFollowing {
		return nil // somebody else heard it first
	}
	if problem := analysis.AsError(failure); problem != nil {
		d.Reason = problem.Error()
		if !retried(problem.Kind) {
			d.State = analysis.DeliveryFailed
			return e.finish(ctx, tx, s, d, now)
		}
		d.Receipt.Again = max(askAgain, problem.RetryAfter)
		return e.askLater(ctx, tx, d, now)
	}
	d.Receipt, d.Reason = &receipt, ""
	if receipt.Done {
		d.State = analysis.DeliveryDone
		return e.finish(ctx, tx, s, d, now)
	}
	d.Reason = receipt.Text
	return e.askLater(ctx, tx, d, now)
}

// lose ends a followed delivery whose time is over. Of a rollback nobody knows then
// whether it was made, and somebody must look; a message has been kept alive for long
// enough.
func (e *Engine) lose(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) error {
	if !d.ChangesWorld {
		d.State, d.Reason = analysis.DeliveryDone, ""
		return e.finish(ctx, tx, s, d, now)
	}
	last := "nothing was heard of it"
	if d.Reason != "" {
		last = "the last that was heard: " + d.Reason
	}
	d.State = analysis.DeliveryFailed
	d.Reason = fmt.Sprintf(analysis.NotConfirmed+" after %s; %s", analysis.Duration(s.Actions[d.Action].FollowFor), last)
	return e.finish(ctx, tx, s, d, now)
}

// endOlder ends what is still followed of the same run and telling action: the newer
// message took its place.
func (e *Engine) endOlder(ctx context.Context, tx *store.Tx, d *analysis.Delivery, now time.Time) error {
	if d.ChangesWorld || d.RunID == "" {
		return nil
	}
	all, err := tx.DeliveriesOf(ctx, d.RunID)
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].ID == d.ID || all[i].Action != d.Action || all[i].State != analysis.DeliveryFollowing {
			continue
		}
		old, err := tx.LockDelivery(ctx, all[i].ID)
		if err != nil {
			return err
		}
		old.State, old.Reason, old.EndedAt = analysis.DeliveryDone, "", &now
		if err := tx.UpdateDelivery(ctx, &old); err != nil {
			return err
		}
		tx.AfterCommit(func() { e.metrics.delivered(&old) })
	}
	return nil
}
