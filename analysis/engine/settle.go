package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

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
