package judge

import (
	"math"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Recovery is the word on whether a rollback helped.
type Recovery struct {
	State  analysis.VerificationState
	Reason string // one sentence
}

// RecoverySteps is how many of the newest samples say how things are now.
const RecoverySteps = 3

// Recovered says whether the metrics that were bad are well again after a rollback. The
// pairs are those since it was done; found is what the verdict before it said. The newest
// RecoverySteps samples count.
//
// A metric is well when the canary has no traffic any more while the baseline goes on, or
// when what is left of the harm is within the metric's tolerance, or less than half of
// what it was: noise alone would often leave a short stretch outside of a narrow
// tolerance. Without a verdict that says what was bad, as when a person rolled back, all
// metrics are looked at.
//
// The state is watching until all are well (recovered); final ends it: not_recovered when
// one is still bad, else unknown.
func Recovered(plan *analysis.Plan, pairs []analysis.Pair, found []analysis.Finding, final bool) Recovery {
	var well, bad, open []string
	for i := range pairs {
		p := &pairs[i]
		m, known := plan.Metric(p.Metric)
		was, concerned := wasBad(p, found)
		if !known || !concerned {
			continue
		}
		switch state, words := recovery(&m, p, was); state {
		case analysis.VerificationRecovered:
			well = append(well, words)
		case analysis.VerificationNotRecovered:
			bad = append(bad, words)
		default:
			open = append(open, words)
		}
	}
	switch {
	case len(bad) == 0 && len(open) == 0 && len(well) > 0:
		return Recovery{analysis.VerificationRecovered, list(well)}
	case final && len(bad) > 0:
		return Recovery{analysis.VerificationNotRecovered, list(bad)}
	case final && len(open) > 0:
		return Recovery{analysis.VerificationUnknown, "cannot tell whether it helped: " + list(open)}
	case final:
		return Recovery{analysis.VerificationUnknown, "cannot tell whether it helped: there is no metric to look at"}
	case len(bad) > 0:
		return Recovery{analysis.VerificationWatching, "not yet: " + list(bad)}
	}
	return Recovery{analysis.VerificationWatching, "watching: " + list(open)}
}

// wasBad returns what was found of a pair, and whether it is to be looked at. The whole of
// a metric with segments stands for each of them.
func wasBad(p *analysis.Pair, found []analysis.Finding) (*analysis.Finding, bool) {
	any := false
	for i := range found {
		f := &found[i]
		any = any || f.Bad
		if f.Bad && f.Metric == p.Metric && (f.Segment == p.Segment || f.Segment == "") {
			return f, true
		}
	}
	return nil, !any
}

// recovery looks at the newest samples of one pair.
func recovery(m *analysis.Metric, p *analysis.Pair, was *analysis.Finding) (analysis.VerificationState, string) {
	compared := m.Threshold == nil
	name := who(p)
	if why := sourceTrouble(p, compared); why != "" {
		return analysis.VerificationUnknown, name + ": " + why
	}
	n := max(len(p.Canary.Values), len(p.Canary.Totals))
	if n < RecoverySteps {
		return analysis.VerificationWatching, name + " has " + plural(n, "sample") + " since the rollback"
	}
	canary, rested := recent(m.Kind, &p.Canary)
	baseline, _ := recent(m.Kind, &p.Baseline)
	switch {
	case rested && math.IsNaN(baseline):
		return analysis.VerificationUnknown, name + " has no samples any more of either side"
	case rested:
		since := p.Start.Add(time.Duration(lastSample(m.Kind, &p.Canary)) * p.Step)
		return analysis.VerificationRecovered, name + ": no traffic of the canary since " + since.UTC().Format("15:04 MST")
	case m.Threshold != nil:
		return limits(m, name, canary)
	}
	if math.IsNaN(baseline) && was != nil && was.Expected != nil {
		baseline = float64(*was.Expected)
	}
	if math.IsNaN(baseline) {
		return analysis.VerificationUnknown, name + " has no samples of the baseline to compare with"
	}
	words := name + " " + level(m, canary) + " against " + level(m, baseline)
	allowed := max(m.Tolerance.Absolute, m.Tolerance.Relative*math.Abs(baseline))
	if was != nil && was.Seen != nil && was.Expected != nil {
		allowed = max(allowed, math.Abs(float64(*was.Seen-*was.Expected))/2)
	}
	if harm(m.Direction, canary-baseline) > allowed {
		return analysis.VerificationNotRecovered, words
	}
	return analysis.VerificationRecovered, words
}

// limits compares a level with fixed limits.
func limits(m *analysis.Metric, name string, v float64) (analysis.VerificationState, string) {
	words := name + " " + level(m, v)
	if t := m.Threshold; t.Max != nil && v > *t.Max || t.Min != nil && v < *t.Min {
		return analysis.VerificationNotRecovered, words + ", still beyond its limit"
	}
	return analysis.VerificationRecovered, words + ", inside its limits"
}

// harm is how far a difference goes in the harmful direction.
func harm(d analysis.Direction, difference float64) float64 {
	switch d {
	case analysis.Decrease:
		return -difference
	case analysis.Either:
		return math.Abs(difference)
	}
	return difference
}

// recent is a side's level over its newest RecoverySteps steps: the mean of a gauge,
// events per total of the others. It is NaN, and the side rests, when there are no samples
// in them, or no traffic.
func recent(kind analysis.MetricKind, s *analysis.Samples) (v float64, rests bool) {
	var sum, total float64
	for i := max(0, len(s.Values)-RecoverySteps); i < len(s.Values); i++ {
		switch {
		case !s.Finite(i):
		case kind.HasTotal():
			sum, total = sum+s.Values[i], total+s.Totals[i]
		default:
			sum, total = sum+s.Values[i], total+1
		}
	}
	if total <= 0 {
		return math.NaN(), true
	}
	return sum / total, false
}

// lastSample counts the steps up to the last one with a sample that says something.
func lastSample(kind analysis.MetricKind, s *analysis.Samples) int {
	for i := len(s.Values) - 1; i >= 0; i-- {
		if s.Finite(i) && (!kind.HasTotal() || s.Totals[i] > 0) {
			return i + 1
		}
	}
	return 0
}

// level prints a metric's level.
func level(m *analysis.Metric, v float64) string {
	if m.Kind == analysis.Ratio {
		return strings.TrimSpace(figures(v*100, 3) + " %")
	}
	return figures(v, 3)
}
