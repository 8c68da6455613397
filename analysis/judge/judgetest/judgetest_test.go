package judgetest

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestFamiliesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Families() {
		if seen[f.Name] {
			t.Errorf("%s: there are two of that name", f.Name)
		}
		seen[f.Name] = true
		switch {
		case f.About == "" || f.Samples < 12:
			t.Errorf("%s: incomplete: %+v", f.Name, f)
		case f.Truth == Good && (f.Limit == 0) != f.Outside:
			t.Errorf("%s: a good family has a limit, or lies outside of the promise", f.Name)
		case f.Truth == Bad && (f.Limit != 0 || f.Outside):
			t.Errorf("%s: a bad family has no limit", f.Name)
		case f.Truth != Good && f.Truth != Bad:
			t.Errorf("%s: truth %q", f.Name, f.Truth)
		}
	}
}

func TestReleasesAreWellFormed(t *testing.T) {
	for _, f := range Families() {
		for seed := range uint64(3) {
			r := f.Make(seed, Options{History: f.Samples + 7})
			if (r.Onset < 0) != (f.Truth == Good) || r.Onset >= f.Samples {
				t.Errorf("%s: %s with onset %d", f.Name, f.Truth, r.Onset)
			}
			checkPairs(t, &f, &r, r.Pairs, f.Samples)
			if len(r.History) != 2 {
				t.Fatalf("%s: %d earlier runs", f.Name, len(r.History))
			}
			checkPairs(t, &f, &r, r.History[0], f.Samples)
			checkPairs(t, &f, &r, r.History[1], 7)
			if got := r.Plan.Samples(); got != f.Samples {
				t.Errorf("%s: the plan has %d samples", f.Name, got)
			}
		}
	}
}

func checkPairs(t *testing.T, f *Family, r *Release, pairs []analysis.Pair, n int) {
	t.Helper()
	metrics := r.Plan.Metrics
	if len(metrics) == 1 && len(metrics[0].By) > 0 {
		metrics = slices.Repeat(metrics, len(pairs)) // one for each segment
	}
	if len(pairs) != len(metrics) {
		t.Fatalf("%s: %d pairs of %d metrics", f.Name, len(pairs), len(metrics))
	}
	for i, p := range pairs {
		m := metrics[i]
		if (p.Segment != "") != (len(m.By) > 0) {
			t.Fatalf("%s: segment %q of %+v", f.Name, p.Segment, m)
		}
		for _, s := range []analysis.Samples{p.Canary, p.Baseline} {
			if p.Metric != m.Name || len(s.Values) != n || m.Kind.HasTotal() && len(s.Totals) != n {
				t.Fatalf("%s: pair %+v of metric %+v", f.Name, p, m)
			}
		}
	}
}

func TestSameSeedSameRelease(t *testing.T) {
	for _, f := range Families() {
		text := func(seed uint64, o Options) string {
			b, err := json.Marshal(f.Make(seed, o).Pairs)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		first := text(1, Options{})
		if again := text(1, Options{History: 30}); again != first {
			t.Errorf("%s: the same seed gave another release", f.Name)
		}
		if other := text(2, Options{}); other == first && f.Name != "gauge/constant" {
			t.Errorf("%s: another seed gave the same release", f.Name)
		}
	}
}

// The harm is in the samples: over many releases, canary against baseline stands
// where the family says, before the onset and after it.
func TestHarmIsWhereTheTruthSaysItIs(t *testing.T) {
	for _, c := range []struct {
		name string
		want float64
	}{
		{"gauge/x1.5-mid", 1.5},
		{"gauge/x2-mid-ar0.95", 2},
		{"gauge/x1.5-half", 1.5},
		{"gauge/p99-doubled-tail-mid", 2},
		{"gauge/x0.7-mid-decrease", 0.7},
		{"ratio/x2-mid", 2},
		{"ratio/canary-1-x5-mid", 5},
		{"ratio/conversion-90-x0.8-mid", 0.8},
		{"count/x10-mid", 10},
		{"run/one-of-3", 1.5},
		{"segments/x2-mid-1-of-20", 2},
		{"segments/errors-x2-start-1-of-20", 2},
		{"merged/x2-mid-1-of-20", 1.05},
		{"merged/errors-x1.5-mid-all-20", 1.5},
	} {
		found, err := Find(c.name)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", c.name, found, err)
		}
		before, after := compare(&found[0], 300)
		if math.Abs(before-1) > 0.05 || math.Abs(after/c.want-1) > 0.05 {
			t.Errorf("%s: %.3f before the onset and %.3f after it, want 1 and %v", c.name, before, after, c.want)
		}
	}
}

// The information of independent samples is the same for all, and what the books say:
// half of a squared standardised shift; of jumps in autocorrelated noise that of their
// innovations.
func TestInformation(t *testing.T) {
	white := gaugeStart(1.05*math.E, 1/math.Sqrt2, 0)
	if math.Abs(white.First-0.5) > 1e-12 || math.Abs(white.Each-0.5) > 1e-12 {
		t.Errorf("a shift of one standard deviation carries %+v", white)
	}
	if jump := gaugeJump(1.05*math.E, 1/math.Sqrt2, 0.6); math.Abs(jump.First-0.5/0.64) > 1e-12 || math.Abs(jump.Each-0.125) > 1e-12 {
		t.Errorf("a jump carries %+v", jump)
	}
	// Few events: each side is as Poisson. By hand for 10 events, share a half, x2.1.
	want := 10.5*math.Log((2.1/3.1)/(1.05/2.05)) + 5*math.Log((1/3.1)/(1/2.05))
	if got := rateInformation(2.1, 10, 0.5); math.Abs(got.Each-want) > 1e-12 || got.First != got.Each {
		t.Errorf("a rate carries %+v, want %v", got, want)
	}
	if got := (Information{First: 1, Each: 0.5}).Least(math.Exp(-3)); math.Abs(got-5) > 1e-12 {
		t.Errorf("3 nats take %v samples", got)
	}
	if got := (Information{First: 9, Each: 1}).Least(0.01); got != 1 {
		t.Errorf("no fewer than one sample: %v", got)
	}
	if got := (Information{}).Least(0.01); got != 0 {
		t.Errorf("nothing known: %v", got)
	}
}

// Requests that are slowed or sped up leave the mean where it is, whichever they are.
func TestSlowingLeavesTheMean(t *testing.T) {
	const sd, n = 0.5, 200_000
	for name, f := range map[string]slowing{"tail": tail(0.03), "slowest": slowest(0.05, sd)} {
		g := rand.New(rand.NewPCG(7, 8))
		var healthy, harmed float64
		for range n {
			z := g.NormFloat64()
			healthy += math.Exp(sd * z)
			harmed += math.Exp(sd*z) * f(g, z, 2)
		}
		if math.Abs(harmed/healthy-1) > 0.01 {
			t.Errorf("%s: the mean went to %v of what it was", name, harmed/healthy)
		}
		if f(g, 0, 1) != 1 && name == "slowest" || math.Abs(f(g, 3, 1)-1) > 1e-12 {
			t.Errorf("%s: harm by a factor of 1 changes something", name)
		}
	}
}

// compare returns canary over baseline, of the sums over many releases.
func compare(f *Family, releases uint64) (before, after float64) {
	var c, b [2]float64
	for seed := range releases {
		r := f.Make(seed, Options{})
		p := r.Pairs[0]
		var sums, weights [2][2]float64 // by side, by phase
		for i, s := range []analysis.Samples{p.Canary, p.Baseline} {
			for t, v := range s.Values {
				phase, w := 0, 1.0
				if t >= r.Onset {
					phase = 1
				}
				if s.Totals != nil {
					w = s.Totals[t]
				}
				sums[i][phase] += v
				weights[i][phase] += w
			}
		}
		for phase := range 2 {
			if weights[0][phase] > 0 && weights[1][phase] > 0 {
				both := weights[0][phase] + weights[1][phase]
				c[phase] += sums[0][phase] / weights[0][phase] * both
				b[phase] += sums[1][phase] / weights[1][phase] * both
			}
		}
	}
	return c[0] / b[0], c[1] / b[1]
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		patterns string
		some     string
		least    int
	}{
		{"ratio/usual", "ratio/usual", 1},
		{"usual", "ratio/usual", 1},
		{"gauge/*", "gauge/ar0.5", 40},
		{"good, run/one-of-3", "run/one-of-3", 50},
		{"outside", "ratio/bunches20", 5},
		{"*", "count/crashes", 100},
	} {
		found, err := Find(c.patterns)
		ok := false
		for _, f := range found {
			ok = ok || f.Name == c.some
		}
		if err != nil || !ok || len(found) < c.least {
			t.Errorf("%q: %d families, with %s: %v; %v", c.patterns, len(found), c.some, ok, err)
		}
	}
	for _, pattern := range []string{"nothing", "[", ""} {
		if found, err := Find(pattern); err == nil {
			t.Errorf("%q: found %d", pattern, len(found))
		}
	}
}
