package engine

import (
	"context"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/store"
)

// beginVerifying starts to watch whether a rollback helped, once it is done; or accepted,
// when nothing more is going to be heard of it.
func (e *Engine) beginVerifying(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, ds []analysis.Delivery, now time.Time) (err error) {
	over := r.Rollback.State == analysis.RollbackDone
	if r.Rollback.State == analysis.RollbackAccepted {
		over = true
		for i := range ds {
			over = over && !(ds[i].ChangesWorld && ds[i].State.Open())
		}
	}
	watch := r.Snapshot.Verify.Std()
	if !over || watch <= 0 || r.Verification.State == analysis.VerificationWatching || r.Status == analysis.StatusRunning {
		return nil
	}
	until := now.Add(watch)
	r.Verification = analysis.Verification{State: analysis.VerificationWatching, Until: &until}
	r.NextLook++
	r.NextLookAt = verifyWindow(r, until).Start.Add(time.Duration(judge.RecoverySteps)*r.Snapshot.Step.Std() + s.delay(&r.Snapshot))
	r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt)
	return err
}

// verifyWindow is what is looked at up to a time: the whole steps since the rollback was
// done.
func verifyWindow(r *analysis.Run, end time.Time) analysis.Window {
	step := r.Snapshot.Step.Std()
	shown := *r
	shown.StartedAt, shown.Snapshot.Warmup = *r.Rollback.DoneAt, 0
	shown.EndsAt = later(shown.StartedAt, end).Add(step)
	w := shown.Whole()
	w.End = w.Start.Add(time.Duration(analysis.Window{Start: w.Start, End: end}.Steps(step)) * step)
	return w
}

// verify takes one look at a run that was rolled back: are those metrics well again that
// were bad? It ends when they are, or when its time is over.
func (e *Engine) verify(ctx context.Context, read analysis.Run) error {
	s := e.setup.Load()
	delay := s.delay(&read.Snapshot)
	now := time.Now().Truncate(time.Millisecond).UTC()
	final := !now.Before(read.Verification.Until.Add(delay))
	w := verifyWindow(&read, sooner(now.Add(-delay), *read.Verification.Until))
	found, err := e.store.LastFindings(ctx, read.ID)
	if err != nil {
		return err
	}
	parts, err := inTime(ctx, e, func(ctx context.Context) ([]*part, error) {
		parts := s.parts(&read, w)
		if err := e.receive(ctx, &read, w, parts); err != nil {
			return nil, err
		}
		s.ask(ctx, read.Snapshot.Step.Std(), parts)
		return parts, nil
	})
	if err != nil {
		return err
	}
	word := judge.Recovered(&read.Snapshot, pairUp(&read.Snapshot, w, parts), found, final)
	return e.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.LockService(ctx, read.Service, read.Environment); err != nil {
			return err
		}
		r, err := tx.FenceRun(ctx, read.ID, read.Rev)
		if err != nil {
			return err
		}
		r.Verification.Reason = word.Reason
		if word.State == analysis.VerificationWatching {
			r.NextLook++
			r.NextLookAt = sooner(now.Add(max(r.Snapshot.Every.Std(), time.Second)), r.Verification.Until.Add(delay))
			if !r.NextLookAt.After(now) {
				r.NextLookAt = now.Add(r.Snapshot.Every.Std())
			}
			if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt); err != nil {
				return err
			}
			return tx.UpdateRun(ctx, &r)
		}
		r.Verification.State, r.Verification.At, r.NextLookAt = word.State, &now, time.Time{}
		r.Times = r.Took()
		if err := tx.UpdateRun(ctx, &r); err != nil {
			return err
		}
		return e.tellVerified(ctx, tx, s, &r, now)
	})
}

// sooner returns the earlier of two times.
func sooner(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tellVerified tells the conversations whether a rollback helped, and pages when it did
// not.
func (e *Engine) tellVerified(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, now time.Time) error {
	told := threads(s, r)
	o := occurrence{typ: analysis.EventRollbackVerified, who: analysis.Haldane, text: r.Verification.Reason}
	switch r.Verification.State {
	case analysis.VerificationNotRecovered:
		o.typ = analysis.EventRollbackNotRecovered
		for _, page := range r.Snapshot.On.DeliveryFailed {
			if !slices.ContainsFunc(told, func(r analysis.Reaction) bool { return r.Action == page.Action }) {
				told = append(told, page.Alone())
			}
		}
	case analysis.VerificationUnknown:
		o.typ = analysis.EventRollbackUpdated
	}
	tx.AfterCommit(func() {
		e.metrics.verified(r)
		e.log.Info("rollback verified", "run", r.ID, "plan", r.Plan, "state", r.Verification.State, "reason", r.Verification.Reason)
	})
	return e.tell(ctx, tx, s, r, o, told, now)
}
