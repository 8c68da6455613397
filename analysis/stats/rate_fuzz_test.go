package stats

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// FuzzRate throws every kind of float at Rate: no panic, no NaN in what a judge adds
// up, no change of the input.
func FuzzRate(f *testing.F) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, seed := range [][]float64{
		{},
		{1, 2, 3, 4},
		{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1},
		{nan, 1, 1, 1},
		{inf, 1, 1, inf},
		{-1, 1, 1, 1},
		{1e15, 1e15, 1, 1e-15, 1e15, 1e15, 1, 1e-15, 1e15, 1e-300, 1, 1e15, 1e15, 1, 1, 1e15},
		{5e-324, 5e-324, 5e-324, 5e-324, 1e-300, 1e15, 1e-300, 1e15, 3, 1e-300, 3, 1e-300},
		{1e300, 1, 1e300, 1},
		{3, 100, 2, 100, 30, 100, 2, 100, 31, 100, 1, 100, 40, 100, 0, 100},
	} {
		var b []byte
		for _, v := range seed {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		f.Add(b, 1.05, 0.0, uint8(60), uint8(1))
		f.Add(b, 1.0, 0.01, uint8(3), uint8(4))
		f.Add(b, nan, inf, uint8(0), uint8(0))
		f.Add(b, 1e300, 1e300, uint8(0), uint8(0))
	}
	f.Fuzz(func(t *testing.T, b []byte, ratio, plus float64, planned, block uint8) {
		var sides [4][]float64
		for i := 0; len(b) >= 8 && i < 256; i++ {
			sides[i%4] = append(sides[i%4], math.Float64frombits(binary.LittleEndian.Uint64(b)))
			b = b[8:]
		}
		before := make([][]float64, len(sides))
		for i := range sides {
			before[i] = slices.Clone(sides[i])
		}
		var r Rate
		limit := RateLimit{Ratio: ratio, Plus: plus}
		o := RateOptions{Above: limit, Below: limit, Planned: int(planned), Block: int(block), Ignore: 0.7, Strict: block%2 == 1}
		r.Load(RateCounts{sides[0], sides[1]}, RateCounts{sides[2], sides[3]}, o)
		for _, c := range []RateChange{r.Rise(), r.Fall()} {
			if math.IsNaN(c.LogE) || math.IsInf(c.LogE, 1) || !(c.Unrest >= 1) || c.Onset < 0 || c.Onset > len(sides[0]) {
				t.Errorf("change %+v", c)
			}
			lo, hi := r.Interval(c.Onset, 4.6, r.Scatter(c.Onset))
			if lo > hi {
				t.Errorf("interval %v, %v", lo, hi)
			}
			r.Estimate(c.Onset)
			r.Information(c.Onset, limit, false, c.Unrest)
			if e := r.LogWithin(0, limit, true, c.Unrest); math.IsNaN(e) || math.IsInf(e, 1) {
				t.Errorf("within %v", e)
			}
		}
		for i := range sides {
			for k := range sides[i] {
				if math.Float64bits(sides[i][k]) != math.Float64bits(before[i][k]) {
					t.Fatal("the input was changed")
				}
			}
		}
	})
}

func TestExpBelow(t *testing.T) {
	for x := -40.0; x <= 1; x += 0.0173 {
		if got, want := expBelow(x), math.Exp(x); math.Abs(got/want-1) > 1e-9 {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
	}
}
