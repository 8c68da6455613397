package judge

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/haldane-dev/haldane/analysis/stats"
)

// When each side is constant, upstream adds noise. Here nothing is random.
func TestKayentaBothConstant(t *testing.T) {
	of := func(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }
	minus, hardly := math.Copysign(0, -1), 1.0000001
	for _, c := range []struct {
		name             string
		canary, baseline []float64
		direction        string
		want             KayentaLabel
		shift, ratio     float64
	}{
		{"higher", of(10, 5), of(1, 5), "either", KayentaHigh, 9, 10},
		{"lower", of(1, 5), of(10, 5), "either", KayentaLow, -9, 0.1},
		{"higher, but only a drop is bad", of(10, 5), of(1, 5), "decrease", KayentaPass, 9, 10},
		{"from zero", of(10, 5), of(0, 5), "increase", KayentaHigh, 10, math.NaN()},
		{"to zero", of(0, 5), of(10, 5), "either", KayentaLow, -10, math.NaN()},
		{"hardly", of(hardly, 5), of(1, 5), "either", KayentaHigh, hardly - 1, hardly},
		{"one sample against a constant side", of(5, 1), of(3, 4), "either", KayentaHigh, 2, 5.0 / 3},
		{"infinite", of(math.Inf(1), 3), of(1, 3), "either", KayentaPass, math.Inf(1), math.NaN()},
		{"one sample each", of(5, 1), of(3, 1), "either", KayentaError, 0, math.NaN()},
		{"one sample against zeros", of(5, 1), of(0, 3), "either", KayentaError, 0, math.NaN()},
		{"both zero, of either sign", of(0, 3), of(minus, 2), "either", KayentaPass, 0, 1},
		{"the same value", of(2, 3), of(2, 2), "either", KayentaPass, 0, 1},
	} {
		rule := standardRule()
		rule.Direction = c.direction
		var w stats.MannWhitney
		got := rule.Classify(&w, "m", c.canary, c.baseline)
		if got.Label != c.want || got.Shift != (stats.Shift{Low: c.shift, High: c.shift, Estimate: c.shift}) {
			t.Errorf("%s: got %v with shift %v, want %v with %v", c.name, got.Label, got.Shift, c.want, c.shift)
		}
		if got.Ratio != c.ratio && !(math.IsNaN(got.Ratio) && math.IsNaN(c.ratio)) {
			t.Errorf("%s: ratio %v, want %v", c.name, got.Ratio, c.ratio)
		}
	}
}

func TestKayentaChangesNothingAndRepeats(t *testing.T) {
	runs := kayentaRuns(t)
	for _, r := range runs[:100] {
		var req KayentaRequest
		decode(t, r.Input, &req)
		before := values(req)
		first, err1 := Kayenta(req)
		second, err2 := Kayenta(req)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(tree(t, first), tree(t, second)) {
			t.Errorf("%s: two different answers", r.Name)
		}
		if !slices.EqualFunc(before, values(req), func(a, b float64) bool {
			return math.Float64bits(a) == math.Float64bits(b)
		}) {
			t.Errorf("%s: the samples were changed", r.Name)
		}
	}
}

func values(req KayentaRequest) []float64 {
	var all []float64
	for _, p := range req.MetricSetPairList {
		all = append(append(all, p.Values.Control...), p.Values.Experiment...)
	}
	return all
}

func TestKayentaTransform(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	in := []float64{nan, 1, 2, nan, inf, 3}
	for _, c := range []struct {
		name string
		rule KayentaRule
		want []float64
	}{
		{"remove", KayentaRule{}, []float64{1, 2, inf, 3}},
		{"replace", KayentaRule{ReplaceNaN: true}, []float64{0, 1, 2, 0, inf, 3}},
	} {
		if got := c.rule.Transform(nil, in); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	// Appended to what is there, which is neither looked at nor changed.
	rule := KayentaRule{RemoveOutliers: true, OutlierFactor: 3}
	far := append(slices.Repeat([]float64{1, 2, 3}, 60), 1e6)
	if got := rule.Transform([]float64{7, 1e9}, far); len(got) != 182 || got[0] != 7 || got[1] != 1e9 || slices.Max(got[2:]) != 3 {
		t.Errorf("appended: %d values, %v first", len(got), got[:2])
	}
	if got := rule.Transform(nil, []float64{nan, nan}); len(got) != 0 {
		t.Errorf("nothing left: got %v", got)
	}
}
