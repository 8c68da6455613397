package engine

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Reconcile repairs what a crash, a discarded job or a person with SQL left: every
// running run has a live job for its next look, every pending run begins when
// nothing is in its way, every open delivery has a live job, and what is held is
// looked at again. Doing it twice does no harm.
func (e *Engine) Reconcile(ctx context.Context) error {
	for _, step := range []func(context.Context) error{e.reviveRuns, e.promoteWaiting, e.reviveDeliveries, e.retryHeld} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) reviveRuns(ctx context.Context) error {
	ids, err := e.store.Overdue(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := e.store.Write(ctx, func(tx *store.Tx) error {
			r, err := tx.LockRun(ctx, id)
			if err != nil || !r.Looking() {
				return err
			}
			if r.NextLookAt.IsZero() {
				r.NextLookAt = time.Now()
			}
			if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt); err != nil {
				return err
			}
			return tx.UpdateRun(ctx, &r)
		})
		if err != nil {
			return err
		}
		e.metrics.repaired.WithLabelValues("run").Inc()
		e.log.Warn("a run had nothing to wake it up, its look is due again", "run", id)
	}
	return nil
}

func (e *Engine) promoteWaiting(ctx context.Context) error {
	ids, err := e.store.WaitingRuns(ctx)
	if err != nil {
		return err
	}
	s := e.setup.Load()
	for _, id := range ids {
		_, err := e.change(ctx, id, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
			if r.Status != analysis.StatusPending {
				return nil
			}
			return e.promote(ctx, tx, s, r, now)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) reviveDeliveries(ctx context.Context) error {
	ids, err := e.store.StuckDeliveries(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := e.store.Write(ctx, func(tx *store.Tx) error { return e.wake(ctx, tx, id) }); err != nil {
			return err
		}
		e.metrics.repaired.WithLabelValues("delivery").Inc()
		e.log.Warn("a delivery had nothing to wake it up, it is due again", "delivery", id)
	}
	return nil
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
