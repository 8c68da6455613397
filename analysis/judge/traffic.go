package judge

import (
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// lacksTraffic says how much of plan.MinTraffic is missing, "" when nothing is: "canary
// 37 of the 100 requests that min_traffic asks for". A side's traffic is the largest sum
// of totals that a ratio or a count has there. The baseline counts where something is
// compared with it.
func (l *look) lacksTraffic(subjects []subject) string {
	need := l.plan.MinTraffic
	if !(need > 0) {
		return ""
	}
	var canary, baseline traffic
	compared := false
	for i := range subjects {
		s := &subjects[i]
		if !s.known || !s.metric.Kind.HasTotal() {
			continue
		}
		compared = compared || s.compared
		var c, b float64
		for _, p := range s.segments() {
			c += totalOf(&p.Canary)
			b += totalOf(&p.Baseline)
		}
		canary.atLeast(c, s.metric.Kind)
		baseline.atLeast(b, s.metric.Kind)
	}
	var short []string
	if canary.sum < need {
		short = append(short, "canary "+figures(canary.sum, 3))
	}
	if compared && baseline.sum < need {
		short = append(short, "baseline "+figures(baseline.sum, 3))
	}
	if len(short) == 0 {
		return ""
	}
	of := " of the " + figures(need, 15) + " requests"
	if canary.kind == analysis.Count {
		of = " of the exposure of " + figures(need, 15)
	}
	return strings.Join(short, " and ") + of + " that min_traffic asks for"
}

// traffic is the largest sum of totals of a side.
type traffic struct {
	sum  float64
	kind analysis.MetricKind
}

func (t *traffic) atLeast(sum float64, kind analysis.MetricKind) {
	if t.kind == "" || sum > t.sum {
		*t = traffic{sum, kind}
	}
}

// totalOf adds up the totals of the steps that can be judged.
func totalOf(s *analysis.Samples) float64 {
	sum := 0.0
	for i := range s.Totals {
		if s.Finite(i) {
			sum += max(0, s.Totals[i])
		}
	}
	return sum
}

// least is how many samples a metric needs, besides what its judge does: min_samples. A
// threshold beside judge kayenta has its own minimum, and so has kayenta.
func (l *look) least() int {
	if l.plan.Judge == analysis.JudgeKayenta {
		return 0
	}
	return l.plan.MinSamples
}
