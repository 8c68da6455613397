package judge

import (
	"math"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// failsOf makes so many releases of a family and looks at each after every sample: at
// which sample it fails, 0 if never.
func failsOf(t *testing.T, name string, runs int) (at []int, onsets []int) {
	t.Helper()
	families, err := judgetest.Find(name)
	if err != nil || len(families) != 1 {
		t.Fatalf("family %s: %d, %v", name, len(families), err)
	}
	f := families[0]
	for seed := range runs {
		r := f.Make(uint64(seed)+90_000, judgetest.Options{})
		c := circumstancesOf(r.Plan)
		c.need, c.work = -math.Log(c.rate), new(workspace)
		failed := 0
		for n := 1; n <= f.Samples && failed == 0; n++ {
			p := upTo(r.Pairs[0], n)
			if e := measureRate(&r.Plan.Metrics[0], &p, &c); e.fail >= c.need {
				failed = n
			}
		}
		at, onsets = append(at, failed), append(onsets, r.Onset)
	}
	return at, onsets
}

// upTo is the pair as it was after n samples.
func upTo(p analysis.Pair, n int) analysis.Pair {
	cut := func(v analysis.Values) analysis.Values { return v[:min(n, len(v))] }
	p.Canary.Values, p.Canary.Totals = cut(p.Canary.Values), cut(p.Canary.Totals)
	p.Baseline.Values, p.Baseline.Totals = cut(p.Baseline.Values), cut(p.Baseline.Totals)
	return p
}

// unlikely is a number of hits in n that a chance of p exceeds once in ten thousand
// times at most.
func unlikely(n int, p float64) int {
	term := math.Pow(1-p, float64(n))
	sum := term
	for k := 0; ; k++ {
		if 1-sum < 1e-4 {
			return k
		}
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
		sum += term
	}
}

// The promise: of good releases at most the promised share ever fails, looked at after
// every sample.
func TestRatePromise(t *testing.T) {
	const runs = 100
	for _, name := range []string{
		"ratio/usual", "ratio/shared-bursts", "ratio/spread0.5-20", "ratio/bunches5", "ratio/resets",
		"ratio/canary-10", "ratio/spread2-0.4", "count/crashes",
	} {
		t.Run(strings.ReplaceAll(name, "/", "-"), func(t *testing.T) {
			t.Parallel()
			failed := 0
			at, _ := failsOf(t, name, runs)
			for _, n := range at {
				if n > 0 {
					failed++
				}
			}
			if most := unlikely(runs, 0.01); failed > most {
				t.Errorf("%d of %d good releases failed; more than %d are not to be explained by a chance of 1 %%", failed, runs, most)
			}
		})
	}
}

// And bad ones are found.
func TestRateFinds(t *testing.T) {
	const runs = 80
	for _, c := range []struct {
		name   string
		share  float64 // at least
		within int     // samples, half of them
	}{
		{"ratio/x2-mid", 0.95, 16},
		{"ratio/x5-mid", 0.999, 3},
		{"ratio/sparse-x10-start", 0.999, 20},
		{"ratio/sparse-x10-mid", 0.92, 20},
		{"ratio/either-x0.5-mid", 0.98, 8},
		{"ratio/canary-1-x5-mid", 0.999, 4},
		{"count/x10-mid", 0.99, 10},
	} {
		t.Run(strings.ReplaceAll(c.name, "/", "-"), func(t *testing.T) {
			t.Parallel()
			missed, late := 0, 0
			at, onsets := failsOf(t, c.name, runs)
			for i, n := range at {
				switch {
				case n == 0:
					missed++
					late++
				case n-onsets[i] > c.within:
					late++
				}
			}
			if most := unlikely(runs, 1-c.share); missed > most {
				t.Errorf("%d of %d were missed, %d are expected at most", missed, runs, most)
			}
			if most := unlikely(runs, 0.5); late > most {
				t.Errorf("%d of %d took longer than %d samples", late, runs, c.within)
			}
		})
	}
}
