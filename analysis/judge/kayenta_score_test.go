package judge

import (
	"math"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func result(label KayentaLabel, groups ...string) KayentaMetricResult {
	return KayentaMetricResult{Classification: label, ClassificationReason: "because", Groups: groups}
}

func critical(r KayentaMetricResult) KayentaMetricResult { r.Critical = true; return r }
func muted(r KayentaMetricResult) KayentaMetricResult    { r.Muted = true; return r }

type results = []KayentaMetricResult

func TestKayentaScores(t *testing.T) {
	for _, c := range []struct {
		name    string
		results results
		weights map[string]float64
		score   float64
		reason  string
		groups  map[string]float64
	}{
		{"nothing", nil, nil, 0, "", nil},
		{
			"a third",
			results{result(KayentaPass, "g"), result(KayentaHigh, "g"), result(KayentaLow, "g")},
			nil,
			33.33, "",
			map[string]float64{"g": 100.0 / 3},
		},
		{
			"must have data counts as bad",
			results{result(KayentaPass, "g"), result(KayentaNoDataFail, "g")},
			nil,
			50, "",
			map[string]float64{"g": 50},
		},
		{
			"no data and errors are left out",
			results{result(KayentaPass, "g"), result(KayentaNoData, "g"), result(KayentaError, "g")},
			nil,
			100, "",
			map[string]float64{"g": 100},
		},
		{
			"a group of errors shows 0 and counts as 100",
			results{result(KayentaError, "e"), result(KayentaHigh, "g")},
			map[string]float64{"e": 80},
			80, "",
			map[string]float64{"e": 0, "g": 0},
		},
		{
			"half without data",
			results{result(KayentaPass, "g"), result(KayentaNoData, "g")},
			nil,
			0, "Canary Failed: 50% or more metrics returned NODATA",
			map[string]float64{"g": 100},
		},
		{
			"a third without data",
			results{result(KayentaPass, "g"), result(KayentaPass, "g"), result(KayentaNoData, "g")},
			nil,
			100, "",
			map[string]float64{"g": 100},
		},
		{
			"critical first, before no data",
			results{result(KayentaNoData, "g"), critical(result(KayentaNoData, "g"))},
			nil,
			0, "Canary Failed: because",
			map[string]float64{"g": 0},
		},
		{
			"critical and good",
			results{critical(result(KayentaPass, "g")), result(KayentaHigh, "g")},
			nil,
			50, "",
			map[string]float64{"g": 50},
		},
		{
			"muted",
			results{result(KayentaPass, "g"), muted(critical(result(KayentaHigh, "g", "h")))},
			nil,
			100, "",
			map[string]float64{"g": 100},
		},
		{"all muted", results{muted(result(KayentaPass, "g"))}, nil, 0, "", map[string]float64{}},
		{
			"weights beyond 100",
			results{result(KayentaPass, "a"), result(KayentaHigh, "b")},
			map[string]float64{"a": 130},
			130, "",
			map[string]float64{"a": 100, "b": 0},
		},
		{
			"a negative remainder",
			results{result(KayentaHigh, "a"), result(KayentaPass, "b")},
			map[string]float64{"a": 130},
			-30, "",
			map[string]float64{"a": 0, "b": 100},
		},
		{"a ghost", results{result(KayentaPass, "a")}, map[string]float64{"a": 60, "ghost": 40}, 60, "", map[string]float64{"a": 100}},
		{"twice in a group", results{result(KayentaPass, "a", "a"), result(KayentaHigh, "a")}, nil, 50, "", map[string]float64{"a": 50}},
		{"no group", results{result(KayentaHigh)}, nil, 0, "", map[string]float64{}},
	} {
		score, groups, err := KayentaScores(c.results, c.weights)
		if err != nil || float64(score.Score) != c.score || score.ClassificationReason != c.reason {
			t.Errorf("%s: got %v %q, %v, want %v %q", c.name, score.Score, score.ClassificationReason, err, c.score, c.reason)
		}
		if len(groups) != len(c.groups) {
			t.Errorf("%s: groups %v", c.name, groups)
		}
		for _, g := range groups {
			if want, ok := c.groups[g.Name]; !ok || math.Abs(want-float64(g.Score)) > 1e-12 {
				t.Errorf("%s: group %s got %v, want %v", c.name, g.Name, g.Score, want)
			}
		}
	}
	for _, w := range []float64{math.NaN(), math.Inf(1)} {
		_, _, err := KayentaScores(results{result(KayentaPass, "g")}, map[string]float64{"g": w})
		if analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("weight %v: got %v", w, err)
		}
	}
}

func TestRoundHalfUp(t *testing.T) {
	for v, want := range map[float64]float64{
		0: 0, 33.333333333333336: 33.33, 66.66666666666666: 66.67, 1.005: 1.01, 2.675: 2.68, -1.005: -1.01,
		99.995: 100, 99.994999: 99.99, 1e300: 1e300, 0.001: 0, 5e-324: 0,
	} {
		if got := roundHalfUp(v); got != want {
			t.Errorf("%v: got %v, want %v", v, got, want)
		}
	}
}
