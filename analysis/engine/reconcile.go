package engine

import (
	"context"
	"errors"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Reconcile repairs what a crash, a discarded job or a person with SQL left: every
// running run has a live job for its next look, every pending run begins when nothing
// is in its way, every open delivery has a live job, a rollback is as its deliveries
// are, and what is held is looked at again. Doing it twice does no harm, and what
// cannot be repaired keeps nothing else from it.
func (e *Engine) Reconcile(ctx context.Context) error {
	var errs []error
	for _, step := range []func(context.Context) error{
		e.reviveRuns, e.bringCloser, e.promoteWaiting, e.reviveDeliveries, e.settleRollbacks, e.retryHeld, e.bringTicksCloser,
	} {
		err := step(ctx)
		if analysis.KindOf(err) == analysis.Unavailable {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// repair does something about each of the ids that a search found.
func (e *Engine) repair(what, words string, ids []string, err error, do func(id string) (repaired bool, err error)) error {
	errs := []error{err}
	for _, id := range ids {
		repaired, err := do(id)
		if errs = append(errs, err); !repaired || err != nil {
			continue
		}
		e.metrics.repaired.WithLabelValues(what).Inc()
		e.log.Warn(words, what, id)
	}
	return errors.Join(errs...)
}

func (e *Engine) reviveRuns(ctx context.Context) error {
	ids, err := e.store.StuckRuns(ctx, time.Now())
	return e.repair("run", "a run had nothing to wake it up, it goes on", ids, err, func(id string) (bool, error) {
		return true, e.store.Write(ctx, func(tx *store.Tx) error {
			r, err := tx.LockRun(ctx, id)
			if err != nil {
				return err
			}
			now := time.Now().Truncate(time.Millisecond).UTC()
			if !r.Looking() {
				wrapUp(&r, now)
				return tx.UpdateRun(ctx, &r)
			}
			if r.Verification.State == analysis.VerificationWatching && (r.Rollback.DoneAt == nil || r.Verification.Until == nil) {
				r.Verification.State, r.Verification.Reason, r.NextLookAt = analysis.VerificationUnknown, "when it was rolled back is not known", time.Time{}
				return tx.UpdateRun(ctx, &r)
			}
			if r.NextLookAt.IsZero() {
				r.NextLookAt = now
			}
			if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt); err != nil {
				return err
			}
			return tx.UpdateRun(ctx, &r)
		})
	})
}

// wrapUp completes a run that somebody ended in the database.
func wrapUp(r *analysis.Run, now time.Time) {
	r.NextLookAt = time.Time{}
	if r.Status.Ended() && r.FinishedAt == nil {
		r.FinishedAt = &now
	}
	if r.Status == analysis.StatusFinished && r.Outcome == nil {
		inconclusive := analysis.OutcomeInconclusive
		r.Outcome, r.Reason = &inconclusive, "ended in the database, without a verdict"
	}
}

// bringCloser finds looks that are further away than their plan would have them, even
// if a source asked to wait for as long as it may.
func (e *Engine) bringCloser(ctx context.Context) error {
	now := time.Now().Truncate(time.Millisecond).UTC()
	s := e.setup.Load()
	ids, err := e.store.FarRuns(ctx, now.Add(limitPatience))
	return e.repair("run", "a run's next look was too far away, it is due again", ids, err, func(id string) (closer bool, err error) {
		err = e.store.Write(ctx, func(tx *store.Tx) error {
			closer = false
			r, err := tx.LockRun(ctx, id)
			if err != nil || !r.Looking() {
				return err
			}
			due := now
			if r.Status == analysis.StatusRunning {
				due, _ = r.Due(later(now, r.JudgedUntil), s.delay(&r.Snapshot))
			}
			if !r.NextLookAt.After(later(now, due).Add(limitPatience)) {
				return nil
			}
			closer = true
			r.NextLookAt = due
			if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt); err != nil {
				return err
			}
			return tx.UpdateRun(ctx, &r)
		})
		return closer, err
	})
}

func (e *Engine) promoteWaiting(ctx context.Context) error {
	ids, err := e.store.WaitingRuns(ctx)
	s := e.setup.Load()
	return e.repair("run", "a run waited for nothing, it begins", ids, err, func(id string) (began bool, err error) {
		_, err = e.change(ctx, id, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
			if began = r.Status == analysis.StatusPending; !began {
				return nil
			}
			var err error
			began, err = e.promote(ctx, tx, s, r.Service, r.Environment, now)
			return err
		})
		return began, err
	})
}

func (e *Engine) reviveDeliveries(ctx context.Context) error {
	ids, err := e.store.StuckDeliveries(ctx, time.Now())
	return e.repair("delivery", "a delivery had nothing to wake it up, it is due again", ids, err, func(id string) (bool, error) {
		return true, e.store.Write(ctx, func(tx *store.Tx) error { return e.wake(ctx, tx, id) })
	})
}

// settleRollbacks finds rollbacks that are said to be on their way, with nothing that
// would send them. Somebody must look when that cannot be told from what is left.
func (e *Engine) settleRollbacks(ctx context.Context) error {
	ids, err := e.store.StuckRollbacks(ctx, time.Now())
	s := e.setup.Load()
	return e.repair("rollback", "a rollback was said to be on its way, and nothing was", ids, err, func(id string) (bool, error) {
		_, err := e.change(ctx, id, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
			ds, err := tx.DeliveriesOf(ctx, id)
			if err != nil {
				return err
			}
			said := r.Rollback.State
			if r.Rollback.State, r.Rollback.Reason = summary(r, ds); r.Rollback.State == said {
				r.Rollback.State, r.Rollback.Reason = analysis.RollbackFailed, "nothing is left in the database that would send it"
			}
			if err := tx.UpdateRun(ctx, r); err != nil {
				return err
			}
			told := threads(s, r)
			if r.Rollback.State == analysis.RollbackFailed {
				told = append(told, r.Snapshot.On.DeliveryFailed...)
			}
			return e.tell(ctx, tx, s, r, occurrence{typ: analysis.EventRollbackUpdated, who: analysis.Haldane, text: rollbackText(r)}, told, now)
		})
		return true, err
	})
}

// observe counts what is open, for /metrics.
func (e *Engine) observe(ctx context.Context) error {
	c, err := e.store.Counts(ctx, time.Now().Add(-reconcileEvery))
	if err != nil {
		return err
	}
	e.metrics.open(c)
	hs, err := e.Holds(ctx)
	if err != nil {
		return err
	}
	e.metrics.inForce(hs)
	e.metrics.budgets(e.setup.Load())
	q, err := e.Quality(ctx)
	if err != nil {
		return err
	}
	e.metrics.quality(q)
	return nil
}
