package judge

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// History makes weak changes visible; of another metric, scale, step or level of noise it
// does no harm.
func TestSequentialHistory(t *testing.T) {
	const runs = 40
	fails := func(family string, noise func(r *judgetest.Release) []analysis.Noise) (n int) {
		families, err := judgetest.Find(family)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(runs) {
			r := families[0].Make(500+seed, judgetest.Options{History: 240})
			Remember(r.Pairs, noise(&r))
			if o, _ := watch(&r, 2); o == analysis.OutcomeFail {
				n++
			}
		}
		return n
	}
	own := func(r *judgetest.Release) []analysis.Noise {
		var all [][]analysis.Noise
		for _, pairs := range r.History {
			all = append(all, Learn(r.Plan, pairs))
		}
		return Pool(all...)
	}
	if n := fails("gauge/x1.2-start", own); runs-n > tooMany(runs, 0.1) {
		t.Errorf("x1.2: found %d of %d", n, runs)
	}
	if n := fails("gauge/ar0.95", own); n > tooMany(runs, 0.01) {
		t.Errorf("autocorrelation 0.95: %d of %d good runs failed", n, runs)
	}
	// Earlier runs were eight times as quiet, and hung together much less.
	stale := func(r *judgetest.Release) []analysis.Noise {
		all := own(r)
		for i := range all {
			all[i].SD /= 8
			all[i].Correlations = nil
		}
		return all
	}
	if n := fails("gauge/ar0.8", stale); n > tooMany(runs, 0.01) {
		t.Errorf("stale history: %d of %d good runs failed", n, runs)
	}
	// The host differed the other way round.
	offset := func(r *judgetest.Release) []analysis.Noise {
		all := own(r)
		for i := range all {
			all[i].Mean -= 0.1
		}
		return all
	}
	if n := fails("gauge/host4.8-ar0.5", offset); n > tooMany(runs, 0.01) {
		t.Errorf("another host: %d of %d good runs failed", n, runs)
	}
}

func TestLearn(t *testing.T) {
	releases := made(t, "gauge/ar0.5", 60, 2)
	plan := releases[0].Plan
	one, two := Learn(plan, releases[0].Pairs), Learn(plan, releases[1].Pairs)
	if len(one) != 1 || one[0].Metric != "m1" || one[0].Samples != 60 || one[0].Runs != 1 || one[0].Scale != analysis.NoiseLog ||
		one[0].Spacing.Std() != time.Minute || math.Abs(one[0].SD-0.11) > 0.04 || math.Abs(one[0].Correlations[0]-0.5) > 0.3 {
		t.Fatalf("got %+v", one)
	}
	if both := Pool(one, two); len(both) != 1 || both[0].Samples != 120 || both[0].Runs != 2 ||
		math.Abs(both[0].Mean-(one[0].Mean+two[0].Mean)/2) > 1e-12 {
		t.Errorf("pooled %+v", both)
	}
	// Two runs of steady hosts 20 % apart: that is noise that does not fade.
	steady := func(mean float64) []analysis.Noise {
		n := one[0]
		n.Mean, n.SD, n.Correlations = mean, 0.01, make([]float64, 5)
		return []analysis.Noise{n}
	}
	if apart := Pool(steady(-0.1), steady(0.1))[0]; math.Abs(apart.SD-math.Hypot(0.1, 0.01)) > 1e-12 || apart.Correlations[4] < 0.98 {
		t.Errorf("apart %+v", apart)
	}
	other := slices.Clone(two)
	other[0].Spacing = analysis.Duration(time.Second)
	if kept := Pool(other, one); len(kept) != 1 || kept[0].Runs != 1 || kept[0].Spacing.Std() != time.Minute {
		t.Errorf("the newest run's step does not decide: %+v", kept)
	}
	broken := slices.Clone(one)
	broken[0].SD = math.NaN()
	if got := Pool(broken); len(got) != 0 {
		t.Errorf("pooled %+v", got)
	}
	var many [][]analysis.Noise
	for range 100 {
		many = append(many, one)
	}
	if got := Pool(many...)[0].Samples; got < 1000 || got > 1060 {
		t.Errorf("%d samples are kept", got)
	}
	plan.Baseline.Kind = analysis.BaselineBefore
	if got := Learn(plan, releases[0].Pairs); got != nil {
		t.Errorf("from a baseline of another time: %+v", got)
	}
}

// What does not fit is ignored, and what is not a number does not matter.
func TestHistoryThatDoesNotFit(t *testing.T) {
	r := made(t, "gauge/x1.2-start", 40, 1)[0]
	good := Learn(r.Plan, made(t, "gauge/ar0.5", 60, 1)[0].Pairs)[0]
	alone := weighed(r.Plan, &r.Pairs[0])
	with := func(change func(*analysis.Noise)) evidence {
		n := good
		change(&n)
		p := r.Pairs[0]
		p.Noise = &n
		return weighed(r.Plan, &p)
	}
	if e := with(func(*analysis.Noise) {}); e.history != 60 || e.fail == alone.fail || !strings.Contains(e.note, "60 samples of earlier runs") {
		t.Errorf("history of %d, %q", e.history, e.note)
	}
	for name, change := range map[string]func(*analysis.Noise){
		"kind":        func(n *analysis.Noise) { n.Kind = analysis.Ratio },
		"scale":       func(n *analysis.Noise) { n.Scale = analysis.NoiseLinear },
		"spacing":     func(n *analysis.Noise) { n.Spacing *= 2 },
		"samples":     func(n *analysis.Noise) { n.Samples = 3 },
		"mean":        func(n *analysis.Noise) { n.Mean = math.Inf(1) },
		"sd":          func(n *analysis.Noise) { n.SD = math.NaN() },
		"zero sd":     func(n *analysis.Noise) { n.SD = 0 },
		"correlation": func(n *analysis.Noise) { n.Correlations = []float64{math.NaN()} },
	} {
		if e := with(change); e.history != 0 || e.fail != alone.fail {
			t.Errorf("%s: history of %d, evidence %v, without %v", name, e.history, e.fail, alone.fail)
		}
	}
}
