package engine

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Look takes one look at a run: it fetches what has settled since the last one,
// judges all there is, and records the verdict with everything that follows from
// it. When somebody changed the run meanwhile, the work is thrown away.
func (e *Engine) Look(ctx context.Context, runID string, number int) error {
	r, err := e.store.Run(ctx, runID)
	gone := analysis.KindOf(err) == analysis.NotFound // somebody deleted it
	if err != nil && !gone {
		return err
	}
	if gone || !r.Looking() || r.NextLook != number {
		return nil
	}
	if r.Status != analysis.StatusRunning {
		return e.verify(ctx, r)
	}
	s := e.setup.Load()
	delay := s.delay(&r.Snapshot)
	now := time.Now().Truncate(time.Millisecond).UTC()
	look := analysis.Look{Number: number, DueAt: r.NextLookAt, At: now, Window: r.Grid(now, delay)}
	g, err := inTime(ctx, e, func(ctx context.Context) (gathered, error) { return e.gather(ctx, s, &r, look.Window) })
	if err != nil {
		return err
	}
	// A source that is in trouble at the end may recover in time.
	final := !now.Before(r.Whole().End.Add(delay + g.patience(&r)))
	look.Verdict = e.judge(&r, g.pairs, judge.At{Elapsed: look.Window.End.Sub(r.StartedAt), Final: final})
	look.Took = time.Since(now)
	e.metrics.looked(&look)
	return e.commitLook(ctx, s, r, look, g, delay)
}

const gatherTimeout = 30 * time.Second

// inTime gives sources less time than the job has, so that their silence can be recorded.
// Nothing comes of it when we stop, or are out of time: what is missing then is our own
// doing.
func inTime[T any](ctx context.Context, e *Engine, ask func(ctx context.Context) (T, error)) (T, error) {
	asking, cancel := context.WithTimeout(ctx, gatherTimeout)
	defer cancel()
	defer context.AfterFunc(e.halt, cancel)()
	answer, err := ask(asking)
	switch {
	case ctx.Err() != nil:
		err = analysis.AsError(ctx.Err())
	case errors.Is(asking.Err(), context.Canceled):
		err = analysis.AsError(asking.Err())
	}
	return answer, err
}

// patience is how long after its end a run waits for its sources, before it ends
// inconclusive: while one is in trouble, half of the run's own length, at most five
// minutes; while one asks to wait, as its limit allows the next question for sure
// one day, longer.
func (g *gathered) patience(r *analysis.Run) time.Duration {
	switch {
	case g.wait > 0:
		return limitPatience
	case g.temporary:
		return min(r.EndsAt.Sub(r.StartedAt)/2, 5*time.Minute)
	}
	return 0
}

// limitPatience covers a limit of a few requests an hour that many runs share.
const limitPatience = 6 * time.Hour

// judge asks the judge. A judge that panics has a bug, and nobody's release is to
// be rolled back for that.
func (e *Engine) judge(r *analysis.Run, pairs []analysis.Pair, at judge.At) (v analysis.Verdict) {
	began := time.Now()
	defer func() {
		e.metrics.judgeSeconds.Observe(time.Since(began).Seconds())
		if p := recover(); p != nil {
			e.log.Error("the judge panicked; this is a bug, please report it", "run", r.ID, "panic", p, "trace", string(debug.Stack()))
			v = analysis.Verdict{Outcome: analysis.OutcomeContinue, Reason: "the judge could not judge: a bug in Haldane, see its log"}
		}
		if at.Final && v.Outcome == analysis.OutcomeContinue {
			v.Outcome = analysis.OutcomeInconclusive
		}
	}()
	return judge.Judge(&r.Snapshot, pairs, at)
}

// commitLook records a look behind the fence of the run as it was read.
func (e *Engine) commitLook(ctx context.Context, s *Setup, read analysis.Run, look analysis.Look, g gathered, delay time.Duration) error {
	return e.store.Write(ctx, func(tx *store.Tx) error {
		if look.Verdict.Outcome != analysis.OutcomeContinue {
			// Taken before the run, as everywhere: what follows concerns the service.
			if err := tx.LockService(ctx, read.Service, read.Environment); err != nil {
				return err
			}
		}
		r, err := tx.FenceRun(ctx, read.ID, read.Rev)
		if err != nil {
			return err
		}
		if ok, err := tx.InsertLook(ctx, r.ID, &look, g.fetched); err != nil || !ok {
			if err == nil {
				err = analysis.Errorf(analysis.Conflict, "run %s: has a look %d already", r.ID, look.Number)
			}
			return err
		}
		r.Progress.Looks++
		r.Progress.Samples = fewest(g.pairs)
		r.JudgedUntil, r.Reason = look.Window.End, look.Verdict.Reason
		if look.Verdict.Score != nil {
			r.Score = look.Verdict.Score
		}
		now := time.Now().Truncate(time.Millisecond).UTC()
		if g.wait == 0 || g.trouble != "" { // who asks to wait is neither ill nor well
			if err := e.noteTrouble(ctx, tx, s, &r, g.trouble, now); err != nil {
				return err
			}
		}
		if look.Verdict.Outcome == analysis.OutcomePass {
			if err := keepNoise(ctx, tx, &r, g.pairs); err != nil {
				return err
			}
		}
		if look.Verdict.Outcome != analysis.OutcomeContinue {
			return e.conclude(ctx, tx, s, &r, look.Verdict, g.pairs, analysis.Haldane, now)
		}
		tx.AfterCommit(func() { e.memory.keep(read.ID, g.before, look.Number, g.fetched) })
		r.NextLook = look.Number + 1
		if r.NextLookAt, _ = r.Due(later(now, look.DueAt), delay); !r.NextLookAt.After(now) {
			r.NextLookAt = now.Add(r.Snapshot.Every.Std())
		}
		r.NextLookAt = later(r.NextLookAt, now.Add(g.wait))
		if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, r.NextLookAt); err != nil {
			return err
		}
		return tx.UpdateRun(ctx, &r)
	})
}

// later is for clocks that run behind the database's: a look is never due twice.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// noteTrouble writes an event when the sources of a run fall ill or recover.
func (e *Engine) noteTrouble(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, trouble string, now time.Time) error {
	o := occurrence{typ: analysis.EventSourceTroubled, who: analysis.Haldane, text: trouble}
	switch was := r.Troubled; {
	case was == (trouble != ""):
		return nil
	case was:
		o.typ, o.text = analysis.EventSourceRecovered, "every source answers again"
	default:
		tx.AfterCommit(func() {
			e.log.Warn("a source is in trouble; its samples wait", "run", r.ID, "plan", r.Plan, "reason", trouble)
		})
	}
	r.Troubled = trouble != ""
	return e.tell(ctx, tx, s, r, o, nil, now)
}

// fewest counts the samples of the metric that has fewest, on its weaker side.
func fewest(pairs []analysis.Pair) int {
	least := -1
	for _, p := range pairs {
		n := p.Canary.Count()
		if p.Baseline.Values != nil || p.Baseline.Err != nil {
			n = min(n, p.Baseline.Count())
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return max(least, 0)
}
