package stats

import (
	"math"
	"slices"
	"testing"
)

func TestRanks(t *testing.T) {
	nan, inf, minus := math.NaN(), math.Inf(1), math.Copysign(0, -1)
	for _, c := range []struct {
		name         string
		values, want []float64
	}{
		{"empty", nil, []float64{}},
		{"one", []float64{3}, []float64{1}},
		{"no ties", []float64{30, 10, 20}, []float64{3, 1, 2}},
		{"ties share", []float64{1, 2, 2, 3}, []float64{1, 2.5, 2.5, 4}},
		{"all equal", []float64{5, 5, 5, 5}, []float64{2.5, 2.5, 2.5, 2.5}},
		{"NaN is +Inf", []float64{nan, 1, inf}, []float64{2.5, 1, 2.5}},
		{"-0 is below +0", []float64{0, minus, minus}, []float64{3, 1.5, 1.5}},
	} {
		untouched(t, func() {
			if got := Ranks(c.values); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}, c.values)
	}
}

func TestRanksByCounting(t *testing.T) {
	g := newGenerator(3)
	for range 200 {
		v := g.normal(g.IntN(30), 0, 3, float64(g.IntN(3)))
		got := Ranks(v)
		if want := slowRanks(v); !slices.Equal(got, want) {
			t.Fatalf("%v: got %v, want %v", v, got, want)
		}
		sum := 0.0
		for _, r := range got {
			sum += r
		}
		if n := float64(len(v)); sum != n*(n+1)/2 {
			t.Errorf("ranks of %d values add up to %v", len(v), sum)
		}
		bent := make([]float64, len(v))
		for i := range v {
			bent[i] = math.Exp(v[i] / 2)
		}
		if !slices.Equal(Ranks(bent), got) {
			t.Error("an increasing transformation changed the ranks")
		}
	}
}

func TestOrderIsTotal(t *testing.T) {
	ascending := []float64{
		math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1),
		0, math.SmallestNonzeroFloat64, 1, math.MaxFloat64, math.Inf(1),
	}
	for i, v := range ascending {
		if i > 0 && order(ascending[i-1]) >= order(v) {
			t.Errorf("%v is not below %v", ascending[i-1], v)
		}
		if back := unorder(order(v)); math.Float64bits(back) != math.Float64bits(v) {
			t.Errorf("%v came back as %v", v, back)
		}
	}
	for _, nan := range []float64{math.NaN(), math.Copysign(math.NaN(), -1)} {
		if order(nan) != order(math.Inf(1)) {
			t.Error("NaN does not count as +Inf")
		}
	}
}
