package stats

import (
	"math"
	"slices"
	"testing"
)

// 90 strengths of beams, the example of outliers in NIST's handbook (section 7.1.6).
// By R-7 the quartiles are between the 23rd and 24th value at 436.25 and between the
// 67th and 68th at 738.5, so the fences are -17.125 and 1191.875; NIST's own rule for
// quartiles gives -39 and 1211. One value is outside by both.
var nist = []float64{
	30, 171, 184, 201, 212, 250, 265, 270, 272, 289, 305, 306, 322, 322, 336, 346, 351, 370, 390, 404, 409, 411, 436,
	437, 439, 441, 444, 448, 451, 453, 470, 480, 482, 487, 494, 495, 499, 503, 514, 521, 522, 527, 548, 550, 559, 560,
	570, 572, 574, 578, 585, 592, 592, 607, 616, 618, 621, 629, 637, 638, 640, 656, 668, 707, 709, 719, 737, 739, 752,
	758, 766, 792, 792, 794, 802, 818, 830, 832, 843, 858, 860, 869, 918, 925, 953, 991, 1000, 1005, 1068, 1441,
}

func outside(f Fences, values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !f.Outside(v) })
}

func TestIQRFences(t *testing.T) {
	untouched(t, func() {
		f := IQRFences(nist, 1.5)
		if f != (Fences{-17.125, 1191.875}) {
			t.Errorf("fences %v, want -17.125 and 1191.875", f)
		}
		if got := outside(f, nist); !slices.Equal(got, []float64{1441}) {
			t.Errorf("outside %v, want 1441", got)
		}
	}, nist)
	// R-7 quartiles 22.5 and 26: fences 17.25 and 31.25.
	if f := IQRFences([]float64{21, 23, 24, 25, 50, 29, 23, 21}, 1.5); f != (Fences{17.25, 31.25}) {
		t.Errorf("fences %v, want 17.25 and 31.25", f)
	}
}

func TestReducedIQRFences(t *testing.T) {
	ones := slices.Repeat([]float64{1}, 200)
	for _, c := range []struct {
		name   string
		values []float64
		want   []float64
	}{
		{"one in two hundred goes", append(slices.Clone(ones), 9), []float64{9}},
		{"five in two hundred stay: the 99th percentile is one of them", append(slices.Clone(ones), 9, 9, 9, 9, 9), nil},
		{"of five with different sizes the far one goes", append(slices.Clone(ones), 9, 9, 9, 9, 99), []float64{99}},
		{"both sides", append(slices.Clone(ones), -9, 9), []float64{-9, 9}},
		{"nothing is far out", nist[1:80], nil},
		{"empty", nil, nil},
		{"only NaN", []float64{math.NaN()}, nil},
	} {
		untouched(t, func() {
			if got := outside(ReducedIQRFences(c.values, 3), c.values); !slices.Equal(got, c.want) {
				t.Errorf("%s: outside %v, want %v", c.name, got, c.want)
			}
		}, c.values)
	}
}

func TestSigmaFences(t *testing.T) {
	// Mean 5, sd sqrt(32/7).
	values := []float64{2, 4, 4, 4, 5, 5, 7, 9}
	sd := math.Sqrt(32.0 / 7)
	if f := SigmaFences(values, 2); !near(f.Low, 5-2*sd, 1e-12) || !near(f.High, 5+2*sd, 1e-12) {
		t.Errorf("fences %v", f)
	}
	if f := SigmaFences(values, 0); f != (Fences{5, 5}) || f.Outside(5) {
		t.Errorf("fences %v, want 5 and 5 with 5 inside", f)
	}
}

func TestOutsideIsStrict(t *testing.T) {
	f := Fences{1, 2}
	for v, want := range map[float64]bool{
		1: false, 2: false, 1.5: false, 0.999: true, 2.001: true, math.Inf(1): true, math.Inf(-1): true,
	} {
		if f.Outside(v) != want {
			t.Errorf("%v outside: got %v", v, !want)
		}
	}
	if f.Outside(math.NaN()) {
		t.Error("NaN is outside")
	}
}
