package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// randomLook makes a plan and pairs in which everything happens: good and bad
// metrics, gaps, NaN, silence, trouble of sources, every policy.
func randomLook(g *rand.Rand) (*analysis.Plan, []analysis.Pair, At) {
	plan := &analysis.Plan{
		Judge:      []analysis.JudgeName{analysis.JudgeKayenta, analysis.JudgeThreshold, analysis.JudgeSequential}[g.IntN(3)],
		MinSamples: 10, MinDuration: analysis.Duration(time.Duration(g.IntN(40)) * time.Minute), FalseRollbackRate: 0.01,
		Baseline: analysis.Baseline{Kind: analysis.BaselineVersion}, Score: analysis.Thresholds{Pass: 95, Marginal: 75}, Groups: analysis.Weights{"a": 3, "b": 1},
	}
	var pairs []analysis.Pair
	for i := range 1 + g.IntN(4) {
		m := analysis.Metric{
			Name: fmt.Sprint("m", i), Kind: []analysis.MetricKind{analysis.Gauge, analysis.Ratio, analysis.Count}[g.IntN(3)],
			Direction: analysis.Increase, Critical: g.IntN(4) == 0, Group: []string{"a", "b", "c", ""}[g.IntN(4)], Weight: float64(g.IntN(3)),
			NoData: analysis.NoDataRule{
				Policy: []analysis.NoDataPolicy{analysis.NoDataWait, analysis.NoDataIgnore, analysis.NoDataFail}[g.IntN(3)],
				After:  analysis.Duration(time.Duration(g.IntN(40)) * time.Minute),
			},
		}
		if g.IntN(2) == 0 {
			limit := 13.0
			m.Threshold = &analysis.Threshold{Max: &limit, Consecutive: 1 + g.IntN(3)}
		}
		plan.Metrics = append(plan.Metrics, m)
		pairs = append(pairs, analysis.Pair{
			Metric: m.Name, Canary: randomSide(g, m.Kind, 10+float64(g.IntN(2))*5), Baseline: randomSide(g, m.Kind, 10),
		})
	}
	return plan, pairs, At{Elapsed: time.Duration(g.IntN(60)) * time.Minute, Final: g.IntN(2) == 0}
}

func randomSide(g *rand.Rand, kind analysis.MetricKind, level float64) analysis.Samples {
	var s analysis.Samples
	switch g.IntN(6) {
	case 0:
		s.Err = analysis.Errorf([]analysis.Kind{
			analysis.Unavailable, analysis.Limited, analysis.Denied, analysis.Invalid, analysis.Internal,
		}[g.IntN(5)], "prom: trouble")
	case 1:
		return s
	case 2:
		s.Warnings = []string{"partial"}
	}
	for range g.IntN(60) {
		v, total := level+g.NormFloat64(), 1.0
		switch g.IntN(12) {
		case 0:
			v = analysis.Missing()
		case 1:
			v = math.NaN()
		case 2:
			total = 0
		}
		s.Values = append(s.Values, v)
		if kind.HasTotal() {
			s.Totals = append(s.Totals, total)
		}
	}
	return s
}

func TestNoRollbackForOurOwnTrouble(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	seen := map[analysis.Outcome]int{}
	for range 3000 {
		plan, pairs, at := randomLook(g)
		v := Judge(plan, pairs, at)
		seen[v.Outcome]++
		open := 0
		for i, f := range v.Findings {
			m, _ := plan.Metric(f.Metric)
			p := pairs[i]
			failed := p.Canary.Err != nil || p.Baseline.Err != nil && m.Threshold == nil
			if f.Bad && failed {
				t.Fatalf("bad although a source failed: %+v", f)
			}
			if f.Class == analysis.ClassNoData && f.Bad && (m.NoData.Policy != analysis.NoDataFail || at.Elapsed < m.NoData.After.Std()) {
				t.Fatalf("bad for silence without the policy: %+v", f)
			}
			if f.Undecided() && !f.Bad && m.NoData.Policy != analysis.NoDataIgnore {
				open++
			}
			if f.Reason == "" {
				t.Fatalf("no reason: %+v", f)
			}
		}
		switch {
		case v.Outcome == analysis.OutcomePass && (open > 0 || !at.Final && (plan.Judge != analysis.JudgeSequential || at.Elapsed < plan.MinDuration.Std())):
			t.Fatalf("passed with %d open findings, final %v: %+v", open, at.Final, v)
		case v.Outcome == analysis.OutcomeFail && len(v.Bad()) == 0:
			t.Fatalf("failed with nothing bad: %+v", v)
		case v.Score != nil && !(*v.Score >= 0 && *v.Score <= 100):
			t.Fatalf("score %v", *v.Score)
		}
		share := 0.0
		for _, group := range v.Groups {
			share += group.Weight
		}
		if len(v.Groups) > 0 && math.Abs(share-1) > 1e-9 {
			t.Fatalf("shares of the groups add up to %v: %+v", share, v.Groups)
		}
		// The order of the pairs decides nothing.
		slices.Reverse(pairs)
		if back := Judge(plan, pairs, at); back.Outcome != v.Outcome || (v.Score == nil) != (back.Score == nil) ||
			v.Score != nil && *v.Score != *back.Score {
			t.Fatalf("reversed: %v and %v", v, back)
		}
	}
	for _, o := range append(analysis.Outcomes[:], analysis.OutcomeContinue) {
		if seen[o] == 0 {
			t.Errorf("no %s among the random looks: %v", o, seen)
		}
	}
}

func TestSickSourcesAloneNeverFail(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		plan, pairs, at := randomLook(g)
		for i := range pairs {
			pairs[i].Canary.Err = analysis.Errorf(analysis.Unavailable, "prom: no answer in time")
		}
		if v := Judge(plan, pairs, at); v.Outcome == analysis.OutcomeFail || v.Outcome == analysis.OutcomePass || v.Score != nil {
			t.Fatalf("got %+v", v)
		}
	}
}

func TestUnusableWeightsDoNotFail(t *testing.T) {
	good := analysis.Samples{Values: slices.Repeat(analysis.Values{1, 2, 3}, 20)}
	limit := 5.0
	for _, w := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		for _, judge := range []analysis.JudgeName{analysis.JudgeKayenta, analysis.JudgeThreshold, analysis.JudgeSequential} {
			plan := &analysis.Plan{
				Judge: judge, Groups: analysis.Weights{"g": w, "h": w}, Score: analysis.Thresholds{Pass: 95, Marginal: 75},
				Metrics: []analysis.Metric{
					{Name: "a", Group: "g", Weight: w, Threshold: &analysis.Threshold{Max: &limit}},
					{Name: "b", Group: "h", Weight: w, Threshold: &analysis.Threshold{Max: &limit}},
				},
			}
			v := Judge(plan, []analysis.Pair{{Metric: "a", Canary: good}, {Metric: "b", Canary: good}}, At{Final: true})
			if v.Outcome != analysis.OutcomePass || *v.Score != 100 {
				t.Errorf("weight %v, judge %s: %+v", w, judge, v)
			}
		}
	}
}

func TestEffectAndInterval(t *testing.T) {
	side := func(level float64) analysis.Samples {
		var s analysis.Samples
		for i := range 60 {
			s.Values = append(s.Values, level+float64(i%5)/10)
		}
		return s
	}
	num := func(n *analysis.Number) float64 { return float64(*n) }
	for _, c := range []struct {
		canary, baseline float64
		unit             string
		effect           float64 // of the means
		shift            float64 // in the same unit
	}{
		{14, 10, "", 4 / 10.2, 4 / 10.2},
		{8, 10, "", -2 / 10.2, -2 / 10.2},
		{-8, -10, "absolute", 2, 2},
		{3, -10, "absolute", 13, 13},
	} {
		plan := &analysis.Plan{
			Judge: analysis.JudgeKayenta, Score: analysis.Thresholds{Pass: 95, Marginal: 75},
			Metrics: []analysis.Metric{{Name: "m", Kind: analysis.Gauge, Direction: analysis.Either}},
		}
		f := Judge(plan, []analysis.Pair{{Metric: "m", Canary: side(c.canary), Baseline: side(c.baseline)}}, At{}).Findings[0]
		if f.EffectUnit != c.unit || math.Abs(num(f.Effect)-c.effect) > 1e-9 {
			t.Errorf("%v against %v: effect %v %q, want %v %q", c.canary, c.baseline, num(f.Effect), f.EffectUnit, c.effect, c.unit)
		}
		// The shift of two equal shapes is exact up to the step between values.
		if low, high := float64(f.Interval[0]), float64(f.Interval[1]); !(low < c.shift && c.shift < high && high-low < 0.31) {
			t.Errorf("%v against %v: interval %v to %v does not hold %v closely", c.canary, c.baseline, low, high, c.shift)
		}
		if math.Abs(num(f.Seen)-c.canary-0.2) > 1e-9 || math.Abs(num(f.Expected)-c.baseline-0.2) > 1e-9 {
			t.Errorf("seen %v, expected %v", num(f.Seen), num(f.Expected))
		}
	}
}
