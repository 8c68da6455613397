package engine

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
)

// Replay plays runs over the past: what would this plan have said then? It asks the real
// sources and judges look by look, but stores nothing and sends nothing.
type Replay struct {
	setup *Setup
	// Split, if set, is the label that tells replicas apart: both sides of a run are then
	// halves of the replicas behind its queries.
	Split string
}

// Past is a past run with all its samples, those from after its decision too.
type Past struct {
	Run      analysis.Run
	Pairs    []analysis.Pair
	Replicas int             // with Split: in the smaller of the halves that were made
	Trouble  *analysis.Error // of a source; the samples that it kept back count as its error, as in a real run
	Silence  *analysis.Error // why there are no samples, where a source can say
	Wait     time.Duration   // a source asks to be left alone for so long; then it may answer
}

// Replayed is what came of a past run.
type Replayed struct {
	Looks  []analysis.Look  // up to the one that decided
	Learnt []analysis.Noise // what a run that passed teaches those that begin after it
}

// NewReplay makes a Replay of the sources and plans of a setup.
func NewReplay(setup *Setup, log *slog.Logger) *Replay {
	setup.prepare(newMetrics(nil), log)
	return &Replay{setup: setup}
}

// Delay returns how long after its end a run can be decided at the latest.
func (p *Replay) Delay(plan *analysis.Plan) time.Duration { return p.setup.delay(plan) }

// PastRun makes the run that a request at a time in the past would have started. Its id,
// and with it the moments of its looks, follow from plan and time alone.
//
// A version may be empty, or the same as the baseline's: what a release must have is for
// the caller to ask for.
func (p *Replay) PastRun(req analysis.StartRequest) (analysis.Run, error) {
	plan, err := p.setup.plan(req.Plan)
	if err != nil {
		return analysis.Run{}, err
	}
	r := newRun(plan, req, req.StartedAt.UTC())
	r.ID = "past " + r.Plan + " " + r.StartedAt.Format(time.RFC3339Nano)
	c := &fieldChecks{pattern: plan.NamePattern}
	c.name("version", r.Version)
	c.name("baseline_version", r.BaselineVersion)
	for _, k := range sortedKeys(r.Variables) {
		c.name("variables."+k, r.Variables[k])
	}
	if len(c.found) == 0 {
		p.setup.checkQueries(c, r)
	}
	return *r, c.err()
}

// Read asks the sources for all samples of a run, at once.
func (p *Replay) Read(ctx context.Context, r analysis.Run) Past {
	out := Past{Run: r}
	whole := r.Whole()
	parts := p.setup.parts(&r, whole)
	step := r.Snapshot.Step.Std()
	if p.Split != "" {
		out.Replicas = p.setup.split(ctx, p.Split, step, parts)
	}
	p.setup.ask(ctx, step, parts)
	for _, part := range parts {
		switch {
		case part.err == nil:
		case part.err.Kind != analysis.NoData:
			out.note(part)
		case out.Silence == nil:
			out.Silence = part.err
		}
	}
	out.Pairs = pairUp(&r.Snapshot, whole, parts)
	return out
}

// note takes up what went wrong with a part. What asking again may mend comes first.
func (p *Past) note(part *part) {
	wait := part.err.RetryAfter
	if wait == 0 && part.err.Kind == analysis.Limited {
		wait = 30 * time.Second // it does not say for how long
	}
	if p.Trouble == nil || wait > p.Wait {
		t := *part.err
		t.Message = part.describe() + ": " + t.Message
		p.Trouble = &t
	}
	p.Wait = max(p.Wait, wait)
}

// Play takes a run's looks, one after the other until one decides. Each sees what had
// settled at its time, as its source's delay says. known is what earlier good runs taught.
func (p *Replay) Play(past *Past, known []analysis.Noise) Replayed {
	r := &past.Run
	plan := &r.Snapshot
	judge.Remember(past.Pairs, known)
	var out Replayed
	delay := p.setup.delay(plan)
	for at, last := r.Due(time.Time{}, delay); ; at, last = r.Due(at, delay) {
		l := analysis.Look{Number: len(out.Looks) + 1, DueAt: at, At: at, Window: r.Grid(at, delay)}
		pairs := upTo(past.Pairs, l.Window.Steps(plan.Step.Std()), plan.Baseline.Kind != analysis.BaselineBefore)
		l.Verdict = judged(plan, pairs, judge.At{Elapsed: l.Window.End.Sub(r.StartedAt), Final: last})
		out.Looks = append(out.Looks, l)
		if !last && l.Verdict.Outcome == analysis.OutcomeContinue {
			continue
		}
		if l.Verdict.Outcome == analysis.OutcomePass && plan.Judge == analysis.JudgeSequential {
			out.Learnt = judge.Learn(plan, pairs)
		}
		return out
	}
}

// judged asks the judge; a bug in it costs one verdict, not all that came before.
func judged(plan *analysis.Plan, pairs []analysis.Pair, at judge.At) (v analysis.Verdict) {
	defer func() {
		if p := recover(); p != nil {
			reason := fmt.Sprintf("the judge could not judge: a bug in Haldane, please report it: %v", p)
			v = analysis.Verdict{Outcome: analysis.OutcomeInconclusive, Reason: reason, Findings: []analysis.Finding{}}
		}
	}()
	return judge.Judge(plan, pairs, at)
}

// upTo cuts pairs to their first n samples; the baseline's too, when it is on the same
// grid. Segments of which nothing has been seen by then are not known yet.
func upTo(pairs []analysis.Pair, n int, both bool) []analysis.Pair {
	cut := func(s *analysis.Samples) {
		s.Values = s.Values[:min(n, len(s.Values))]
		s.Totals = s.Totals[:min(n, len(s.Totals))]
	}
	out := make([]analysis.Pair, 0, len(pairs))
	for i, p := range pairs {
		cut(&p.Canary)
		if both {
			cut(&p.Baseline)
		}
		if p.Segment == "" || seen(&p.Canary) || seen(&p.Baseline) {
			out = append(out, p)
			continue
		}
		known := len(out) > 0 && out[len(out)-1].Metric == p.Metric
		lastOne := i+1 == len(pairs) || pairs[i+1].Metric != p.Metric
		if lastOne && !known { // the metric has no segments yet
			p.Segment, p.Noise = "", nil
			out = append(out, p)
		}
	}
	return out
}

// seen reports whether a source answered anything for a side.
func seen(s *analysis.Samples) bool {
	there := func(v float64) bool { return !analysis.IsMissing(v) }
	return slices.ContainsFunc(s.Values, there) || slices.ContainsFunc(s.Totals, there)
}
