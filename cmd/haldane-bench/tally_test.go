package main

import (
	"math"
	"slices"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// The bounds are those of R's binom.test with alternative "greater" and "less".
func TestShare(t *testing.T) {
	for _, c := range []struct {
		k         int
		low, high float64
	}{
		{0, 0, 0.02951304961},
		{1, 0.0005128014163, 0.04655981145},
		{5, 0.01990556366, 0.1022533776},
		{99, 0.9534401885, 0.9994871986},
		{100, 0.9704869504, 1},
	} {
		got := newShare(c.k, 100)
		if got.Share != float64(c.k)/100 || math.Abs(got.Low-c.low) > 1e-9 || math.Abs(got.High-c.high) > 1e-9 {
			t.Errorf("%d of 100: %+v, want bounds %v and %v", c.k, got, c.low, c.high)
		}
	}
}

func TestTally(t *testing.T) {
	fail, pass, unclear := analysis.OutcomeFail, analysis.OutcomePass, analysis.OutcomeInconclusive
	f := judgetest.Family{
		Truth: judgetest.Bad, Found: 0.5, Within: 4,
		Information: judgetest.Information{First: math.Log(10), Each: math.Log(10)}, // two samples for 1 %
	}
	of := func(w watched) []watched { w.samples, w.looks = 60, 10; return []watched{w} }
	runs := [][]watched{
		of(watched{onset: 30, failedAt: 33, end: fail}),               // found after 3 bad samples
		of(watched{onset: 30, failedAt: 31, end: fail}),               // after the first
		of(watched{onset: 50, failedAt: 60, passedAt: 20, end: fail}), // after 10, too late
		of(watched{onset: 30, failedAt: 30, end: fail}),               // the sample before the onset was the last seen
		of(watched{onset: 40, end: pass}),
		of(watched{onset: 50, passedAt: 9, end: unclear}),
	}
	got := newTally(&f, runs, 0, &options{Judges: []analysis.JudgeName{analysis.JudgeSequential}, Looks: everySample})
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"found", got.Failed.Count, 3},
		{"before the onset", got.Before.Count, 1},
		{"median", got.Median, 3},
		{"90th percentile", got.P90, 10},
		{"in time", got.InTime.Count, 2},
		{"passed early", got.PassedEarly.Count, 2},
		{"passed", got.Passed.Count, 1},
		{"inconclusive", got.Inconclusive.Count, 1},
		{"marginal", got.Marginal.Count, 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.name, c.got, c.want)
		}
	}
	// Five runs with (3 + 1 + 10 + 20 + 10) samples, two each at best.
	if got.Wald == nil || math.Abs(*got.Wald-44.0/5/2) > 1e-12 || !got.WaldOpen {
		t.Errorf("multiple of Wald's bound: %v, open %t", got.Wald, got.WaldOpen)
	}
}

func TestVerdicts(t *testing.T) {
	good := judgetest.Family{Truth: judgetest.Good, Limit: 0.03, Known: 0.01}
	outside := judgetest.Family{Truth: judgetest.Good, Outside: true}
	bad := judgetest.Family{Truth: judgetest.Bad, Found: 0.6, Known: 0.9, Within: 5}
	shown := judgetest.Family{Truth: judgetest.Bad}
	late := newShare(10, 100)
	for _, c := range []struct {
		name    string
		f       judgetest.Family
		failed  share
		inTime  *share
		history int
		want    string
	}{
		{"within the limit", good, newShare(20, 1000), nil, 0, isOK},
		{"a little above, by chance", good, newShare(35, 1000), nil, 0, isOK},
		{"above", good, newShare(60, 1000), nil, 0, isAbove},
		{"above what history allows", good, newShare(20, 1000), nil, 60, isAbove},
		{"outside", outside, newShare(900, 1000), nil, 0, noVerdict},
		{"found", bad, newShare(580, 1000), nil, 0, isOK},
		{"missed", bad, newShare(500, 1000), nil, 0, isBelow},
		{"missed with history", bad, newShare(800, 1000), nil, 60, isBelow},
		{"found too late", bad, newShare(900, 1000), &late, 0, isSlow},
		{"no target", shown, newShare(0, 1000), nil, 0, noVerdict},
	} {
		o := options{History: c.history, Looks: everySample}
		got := tally{Judge: analysis.JudgeSequential, Failed: c.failed, InTime: c.inTime}
		if v := got.verdict(&c.f, &o); v != c.want {
			t.Errorf("%s: %q, want %q", c.name, v, c.want)
		}
	}
}

// What breaks the promise is the sequential judge alone; the totals leave out what
// nothing is promised for.
func TestTotals(t *testing.T) {
	o := options{Runs: 40, Looks: everySample, Judges: []analysis.JudgeName{analysis.JudgeSequential, analysis.JudgeKayenta}}
	runs := func(onset, failed int) [][]watched {
		out := make([][]watched, o.Runs)
		for i := range out {
			w := watched{onset: onset, samples: 60}
			if i < failed {
				w.failedAt = 20
			}
			out[i] = []watched{w, w}
		}
		return out
	}
	r := result{Options: o}
	r.add(&judgetest.Family{Name: "fine", Truth: judgetest.Good, Limit: 0.01}, runs(-1, 0), &o)
	r.add(&judgetest.Family{Name: "broken", Truth: judgetest.Good, Limit: 0.01}, runs(-1, 10), &o)
	r.add(&judgetest.Family{Name: "wild", Truth: judgetest.Good, Outside: true}, runs(-1, 40), &o)
	r.add(&judgetest.Family{Name: "harm", Truth: judgetest.Bad}, runs(10, 30), &o)
	r.add(&judgetest.Family{Name: "later", Truth: judgetest.Bad}, runs(30, 5), &o)
	r.sum()
	if !slices.Equal(r.Broken, []string{"broken"}) {
		t.Errorf("broken: %v", r.Broken)
	}
	want := []total{
		{analysis.JudgeSequential, "promised", 80, 80, 15, 30, 30.0 / 45, 30.0 / 80},
		{analysis.JudgeSequential, "all", 120, 80, 55, 30, 30.0 / 85, 30.0 / 80},
		{analysis.JudgeKayenta, "promised", 80, 80, 15, 30, 30.0 / 45, 30.0 / 80},
		{analysis.JudgeKayenta, "all", 120, 80, 55, 30, 30.0 / 85, 30.0 / 80},
	}
	if !slices.Equal(r.Totals, want) {
		t.Errorf("totals:\n%+v, want\n%+v", r.Totals, want)
	}
}
