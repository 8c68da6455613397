package judge

import (
	"fmt"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// made are releases of a family with so many samples.
func made(tb testing.TB, family string, samples, runs int) []judgetest.Release {
	tb.Helper()
	families, err := judgetest.Find(family)
	if err != nil || len(families) != 1 {
		tb.Fatalf("%s: %d families, %v", family, len(families), err)
	}
	all := make([]judgetest.Release, runs)
	for i := range all {
		all[i] = families[0].Make(uint64(i)+1, judgetest.Options{Samples: samples})
	}
	return all
}

// BenchmarkSequentialGauge is one metric and look: what the measure alone takes.
func BenchmarkSequentialGauge(b *testing.B) {
	for _, n := range []int{60, 600, 3600} {
		for _, family := range []string{"gauge/ar0.5", "gauge/ar0.8", "gauge/x1.2-start"} {
			b.Run(fmt.Sprintf("%s/%d", family, n), func(b *testing.B) {
				releases := made(b, family, n, 20)
				work := new(workspace)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					r := &releases[i%len(releases)]
					c := circumstancesOf(r.Plan)
					c.work = work
					measureGauge(&r.Plan.Metrics[0], &r.Pairs[0], &c)
				}
			})
		}
	}
}

// BenchmarkSequentialRun is a look on average over whole runs with a look at every
// sample, with all that Judge does around the measures.
func BenchmarkSequentialRun(b *testing.B) {
	for _, family := range []string{"gauge/ar0.5", "gauge/x1.5-mid", "run/good-10"} {
		b.Run(family, func(b *testing.B) {
			releases := made(b, family, 60, 20)
			looks, metrics := 0, len(releases[0].Pairs)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r := &releases[i%len(releases)]
				for seen := 8; seen <= 60; seen++ {
					Judge(r.Plan, firstOf(r.Pairs, seen), At{Elapsed: time.Duration(seen) * r.Plan.Step.Std(), Final: seen == 60})
					looks++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(looks*metrics), "ns/metric-look")
		})
	}
}

// firstOf are the first samples of every pair.
func firstOf(pairs []analysis.Pair, seen int) []analysis.Pair {
	cut := make([]analysis.Pair, len(pairs))
	for i, p := range pairs {
		p.Canary, p.Baseline = firstSamples(p.Canary, seen), firstSamples(p.Baseline, seen)
		cut[i] = p
	}
	return cut
}
