package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Tick starts the runs whose time has come by their plans' schedules. Every replica
// does it every second, and no leader is needed for it: a tick's run has one key, so
// that the first to come starts it and the others find it started. When replicas are
// killed, those that are left tick on. Ticks that were missed collapse into one.
//
// While replicas run with different configs the schedules are left as they are: each
// knows only its own plans, and must not forget or move another's tick.
func (e *Engine) Tick(ctx context.Context) error {
	s := e.setup.Load()
	now := time.Now().Truncate(time.Millisecond).UTC()
	known, err := e.store.Schedules(ctx)
	if err != nil {
		return err
	}
	mixed := e.Mismatch() != ""
	at := map[string]store.Schedule{}
	for _, k := range known {
		at[k.Plan] = k
	}
	for _, name := range sortedKeys(s.Plans) {
		p := s.Plans[name]
		if p.Schedule == nil {
			continue
		}
		due, ok := at[name]
		delete(at, name)
		switch spec := scheduleSpec(p.Schedule); {
		case ok && due.Spec != spec && mixed:
		case !ok || due.Spec != spec:
			err = e.plan(ctx, p, store.Schedule{Plan: name, Spec: spec, Note: "scheduled"}, now)
		case !now.Before(due.NextAt):
			err = e.tick(ctx, s, p, due, now)
		}
		if err != nil {
			return err
		}
	}
	if mixed {
		return nil
	}
	for name := range at {
		if err := e.store.Write(ctx, func(tx *store.Tx) error { return tx.DropSchedule(ctx, name) }); err != nil {
			return err
		}
	}
	return nil
}

func scheduleSpec(c *analysis.Schedule) string { return "CRON_TZ=" + c.TimeZone + " " + c.Cron }

// bringTicksCloser plans anew what is later than the schedule says: a clock that went
// back, or a person with SQL.
func (e *Engine) bringTicksCloser(ctx context.Context) error {
	s := e.setup.Load()
	known, err := e.store.Schedules(ctx)
	if err != nil {
		return err
	}
	var errs []error
	now := time.Now().Truncate(time.Millisecond).UTC()
	for _, due := range known {
		p, ok := s.Plans[due.Plan]
		if !ok || p.Schedule == nil || scheduleSpec(p.Schedule) != due.Spec {
			continue
		}
		// A minute, because the clock of the replica that planned it may be ahead.
		when, err := cron.ParseStandard(due.Spec)
		if err != nil || !due.NextAt.After(when.Next(now.Add(time.Minute))) {
			continue
		}
		e.metrics.repaired.WithLabelValues("schedule").Inc()
		e.log.Warn("a schedule's next run was too far away", "plan", due.Plan, "next", due.NextAt)
		errs = append(errs, e.plan(ctx, p, due, now))
	}
	return errors.Join(errs...)
}

// plan writes when a plan's next run starts.
func (e *Engine) plan(ctx context.Context, p *analysis.Plan, next store.Schedule, now time.Time) error {
	when, err := cron.ParseStandard(next.Spec)
	if err != nil {
		// The config was checked; only a time zone can have gone since.
		return analysis.Errorf(analysis.Invalid, "plan %s: schedule %q: not understood", p.Name, next.Spec).Because(err)
	}
	next.NextAt = when.Next(now)
	return e.store.Write(ctx, func(tx *store.Tx) error {
		if next.NextAt.IsZero() { // such as 30 February
			return tx.DropSchedule(ctx, p.Name)
		}
		return tx.PutSchedule(ctx, next)
	})
}

// tick starts the run of one tick, then writes down the next.
func (e *Engine) tick(ctx context.Context, s *Setup, p *analysis.Plan, due store.Schedule, now time.Time) error {
	note, err := e.startTick(ctx, s, p, due.NextAt, now)
	if err != nil {
		note = err.Error()
		if analysis.AsError(err).Kind == analysis.Internal {
			return err
		}
	}
	e.metrics.ticks.WithLabelValues(p.Name, outcomeLabel(err)).Inc()
	e.log.Info("schedule", "plan", p.Name, "tick", due.NextAt, "result", note)
	last := due.NextAt
	return e.plan(ctx, p, store.Schedule{Plan: p.Name, Spec: due.Spec, LastAt: &last, Note: note}, now)
}

// startTick starts a scheduled run. A version that is condemned is not judged
// again by the clock: it would be rolled back at every tick.
func (e *Engine) startTick(ctx context.Context, s *Setup, p *analysis.Plan, tick, now time.Time) (string, error) {
	key := fmt.Sprintf("cron:%s:%s", p.Name, tick.UTC().Format(time.RFC3339))
	if note, err := e.startedTick(ctx, p, key); note != "" || err != nil {
		return note, err
	}
	version, err := e.lookUp(ctx, s, p.Schedule.Version, now)
	if err != nil {
		return "", err
	}
	baseline, err := e.lookUp(ctx, s, p.Schedule.BaselineVersion, now)
	if err != nil {
		return "", err
	}
	if version != "" {
		var by string
		var bad bool
		err := e.store.Write(ctx, func(tx *store.Tx) error {
			by, bad, err = tx.Condemned(ctx, p.Service, p.Environment, version)
			return err
		})
		if err != nil {
			return "", err
		}
		if bad {
			return fmt.Sprintf("not started: %s failed before, in run %s", version, by), nil
		}
	}
	started := tick
	if now.Sub(tick) > p.Step.Std() {
		started = now
	}
	r, _, err := e.Start(ctx, analysis.StartRequest{
		Plan: p.Name, Key: key,
		Version: version, BaselineVersion: baseline, StartedAt: &started, Cause: analysis.Cause{Kind: "cron", Who: "schedule"},
	})
	if analysis.KindOf(err) == analysis.Conflict { // another replica was faster, and found another version
		if note, _ := e.startedTick(ctx, p, key); note != "" {
			return note, nil
		}
	}
	return "started run " + r.ID, err
}

// startedTick finds the run that another replica, or this one before it died, has started
// for a tick: "" when there is none.
func (e *Engine) startedTick(ctx context.Context, p *analysis.Plan, key string) (note string, err error) {
	err = e.store.Write(ctx, func(tx *store.Tx) error {
		r, found, err := tx.LatestByKey(ctx, p.Name, key)
		if found {
			note = "started run " + r.ID
		}
		return err
	})
	return note, err
}

// lookUp finds a version: literal, or the value of a label of the one series that
// a query answers for the last minute.
func (e *Engine) lookUp(ctx context.Context, s *Setup, l *analysis.Lookup, now time.Time) (string, error) {
	if l == nil || l.Source == "" {
		if l == nil {
			return "", nil
		}
		return l.Literal, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	end := now.Add(-s.Sources[l.Source].Delay)
	answer := s.answers(ctx, l.Source, []analysis.Query{{
		Text: l.Query, Window: analysis.Window{Start: end.Add(-time.Minute), End: end}, Step: time.Minute, Reduce: analysis.ReduceAll,
	}})[0]
	if answer.Err != nil {
		return "", answer.Err
	}
	versions := map[string]bool{}
	for _, x := range answer.Series {
		if v := x.Labels[l.Label]; v != "" {
			versions[v] = true
		}
	}
	switch found := sortedKeys(versions); len(found) {
	case 0:
		return "", analysis.Errorf(analysis.NoData, "version: the query answered no series with a label %q", l.Label)
	case 1:
		return found[0], nil
	default:
		return "", analysis.Errorf(analysis.Invalid, "version: the query answered several values of %q: %v", l.Label, found).
			WithHint("a query that answers one series, such as topk(1, ...)")
	}
}
