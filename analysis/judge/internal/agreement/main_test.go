package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A few cases of our own in upstream's shapes.
const agreeing = `[
	{"suite": "MannWhitneySuite", "name": "z", "input": {"fn": "wilcoxonDiff", "mu": 0, "quantile": 1, "x": [4, 5, 6], "y": [1, 2, 3]},
	 "expected": 0.7457, "tolerance": 0.001},
	{"suite": "MannWhitneySuite", "name": "q", "input": {"fn": "inverseNormal", "p": "(1-0.98)/2"}, "expected": -2.326, "tolerance": 0.001,
	 "observed": -2.326347874040841},
	{"suite": "MannWhitneySuite", "name": "shift", "input": {"fn": "mannWhitneyUTest", "experiment": [7], "control": [1, 2, 3], "confidenceLevel": 0.98},
	 "expected": {"ciLow": 4.0004, "estimate": 5.2}, "tolerance": {"ci": 0.001, "estimate": 0.5}, "observed": {"ciLow": 4, "ciHigh": 6}},
	{"suite": "MannWhitneySuite", "name": "parts", "input": {"fn": "intermediate", "x": [7], "y": [1, 2, 3], "confidenceLevel": 0.95},
	 "expected": {"muMin": 4, "muMax": 6, "zqLower": 1.96}, "tolerance": 0.001},
	{"suite": "ClassifierSuite", "name": "none", "input": {"classifier": "MannWhitneyClassifier", "experiment": [], "control": [1],
	 "nanStrategy": "remove", "confLevel": 0.98, "isCriticalMetric": true}, "expected": {"reason": "<non-empty>"},
	 "observed": {"classification": "Nodata", "reason": "Missing data for m", "critical": true, "deviation": 1}},
	{"suite": "ClassifierSuite", "name": "noise", "note": "degenerate input", "input": {"classifier": "MannWhitneyClassifier", "tolerance": 0.25,
	 "experiment": [2, 2], "control": [1, 1], "confLevel": 0.98, "direction": "either", "allowedIncrease": 1, "allowedDecrease": 1},
	 "expected": {"classification": "High"}, "observed": {"ciLow": 1.00003}},
	{"suite": "ClassifierSuite", "name": "zero", "input": {"classifier": "MannWhitneyClassifier", "tolerance": 0.25, "experiment": [1, 2], "control": [0, 0],
	 "confLevel": 0.98, "direction": "decrease"}, "expected": {"deviation": "NaN"}, "observed": {"reason": null, "effectSize": "NaN", "ciLow": 1}},
	{"suite": "ClassifierSuite", "name": "other", "input": {"classifier": "Other"}, "expected": 1},
	{"suite": "DetectorSuite", "name": "iqr", "input": {"detector": "IQRDetector", "factor": 1, "data": [1, 2, 3, 4, 99]}, "expected": [false, false, false, false, true]},
	{"suite": "DetectorSuite", "name": "sigma", "input": {"detector": "KSigmaDetector", "k": 1, "data": [1, 1, 1, 9]}, "expected": [false, false, false, true]},
	{"suite": "ScorerSuite", "name": "half", "input": {"groupWeights": {}, "results": [
	 {"name": "a", "classification": "Pass", "groups": ["g"]}, {"name": "b", "classification": "Low", "groups": ["g"]}]},
	 "expected": {"summaryScore": 50, "groupScores": [50]}},
	{"suite": "StatisticSuite", "name": "summary", "input": {"fn": "summary", "values": [1, 3]}, "expected": {"min": 1, "max": 3, "mean": 2, "count": 2, "std": 1.41421}, "tolerance": {"std": 0.0001}},
	{"suite": "StatisticSuite", "name": "p", "input": {"fn": "percentile", "values": [1, 3], "p": 50}, "expected": 2},
	{"suite": "StatisticSuite", "name": "ratio", "input": {"fn": "meanRatio", "experiment": [1], "control": [0]}, "expected": "NaN"},
	{"suite": "StatisticSuite", "name": "d", "input": {"fn": "cohenD", "experiment": [3, 4, 5], "control": [1, 2, 3]}, "expected": 2},
	{"suite": "StatisticSuite", "name": "cles", "input": {"fn": "cles", "experiment": [3], "control": [1, 2]}, "expected": 1},
	{"suite": "TransformSuite", "name": "remove", "input": {"fn": "removeNaNs", "values": ["NaN"]}, "expected": []},
	{"suite": "TransformSuite", "name": "replace", "input": {"fn": "replaceNaNs", "values": ["NaN", 1]}, "expected": [0, 1]},
	{"suite": "TransformSuite", "name": "outliers", "input": {"fn": "removeOutliers", "detector": "IQRDetector", "reduceSensitivity": true, "factor": 3, "values": [1, 1, 1]}, "expected": [1, 1, 1]},
	{"suite": "TransformSuite", "name": "noise", "input": {"fn": "addNoise"}, "expected": []},
	{"suite": "UtilsSuite", "name": "all", "input": {"fn": "mapGet", "map": {"a": 1}, "path": []}, "expected": "<the map itself>"},
	{"suite": "UtilsSuite", "name": "none", "input": {"fn": "mapGet", "map": {"a": 1}, "path": ["b"]}, "expected": null},
	{"suite": "UtilsSuite", "name": "number", "input": {"fn": "getAsDoubleWithDefault", "map": {"a": 42}, "path": ["a"]}, "expected": 42},
	{"suite": "SomethingElse", "name": "x", "input": {}, "expected": 1}
]`

func runWith(t *testing.T, cases string) (status int, out string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cases.json")
	if err := os.WriteFile(path, []byte(cases), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	status = run([]string{"-cases", path}, &stdout, &stderr)
	return status, stdout.String() + stderr.String()
}

func TestAgreement(t *testing.T) {
	status, out := runWith(t, agreeing)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	var total []string
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "total" {
			total = fields
		}
	}
	if got := strings.Join(total, " "); got != "total 24 21 21 4 of 4" {
		t.Errorf("%s, in\n%s", got, out)
	}
}

// Every kind of difference must be seen: a program that always agrees shows nothing.
func TestDisagreement(t *testing.T) {
	for _, c := range []struct{ old, new string }{
		{`"expected": 0.7457`, `"expected": 0.9`},
		{`"observed": -2.326347874040841`, `"observed": -2.32634787404084`},
		{`"ciLow": 4.0004`, `"ciLow": 4.01`},
		{`"observed": {"ciLow": 4, "ciHigh": 6}`, `"observed": {"ciLow": 4, "ciHigh": 6.000000001}`},
		{`"Missing data for m"`, `"Missing data"`},
		{`"critical": true, "deviation": 1`, `"critical": false, "deviation": 1`},
		{`"reason": null, "effectSize": "NaN"`, `"reason": "some", "effectSize": "NaN"`},
		{`"expected": {"classification": "High"}`, `"expected": {"classification": "Low"}`},
		{`[false, false, false, false, true]`, `[false, false, false, false, false]`},
		{`[false, false, false, false, true]`, `[false, false, false, false]`},
		{`"summaryScore": 50`, `"summaryScore": 51`},
		{`"path": ["b"]}, "expected": null`, `"path": ["a"]}, "expected": null`},
		{`"fn": "cohenD", "experiment": [3, 4, 5]`, `"fn": "cohenD", "experiment": "x"`},
	} {
		changed := strings.Replace(agreeing, c.old, c.new, 1)
		if changed == agreeing {
			t.Fatalf("%s is not there", c.old)
		}
		if status, out := runWith(t, changed); status != 1 {
			t.Errorf("%s: status %d\n%s", c.new, status, out)
		}
	}
}

func TestCasesThatCannotBeRead(t *testing.T) {
	if status, _ := runWith(t, `{}`); status != 2 {
		t.Errorf("not a list: status %d", status)
	}
	var out strings.Builder
	for _, args := range [][]string{{}, {"-cases", filepath.Join(t.TempDir(), "none")}, {"-what"}} {
		if status := run(args, &out, &out); status != 2 {
			t.Errorf("%v: status %d", args, status)
		}
	}
}
