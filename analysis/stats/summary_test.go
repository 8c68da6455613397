package stats

import (
	"math"
	"math/big"
	"testing"
)

func TestSummarize(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		values []float64
		want   Summary
	}{
		{"empty", nil, Summary{}},
		{"one", []float64{4}, Summary{Min: 4, Max: 4, Mean: 4, Count: 1}},
		{"all equal", []float64{0.1, 0.1, 0.1}, Summary{Min: 0.1, Max: 0.1, Mean: 0.1, Count: 3}},
		{"by hand", []float64{2, 4, 4, 4, 5, 5, 7, 9}, Summary{Min: 2, Max: 9, Mean: 5, StdDev: math.Sqrt(32.0 / 7), Count: 8}},
		{"negative", []float64{-1, -3}, Summary{Min: -3, Max: -1, Mean: -2, StdDev: math.Sqrt2, Count: 2}},
		{"NaN", []float64{1, nan, 3}, Summary{Min: 1, Max: 3, Mean: nan, StdDev: nan, Count: 3}},
		{"infinite", []float64{1, inf}, Summary{Min: 1, Max: inf, Mean: nan, StdDev: nan, Count: 2}},
	} {
		untouched(t, func() {
			got := Summarize(c.values)
			same := near(got.Min, c.want.Min, 0) && near(got.Max, c.want.Max, 0) && near(got.Mean, c.want.Mean, 1e-15) &&
				near(got.StdDev, c.want.StdDev, 1e-15) && got.Count == c.want.Count
			if !same {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}, c.values)
	}
}

// Values far from 0 with a small spread are where one-pass formulas fail.
func TestSummarizeAgainstArbitraryPrecision(t *testing.T) {
	g := newGenerator(2)
	for _, mean := range []float64{0, 1, 1e6, -1e9} {
		values := g.normal(500, mean, 0.25, 0)
		m, sd := exactMoments(values)
		got := Summarize(values)
		if !near(got.Mean, m, 1e-15*math.Abs(mean)+1e-16) {
			t.Errorf("mean %v, want %v", got.Mean, m)
		}
		if !near(got.StdDev, sd, 1e-9) {
			t.Errorf("around %v: sd %v, want %v", mean, got.StdDev, sd)
		}
	}
}

func exactMoments(values []float64) (mean, sd float64) {
	sum, squares := new(big.Rat), new(big.Rat)
	for _, v := range values {
		x := new(big.Rat).SetFloat64(v)
		sum.Add(sum, x)
		squares.Add(squares, x.Mul(x, x))
	}
	n := new(big.Rat).SetInt64(int64(len(values)))
	m := new(big.Rat).Quo(sum, n)
	mean, _ = m.Float64()
	variance := squares.Sub(squares, sum.Mul(sum, m))
	variance.Quo(variance, n.Sub(n, big.NewRat(1, 1)))
	v, _ := variance.Float64()
	return mean, math.Sqrt(v)
}

func TestMeanOfNothingIsNaN(t *testing.T) {
	if m := Mean(nil); !math.IsNaN(m) {
		t.Errorf("got %v", m)
	}
}
