package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Start begins a run, or returns the one that the same request began before.
//
// Errors: NotFound for an unknown plan; Invalid, with its fields, for a request
// that cannot work; Conflict for a key that was used with another request, or when
// the plan rejects a second run.
func (e *Engine) Start(ctx context.Context, req analysis.StartRequest) (run analysis.Run, created bool, err error) {
	s := e.setup.Load()
	p, err := s.plan(req.Plan)
	if err != nil {
		return run, false, err
	}
	now := time.Now().Truncate(time.Millisecond).UTC()
	r := newRun(p, req, now)
	if err := s.checkStart(r, req, now); err != nil {
		return run, false, err
	}
	err = e.store.Write(ctx, func(tx *store.Tx) error {
		run, created, err = e.start(ctx, tx, s, r, now)
		return err
	})
	if err != nil {
		return analysis.Run{}, false, err
	}
	run.URL = e.page(run.ID)
	if created {
		e.log.InfoContext(ctx, "run started", "run", run.ID, "plan", run.Plan, "service", run.Service, "version", run.Version,
			"baseline", run.BaselineVersion, "status", run.Status, "by", run.Cause.String())
	}
	return run, created, nil
}

func newRun(p *analysis.Plan, req analysis.StartRequest, now time.Time) *analysis.Run {
	r := &analysis.Run{
		ID: newID(), Plan: p.Name, Service: p.Service, Environment: p.Environment, Key: req.Key, Attempt: 1,
		ReleaseID: req.ReleaseID, Phase: req.Phase, TrafficShare: req.TrafficShare, Subject: analysis.Subject{Kind: "version"},
		Version: req.Version, BaselineVersion: req.BaselineVersion, Variables: req.Variables, Links: req.Links,
		StartedAt: now, CreatedAt: now, Status: analysis.StatusRunning, Cause: req.Cause,
		Rollback: analysis.Rollback{State: analysis.RollbackNone}, Verification: analysis.Verification{State: analysis.VerificationNone},
		Snapshot: *p, BodyHash: bodyHash(req), Forced: req.Force,
	}
	if r.Key == "" {
		r.Key = p.Service + "/" + p.Environment + "/" + r.Version + "/" + r.BaselineVersion
	}
	if req.StartedAt != nil {
		r.StartedAt = req.StartedAt.UTC().Truncate(time.Millisecond)
	}
	begin(r, r.StartedAt)
	return r
}

// bodyHash tells requests apart that use the same key. Who sends it and force are
// not part of it.
func bodyHash(req analysis.StartRequest) string {
	b, err := json.Marshal(req)
	if err != nil {
		panic("engine: " + err.Error()) // strings, numbers and times always encode
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// start does the part of Start that must be one transaction.
func (e *Engine) start(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, now time.Time) (analysis.Run, bool, error) {
	if err := tx.LockService(ctx, r.Service, r.Environment); err != nil {
		return *r, false, err
	}
	last, found, err := tx.LatestByKey(ctx, r.Plan, r.Key)
	if err != nil {
		return *r, false, err
	}
	if found {
		if reuse, err := reusable(&last, r, now); reuse || err != nil {
			return last, false, err
		}
		r.Attempt = last.Attempt + 1
	}
	if err := e.makeRoom(ctx, tx, s, r, now); err != nil {
		return *r, false, err
	}
	if ok, err := tx.InsertRun(ctx, r); err != nil || !ok {
		if err == nil {
			err = analysis.Errorf(analysis.Unavailable, "run: another one with this key was started in this moment")
		}
		return *r, false, err
	}
	if r.Status == analysis.StatusPending {
		return *r, true, e.tell(ctx, tx, s, r, occurrence{typ: analysis.EventRunQueued, who: r.Cause, text: r.Reason}, nil, now)
	}
	return *r, true, e.launch(ctx, tx, s, r, now)
}

// reusable reports whether an earlier run answers a request for r; Conflict when
// the key belongs to another request.
func reusable(last, r *analysis.Run, now time.Time) (bool, error) {
	if last.Status.Ended() {
		recent := last.FinishedAt != nil && now.Sub(*last.FinishedAt) < r.Snapshot.ReuseAfter.Std()
		if r.Forced || !recent {
			return false, nil
		}
	}
	if last.BodyHash != r.BodyHash {
		return false, analysis.Errorf(analysis.Conflict, "key %q: used by run %s with another request", r.Key, last.ID).
			WithHint("another key, or the same request")
	}
	return true, nil
}

// makeRoom decides about the service's open runs: those of the same plan, and
// those of another version. Different plans may judge one release side by side.
func (e *Engine) makeRoom(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, now time.Time) error {
	open, err := tx.OpenRuns(ctx, r.Service, r.Environment)
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(o analysis.Run) bool { return o.Plan != r.Plan && o.Version == r.Version })
	switch {
	case r.Snapshot.Concurrency == analysis.Queue:
		return e.queueUp(ctx, tx, r, open)
	case len(open) == 0:
		return nil
	case r.Snapshot.Concurrency == analysis.Reject:
		return analysis.Errorf(analysis.Conflict, "run %s of %s in %s has not ended", open[0].ID, r.Service, r.Environment).
			WithHint("cancel it, or wait for it")
	}
	for i := range open {
		if err := e.supersede(ctx, tx, s, open[i].ID, r, now); err != nil {
			return err
		}
	}
	return nil
}

// queueUp makes a new run wait for those before it, and for what the last of them does to
// the world.
func (e *Engine) queueUp(ctx context.Context, tx *store.Tx, r *analysis.Run, open []analysis.Run) error {
	why := "waits for a rollback of the service to end"
	if len(open) > 0 {
		why = fmt.Sprintf("waits for run %s to end", open[len(open)-1].ID)
	} else if busy, err := tx.ChangingWorld(ctx, r.Service, r.Environment); !busy || err != nil {
		return err
	}
	r.Status, r.Reason, r.NextLookAt = analysis.StatusPending, why, time.Time{}
	return nil
}

func (e *Engine) supersede(ctx context.Context, tx *store.Tx, s *Setup, id string, by *analysis.Run, now time.Time) error {
	old, err := tx.LockRun(ctx, id)
	if err != nil || old.Status.Ended() {
		return err
	}
	reason := fmt.Sprintf("superseded by run %s of %s", by.ID, by.Version)
	return e.end(ctx, tx, s, &old, analysis.StatusSuperseded, occurrence{typ: analysis.EventRunSuperseded, who: by.Cause, text: reason}, now)
}

// launch makes an inserted run look for the first time, or concludes at once when
// its version is condemned.
func (e *Engine) launch(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, now time.Time) error {
	if err := e.tell(ctx, tx, s, r, occurrence{typ: analysis.EventRunStarted, who: r.Cause, text: started(r)}, r.Snapshot.On.Start, now); err != nil {
		return err
	}
	by, bad, err := tx.Condemned(ctx, r.Service, r.Environment, r.Version)
	if err != nil {
		return err
	}
	if bad && !r.Forced && r.Version != "" {
		reason := fmt.Sprintf("%s failed before, in run %s; start it with force to judge it again", r.Version, by)
		return e.conclude(ctx, tx, s, r, analysis.Verdict{Outcome: analysis.OutcomeFail, Reason: reason}, nil, analysis.Haldane, now)
	}
	if err := recallNoise(ctx, tx, r); err != nil {
		return err
	}
	delay := s.delay(&r.Snapshot)
	r.NextLook = 1
	r.NextLookAt, _ = r.Due(time.Time{}, delay)
	r.Progress.LooksExpected = r.LooksExpected(delay)
	if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt); err != nil {
		return err
	}
	return tx.UpdateRun(ctx, r)
}

func started(r *analysis.Run) string {
	against := ""
	if r.BaselineVersion != "" {
		against = " against " + r.BaselineVersion
	}
	return fmt.Sprintf("analysis of %s %s%s began, for at most %s", r.Service, r.Version, against, analysis.Duration(r.EndsAt.Sub(r.StartedAt)))
}

// Cancel ends a run without an outcome. Conflict when it has ended.
func (e *Engine) Cancel(ctx context.Context, id string, by analysis.Cause) (analysis.Run, error) {
	s := e.setup.Load()
	return e.change(ctx, id, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
		if r.Status.Ended() {
			return analysis.Errorf(analysis.Conflict, "run %s: has ended already, it is %s", id, r.Status)
		}
		o := occurrence{typ: analysis.EventRunCancelled, who: by, text: "cancelled by " + by.String()}
		if err := e.end(ctx, tx, s, r, analysis.StatusCancelled, o, now); err != nil {
			return err
		}
		_, err := e.promote(ctx, tx, s, r.Service, r.Environment, now)
		return err
	})
}

// change does something with a run in one transaction that holds its service's
// lock.
func (e *Engine) change(ctx context.Context, id string, do func(tx *store.Tx, r *analysis.Run, now time.Time) error) (analysis.Run, error) {
	r, err := e.store.Run(ctx, id)
	if err != nil {
		return r, err
	}
	err = e.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.LockService(ctx, r.Service, r.Environment); err != nil {
			return err
		}
		if r, err = tx.LockRun(ctx, id); err != nil {
			return err
		}
		return do(tx, &r, time.Now().Truncate(time.Millisecond).UTC())
	})
	r.URL = e.page(r.ID)
	return r, err
}

// end gives an open run a final status that is not an outcome.
func (e *Engine) end(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, status analysis.Status, o occurrence, now time.Time) error {
	r.Status, r.Reason, r.FinishedAt, r.NextLookAt = status, o.text, &now, time.Time{}
	if err := tx.UpdateRun(ctx, r); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		e.memory.forget(r.ID)
		e.metrics.ended(r)
	})
	return e.tell(ctx, tx, s, r, o, nil, now)
}

// promote lets the oldest waiting run of a service begin when none is running, and what
// the one before it does to the world is done: a rollback would take the next release
// away too, and a release that began would forbid the rollback.
func (e *Engine) promote(ctx context.Context, tx *store.Tx, s *Setup, service, environment string, now time.Time) (began bool, err error) {
	open, err := tx.OpenRuns(ctx, service, environment)
	if err != nil || len(open) == 0 || slices.ContainsFunc(open, func(o analysis.Run) bool { return o.Status == analysis.StatusRunning }) {
		return false, err
	}
	if busy, err := tx.ChangingWorld(ctx, service, environment); busy || err != nil {
		return false, err
	}
	next, err := tx.LockRun(ctx, open[0].ID)
	if err != nil {
		return false, err
	}
	next.Status, next.Reason = analysis.StatusRunning, ""
	begin(&next, now)
	return true, e.launch(ctx, tx, s, &next, now)
}

// begin sets a run's clock.
func begin(r *analysis.Run, at time.Time) {
	r.StartedAt, r.JudgedUntil = at, at
	r.EndsAt = at.Add(r.Snapshot.Duration.Std())
}
