package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Second implementations, slow and plain, to check the others against.

// less is the total order of floats, with NaN as +Inf.
func less(a, b float64) bool {
	if math.IsNaN(a) {
		a = math.Inf(1)
	}
	if math.IsNaN(b) {
		b = math.Inf(1)
	}
	if a == b && a == 0 {
		return math.Signbit(a) && !math.Signbit(b)
	}
	return a < b
}

// slowRanks counts for each value those below and those equal.
func slowRanks(values []float64) []float64 {
	ranks := make([]float64, len(values))
	for i, v := range values {
		below, equal := 0, 0
		for _, u := range values {
			switch {
			case less(u, v):
				below++
			case !less(v, u):
				equal++
			}
		}
		ranks[i] = float64(below) + float64(equal+1)/2
	}
	return ranks
}

// slowZ writes the statistic as the books do: pool, rank, add up.
func slowZ(x, y []float64, mu float64) float64 {
	var pool []float64
	for _, v := range x {
		pool = append(pool, v-mu)
	}
	pool = append(pool, y...)
	ranks := slowRanks(pool)
	m, n := float64(len(x)), float64(len(y))
	sum := 0.0
	for _, r := range ranks[:len(x)] {
		sum += r
	}
	d := sum - m*(m+1)/2 - m*n/2
	ties := 0.0
	counts := map[float64]float64{}
	for _, r := range ranks {
		counts[r]++
	}
	for _, t := range counts {
		ties += t*t*t - t
	}
	correction := 0.5 * float64(cmp.Compare(d, 0))
	sd := math.Sqrt((m * n / 12) * ((m + n + 1) - ties/((m+n)*(m+n-1))))
	return (d - correction) / sd
}

// pairsAbove is P(X > Y) + P(X = Y)/2 by comparing all pairs.
func pairsAbove(x, y []float64) float64 {
	sum := 0.0
	for _, a := range x {
		for _, b := range y {
			switch {
			case less(b, a):
				sum++
			case !less(a, b):
				sum += 0.5
			}
		}
	}
	return sum / float64(len(x)*len(y))
}

// medianDifference is the Hodges-Lehmann estimate.
func medianDifference(x, y []float64) float64 {
	var d []float64
	for _, a := range x {
		for _, b := range y {
			d = append(d, a-b)
		}
	}
	return Quantile(d, 0.5)
}

// generator makes samples: the same ones in every run of the tests.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

// normal values, rounded to a multiple of unit (0: not rounded) to make ties.
func (g generator) normal(n int, mean, sd, unit float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = mean + sd*g.NormFloat64()
		if unit > 0 {
			out[i] = math.Round(out[i]/unit)*unit + 0 // +0: no -0
		}
	}
	return out
}

// untouched runs f and fails if it changes one of the slices.
func untouched(t *testing.T, f func(), inputs ...[]float64) {
	t.Helper()
	var before [][]float64
	for _, in := range inputs {
		before = append(before, slices.Clone(in))
	}
	f()
	for i := range inputs {
		same := slices.EqualFunc(inputs[i], before[i], func(a, b float64) bool {
			return math.Float64bits(a) == math.Float64bits(b)
		})
		if !same {
			t.Errorf("an input was changed: %v, was %v", inputs[i], before[i])
		}
	}
}

func near(a, b, tolerance float64) bool {
	return a == b || math.Abs(a-b) <= tolerance || math.IsNaN(a) && math.IsNaN(b)
}
