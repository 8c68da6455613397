package stats

import (
	"math"
	"testing"
)

func TestCLES(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		want float64
	}{
		{"empty", nil, []float64{1}, math.NaN()},
		{"same", []float64{1, 2, 3}, []float64{1, 2, 3}, 0.5},
		{"all above", []float64{4, 5}, []float64{1, 2, 3}, 1},
		{"all below", []float64{0}, []float64{1, 2, 3}, 0},
		{"all tied", []float64{1, 1}, []float64{1}, 0.5},
		{"one of six pairs", []float64{1, 4}, []float64{2, 3, 5}, 2.0 / 6},
		{"a tie is half", []float64{2}, []float64{1, 2}, 0.75},
	} {
		untouched(t, func() {
			if got := CLES(c.x, c.y); !near(got, c.want, 0) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}, c.x, c.y)
	}
	g := newGenerator(4)
	for range 200 {
		x, y := g.normal(1+g.IntN(20), 1, 2, 1), g.normal(1+g.IntN(20), 0, 2, 1)
		got := CLES(x, y)
		if want := pairsAbove(x, y); !near(got, want, 1e-15) {
			t.Errorf("%v against %v: got %v, want %v", x, y, got, want)
		}
		if back := CLES(y, x); !near(back, 1-got, 1e-15) {
			t.Errorf("swapped: got %v, want %v", back, 1-got)
		}
	}
}

func TestMeanRatio(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		want float64
	}{
		{"a rise", []float64{2, 4}, []float64{1, 2}, 2},
		{"the baseline is 0", []float64{2}, []float64{-1, 1}, math.NaN()},
		{"the canary is 0", []float64{0}, []float64{1}, math.NaN()},
		{"empty", nil, []float64{1}, math.NaN()},
		{"both negative", []float64{-3}, []float64{-1}, 3},
	} {
		if got := MeanRatio(c.x, c.y); !near(got, c.want, 0) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCohenD(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name string
		x, y []float64
		want float64
	}{
		// Variances 1 and 1, so the pooled sd is 1.
		{"two sds", []float64{3, 4, 5}, []float64{1, 2, 3}, 2},
		// Variances 8 (n 2) and 2 (n 2): pooled sd sqrt(5).
		{"pooled", []float64{0, 4}, []float64{6, 8}, -5 / math.Sqrt(5)},
		{"no spread", []float64{2, 2}, []float64{1, 1}, inf},
		{"no spread, the same", []float64{1, 1}, []float64{1, 1}, math.NaN()},
		{"one value each", []float64{1}, []float64{2}, math.NaN()},
		{"empty", nil, []float64{1, 2, 3}, math.NaN()},
	} {
		got := CohenD(c.x, c.y)
		if !near(got, c.want, 1e-12) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if back := CohenD(c.y, c.x); !near(back, -c.want, 1e-12) {
			t.Errorf("%s swapped: got %v, want %v", c.name, back, -c.want)
		}
	}
}
