package stats

import (
	"math"
	"slices"
	"testing"
)

func TestQuantile(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		values []float64
		p      float64
		want   float64
	}{
		{"empty", nil, 0.5, nan},
		{"only NaN", []float64{nan, nan}, 0.5, nan},
		{"one", []float64{7}, 0.99, 7},
		{"NaN is dropped", []float64{nan, 3, 1}, 0.5, 2},
		{"median of four", []float64{4, 1, 3, 2}, 0.5, 2.5},
		{"a quarter", []float64{1, 2, 3, 4}, 0.25, 1.75},
		{"smallest", []float64{3, 1, 2}, 0, 1},
		{"largest", []float64{3, 1, 2}, 1, 3},
		{"below 0", []float64{3, 1, 2}, -1, 1},
		{"above 1", []float64{3, 1, 2}, 2, 3},
		{"p is NaN", []float64{3, 1, 2}, nan, nan},
		{"all equal", []float64{5, 5, 5}, 0.3, 5},
		{"infinite", []float64{1, 2, inf}, 1, inf},
		// 0.9 of ten values: h = 1 + 9*0.9 = 9.1, so 0.1 of the way from the 9th to the 10th.
		{"by hand", []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 10}, 0.9, 8.2},
	} {
		if got := Quantile(c.values, c.p); !near(got, c.want, 1e-12) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Definition 7 by its other description: the quantile is where the line through the
// points ((k-1)/(n-1), v[k]) passes p.
func TestQuantileIsALineThroughTheValues(t *testing.T) {
	g := newGenerator(1)
	for range 300 {
		v := g.normal(2+g.IntN(20), 5, 2, 0)
		p := g.Float64()
		s := slices.Sorted(slices.Values(v))
		n := float64(len(s) - 1)
		k := min(int(p*n), len(s)-2)
		want := s[k] + (p-float64(k)/n)*n*(s[k+1]-s[k])
		untouched(t, func() {
			if got := Quantile(v, p); !near(got, want, 1e-9) {
				t.Errorf("%v at %v: got %v, want %v", v, p, got, want)
			}
		}, v)
	}
}
