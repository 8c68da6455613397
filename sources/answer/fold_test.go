package answer

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

// TestFold checks each rule against its definition, on all kinds of numbers.
func TestFold(t *testing.T) {
	kinds := []float64{analysis.Missing(), math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1, 2.5}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 6).Draw(t, "values")
		var have, numbers []float64
		sum := 0.0
		for _, v := range values {
			if analysis.IsMissing(v) {
				continue
			}
			have, sum = append(have, v), sum+v
			if !math.IsNaN(v) {
				numbers = append(numbers, v)
			}
		}
		want := map[analysis.Reduce]float64{
			analysis.ReduceSum: sum, analysis.ReduceMean: sum / float64(len(have)),
			analysis.ReduceMax: math.NaN(), analysis.ReduceMin: math.NaN(),
		}
		if len(numbers) > 0 {
			want[analysis.ReduceMax], want[analysis.ReduceMin] = slices.Max(numbers), slices.Min(numbers)
		}
		for reduce, w := range want {
			f := newFold(reduce, 1)
			for _, v := range have {
				f.add(0, v)
			}
			if len(have) == 0 {
				w = analysis.Missing()
			}
			got := f.values()[0]
			if analysis.IsMissing(got) != analysis.IsMissing(w) || got != w && !(math.IsNaN(got) && math.IsNaN(w)) {
				t.Fatalf("%s of %v is %v, want %v", reduce, values, got, w)
			}
			if f.any != (len(have) > 0) {
				t.Fatalf("%s of %v: any is %v", reduce, values, f.any)
			}
		}
	})
}
