package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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
		if !now.Before(locked.ExpiresAt) {
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

// record writes down how an attempt went. What was done must not be forgotten:
// while the database is away it is tried again for as long as the job may run.
func (e *Engine) record(ctx context.Context, s *Setup, tried analysis.Delivery, receipt analysis.Receipt, failure error) error {
	ctx = context.WithoutCancel(ctx)
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		err := e.withDelivery(ctx, tried.ID, func(tx *store.Tx, d *analysis.Delivery, now time.Time) error {
			settle := e.settle
			if tried.State == analysis.DeliveryFollowing {
				settle = e.settleFollowed
			}
			return settle(ctx, tx, s, d, receipt, failure, now)
		})
		if err == nil || wait > 5*time.Second {
			return err
		}
		e.log.Warn("an attempt could not be recorded, trying again", "delivery", tried.ID, "error", err)
		time.Sleep(wait) //nolint:forbidigo // seconds at most, and nothing may cut it short
	}
}

// settle applies the result of an attempt to a locked delivery.
func (e *Engine) settle(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, receipt analysis.Receipt, failure error, now time.Time) error {
	if !d.State.Unsent() {
		return nil // another attempt was faster
	}
	if failure == nil {
		d.Receipt, d.Reason = &receipt, ""
		return e.accepted(ctx, tx, s, d, now)
	}
	problem := analysis.AsError(failure)
	d.Reason = problem.Error()
	wait := backoff(d.Attempts, problem.RetryAfter)
	tx.AfterCommit(func() {
		e.log.Warn("delivery attempt failed", "delivery", d.ID, "run", d.RunID, "action", d.Action, "attempt", d.Attempts, "error", problem)
	})
	switch {
	case !retried(problem.Kind):
		d.State = analysis.DeliveryFailed
		return e.finish(ctx, tx, s, d, now)
	case !now.Add(wait).Before(d.ExpiresAt):
		return e.expire(ctx, tx, s, d, now)
	}
	var err error
	if d.JobID, err = tx.EnqueueDelivery(ctx, d.ID, now.Add(wait)); err != nil {
		return err
	}
	if err := tx.UpdateDelivery(ctx, d); err != nil || !d.ChangesWorld {
		return err
	}
	return e.follow(ctx, tx, s, d, now)
}

// retried is the table of which kinds of trouble are worth another attempt.
func retried(k analysis.Kind) bool {
	switch k {
	case analysis.Limited, analysis.Unavailable, analysis.Internal:
		return true
	}
	return false
}

// backoff is how long to wait after attempt n: 1 s, doubling to a minute, up to a
// quarter more, and never less than the other side asked for.
func backoff(attempt int, asked time.Duration) time.Duration {
	d := min(time.Minute, time.Second<<min(max(attempt-1, 0), 6))
	d += time.Duration(rand.Int64N(int64(d / 4)))
	return max(d, asked)
}

// finish ends a delivery and lets everything follow: the run's rollback state, the
// news of it, the alarm when it failed, and the next delivery of the same thread.
func (e *Engine) finish(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) error {
	d.EndedAt = &now
	if err := tx.UpdateDelivery(ctx, d); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		e.metrics.delivered(d)
		e.log.Info("delivery ended", "delivery", d.ID, "run", d.RunID, "action", d.Action, "state", d.State, "attempts", d.Attempts, "reason", d.Reason)
	})
	if d.State == analysis.DeliveryDone {
		if err := e.endOlder(ctx, tx, d, now); err != nil {
			return err
		}
	}
	next, err := e.goOn(ctx, tx, s, d, now)
	if err != nil {
		return err
	}
	if d.ChangesWorld || s.mayChange(d.Reaction.Then) || s.mayChange(d.Reaction.Else) {
		if err := e.follow(ctx, tx, s, d, now); err != nil {
			return err
		}
	}
	if !next {
		if err := e.alarm(ctx, tx, s, d, now); err != nil {
			return err
		}
	}
	if d.ChangesWorld {
		if _, err := e.promote(ctx, tx, s, d.Service, d.Environment, now); err != nil {
			return err
		}
	}
	return e.wakeNext(ctx, tx, d)
}

// follow brings the run's rollback up to date with its deliveries, and tells the
// conversations about the run how it goes on.
func (e *Engine) follow(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) error {
	if d.RunID == "" || !(occurrence{typ: d.EventType}).rollsBack() {
		return nil
	}
	r, err := tx.LockRun(ctx, d.RunID)
	if err != nil {
		return err
	}
	ds, err := tx.DeliveriesOf(ctx, d.RunID)
	if err != nil {
		return err
	}
	before := r.Rollback
	r.Rollback.State, r.Rollback.Reason = summary(&r, ds)
	if r.Rollback == before {
		return nil
	}
	news := r.Rollback.State != before.State
	if news && (r.Rollback.State == analysis.RollbackAccepted || r.Rollback.State == analysis.RollbackDone) {
		r.Rollback.DoneAt = &now
	}
	if news {
		if err := e.beginVerifying(ctx, tx, s, &r, ds, now); err != nil {
			return err
		}
	}
	if err := tx.UpdateRun(ctx, &r); err != nil || !news {
		return err
	}
	tx.AfterCommit(func() { e.metrics.rolledBack(&r) })
	return e.tell(ctx, tx, s, &r, occurrence{typ: analysis.EventRollbackUpdated, who: analysis.Haldane, text: rollbackText(&r)}, threads(s, &r), now)
}

func rollbackText(r *analysis.Run) string {
	to := r.Rollback.To
	switch r.Rollback.State {
	case analysis.RollbackAccepted:
		return fmt.Sprintf("the rollback to %s was accepted", to)
	case analysis.RollbackDone:
		return fmt.Sprintf("the rollback to %s is done", to)
	case analysis.RollbackHeld:
		return fmt.Sprintf("the rollback to %s is held: %s", to, r.Rollback.Reason)
	case analysis.RollbackSkipped:
		return fmt.Sprintf("not rolled back: %s", r.Rollback.Reason)
	case analysis.RollbackAwaitingApproval:
		return fmt.Sprintf("the rollback to %s waits for approval", to)
	case analysis.RollbackFailed:
		if strings.HasPrefix(r.Rollback.Reason, analysis.NotConfirmed) {
			return fmt.Sprintf("the rollback to %s was %s", to, r.Rollback.Reason)
		}
		return fmt.Sprintf("the rollback to %s failed: %s", to, r.Rollback.Reason)
	}
	return fmt.Sprintf("the rollback to %s is on its way", to)
}

// threads are the conversations that were told of the failure and want to be told
// how it goes on. What followed from telling them then follows once only.
func threads(s *Setup, r *analysis.Run) []analysis.Reaction {
	var out []analysis.Reaction
	for _, re := range r.Snapshot.On.Fail {
		if a, ok := s.Actions[re.Action]; ok && a.Threads {
			out = append(out, re.Alone())
		}
	}
	return out
}

// alarm tells somebody about a delivery that failed or came too late. What failed
// to tell of a failed delivery is not told in turn, and nobody is told through the
// action that failed.
func (e *Engine) alarm(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, now time.Time) error {
	late := d.State == analysis.DeliverySkipped && d.ChangesWorld && !now.Before(d.ExpiresAt)
	if d.State != analysis.DeliveryFailed && !late || d.EventType == analysis.EventDeliveryFailed || d.RunID == "" {
		return nil
	}
	r, err := tx.LockRun(ctx, d.RunID)
	if err != nil {
		return err
	}
	var reactions []analysis.Reaction
	for _, re := range r.Snapshot.On.DeliveryFailed {
		if re.Action != d.Action {
			reactions = append(reactions, re)
		}
	}
	what := "telling by " + d.Action
	if d.ChangesWorld {
		what = "action " + d.Action
	}
	return e.tell(ctx, tx, s, &r, occurrence{
		typ: analysis.EventDeliveryFailed, who: analysis.Haldane, text: what + " failed: " + d.Reason,
		failed: &analysis.FailedDelivery{ID: d.ID, Action: d.Action, ChangesWorld: d.ChangesWorld, Attempts: d.Attempts, Error: d.Reason},
	}, reactions, now)
}

// wakeNext gives the next delivery of the same run and action its job.
func (e *Engine) wakeNext(ctx context.Context, tx *store.Tx, d *analysis.Delivery) error {
	if d.RunID == "" {
		return nil
	}
	all, err := tx.DeliveriesOf(ctx, d.RunID)
	if err != nil {
		return err
	}
	for i := range all {
		next := all[i]
		if next.Action != d.Action || !next.State.Unsent() || next.ID == d.ID {
			continue
		}
		return e.wake(ctx, tx, next.ID)
	}
	return nil
}

// wake makes a job for an open delivery.
func (e *Engine) wake(ctx context.Context, tx *store.Tx, id string) error {
	d, err := tx.LockDelivery(ctx, id)
	if err != nil || !d.State.Open() {
		return err
	}
	if d.JobID, err = tx.EnqueueDelivery(ctx, id, time.Time{}); err != nil {
		return err
	}
	return tx.UpdateDelivery(ctx, &d)
}
