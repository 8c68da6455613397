package judge

import (
	"fmt"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// BenchmarkMeasureRate is one metric and look, after so many samples of a run of as
// many.
func BenchmarkMeasureRate(b *testing.B) {
	for _, name := range []string{"ratio/usual", "ratio/sparse", "ratio/5-of-50k", "ratio/spread0.5-4", "ratio/x2-mid"} {
		families, err := judgetest.Find(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range []int{60, 600, 3600} {
			if n > 60 && name != "ratio/usual" {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				r := families[0].Make(1, judgetest.Options{Samples: n})
				benchmarkRate(b, &r, time.Minute)
			})
		}
	}
	b.Run("one-second-steps/3600", func(b *testing.B) {
		families, err := judgetest.Find("ratio/usual")
		if err != nil {
			b.Fatal(err)
		}
		r := families[0].Make(1, judgetest.Options{Samples: 3600})
		benchmarkRate(b, &r, time.Second)
	})
}

func benchmarkRate(b *testing.B, r *judgetest.Release, step time.Duration) {
	c := circumstancesOf(r.Plan)
	c.need, c.work, c.step = 4.6, new(workspace), step
	r.Pairs[0].Step = step
	measureRate(&r.Plan.Metrics[0], &r.Pairs[0], &c)
	b.ReportAllocs()
	for b.Loop() {
		measureRate(&r.Plan.Metrics[0], &r.Pairs[0], &c)
	}
}
