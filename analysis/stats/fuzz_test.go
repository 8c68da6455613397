package stats

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzNoPanic throws every kind of float at every function: none may panic, loop for
// ever or write to its input.
func FuzzNoPanic(f *testing.F) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, seed := range [][]float64{
		{},
		{1},
		{1, 2},
		{0, 0, 0, 0},
		{nan},
		{nan, 1, 2, nan},
		{inf, -inf, 1},
		{inf, inf},
		{-inf, -inf, nan},
		{math.MaxFloat64, -math.MaxFloat64, math.MaxFloat64, 1},
		{math.SmallestNonzeroFloat64, 0, -math.SmallestNonzeroFloat64},
		{math.Copysign(0, -1), 0, 0, math.Copysign(0, -1)},
		{1e-300, 1e300, 1e-300, 1e300, 2, 3},
	} {
		var b []byte
		for _, v := range seed {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		for cut := range len(seed) + 1 {
			f.Add(b, uint8(cut), 0.25)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, cut uint8, p float64) {
		var values []float64
		for ; len(b) >= 8 && len(values) < 64; b = b[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
		n := min(int(cut), len(values))
		x, y := values[:n], values[n:]
		untouched(t, func() {
			Quantile(x, p)
			for _, fences := range []Fences{IQRFences(x, p), ReducedIQRFences(x, p), SigmaFences(x, p)} {
				if fences.Outside(p) && math.IsNaN(p) {
					t.Error("what is no number is outside")
				}
			}
			if s := Summarize(x); s.Count != len(x) {
				t.Errorf("count %d of %d", s.Count, len(x))
			}
			if r := Ranks(x); len(r) != len(x) {
				t.Errorf("%d ranks of %d", len(r), len(x))
			}
			if c := CLES(x, y); len(x) > 0 && len(y) > 0 && !(c >= 0 && c <= 1) {
				t.Errorf("CLES %v", c)
			}
			MeanRatio(x, y)
			CohenD(x, y)
			NormalQuantile(p)
			var w MannWhitney
			if w.Load(x, y) == nil {
				_, _ = w.Z(p)
				_, _ = w.Shift(p)
			}
		}, values)
	})
}
