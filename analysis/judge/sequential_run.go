package judge

import (
	"math"
	"slices"
	"sync"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// sequential is the judge of one look that weighs evidence. Its e-values are
// averaged over the metrics with shares that are fixed by the plan, which keeps the
// promise for the whole run under any dependence between them: the average of
// e-values is one.
type sequential struct {
	plan   *analysis.Plan
	shares map[string]float64 // of each metric in the run's evidence; 1 together
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

func newSequential(plan *analysis.Plan) *sequential {
	s := &sequential{plan: plan, shares: evidenceShares(plan)}
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

// share divides a metric's share among its pairs.
func (s *sequential) share(of *subject) { of.share(s.shares[of.metric.Name]) }

// judge weighs one pair. Whether it is bad is known only when all are weighed.
func (s *sequential) judge(of *subject, i int) opinion {
	c := s.c
	c.work = s.work
	c.need = -math.Log(of.shares[i] * c.rate)
	e := measureOf(of.metric.Kind)(&of.metric, &of.pairs[i], &c)
	if math.IsNaN(e.fail) {
		e.fail = math.Inf(-1)
	}
	o := opinion{
		Finding: analysis.Finding{
			Class: analysis.ClassPass, Samples: analysis.SampleNote{Canary: e.n[0], Baseline: e.n[1], History: e.history},
			Effect: ptr(e.effect), EffectUnit: e.unit, Seen: ptr(e.seen), Expected: ptr(e.expected),
			Evidence: ptr(math.Exp(e.fail - c.need)),
		},
		evidence: &e, share: of.shares[i],
	}
	if e.since > 0 {
		o.Since = e.since + 1
	}
	if low, high := ptr(e.lo), ptr(e.hi); low != nil && high != nil {
		o.Interval = &[2]analysis.Number{*low, *high}
	}
	return o
}

// weigh adds up the evidence of a look and says which metrics are bad: when it
// suffices, and at the end, those which would fail a run of their own. Of these, bad are
// the segments that would. When the evidence suffices there is at least one, because an
// average never exceeds its largest part.
func (s *sequential) weigh(subjects []subject, at At) {
	need := -math.Log(s.c.rate)
	sum, own := math.Inf(-1), make([]float64, len(subjects))
	for i := range subjects {
		own[i] = subjects[i].weight()
		sum = stats.LogAdd(sum, own[i])
	}
	workspaces.Put(s.work)
	s.work = nil
	s.failed = sum >= need
	for i := range subjects {
		of := &subjects[i]
		alone := !of.split || own[i]-math.Log(s.shares[of.metric.Name]) >= need
		for k := range of.opinions {
			if o := &of.opinions[k]; o.evidence != nil {
				s.decide(o, alone && o.evidence.fail >= need, at)
			}
		}
	}
}

// weight is what a metric has of the run's evidence: the weighted sum of that of its
// pairs, and what is kept for segments to come, which counts as evidence of 1.
func (s *subject) weight() float64 {
	sum := math.Log(s.unspent)
	for i := range s.opinions {
		if o := &s.opinions[i]; o.evidence != nil {
			sum = stats.LogAdd(sum, o.evidence.fail+math.Log(o.share))
		}
	}
	return sum
}

// decide makes a finding of what was weighed; alone says that the evidence would
// suffice in a run of its own.
func (s *sequential) decide(o *opinion, alone bool, at At) {
	o.Bad = alone && (s.failed || at.Final)
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
