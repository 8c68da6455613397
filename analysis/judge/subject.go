package judge

import (
	"math"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// subject is one metric of a look, with its pair or those of its segments.
type subject struct {
	metric   analysis.Metric
	known    bool // it is in the plan
	compared bool // with a baseline
	together bool // sample i of both sides belongs to the same moment
	split    bool // its pairs are segments
	whole    bool // and the first pair is their sum
	pairs    []analysis.Pair
	opinions []opinion // on each

	shares  []float64 // of the run's evidence, of each; of the sequential judge
	unspent float64   // the same, kept for segments that may still come
}

// subjects sorts the pairs by metric, in the order in which these appear; those of the
// plan that have none come last.
func (l *look) subjects(pairs []analysis.Pair) []subject {
	var all []subject
	at := make(map[string]int, len(l.plan.Metrics))
	add := func(p analysis.Pair) {
		m, known := l.plan.Metric(p.Metric)
		i, seen := at[p.Metric]
		if !seen || !known {
			i = len(all)
			at[p.Metric] = i
			all = append(all, subject{
				metric: m, known: known, compared: known && m.Threshold == nil,
				together: l.plan.Baseline.Kind != analysis.BaselineBefore,
			})
		}
		s := &all[i]
		s.pairs = append(s.pairs, p)
		s.split = s.split || p.Segment != "" && known
	}
	for _, p := range pairs {
		add(p)
	}
	for i := range l.plan.Metrics {
		if name := l.plan.Metrics[i].Name; !hasPairs(pairs, name) {
			add(analysis.Pair{Metric: name})
		}
	}
	for i := range all {
		switch s := &all[i]; {
		case s.split && s.allTroubled():
			s.pairs, s.split = s.pairs[:1], false // one word for all of them
			s.pairs[0].Segment = ""
		case s.split && s.compared && s.metric.Kind.HasTotal():
			s.addUp()
		}
	}
	return all
}

// allTroubled reports whether no pair can be judged, because of its source.
func (s *subject) allTroubled() bool {
	return !slices.ContainsFunc(s.pairs, func(p analysis.Pair) bool { return sourceTrouble(&p, s.compared) == "" })
}

func hasPairs(pairs []analysis.Pair, metric string) bool {
	for i := range pairs {
		if pairs[i].Metric == metric {
			return true
		}
	}
	return false
}

// segments are the pairs without the whole.
func (s *subject) segments() []analysis.Pair {
	if s.whole {
		return s.pairs[1:]
	}
	return s.pairs
}

// steps is how many there are on the grid of the canary, which is also the baseline's
// when they are together.
func (s *subject) steps() int {
	n := 0
	for i := range s.pairs {
		p := &s.pairs[i]
		n = max(n, len(p.Canary.Values), len(p.Canary.Totals))
		if s.compared && s.together {
			n = max(n, len(p.Baseline.Values), len(p.Baseline.Totals))
		}
	}
	return n
}

// sampled reports whether a side has something to judge at a step: of a gauge a value,
// of events in a total a total above 0 and the events. An infinity is a sample, a NaN
// is none.
func sampled(kind analysis.MetricKind, s *analysis.Samples, i int) bool {
	if i >= len(s.Values) || math.IsNaN(s.Values[i]) {
		return false
	}
	return !kind.HasTotal() || hasTraffic(s, i)
}

// hasTraffic reports whether there was anything that could go wrong.
func hasTraffic(s *analysis.Samples, i int) bool {
	return i < len(s.Totals) && s.Totals[i] > 0 && !math.IsInf(s.Totals[i], 1)
}

// there reports whether a segment has a sample on a side at a step. It looks at totals,
// not at events, where there are some: how many events there were must not decide what
// a segment counts for.
func (s *subject) there(side *analysis.Samples, i int) bool {
	if s.metric.Kind.HasTotal() {
		return hasTraffic(side, i)
	}
	return i < len(side.Values) && analysis.IsFinite(side.Values[i])
}

// presence counts the steps at which both sides of a pair are there, and says which is
// the first: -1 when there is none. A baseline of another grid must only be there at
// all.
func (s *subject) presence(p *analysis.Pair) (first, count int) {
	first = -1
	if s.compared && !s.together && !s.somewhere(&p.Baseline) {
		return first, 0
	}
	for i := range s.steps() {
		if s.there(&p.Canary, i) && (!s.compared || !s.together || s.there(&p.Baseline, i)) {
			if count++; first < 0 {
				first = i
			}
		}
	}
	return first, count
}

// somewhere reports whether a side is there at any step.
func (s *subject) somewhere(side *analysis.Samples) bool {
	for i := range max(len(side.Values), len(side.Totals)) {
		if s.there(side, i) {
			return true
		}
	}
	return false
}
