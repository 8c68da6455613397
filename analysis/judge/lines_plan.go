package judge

import (
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Scores from which on a plain line passes, or is marginal: the defaults of plans.
const (
	linePass     = 95
	lineMarginal = 75
	lineRate     = 0.01
	lineChange   = 0.05 // tolerance
)

// plan makes a plan and its pairs of a line.
func (l *line) plan(opts LineOptions) (*analysis.Plan, []analysis.Pair, error) {
	plan := &analysis.Plan{
		Name: l.Name, Judge: opts.Judge, FalseRollbackRate: lineRate,
		Step: analysis.Duration(time.Minute), Score: analysis.Thresholds{Pass: linePass, Marginal: lineMarginal},
		Baseline: analysis.Baseline{Kind: analysis.BaselineVersion},
	}
	switch plan.Judge {
	case "":
		plan.Judge = analysis.JudgeSequential
	case analysis.JudgeSequential, analysis.JudgeKayenta, analysis.JudgeThreshold:
	default:
		return nil, nil, analysis.Errorf(analysis.Invalid, "judge %q: there is no such judge", opts.Judge).
			WithHint("sequential, kayenta or threshold")
	}
	if l.StepSeconds != nil {
		plan.Step = analysis.Duration(*l.StepSeconds * float64(time.Second))
	}
	if plan.Judge == analysis.JudgeKayenta {
		if plan.MinSamples = kayentaMinSamples; l.FirstLook != nil {
			plan.MinSamples = *l.FirstLook
		}
	}
	if l.FalseRollbackRate != nil {
		plan.FalseRollbackRate = *l.FalseRollbackRate
	}
	// The run is as long as its longest series, but as long as one of unknown length
	// at least, so that the looks of a short line are those of a longer one that
	// begins the same. All of it is judged: what passes early may be bad later.
	whole := max(unknownLength, l.samples())
	plan.Duration = plan.Step * analysis.Duration(whole)
	plan.MinDuration = plan.Duration
	pairs := make([]analysis.Pair, len(l.Metrics))
	for i := range l.Metrics {
		m := &l.Metrics[i]
		if m.Threshold == nil && plan.Judge == analysis.JudgeThreshold {
			return nil, nil, analysis.Errorf(analysis.Invalid, "line: metric %q: threshold is missing", m.Name)
		}
		plan.Metrics = append(plan.Metrics, m.metric())
		pairs[i] = analysis.Pair{
			Metric: m.Name, Step: plan.Step.Std(),
			Canary:   analysis.Samples{Values: m.Canary, Totals: m.CanaryTotal},
			Baseline: analysis.Samples{Values: m.Baseline, Totals: m.BaselineTotal},
		}
	}
	Remember(pairs, Learn(plan, l.history(plan)))
	return plan, pairs, nil
}

// samples is the length of the longest series.
func (l *line) samples() int {
	n := 0
	for i := range l.Metrics {
		m := &l.Metrics[i]
		n = max(n, len(m.Canary), len(m.Baseline))
	}
	return n
}

// history is an earlier run, of the metrics that have one.
func (l *line) history(plan *analysis.Plan) []analysis.Pair {
	var pairs []analysis.Pair
	for i := range l.Metrics {
		if h := l.Metrics[i].History; h != nil {
			pairs = append(pairs, analysis.Pair{
				Metric: l.Metrics[i].Name, Step: plan.Step.Std(),
				Canary:   analysis.Samples{Values: h.Canary, Totals: h.CanaryTotal},
				Baseline: analysis.Samples{Values: h.Baseline, Totals: h.BaselineTotal},
			})
		}
	}
	return pairs
}

func (m *lineMetric) metric() analysis.Metric {
	out := analysis.Metric{
		Name: m.Name, Kind: m.Kind, Direction: m.Direction, Critical: m.Critical, Group: m.Group,
		Weight: 1, Tolerance: analysis.Tolerance{Relative: lineChange}, NoData: analysis.NoDataRule{Policy: analysis.NoDataWait},
	}
	if m.Tolerance != nil {
		out.Tolerance = m.Tolerance.Tolerance
	}
	if m.Weight != nil {
		out.Weight = *m.Weight
	}
	if t := m.Threshold; t != nil {
		out.Threshold = &analysis.Threshold{Max: t.Max, Min: t.Min, Consecutive: 1}
		if t.Consecutive != nil {
			out.Threshold.Consecutive = *t.Consecutive
		}
	}
	return out
}
