package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// shortestEnd is for how many steps a baseline must be gone before a run ends for it,
// however short its no_data rules are.
const shortestEnd = 3

// ending is how a run ends with its baseline: when a rollout has replaced it.
type ending struct {
	since string // clock
	both  int    // samples of both sides, of the metric that has fewest
}

// endWithBaseline makes this look the last one if the baseline of all metrics that are
// compared has been silent for longer than their no_data rules wait, while the canary
// goes on: a rolling deploy is finished, and nothing more can be learnt. The verdict is
// that of a final look over the samples up to the baseline's last; what the canary does
// after that is no evidence.
//
// Baselines of another time do not go away. When a source is in trouble, nobody knows.
func (l *look) endWithBaseline(subjects []subject) {
	if !l.plan.Baseline.Simultaneous() {
		return
	}
	var end ending
	last := make([]int, len(subjects))
	had, goesOn := false, false
	for i := range subjects {
		s := &subjects[i]
		switch {
		case !s.compared:
			continue
		case s.goesOn():
			return
		}
		canary, baseline, both := s.lifetime()
		gone := time.Duration(baseline.steps) * l.stepOf(&s.pairs[0])
		if s.troubled() || gone < s.metric.NoData.After.Std() {
			return
		}
		if baseline.last == 0 {
			continue // it never had one
		}
		if !baseline.over() {
			return
		}
		last[i] = baseline.last
		goesOn = goesOn || canary.last > baseline.last && !canary.unusual
		if !had || both < end.both {
			end.both, end.since = both, l.clock(&s.pairs[0], baseline.last)
		}
		had = true
	}
	if !had || !goesOn {
		return
	}
	for i := range subjects {
		if last[i] > 0 {
			subjects[i].cut(last[i])
		}
	}
	l.ended, l.at.Final = &end, true
}

// goesOn reports whether the baseline has one of the newest samples.
func (s *subject) goesOn() bool {
	for k := range s.pairs {
		b := &s.pairs[k].Baseline
		for i := max(0, len(b.Values)-shortestEnd); i < len(b.Values); i++ {
			if sampled(s.metric.Kind, b, i) {
				return true
			}
		}
	}
	return false
}

// lifetime looks at the ends of both sides, over all segments, and counts the steps at
// which both are there.
func (s *subject) lifetime() (canary, baseline tail, both int) {
	c := s.union(func(p *analysis.Pair) *analysis.Samples { return &p.Canary })
	b := s.union(func(p *analysis.Pair) *analysis.Samples { return &p.Baseline })
	for i := range min(len(c.Values), len(b.Values)) {
		if c.Finite(i) && b.Finite(i) {
			both++
		}
	}
	return tailOf(analysis.Gauge, &c), tailOf(analysis.Gauge, &b), both
}

// union has a sample at each step at which one of the pairs has one on a side, and a NaN
// where all that is answered is that there was no traffic.
func (s *subject) union(of func(*analysis.Pair) *analysis.Samples) analysis.Samples {
	var u analysis.Samples
	for k := range s.pairs {
		side := of(&s.pairs[k])
		for i := range side.Values {
			if i == len(u.Values) {
				u.Values = append(u.Values, analysis.Missing())
			}
			switch {
			case sampled(s.metric.Kind, side, i):
				u.Values[i] = 1
			case analysis.IsMissing(u.Values[i]) && natureOf(s.metric.Kind, side, i, i+1) != nothingThere:
				u.Values[i] = math.NaN()
			}
		}
	}
	return u
}

// troubled reports whether a source could not answer.
func (s *subject) troubled() bool {
	for i := range s.pairs {
		if sourceTrouble(&s.pairs[i], true) != "" {
			return true
		}
	}
	return false
}

// cut leaves the first samples of every pair.
func (s *subject) cut(n int) {
	for i := range s.pairs {
		p := &s.pairs[i]
		p.Canary, p.Baseline = firstSamples(p.Canary, n), firstSamples(p.Baseline, n)
	}
}

// replaced says what happened: "the baseline had no more samples after 12:31 UTC: the
// rollout replaced it".
func (e *ending) replaced() string {
	return "the baseline had no more samples after " + e.since + ": the rollout replaced it"
}

// cannotSay is the verdict's sentence when that was too early; open is what was still
// missing.
func (e *ending) cannotSay(open []string, leaning bool) string {
	text := e.replaced() + "; " + plural(e.both, "sample") + " of both sides "
	if leaning {
		text += "do not suffice: "
	} else {
		text += "say nothing bad, but "
	}
	return text + list(open) + "; try: keep the old version longer, or a smaller step"
}
