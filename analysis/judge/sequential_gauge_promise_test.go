package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// watch judges a release look by look, at every so many samples, and returns the outcome
// with the number of samples seen. The run does not pass before its end.
func watch(r *judgetest.Release, every int) (analysis.Outcome, int) {
	r.Plan.MinDuration = r.Plan.Duration
	n := r.Plan.Samples()
	for seen := stats.LevelMin; seen < n; seen += every {
		at := At{Elapsed: time.Duration(seen) * r.Plan.Step.Std()}
		if v := Judge(r.Plan, firstOf(r.Pairs, seen), at); v.Outcome != analysis.OutcomeContinue {
			return v.Outcome, seen
		}
	}
	return Judge(r.Plan, r.Pairs, At{Elapsed: r.Plan.Duration.Std(), Final: true}).Outcome, n
}

// tooMany is a number of failures that so many runs exceed with a probability of about
// 1e-4 at most, if each fails with the given one.
func tooMany(runs int, p float64) int {
	mean := float64(runs) * p
	for k, left, term := 0, 1.0, math.Exp(-mean); ; k++ {
		if left -= term; left < 1e-4 {
			return k
		}
		term *= mean / float64(k+1)
	}
}

// The promise, small: good releases do not fail more often than they may, whatever the
// noise. The long version is in cmd/haldane-bench.
func TestSequentialGoodReleases(t *testing.T) {
	const runs = 60
	patterns := "gauge/ar0,gauge/ar0.5,gauge/ar0.8,gauge/host4.8-ar0.5,gauge/clustered,gauge/slow-drift,gauge/student2," +
		"gauge/spikes-twin,gauge/mostly-zero,gauge/negative,gauge/missing20,gauge/5m-steps,run/good-10"
	families, err := judgetest.Find(patterns)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for i := range families {
		f := &families[i]
		failed := 0
		for seed := range uint64(runs) {
			r := f.Make(1000+seed, judgetest.Options{})
			if o, _ := watch(&r, 3); o == analysis.OutcomeFail {
				failed++
			}
		}
		if failed > tooMany(runs, 0.01) {
			t.Errorf("%s: %d of %d good runs failed", f.Name, failed, runs)
		}
		total += failed
	}
	if all := runs * len(families); total > tooMany(all, 0.01) {
		t.Errorf("%d of %d good runs failed", total, all)
	}
}

// Bad releases are found, at least about as often as the documentation says.
func TestSequentialBadReleases(t *testing.T) {
	const runs = 40
	for family, most := range map[string]struct {
		missed float64 // share
		median int     // samples after the onset
	}{
		"gauge/x1.5-start":         {0.005, 14},
		"gauge/x1.5-mid":           {0.03, 11},
		"gauge/x2-mid-ar0.8":       {0.02, 8},
		"gauge/x1.2-start":         {0.4, 50},
		"gauge/x0.7-mid-decrease":  {0.06, 14},
		"gauge/x1.5-mid-either":    {0.05, 14},
		"gauge/x1.5-mid-spikes":    {0.1, 16},
		"gauge/constant-x1.1-mid":  {0.005, 9},
		"gauge/p99-buckets-x2-mid": {0.01, 10},
		"run/one-of-10":            {0.12, 18},
		"gauge/x1.5-mid-negative":  {0.02, 11},
		"gauge/x1.5-mid-missing20": {0.1, 17},
		"gauge/x1.1-start-quiet":   {0.3, 50},
		"gauge/x1.5-mid-student3":  {0.03, 11},
		"run/three-of-10":          {0.02, 12},
		"gauge/x1.5-start-ar0":     {0.005, 14},
		"gauge/p99-tail-mid":       {0.1, 20},
		"gauge/x2-mid-ar0.95":      {0.03, 10},
		"gauge/x1.5-mid-clustered": {0.03, 11},
		"run/x1.2-start-1-of-3":    {0.75, 60},
		"gauge/step-and-back":      {0.3, 12},
		"gauge/x1.5-late":          {0.2, 9},
		"gauge/x1.5-start-ar0.8":   {0.2, 30},
		"gauge/x1.5-mid-ar0.8":     {0.06, 11},
		"gauge/5s-x1.5-mid":        {0.35, 60},
		"gauge/leak":               {0.35, 60},
		"gauge/5m-x1.5-start":      {0.35, 12},
		"gauge/x1.2-start-ar0":     {0.5, 55},
	} {
		found, missed, early := []int{}, 0, 0
		for _, r := range made(t, family, 0, runs) {
			o, seen := watch(&r, 1)
			switch {
			case o != analysis.OutcomeFail:
				missed++
			case seen <= r.Onset:
				early++
			default:
				found = append(found, seen-r.Onset)
			}
		}
		slices.Sort(found)
		if missed > tooMany(runs, most.missed) || early > tooMany(runs, 0.01) {
			t.Errorf("%s: %d of %d missed, %d failed before the onset", family, missed, runs, early)
		}
		if len(found) > 0 && found[len(found)/2] > most.median {
			t.Errorf("%s: found after %d samples, in the middle", family, found[len(found)/2])
		}
	}
}

// A change of a size that nobody overlooks is found at once, however large it is.
func TestSequentialObvious(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for _, noise := range []float64{0.01, 0.05} {
		for _, factor := range []float64{2, 10, 1000} {
			for _, onset := range []int{0, 15} {
				var p analysis.Pair
				p.Metric, p.Step = "m", time.Minute
				for i := range 30 {
					f := 1.0
					if i >= onset {
						f = factor
					}
					p.Canary.Values = append(p.Canary.Values, f*math.Exp(noise*g.NormFloat64()))
					p.Baseline.Values = append(p.Baseline.Values, math.Exp(noise*g.NormFloat64()))
				}
				r := judgetest.Release{Plan: onePlan(analysis.Increase), Pairs: []analysis.Pair{p}}
				r.Plan.Duration = analysis.Duration(30 * time.Minute)
				most := max(stats.LevelMin+2, onset+stats.LevelLasting+5)
				if o, seen := watch(&r, 1); o != analysis.OutcomeFail || seen > most {
					t.Errorf("x%v after %d, noise %v: %s after %d samples", factor, onset, noise, o, seen)
				}
			}
		}
	}
}

// A wrong pass before the end is rare: releases that are a little worse than their
// tolerance, watched to the end.
func TestSequentialEarlyPass(t *testing.T) {
	const runs = 60
	passed := 0
	for _, r := range made(t, "gauge/host4.8-ar0.5", 0, runs) {
		r.Plan.Metrics[0].Tolerance.Relative = 0.047
		for n := stats.LevelMin; n < 60; n += 2 {
			v := Judge(r.Plan, firstOf(r.Pairs, n), At{Elapsed: time.Duration(n) * time.Minute})
			if v.Outcome != analysis.OutcomeContinue {
				if v.Outcome == analysis.OutcomePass {
					passed++
				}
				break
			}
		}
	}
	if passed > tooMany(runs, passRate) {
		t.Errorf("%d of %d releases that were worse passed early", passed, runs)
	}
	soon := 0
	for _, r := range made(t, "gauge/ar0.8-1", 0, 20) {
		if v := Judge(r.Plan, firstOf(r.Pairs, 50), At{Elapsed: 50 * time.Minute}); v.Outcome == analysis.OutcomePass {
			soon++
		}
	}
	if soon < 5 {
		t.Errorf("only %d of 20 quiet runs passed early", soon)
	}
}
