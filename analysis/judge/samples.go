package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
)

// levels returns one side's samples as the values that are compared: a gauge's
// values, or events per total of each step. Steps without a sample, and those whose
// total is missing, 0 or less, are NaN. Infinities stay.
func levels(kind analysis.MetricKind, s *analysis.Samples) []float64 {
	out := make([]float64, len(s.Values))
	for i, v := range s.Values {
		out[i] = v
		if !kind.HasTotal() {
			continue
		}
		out[i] = math.NaN()
		if i < len(s.Totals) && s.Totals[i] > 0 && !math.IsInf(s.Totals[i], 1) {
			out[i] = v / s.Totals[i]
		}
	}
	return out
}

// countLevels counts what levels would return that is not NaN.
func countLevels(kind analysis.MetricKind, s *analysis.Samples) int {
	n := 0
	for i := range s.Values {
		if sampled(kind, s, i) {
			n++
		}
	}
	return n
}

// answered counts the steps for which the source had a value of any kind.
func answered(values analysis.Values) int {
	n := 0
	for _, v := range values {
		if !analysis.IsMissing(v) {
			n++
		}
	}
	return n
}

// ptr makes a field of a finding. A NaN is left out: it says nothing.
func ptr(v float64) *analysis.Number {
	if math.IsNaN(v) {
		return nil
	}
	return analysis.Number(v).Ptr()
}
