package judge

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

func onePlan(d analysis.Direction) *analysis.Plan {
	return &analysis.Plan{
		Judge: analysis.JudgeSequential, FalseRollbackRate: 0.01, Step: analysis.Duration(time.Minute),
		Duration: analysis.Duration(time.Hour), MinDuration: analysis.Duration(time.Hour),
		Baseline: analysis.Baseline{Kind: analysis.BaselineVersion}, Score: analysis.Thresholds{Pass: 95, Marginal: 75},
		Metrics: []analysis.Metric{{Name: "m", Kind: analysis.Gauge, Direction: d, Tolerance: analysis.Tolerance{Relative: 0.05}}},
	}
}

// weighed is the evidence of one pair.
func weighed(plan *analysis.Plan, p *analysis.Pair) evidence {
	c := circumstancesOf(plan)
	c.work = new(workspace)
	return measureGauge(&plan.Metrics[0], p, &c)
}

// Properties of the evidence that hold for every series.
func TestSequentialProperties(t *testing.T) {
	families, err := judgetest.Find("gauge/ar0.8,gauge/x1.5-mid,gauge/missing20,gauge/spikes,gauge/negative,gauge/around-zero")
	if err != nil {
		t.Fatal(err)
	}
	plan := onePlan(analysis.Either)
	same := func(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-7*(1+math.Abs(a)) }
	for i := range families {
		for seed := range uint64(12) {
			r := families[i].Make(seed, judgetest.Options{})
			p := firstOf(r.Pairs, 10+4*int(seed))[0]
			before := tree(t, p)
			e := weighed(plan, &p)
			if !reflect.DeepEqual(tree(t, p), before) {
				t.Fatalf("%s: the samples were changed", families[i].Name)
			}
			// Looks before do not matter: a used workspace gives the same.
			c := circumstancesOf(plan)
			c.work = new(workspace)
			for n := 5; n <= len(p.Canary.Values); n += 7 {
				measureGauge(&plan.Metrics[0], &firstOf([]analysis.Pair{p}, n)[0], &c)
			}
			if again := measureGauge(&plan.Metrics[0], &p, &c); again.fail != e.fail || again.pass != e.pass || again.lo != e.lo && !math.IsNaN(e.lo) {
				t.Fatalf("%s: %v, after other looks %v", families[i].Name, e.fail, again.fail)
			}
			// Another unit does not matter.
			scaled := p
			scaled.Canary.Values, scaled.Baseline.Values = scale(p.Canary.Values, 1024), scale(p.Baseline.Values, 1024)
			if s := weighed(plan, &scaled); !same(s.fail, e.fail) || !same(s.pass, e.pass) {
				t.Fatalf("%s: %v, times 1024 %v", families[i].Name, e.fail, s.fail)
			}
			// Sides swapped: a rise becomes a fall. The tolerance is not the same for both
			// (5 % up is less than 5 % down), so without one.
			free := onePlan(analysis.Either)
			free.Metrics[0].Tolerance = analysis.Tolerance{}
			swapped := p
			swapped.Canary, swapped.Baseline = p.Baseline, p.Canary
			a, b := weighed(free, &p), weighed(free, &swapped)
			if families[i].Name != "gauge/around-zero" && !same(a.fail, b.fail) {
				t.Fatalf("%s: %v, swapped %v", families[i].Name, a.fail, b.fail)
			}
			rise, fall := onePlan(analysis.Increase), onePlan(analysis.Decrease)
			rise.Metrics[0].Tolerance, fall.Metrics[0].Tolerance = analysis.Tolerance{}, analysis.Tolerance{}
			a, b = weighed(rise, &p), weighed(fall, &swapped)
			if families[i].Name != "gauge/around-zero" && (!same(a.fail, b.fail) || !same(a.pass, b.pass)) {
				t.Fatalf("%s: a rise %v, the fall of the other side %v", families[i].Name, a.fail, b.fail)
			}
		}
	}
}

func scale(values analysis.Values, by float64) analysis.Values {
	out := slices.Clone(values)
	for i := range out {
		if !analysis.IsMissing(out[i]) {
			out[i] *= by
		}
	}
	return out
}

// The verdict fails exactly when the evidence suffices, and the score agrees.
func TestSequentialScore(t *testing.T) {
	seen := map[analysis.Outcome]int{}
	for _, family := range []string{"run/one-of-3", "run/good-3", "run/three-of-10", "gauge/x1.5-mid"} {
		for _, r := range made(t, family, 0, 15) {
			for n := 8; n <= 60; n += 4 {
				v := Judge(r.Plan, firstOf(r.Pairs, n), At{Elapsed: time.Duration(n) * time.Minute, Final: n == 60})
				seen[v.Outcome]++
				sum, largest := 0.0, 0.0
				for _, f := range v.Findings {
					if f.Evidence != nil {
						// Evidence is share x E x rate, and the run fails when these add up to 1.
						sum += float64(*f.Evidence)
						largest = max(largest, float64(*f.Evidence))
					}
				}
				if enough := sum >= 1; enough != (v.Outcome == analysis.OutcomeFail) && math.Abs(sum-1) > 1e-9 {
					t.Fatalf("%s, %d samples: evidence %v, %s", family, n, sum, v.Outcome)
				}
				if v.Score != nil && (*v.Score < r.Plan.Score.Marginal) != (v.Outcome == analysis.OutcomeFail) {
					t.Fatalf("%s: score %v, %s", family, *v.Score, v.Outcome)
				}
				if largest >= 1 && v.Outcome != analysis.OutcomeFail {
					t.Fatalf("%s: evidence %v does not suffice alone", family, largest)
				}
			}
		}
	}
	for _, o := range []analysis.Outcome{analysis.OutcomeFail, analysis.OutcomePass, analysis.OutcomeContinue} {
		if seen[o] == 0 {
			t.Errorf("no %s: %v", o, seen)
		}
	}
}

func TestEvidenceShares(t *testing.T) {
	limit := 1.0
	for _, c := range []struct {
		name    string
		metrics []analysis.Metric
		want    []float64
	}{
		{"alike", []analysis.Metric{{Name: "a"}, {Name: "b"}}, []float64{0.5, 0.5}},
		{"by weight", []analysis.Metric{{Name: "a", Weight: 3}, {Name: "b", Weight: 1}}, []float64{0.75, 0.25}},
		{"critical ones have half", []analysis.Metric{{Name: "a", Critical: true}, {Name: "b"}, {Name: "c"}, {Name: "d"}}, []float64{0.5, 1. / 6, 1. / 6, 1. / 6}},
		{"or more by weight", []analysis.Metric{{Name: "a", Critical: true, Weight: 3}, {Name: "b"}}, []float64{0.75, 0.25}},
		{"all critical", []analysis.Metric{{Name: "a", Critical: true}, {Name: "b", Critical: true}}, []float64{0.5, 0.5}},
		{"thresholds have none", []analysis.Metric{{Name: "a"}, {Name: "b", Threshold: &analysis.Threshold{Max: &limit}}}, []float64{1, 0}},
		{"no weights that are none", []analysis.Metric{{Name: "a", Weight: math.NaN()}, {Name: "b", Weight: -1}}, []float64{0.5, 0.5}},
	} {
		got := evidenceShares(&analysis.Plan{Metrics: c.metrics})
		for i, m := range c.metrics {
			if math.Abs(got[m.Name]-c.want[i]) > 1e-12 {
				t.Errorf("%s: %s has %v, want %v", c.name, m.Name, got[m.Name], c.want[i])
			}
		}
	}
}
