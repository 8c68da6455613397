package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// measure opens a world, brings it under load, and measures.
func (o *loadOptions) measure(ctx context.Context, c loadCase, s streams) (*loadResult, error) {
	w, err := openLoadWorld(ctx, o, c)
	if err != nil {
		return nil, err
	}
	defer w.close()
	r := &loadResult{loadCase: c, At: time.Now().UTC().Truncate(time.Second), Every: o.every.Seconds(), For: o.span().Seconds(), CPUs: runtime.NumCPU()}
	if err := o.leaveIdle(ctx, w, r); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := w.begin(ctx, c.good(), "2", s.starting); err != nil {
		return nil, err
	}
	if r.CaughtUp, err = o.catchUp(ctx, w, s); err != nil {
		return nil, err
	}
	r.WarmUp = time.Since(began).Seconds()
	s.say("measuring for %s", o.span())
	if err := o.watch(ctx, w, r); err != nil {
		return nil, err
	}
	if err := o.restart(ctx, w, r, s); err != nil {
		return nil, err
	}
	for _, d := range w.daemons {
		took, err := d.stop()
		if err != nil {
			return nil, fmt.Errorf("stop: %w", err)
		}
		r.Stop = max(r.Stop, took.Seconds())
	}
	return r, nil
}

// say shows what goes on, on a terminal.
func (s streams) say(format string, args ...any) {
	if s.terminal {
		fmt.Fprintf(s.err, "\r\033[K"+format, args...)
	}
}

func (s streams) starting(n, all int) { s.say("%d of %d runs have begun", n, all) }

// leaveIdle looks at the memory of a daemon that has nothing to do.
func (o *loadOptions) leaveIdle(ctx context.Context, w *loadWorld, r *loadResult) error {
	if o.idle == 0 {
		return nil
	}
	if err := pause(ctx, o.idle); err != nil {
		return err
	}
	now, _, err := memoryOf(w.daemons[0].cmd.Process.Pid)
	r.IdleMiB = mib(now)
	return err
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// begin starts a run of each plan that began an hour ago.
func (w *loadWorld) begin(ctx context.Context, plans []string, version string, progress func(n, all int)) error {
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
		next  = make(chan string)
		done  atomic.Int64
	)
	for i := range 8 {
		d := w.daemons[i%len(w.daemons)]
		wg.Go(func() {
			for plan := range next {
				if err := d.begin(ctx, plan, version); err != nil {
					once.Do(func() { first = err })
				}
				progress(int(done.Add(1)), len(plans))
			}
		})
	}
	for _, plan := range plans {
		next <- plan
	}
	close(next)
	wg.Wait()
	return first
}

func (f face) begin(ctx context.Context, plan, version string) error {
	var r analysis.Run
	return f.call(ctx, http.MethodPost, "/api/v1/runs", map[string]any{
		"plan": plan, "version": version, "baseline_version": "1", "started_at": time.Now().Add(-history),
	}, &r)
}

// catchUp waits until every run has looked at its hour, and for an interval more. It
// reports false when that does not come about: there is too much to do.
func (o *loadOptions) catchUp(ctx context.Context, w *loadWorld, s streams) (bool, error) {
	const slack = 2 * time.Second
	for limit, tries := time.Now().Add(o.warm), 0; ; tries++ {
		late, err := w.db.overdue(ctx, time.Now().Add(-slack))
		if err != nil {
			return false, err
		}
		s.say("%d runs are late", late)
		if !s.terminal && tries%60 == 59 { // about a minute
			fmt.Fprintf(s.err, "%d runs are late; the measurement waits for them\n", late)
		}
		if late == 0 || time.Now().After(limit) {
			return late == 0, pause(ctx, o.every+slack)
		}
		if err := pause(ctx, time.Second); err != nil {
			return false, err
		}
	}
}

// snapshot is what everybody has used up so far.
type snapshot struct {
	daemons, prom, server spent
	machine               time.Duration
	size, queries         int64
}

func (w *loadWorld) snapshot(ctx context.Context) (s snapshot, err error) {
	for _, d := range w.daemons {
		u, err := usageOf(d.cmd.Process.Pid)
		if err != nil {
			return s, err
		}
		s.daemons = s.daemons.plus(u)
	}
	if s.prom, err = usageOf(w.prom.Process.Pid); err != nil {
		return s, err
	}
	if w.server != nil {
		if s.server, err = usageOfAll(w.server.PID()); err != nil {
			return s, err
		}
	}
	if s.machine, err = machine(); err != nil {
		return s, err
	}
	if s.size, err = w.db.size(ctx); err != nil {
		return s, err
	}
	s.queries, err = w.queries(ctx)
	return s, err
}

// rollbackBy is how long after the measurement a rollback may arrive, and be counted.
const rollbackBy = 30 * time.Second

// watch is the measurement itself.
func (o *loadOptions) watch(ctx context.Context, w *loadWorld, r *loadResult) error {
	before, err := w.snapshot(ctx)
	if err != nil {
		return err
	}
	from := time.Now()
	to := from.Add(o.span())
	limit, cancel := context.WithDeadline(ctx, to)
	defer cancel()
	var beside sync.WaitGroup
	var trickle, profiles error
	beside.Go(func() { trickle = o.trickle(limit, w, &r.Rollbacks.Asked) })
	beside.Go(func() { profiles = o.profiles(ctx, w) })
	for limit.Err() == nil {
		if err := r.remember(w); err != nil {
			return err
		}
		_ = pause(limit, time.Second)
	}
	after, err := w.snapshot(ctx)
	if err != nil {
		return err
	}
	beside.Wait()
	for _, err := range []error{ctx.Err(), trickle, profiles} {
		if err != nil {
			return err
		}
	}
	// What was due before the end may still begin: until the look after it is due.
	for range int(o.every / (time.Second / 2)) {
		if late, err := w.db.overdue(ctx, to); err != nil || late == 0 {
			break
		}
		if err := pause(ctx, time.Second/2); err != nil {
			return err
		}
	}
	for limit := time.Now().Add(rollbackBy); w.hook.seen(r.Rollbacks.Asked).Arrived < r.Rollbacks.Asked && time.Now().Before(limit); {
		if err := pause(ctx, time.Second/2); err != nil {
			return err
		}
	}
	r.Rollbacks = w.hook.seen(r.Rollbacks.Asked)
	return r.read(ctx, w, from, to, before, after)
}

// trickle starts bad releases, one after the other.
func (o *loadOptions) trickle(ctx context.Context, w *loadWorld, asked *int) error {
	plans := o.bad()
	if len(plans) == 0 {
		return nil
	}
	beat := time.NewTicker(time.Duration(float64(time.Second) / o.rollbacks))
	defer beat.Stop()
	for i, plan := range plans {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		}
		if err := w.daemons[i%len(w.daemons)].begin(ctx, plan, badVersion); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		*asked++
	}
	return nil
}

// remember keeps the most memory that a daemon had in the measurement.
func (r *loadResult) remember(w *loadWorld) error {
	for _, d := range w.daemons {
		now, most, err := memoryOf(d.cmd.Process.Pid)
		if err != nil {
			return err
		}
		r.MiB, r.MostMiB = max(r.MiB, mib(now)), max(r.MostMiB, mib(most))
	}
	return nil
}
