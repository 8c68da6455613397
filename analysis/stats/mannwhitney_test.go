package stats

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

func loaded(t testing.TB, x, y []float64) *MannWhitney {
	t.Helper()
	var w MannWhitney
	if err := w.Load(x, y); err != nil {
		t.Fatal(err)
	}
	return &w
}

func TestLoadRefusesAnEmptySample(t *testing.T) {
	var w MannWhitney
	for _, c := range [][2][]float64{{nil, {1}}, {{1}, nil}, {nil, nil}} {
		if err := w.Load(c[0], c[1]); !errors.Is(err, ErrEmpty) {
			t.Errorf("%v: got %v", c, err)
		}
		if _, err := w.Shift(2); !errors.Is(err, ErrEmpty) {
			t.Errorf("shift of %v: got %v", c, err)
		}
		if _, err := w.Z(2); !errors.Is(err, ErrEmpty) || !math.IsNaN(w.CLES()) {
			t.Errorf("Z of %v: got %v, and CLES %v", c, err, w.CLES())
		}
	}
	if ErrEmpty.Error() == "" || ErrEmpty == ErrTied {
		t.Error("the errors are not told apart")
	}
}

func TestSortedAndIdentical(t *testing.T) {
	x, y := []float64{3, 1, 2}, []float64{2, 3, 1}
	untouched(t, func() {
		w := loaded(t, x, y)
		if sx, sy := w.Sorted(); !slices.IsSorted(sx) || !slices.IsSorted(sy) || len(sx) != 3 || len(sy) != 3 {
			t.Errorf("got %v and %v", sx, sy)
		}
		if !w.Identical() {
			t.Error("the same values are not identical")
		}
	}, x, y)
	for _, other := range [][]float64{{1, 2}, {1, 2, 4}, {1, 2, 3, 3}} {
		if loaded(t, x, other).Identical() {
			t.Errorf("%v and %v are identical", x, other)
		}
	}
	if !loaded(t, []float64{0}, []float64{math.Copysign(0, -1)}).Identical() {
		t.Error("+0 and -0 are different values here")
	}
}

func TestZOfTiedValuesIsAnError(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		mu   float64
	}{
		{[]float64{1, 1}, []float64{1}, 0},
		{[]float64{5}, []float64{3}, 2},
		{[]float64{7, 7}, []float64{0, 0, 0}, 7},
		{[]float64{math.Inf(1)}, []float64{math.Inf(1)}, 3},
	} {
		if z, err := loaded(t, c.x, c.y).Z(c.mu); !errors.Is(err, ErrTied) {
			t.Errorf("%v against %v: got %v, %v", c.x, c.y, z, err)
		}
	}
}

// The merge must give what pooling, ranking and adding up gives, to the last bit.
func TestZAgainstPooledRanks(t *testing.T) {
	g := newGenerator(6)
	inf, minus := math.Inf(1), math.Copysign(0, -1)
	for i := range 2000 {
		x := g.normal(1+g.IntN(15), 1, 2, float64(g.IntN(3))/2)
		y := g.normal(1+g.IntN(15), 0, 2, float64(g.IntN(3))/2)
		switch i % 5 {
		case 1:
			x[0] = inf
		case 2:
			y[0], x[len(x)-1] = -inf, -inf
		case 3:
			x[0], y[0] = minus, minus
		}
		w := loaded(t, x, y)
		for _, mu := range []float64{0, minus, 0.5, -1, x[0] - y[0], x[len(x)-1] - y[0], g.NormFloat64(), inf, -inf, math.NaN()} {
			got, err := w.Z(mu)
			want := slowZ(x, y, mu)
			if err != nil {
				if !math.IsNaN(want) && !math.IsInf(want, 0) {
					t.Fatalf("%v against %v at %v: %v, want %v", x, y, mu, err, want)
				}
				continue
			}
			if got != want {
				t.Fatalf("%v against %v at %v: got %v, want %v", x, y, mu, got, want)
			}
		}
	}
}

// Under the hypothesis every way to deal the pooled values out to the samples is as
// likely. Over all of them, ties included, d must have mean 0 and the variance that
// Z divides by.
func TestZHasTheMomentsOfAllArrangements(t *testing.T) {
	for _, pool := range [][]float64{
		{1, 2, 3, 4, 5, 6, 7},
		{1, 1, 2, 3, 3, 3, 4},
		{0, 0, 0, 0, 1, 1},
		{2, 2, 2, 2, 2, 9},
		{1, 1, 2, 2, 3, 3, 4, 4},
	} {
		for m := 1; m < len(pool); m++ {
			t.Run(fmt.Sprint(pool, m), func(t *testing.T) {
				var sum, squares, count float64
				type arrangement struct{ d, z float64 }
				var all []arrangement
				deal(pool, m, func(x, y []float64) {
					d := (pairsAbove(x, y) - 0.5) * float64(len(x)*len(y))
					z, err := loaded(t, x, y).Z(0)
					if err != nil {
						t.Fatal(err)
					}
					sum += d
					squares += d * d
					count++
					all = append(all, arrangement{d, z})
				})
				if !near(sum, 0, 1e-9) {
					t.Errorf("mean of d is %v", sum/count)
				}
				sd := math.Sqrt(squares / count)
				for _, a := range all {
					want := 0.0
					if a.d != 0 {
						want = (a.d - math.Copysign(0.5, a.d)) / sd
					}
					if !near(a.z, want, 1e-12) {
						t.Fatalf("d %v: Z is %v, want %v", a.d, a.z, want)
					}
				}
			})
		}
	}
}

// deal calls f with every way to choose m of the values.
func deal(pool []float64, m int, f func(x, y []float64)) {
	for mask := range 1 << len(pool) {
		var x, y []float64
		for i, v := range pool {
			if mask>>i&1 == 1 {
				x = append(x, v)
			} else {
				y = append(y, v)
			}
		}
		if len(x) == m {
			f(x, y)
		}
	}
}

func TestZProperties(t *testing.T) {
	g := newGenerator(7)
	for range 300 {
		x, y := g.normal(2+g.IntN(20), 1, 2, 0.5), g.normal(2+g.IntN(20), 0, 2, 0.5)
		w := loaded(t, x, y)
		here, err := w.Z(0)
		if err != nil {
			continue
		}
		if back, _ := loaded(t, y, x).Z(0); back != -here {
			t.Errorf("swapped: %v and %v", here, back)
		}
		bend := func(v []float64) []float64 {
			out := slices.Clone(v)
			for i := range out {
				out[i] = math.Exp(out[i])
			}
			return out
		}
		if bent, _ := loaded(t, bend(x), bend(y)).Z(0); bent != here {
			t.Errorf("an increasing transformation changed Z from %v to %v", here, bent)
		}
		last := math.Inf(1)
		for mu := -8.0; mu <= 8; mu += 0.25 {
			z, err := w.Z(mu)
			if err != nil {
				t.Fatal(err)
			}
			if z > last+1e-12 && math.Abs(z-last) > 0.5 { // ties change the variance, and with it Z a little
				t.Errorf("Z rises from %v to %v at %v", last, z, mu)
			}
			last = z
		}
	}
}

func TestAWorkspaceDoesNotRemember(t *testing.T) {
	g := newGenerator(8)
	var w MannWhitney
	for range 100 {
		x, y := g.normal(1+g.IntN(30), 1, 2, 1), g.normal(1+g.IntN(30), 0, 2, 1)
		if err := w.Load(x, y); err != nil {
			t.Fatal(err)
		}
		got, err1 := w.Shift(2)
		want, err2 := loaded(t, x, y).Shift(2)
		if got != want || err1 != err2 {
			t.Fatalf("used: %v, %v; fresh: %v, %v", got, err1, want, err2)
		}
	}
	x, y := g.normal(60, 1, 2, 0), g.normal(60, 0, 2, 0)
	if n := testing.AllocsPerRun(20, func() {
		_ = w.Load(x, y)
		_, _ = w.Shift(2)
	}); n > 4 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkShift(b *testing.B) {
	for _, n := range []int{10, 60, 120, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := newGenerator(9)
			x, y := g.normal(n, 10.2, 1, 0), g.normal(n, 10, 1, 0)
			var w MannWhitney
			for b.Loop() {
				if err := w.Load(x, y); err != nil {
					b.Fatal(err)
				}
				if _, err := w.Shift(2.326); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
