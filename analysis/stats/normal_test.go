package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestNormalQuantile(t *testing.T) {
	for _, c := range []struct{ p, want float64 }{
		{0, math.Inf(-1)},
		{1, math.Inf(1)},
		{0.5, 0},
		{-0.1, math.NaN()},
		{1.1, math.NaN()},
		{math.NaN(), math.NaN()},
		{0.975, 1.959963984540054}, // any table
	} {
		if got := NormalQuantile(c.p); !near(got, c.want, 1e-14) {
			t.Errorf("%v: got %v, want %v", c.p, got, c.want)
		}
	}
}

// Every branch of the polynomial, against gonum's rational approximation.
func TestNormalQuantileAgainstGonum(t *testing.T) {
	branches := [3]int{}
	for e := 0.01; e < 13; e += 0.01 {
		p := math.Pow(10, -e)
		// The argument 2p-1 is rounded: compare at the p that it stands for.
		x := 2*p - 1
		exact := (1 + x) / 2
		w := -math.Log((1 - x) * (1 + x))
		switch {
		case w < 6.25:
			branches[0]++
		case w < 16:
			branches[1]++
		default:
			branches[2]++
		}
		got, want := NormalQuantile(p), distuv.UnitNormal.Quantile(exact)
		if math.Abs(got-want) > 1e-14*math.Max(1, math.Abs(want)) {
			t.Errorf("%v: got %v, want %v", p, got, want)
		}
		if up := NormalQuantile(1 - p); p > 1e-9 && !near(up, -got, 1e-5) {
			t.Errorf("%v: not mirrored: %v and %v", p, got, up)
		}
	}
	for i, n := range branches {
		if n == 0 {
			t.Errorf("branch %d was not tested", i)
		}
	}
}
