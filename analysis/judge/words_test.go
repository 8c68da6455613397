package judge

import (
	"math"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestFigures(t *testing.T) {
	for want, v := range map[string]float64{
		"0": 0, "0.412": 0.41234, "-0.412": -0.41234, "35000": 34999, "1": 0.9999, "0.000123": 0.000123456,
		"1.23e-05": 0.0000123456, "1230000": 1234567, "1.23e+15": 1234567890123456, "NaN": math.NaN(),
		"infinite": math.Inf(1), "-infinite": math.Inf(-1), "1.5": 1.5, "100": 100,
	} {
		if got := figures(v, 3); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
	if got := figures(math.Copysign(0, -1), 3); got != "0" {
		t.Errorf("-0: got %s", got)
	}
}

func TestUnits(t *testing.T) {
	plain, share := unitOf(&analysis.Metric{Kind: analysis.Gauge}), unitOf(&analysis.Metric{Kind: analysis.Ratio})
	for _, c := range []struct{ got, want string }{
		{plain.value(0.05), "0.05"},
		{share.value(0.05), "5 %"},
		{plain.difference(-0.1, 0.25), "-0.1 to 0.25"},
		{share.difference(-0.001, 0.02), "-0.1 to 2 percentage points"},
		{change(0.38), "38 % higher than"},
		{change(-0.061), "6.1 % lower than"},
		{change(9), "10 times as high as"},
		{plural(1, "sample"), "1 sample"},
		{plural(0, "sample"), "0 samples"},
		{list([]string{"a", "b", "c"}), "a; b; c"},
		{list([]string{"a", "b", "c", "d", "e"}), "a; b; c; and 2 more"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTwoValuesAreToldApart(t *testing.T) {
	u := unit{}
	for _, c := range []struct {
		a, b         float64
		wantA, wantB string
	}{
		{0.412, 0.298, "0.412", "0.298"},
		{100.05, 100.11, "100", "100.1"},
		{1000.01, 1000.04, "1000.01", "1000.04"},
		{99.8, 99.9, "99.8", "99.9"},
		{5, 5, "5", "5"},
	} {
		a, b := u.values(c.a, c.b)
		if a != c.wantA || b != c.wantB {
			t.Errorf("%v and %v: got %s and %s, want %s and %s", c.a, c.b, a, b, c.wantA, c.wantB)
		}
	}
}

func TestWho(t *testing.T) {
	if got := who(&analysis.Pair{Metric: "p99"}); got != "p99" {
		t.Error(got)
	}
	if got := who(&analysis.Pair{Metric: "p99", Segment: "zone=a"}); got != "p99 in zone=a" {
		t.Error(got)
	}
}
