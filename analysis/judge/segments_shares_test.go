package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestDivide(t *testing.T) {
	for _, c := range []struct {
		name  string
		first []int
		most  int
		n     int
		parts []float64
		rest  float64
	}{
		{"nothing yet", []int{-1, -1}, 50, 3, []float64{0, 0}, 1},
		{"founders that may be as many as there can be", []int{0, 0}, 50, 4, []float64{0.018, 0.018}, 0.1},
		{"founders", []int{0, 0}, 50, 5, []float64{0.45, 0.45}, 0.1},
		{"one alone", []int{0}, 50, 60, []float64{0.9}, 0.1},
		{"founders from the first step on at which one is there", []int{20, 24, -1}, 50, 25, []float64{0.45, 0.45, 0}, 0.1},
		{"not known before", []int{20, 23, -1}, 9, 24, []float64{0.1, 0.1, 0}, 0.1},
		{"later ones in their order", []int{9, 0, 7}, 50, 10, []float64{0.1 / 6, 0.9, 0.05}, 0.1 / 3},
		{"later ones of one step by name", []int{7, 0, 7, 7}, 50, 10, []float64{0.1 / 12, 0.9, 0.05, 0.1 / 6}, 0.1 / 4},
		{"more than there may be", []int{0, 1, 2}, 2, 4, []float64{0.3, 0.3, 0.3}, 0.1},
	} {
		names := []string{"d", "a", "b", "c"}[:len(c.first)]
		parts, rest := divide(c.first, names, c.most, c.n)
		for i := range parts {
			if math.Abs(parts[i]-c.parts[i]) > 1e-12 {
				t.Errorf("%s: parts %v, want %v", c.name, parts, c.parts)
				break
			}
		}
		if math.Abs(rest-c.rest) > 1e-12 {
			t.Errorf("%s: rest %v, want %v", c.name, rest, c.rest)
		}
	}
}

// What the promise needs of the weights, for any order in which segments show up: they
// add up to 1 at most; that of a later segment never changes; those of founders do so
// once, when all are known; and what is used before is never more than what the final
// weights make of the same evidence, however large it is.
func TestDivideIsPredictable(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		const n = 40
		first, names := make([]int, 1+g.IntN(30)), []string{}
		for i := range first {
			if first[i] = g.IntN(n) - 5; g.IntN(2) == 0 {
				first[i] = g.IntN(7)
			}
			if first[i] < 0 {
				first[i] = -1
			}
			names = append(names, strconv.Itoa(g.IntN(100))+"-"+strconv.Itoa(i))
		}
		final, finalRest := divide(first, names, 50, n)
		begin := slices.MinFunc(first, func(a, b int) int { return cmpPresent(a, b) })
		for steps := 1; steps <= n; steps++ {
			now := slices.Clone(first)
			for i := range now {
				if now[i] >= steps {
					now[i] = -1
				}
			}
			parts, rest := divide(now, names, 50, steps)
			sum, used, later := rest, rest, finalRest
			known := begin < 0 || steps >= begin+foundingSteps
			for i := range parts {
				sum += parts[i]
				e := 1.0 // of a segment that has no sample yet
				if now[i] >= 0 {
					e = math.Exp(g.NormFloat64() * 5)
				}
				used, later = used+parts[i]*e, later+final[i]*e
				if now[i] >= 0 && known && math.Abs(parts[i]-final[i]) > 1e-12 {
					t.Fatalf("%v: segment %d has %v at step %d and %v at the end", first, i, parts[i], steps, final[i])
				}
			}
			if sum > 1+1e-12 || !(rest >= 0) {
				t.Fatalf("%v: the weights add up to %v at step %d, rest %v", first, sum, steps, rest)
			}
			if used > later*(1+1e-9) {
				t.Fatalf("%v: evidence %v at step %d, %v with the final weights", first, used, steps, later)
			}
		}
	}
}

// cmpPresent orders steps; none comes last.
func cmpPresent(a, b int) int {
	switch {
	case a == b:
		return 0
	case a < 0 || b >= 0 && b < a:
		return 1
	}
	return -1
}

func TestShares(t *testing.T) {
	values := func(from int) analysis.Samples {
		var s analysis.Samples
		for i := range 10 {
			v := 1.0
			if i < from {
				v = analysis.Missing()
			}
			s.Values, s.Totals = append(s.Values, v), append(s.Totals, v*100)
		}
		return s
	}
	pairs := func(from ...int) (all []analysis.Pair) {
		for i, f := range from {
			all = append(all, analysis.Pair{Metric: "m", Segment: "s=" + strconv.Itoa(i), Canary: values(f), Baseline: values(0)})
		}
		return all
	}
	for _, c := range []struct {
		name    string
		metric  analysis.Metric
		pairs   []analysis.Pair
		shares  []float64
		unspent float64
	}{
		{"one pair has all", analysis.Metric{Name: "m", Kind: analysis.Gauge}, []analysis.Pair{{Metric: "m", Canary: values(0), Baseline: values(0)}}, []float64{0.4}, 0},
		{"a gauge's segments share it", analysis.Metric{Name: "m", Kind: analysis.Gauge}, pairs(0, 0), []float64{0.18, 0.18}, 0.04},
		{"the sum of a ratio has half", analysis.Metric{Name: "m", Kind: analysis.Ratio}, pairs(0, 0), []float64{0.2, 0.09, 0.09}, 0.02},
		{"one that comes later", analysis.Metric{Name: "m", Kind: analysis.Ratio}, pairs(0, 8), []float64{0.2, 0.18, 0.01}, 0.01},
	} {
		l := look{plan: &analysis.Plan{Metrics: []analysis.Metric{c.metric}, Baseline: analysis.Baseline{Kind: analysis.BaselineVersion}}}
		s := &l.subjects(c.pairs)[0]
		s.share(0.4)
		sum := s.unspent
		for i := range s.shares {
			sum += s.shares[i]
			if i >= len(c.shares) || math.Abs(s.shares[i]-c.shares[i]) > 1e-12 {
				t.Errorf("%s: %v, want %v", c.name, s.shares, c.shares)
				break
			}
		}
		if math.Abs(s.unspent-c.unspent) > 1e-12 || math.Abs(sum-0.4) > 1e-12 {
			t.Errorf("%s: %v unspent, want %v; all are %v", c.name, s.unspent, c.unspent, sum)
		}
	}
}
