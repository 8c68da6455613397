package judge

import "github.com/haldane-dev/haldane/analysis"

// addUp puts the sum of the segments before them, as a pair of its own: what hurts all
// of them a little shows there first. A whole that was given beside segments is left
// out.
//
// Summed up at a step are the segments that have both sides there, so that a segment on
// one side alone does not change the mix. Where none has both, a side keeps the sum of
// what it has, if the other has nothing: that is how silence shows.
func (s *subject) addUp() {
	segments := s.pairs[:0:0]
	for _, p := range s.pairs {
		if p.Segment != "" {
			segments = append(segments, p)
		}
	}
	first := &segments[0]
	whole := analysis.Pair{Metric: first.Metric, Start: first.Start, Step: first.Step, Canary: first.Canary, Baseline: first.Baseline}
	for i := range segments {
		if p := &segments[i]; whole.Canary.Err == nil && whole.Baseline.Err == nil {
			whole.Canary.Err, whole.Baseline.Err = p.Canary.Err, p.Baseline.Err
		}
	}
	if s.together {
		s.addSteps(&whole, segments)
	} else {
		both := segments[:0:0]
		for _, p := range segments {
			if _, n := s.presence(&p); n > 0 {
				both = append(both, p)
			}
		}
		side(&whole.Canary, both, func(p *analysis.Pair) *analysis.Samples { return &p.Canary })
		side(&whole.Baseline, both, func(p *analysis.Pair) *analysis.Samples { return &p.Baseline })
	}
	s.pairs = append([]analysis.Pair{whole}, segments...)
	s.whole = true
}

// addSteps adds up segments whose sides share a grid.
func (s *subject) addSteps(whole *analysis.Pair, segments []analysis.Pair) {
	n := s.steps()
	empty(&whole.Canary, n)
	empty(&whole.Baseline, n)
	for i := range n {
		canary, baseline, both := false, false, false
		for k := range segments {
			c, b := countable(&segments[k].Canary, i), countable(&segments[k].Baseline, i)
			canary, baseline, both = canary || c, baseline || b, both || c && b
		}
		if !both && canary && baseline {
			continue
		}
		for k := range segments {
			c, b := countable(&segments[k].Canary, i), countable(&segments[k].Baseline, i)
			if c && (b || !both) {
				addStep(&whole.Canary, &segments[k].Canary, i)
			}
			if b && (c || !both) {
				addStep(&whole.Baseline, &segments[k].Baseline, i)
			}
		}
	}
}

// side adds up one side of segments by itself.
func side(whole *analysis.Samples, segments []analysis.Pair, of func(*analysis.Pair) *analysis.Samples) {
	n := 0
	for k := range segments {
		n = max(n, len(of(&segments[k]).Values))
	}
	empty(whole, n)
	for k := range segments {
		for i := range n {
			if s := of(&segments[k]); countable(s, i) {
				addStep(whole, s, i)
			}
		}
	}
}

// countable reports whether a step can be added up: a counter that started again cannot.
func countable(s *analysis.Samples, i int) bool {
	return s.Finite(i) && i < len(s.Totals) && s.Values[i] >= 0 && s.Totals[i] >= 0
}

func empty(s *analysis.Samples, n int) {
	s.Values, s.Totals = make(analysis.Values, n), make(analysis.Values, n)
	for i := range n {
		s.Values[i], s.Totals[i] = analysis.Missing(), analysis.Missing()
	}
}

func addStep(whole, s *analysis.Samples, i int) {
	if analysis.IsMissing(whole.Values[i]) {
		whole.Values[i], whole.Totals[i] = s.Values[i], s.Totals[i]
		return
	}
	whole.Values[i] += s.Values[i]
	whole.Totals[i] += s.Totals[i]
}
