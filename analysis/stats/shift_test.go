package stats

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// slowShift finds the three numbers with the statistic of the books.
func slowShift(x, y []float64, z float64) (Shift, error) {
	w := func(level float64) func(float64) (float64, error) {
		return func(mu float64) (float64, error) {
			v := slowZ(x, y, mu)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return 0, ErrTied
			}
			return v - level, nil
		}
	}
	lo, hi := slices.Min(x)-slices.Max(y), slices.Max(x)-slices.Min(y)
	find := func(level float64, clamp bool) (float64, error) {
		f := w(level)
		b := Bracket{A: lo, B: hi}
		var err error
		if b.FA, err = f(lo); err != nil {
			return 0, err
		}
		if b.FB, err = f(hi); err != nil {
			return 0, err
		}
		switch {
		case clamp && b.FA <= 0:
			return lo, nil
		case clamp && b.FB >= 0:
			return hi, nil
		}
		return Zeroin(f, b, 1e-4)
	}
	var s Shift
	var err error
	if s.Low, err = find(z, true); err != nil {
		return s, err
	}
	if s.High, err = find(-z, true); err != nil {
		return s, err
	}
	s.Estimate, err = find(0, false)
	return s, err
}

func TestShiftAgainstPooledRanks(t *testing.T) {
	g := newGenerator(10)
	tied := 0
	for range 600 {
		scale := math.Pow(10, float64(g.IntN(9)-4))
		x := g.normal(1+g.IntN(25), 11*scale, scale, float64(g.IntN(2))*scale)
		y := g.normal(1+g.IntN(25), 10*scale, scale, float64(g.IntN(2))*scale)
		untouched(t, func() {
			got, err := loaded(t, x, y).Shift(2.326347874040841)
			want, wantErr := slowShift(x, y, 2.326347874040841)
			if wantErr != nil {
				tied++
			}
			if !errors.Is(err, wantErr) || err == nil && got != want {
				t.Fatalf("%v against %v: got %v, %v, want %v, %v", x, y, got, err, want, wantErr)
			}
		}, x, y)
	}
	if tied == 0 {
		t.Error("no case was tied")
	}
}

func TestShiftByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y []float64
		z    float64
		want Shift
	}{
		// All 16 differences lie in [6, 39]; four values a side cannot reach 1.96.
		{"too few for the level", []float64{10, 20, 30, 40}, []float64{1, 2, 3, 4}, 1.96, Shift{6, 39, 22.5}},
		{"one against one hundred", []float64{7}, []float64{1, 2, 3}, 2, Shift{4, 6, 5}},
		// Z jumps where a difference is passed, here only at 10.
		{"two values each", []float64{10, 10, 10, 10, 10, 10, 10, 10, 10, 0}, []float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 10}, 1, Shift{10, 10, 10}},
	} {
		got, err := loaded(t, c.x, c.y).Shift(c.z)
		if err != nil || !near(got.Low, c.want.Low, 1e-4) || !near(got.High, c.want.High, 1e-4) || !near(got.Estimate, c.want.Estimate, 1e-4) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
	}
}

// The ends are where Z passes the levels, and the estimate is near the median of the
// differences.
func TestShiftIsWhereZPasses(t *testing.T) {
	g := newGenerator(11)
	const z, step = 1.96, 1.01e-4
	for range 200 {
		x, y := g.normal(15+g.IntN(30), 3, 5, 0), g.normal(15+g.IntN(30), 0, 5, 0)
		w := loaded(t, x, y)
		s, err := w.Shift(z)
		if err != nil {
			t.Fatal(err)
		}
		passes := func(at, level float64) bool {
			before, _ := w.Z(at - step)
			after, _ := w.Z(at + step)
			return before >= level && after <= level
		}
		if !passes(s.Low, z) || !passes(s.High, -z) || !passes(s.Estimate, 0) {
			t.Errorf("%v is not where Z passes", s)
		}
		if !(s.Low <= s.Estimate && s.Estimate <= s.High) {
			t.Errorf("%v: the estimate is outside", s)
		}
		width := s.High - s.Low
		if hl := medianDifference(x, y); math.Abs(hl-s.Estimate) > 0.05*width {
			t.Errorf("estimate %v, median of the differences %v", s.Estimate, hl)
		}
	}
}

func TestShiftProperties(t *testing.T) {
	g := newGenerator(12)
	for range 200 {
		x, y := g.normal(8+g.IntN(30), 300, 50, 0), g.normal(8+g.IntN(30), 280, 50, 0)
		s, err := loaded(t, x, y).Shift(2)
		if err != nil {
			t.Fatal(err)
		}
		back, _ := loaded(t, y, x).Shift(2)
		if !near(back.Low, -s.High, 2e-4) || !near(back.High, -s.Low, 2e-4) {
			t.Errorf("swapped: %v and %v", s, back)
		}
		// The continuity correction makes Z 0 on a whole stretch: the estimate is some
		// point of it, or the end of it, not always the mirrored one.
		for _, mu := range []float64{s.Estimate, -back.Estimate} {
			before, _ := loaded(t, x, y).Z(mu - 1e-4)
			after, _ := loaded(t, x, y).Z(mu + 1e-4)
			if before < 0 || after > 0 {
				t.Errorf("Z goes from %v to %v at the estimate %v", before, after, mu)
			}
		}
		wide, _ := loaded(t, x, y).Shift(3)
		if wide.Low > s.Low+2e-4 || wide.High < s.High-2e-4 {
			t.Errorf("a higher level gives a smaller interval: %v and %v", s, wide)
		}
		other := make([]float64, len(x)) // in another unit, and moved
		base := make([]float64, len(y))
		for i := range x {
			other[i] = 1000*x[i] + 5000
		}
		for i := range y {
			base[i] = 1000 * y[i]
		}
		moved, _ := loaded(t, other, base).Shift(2)
		if !near(moved.High, 1000*s.High+5000, 0.2) || !near(moved.Low, 1000*s.Low+5000, 0.2) {
			t.Errorf("another unit: %v and %v", s, moved)
		}
	}
}

func TestShiftOfInfiniteSamples(t *testing.T) {
	inf := math.Inf(1)
	s, err := loaded(t, []float64{11, 12, 13, inf}, []float64{1, 2, 3}).Shift(2)
	if err != nil || !math.IsInf(s.High, 1) {
		t.Errorf("got %v, %v", s, err)
	}
}
