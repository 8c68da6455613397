package judge

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// sequential is the judge of one look that weighs evidence. Its e-values are
// averaged over the metrics with shares that are fixed by the plan, which keeps the
// promise for the whole run under any dependence between them: the average of
// e-values is one.
type sequential struct {
	plan   *analysis.Plan
	shares map[string]float64 // of each metric in the run's evidence; 1 together
	pairs  map[string]int     // how many pairs, segments that is, a metric's share is divided among
	c      circumstances
	work   *workspace
	failed bool // the run's evidence suffices
}

// passRate bounds the chance that a metric which is worse than its tolerance passes
// early.
const passRate = 0.05

// unknownLength is how many samples a run is taken to have when its plan does not
// say.
const unknownLength = 60

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

func newSequential(plan *analysis.Plan, pairs []analysis.Pair) *sequential {
	s := &sequential{plan: plan, shares: evidenceShares(plan), pairs: map[string]int{}}
	for i := range pairs {
		s.pairs[pairs[i].Metric]++
	}
	s.c = circumstancesOf(plan)
	s.work = workspaces.Get().(*workspace)
	return s
}

// circumstancesOf are those that hold for all metrics of a plan.
func circumstancesOf(plan *analysis.Plan) circumstances {
	c := circumstances{
		rate: plan.FalseRollbackRate, planned: plan.Samples(), step: plan.Step.Std(), strict: plan.Strict,
		together: plan.Baseline.Kind != analysis.BaselineBefore,
	}
	if !(c.rate > 0 && c.rate < 1) {
		c.rate = lineRate
	}
	if c.planned < 1 {
		c.planned = unknownLength
	}
	return c
}

// evidenceShares divides the run's evidence among the metrics that are compared: by
// weight, and so that critical ones have at least half of it together.
func evidenceShares(plan *analysis.Plan) map[string]float64 {
	critical, other := 0.0, 0.0
	for i := range plan.Metrics {
		m := &plan.Metrics[i]
		switch {
		case m.Threshold != nil:
		case m.Critical:
			critical += usableWeight(m.Weight)
		default:
			other += usableWeight(m.Weight)
		}
	}
	half := critical / (critical + other)
	if critical > 0 && other > 0 {
		half = max(half, 0.5)
	}
	shares := make(map[string]float64, len(plan.Metrics))
	for i := range plan.Metrics {
		m := &plan.Metrics[i]
		switch {
		case m.Threshold != nil:
		case m.Critical:
			shares[m.Name] = half * usableWeight(m.Weight) / critical
		default:
			shares[m.Name] = (1 - half) * usableWeight(m.Weight) / other
		}
	}
	return shares
}

func usableWeight(w float64) float64 {
	if !(w > 0) || math.IsInf(w, 1) {
		return 1
	}
	return w
}

// judge weighs one pair. Whether it is bad is known only when all are weighed.
func (s *sequential) judge(m *analysis.Metric, p *analysis.Pair) opinion {
	share := s.shares[m.Name] / float64(max(1, s.pairs[m.Name]))
	c := s.c
	c.work = s.work
	c.need = -math.Log(share * c.rate)
	e := measureOf(m.Kind)(m, p, &c)
	if math.IsNaN(e.fail) {
		e.fail = math.Inf(-1)
	}
	if side, since := goneSilent(m, p); side != "" {
		e.enough = false
		e.wait = "newer samples of " + side + ": none since sample " + figures(float64(since), 15) + " of " + figures(float64(len(p.Canary.Values)), 15)
	}
	o := opinion{
		Finding: analysis.Finding{
			Class: analysis.ClassPass, Samples: analysis.SampleNote{Canary: e.n[0], Baseline: e.n[1], History: e.history},
			Effect: ptr(e.effect), EffectUnit: e.unit, Seen: ptr(e.seen), Expected: ptr(e.expected),
			Evidence: ptr(math.Exp(e.fail - c.need)),
		},
		evidence: &e, share: share,
	}
	if low, high := ptr(e.lo), ptr(e.hi); low != nil && high != nil {
		o.Interval = &[2]analysis.Number{*low, *high}
	}
	return o
}

// goneSilent says which side has had no samples for a quarter of the window, and for
// longer than its no_data rule waits: what was seen before does not say how the release
// does now.
func goneSilent(m *analysis.Metric, p *analysis.Pair) (side string, since int) {
	n := len(p.Canary.Values)
	for _, s := range []struct {
		name    string
		samples *analysis.Samples
	}{{"the canary", &p.Canary}, {"the baseline", &p.Baseline}} {
		last := min(n, len(s.samples.Values))
		for last > 0 && !s.samples.Finite(last-1) {
			last--
		}
		gone := n - last
		if 4*gone > n && time.Duration(gone)*p.Step > m.NoData.After.Std() {
			return s.name, last
		}
	}
	return "", 0
}

// weigh adds up the evidence of a look and says which metrics are bad: when it
// suffices, and at the end, those which would fail a run of their own. When it
// suffices there is at least one, because an average never exceeds its largest part.
func (s *sequential) weigh(opinions []opinion, at At) {
	sum := math.Inf(-1)
	for i := range opinions {
		if o := &opinions[i]; o.evidence != nil {
			sum = logAdd(sum, o.evidence.fail+math.Log(o.share))
		}
	}
	workspaces.Put(s.work)
	s.work = nil
	need := -math.Log(s.c.rate)
	s.failed = sum >= need
	for i := range opinions {
		o := &opinions[i]
		if o.evidence == nil {
			continue
		}
		o.Bad = o.evidence.fail >= need && (s.failed || at.Final)
		switch {
		case o.Bad:
			o.Class = analysis.ClassHigh
			if o.evidence.effect < 0 {
				o.Class = analysis.ClassLow
			}
			o.severe = o.Critical && s.failed
		case !o.evidence.enough:
			o.state = collecting
		}
		s.words(o, at.Final)
	}
}

// score makes the score agree with the evidence: below marginal when the run fails by
// it, and never below marginal through metrics whose evidence does not suffice for
// that.
func (s *sequential) score(score float64, opinions []opinion) float64 {
	marginal := s.plan.Score.Marginal
	if s.failed {
		if score >= marginal {
			return 0
		}
		return score
	}
	if score >= marginal {
		return score
	}
	spared := slices.Clone(opinions)
	for i := range spared {
		if spared[i].evidence != nil {
			spared[i].Bad = false
		}
	}
	if without, _ := weightedScore(s.plan, spared); without < marginal {
		return score
	}
	return marginal
}

// passesEarly reports whether the run may pass before its end: min_duration is over
// and, for each metric that is compared, a change beyond its tolerance since the
// start is excluded at passRate; nothing is open, and the score passes. It needs a
// baseline of the same time.
func (s *sequential) passesEarly(opinions []opinion, score *float64, at At) bool {
	if at.Final || score == nil || !(*score >= s.plan.Score.Pass) || !s.plan.Baseline.Simultaneous() ||
		at.Elapsed < s.plan.MinDuration.Std() {
		return false
	}
	compared := false
	for i := range opinions {
		o := &opinions[i]
		if o.state == collecting || o.state == undecided || o.Bad || o.leans {
			return false
		}
		if o.evidence != nil && o.state == decided {
			compared = true
			if !(o.evidence.pass >= -math.Log(passRate)) {
				return false
			}
		}
	}
	return compared
}
