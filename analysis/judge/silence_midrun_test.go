package judge

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// marks makes samples: x is one, - a missing one, n a NaN.
func marks(text string) analysis.Samples {
	var s analysis.Samples
	for _, c := range text {
		s.Values = append(s.Values, map[rune]float64{'x': 1, '-': analysis.Missing(), 'n': math.NaN()}[c])
	}
	return s
}

func TestTail(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples string
		steps   int
		unusual bool
		over    bool
	}{
		{"it goes on", "xxxxxxxxxxxx", 0, false, false},
		{"one after seven without a gap", "xxxxxxx-", 1, true, false},
		{"one after six", "xxxxxx-", 1, false, false},
		{"two after three", "xxx--", 2, true, false},
		{"never a sample", "--------", 8, false, false},
		{"it has just begun", "-------x", 0, false, false},
		{"missing before the first is no gap", "-----xxxxxxx-", 1, true, false},
		{"one, where there was a gap", "xxxxx-xxxx-", 1, false, false},
		{"two, where there was a gap of one", "xxxxx-xxxxxxxxx--", 2, true, false},
		{"two, where there was a gap of two", "xxxxx--xxxxxxxxx--", 2, false, false},
		{"every other one", "x-x-x-x-x-x-x-", 1, false, false},
		{"every other one, and then no more", "x-x-x-x-x-x-x-------", 7, true, false},
		{"five after eleven: that is the end", "xxxxxxxxxxx-----", 5, true, true},
		{"four after eleven", "xxxxxxxxxxx----", 4, true, false},
		{"NaN: a source that answers something", "xxxxxxxxxxxnnnnn", 5, true, false},
	} {
		s := marks(c.samples)
		got := tailOf(analysis.Gauge, &s)
		if got.steps != c.steps || got.unusual != c.unusual || got.over() != c.over || got.last != len(c.samples)-c.steps {
			t.Errorf("%s (%s): %+v, over %v", c.name, c.samples, got, got.over())
		}
	}
}

// With missing samples as chance has them, silence is rarely seen, and the end never.
func TestTailByChance(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	const runs, n = 400, 60
	for _, p := range []float64{0.02, 0.2, 0.6} {
		looks, unusual, over := 0, 0, 0
		for range runs {
			var s analysis.Samples
			for range n {
				v := 1.0
				if g.Float64() < p {
					v = analysis.Missing()
				}
				s.Values = append(s.Values, v)
				tail := tailOf(analysis.Gauge, &s)
				looks++
				if tail.unusual {
					unusual++
				}
				if tail.over() {
					over++
				}
			}
		}
		if share := float64(unusual) / float64(looks); share > rare || over > 0 {
			t.Errorf("missing %v: silence at %v of the looks, the end at %d of %d", p, share, over, looks)
		}
	}
}

// The chance of a gap is a probability: those of gaps of 0, 1, 2, .. steps before a
// sample add up to 1, here by simulation from its own prior.
func TestGapChance(t *testing.T) {
	if got := gapChance(0, 1, 1); math.Abs(got-0.25) > 1e-12 { // Beta(1/2, 3/2) has the mean 1/4
		t.Errorf("one sample, one gap: %v", got)
	}
	g := rand.New(rand.NewPCG(3, 4))
	const draws = 400_000
	matching, gone := 0, 0
	for range draws {
		x, y := g.NormFloat64(), g.NormFloat64()
		p := x * x / (x*x + y*y) // Beta(1/2, 1/2)
		missing := 0
		for range 8 {
			if g.Float64() < p {
				missing++
			}
		}
		if missing == 2 {
			matching++
			if first, second := g.Float64(), g.Float64(); max(first, second) < p {
				gone++
			}
		}
	}
	want := float64(gone) / float64(matching)
	if got := gapChance(2, 8, 2); math.Abs(got-want) > 5*math.Sqrt(want/float64(matching)) {
		t.Errorf("2 of 8 missing, then 2: %v, simulated %v", got, want)
	}
}

func TestNature(t *testing.T) {
	for _, c := range []struct {
		kind analysis.MetricKind
		row  string
		want nature
	}{
		{analysis.Ratio, "1/10 - -", nothingThere},
		{analysis.Ratio, "1/10 0/0 0/0", noTraffic},
		{analysis.Ratio, "1/10 0/0 -", nothingThere},
		{analysis.Ratio, "1/10 NaN/0 NaN/0", noTraffic},
		{analysis.Count, "1/10 0/0", noTraffic},
	} {
		s := row(t, c.row)
		if got := natureOf(c.kind, &s, 1, len(s.Values)); got != c.want {
			t.Errorf("%s: %v, want %v", c.row, got, c.want)
		}
	}
	s := row(t, "1/10 0/10")
	s.Values[1] = analysis.Missing()
	if got := natureOf(analysis.Ratio, &s, 1, 2); got != noEvents {
		t.Errorf("totals alone: %v", got)
	}
	nan := marks("xn")
	if got := natureOf(analysis.Gauge, &nan, 1, 2); got != notNumbers {
		t.Errorf("NaN: %v", got)
	}
}

func TestClock(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		start time.Time
		step  time.Duration
		steps int
		want  string
	}{
		{at("2026-03-02T12:00:00Z"), time.Minute, 31, "12:31 UTC"},
		{at("2026-03-02T12:00:00+02:00"), time.Minute, 31, "10:31 UTC"},
		{at("2026-03-02T12:00:00Z"), 15 * time.Second, 3, "12:00:45 UTC"},
		{at("2026-03-02T12:00:30Z"), time.Minute, 1, "12:01:30 UTC"},
		{at("2026-03-02T23:59:00Z"), time.Minute, 2, "00:01 UTC"},
		{time.Time{}, time.Minute, 31, "sample 31"},
	} {
		l := look{plan: &analysis.Plan{}}
		if got := l.clock(&analysis.Pair{Start: c.start, Step: c.step}, c.steps); got != c.want {
			t.Errorf("%d steps of %s after %s: %s, want %s", c.steps, c.step, c.start, got, c.want)
		}
	}
}

// When the baseline is gone the verdict is that of a final look over the samples that
// both sides have, whatever the canary does afterwards.
func TestEndWithBaselineIsAFinalLook(t *testing.T) {
	outcomes := map[analysis.Outcome]int{}
	for _, family := range []string{"gauge/x1.5-start", "gauge/ar0.5", "ratio/x5-mid", "run/one-of-3", "segments/errors-x5-mid-1-of-20"} {
		for _, r := range made(t, family, 0, 6) {
			for _, last := range []int{12, 25, 45} {
				r.Plan.MinDuration = r.Plan.Duration
				pairs := firstOf(r.Pairs, last+6)
				for i := range pairs {
					b := &pairs[i].Baseline
					b.Values, b.Totals = slices.Clone(b.Values), slices.Clone(b.Totals)
					for _, values := range []analysis.Values{b.Values, b.Totals} {
						for k := last; k < len(values); k++ {
							values[k] = analysis.Missing()
						}
					}
					pairs[i].Canary.Values = slices.Clone(pairs[i].Canary.Values)
					pairs[i].Canary.Values[last] *= 50
				}
				got := Judge(r.Plan, pairs, At{Elapsed: time.Duration(last+6) * time.Minute})
				want := Judge(r.Plan, firstOf(r.Pairs, last), At{Elapsed: time.Duration(last+6) * time.Minute, Final: true})
				outcomes[got.Outcome]++
				if got.Outcome != want.Outcome || (got.Score == nil) != (want.Score == nil) || len(got.Findings) != len(want.Findings) {
					t.Fatalf("%s, %d samples: %+v, want %+v", family, last, got, want)
				}
				for i := range got.Findings {
					if got.Findings[i].Reason != want.Findings[i].Reason {
						t.Errorf("%s: %s\nwant %s", family, got.Findings[i].Reason, want.Findings[i].Reason)
					}
				}
				if !strings.Contains(got.Reason, "the baseline had no more samples after sample") {
					t.Errorf("%s: %s", family, got.Reason)
				}
			}
		}
	}
	for _, o := range []analysis.Outcome{analysis.OutcomeFail, analysis.OutcomePass, analysis.OutcomeInconclusive} {
		if outcomes[o] == 0 {
			t.Errorf("no %s: %v", o, outcomes)
		}
	}
}
