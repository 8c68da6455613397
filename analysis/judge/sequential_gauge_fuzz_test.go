package judge

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzSequential: whatever the samples, steps and tolerances: no panic, no NaN in the
// verdict, and a failure names a bad metric.
func FuzzSequential(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, uint8(0), 0.05, int8(0))
	f.Add([]byte{255, 254, 253, 252, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, uint8(77), 1e300, int8(100))
	f.Fuzz(func(t *testing.T, raw []byte, kind uint8, tolerance float64, power int8) {
		value := func(b byte) float64 {
			switch b {
			case 255:
				return analysis.Missing()
			case 254:
				return math.NaN()
			case 253:
				return math.Inf(1)
			case 252:
				return math.Inf(-1)
			}
			return math.Ldexp(float64(int(b)-int(kind%3)*60), int(power)*8)
		}
		plan := onePlan([]analysis.Direction{analysis.Increase, analysis.Decrease, analysis.Either}[kind%3])
		plan.Metrics[0].Tolerance = analysis.Tolerance{Relative: tolerance}
		if kind&4 != 0 {
			plan.Metrics[0].Tolerance = analysis.Tolerance{Absolute: tolerance}
		}
		plan.Baseline.Kind = []analysis.BaselineKind{analysis.BaselineVersion, analysis.BaselineOffset, analysis.BaselineBefore}[kind/8%3]
		p := analysis.Pair{Metric: "m", Step: []time.Duration{time.Minute, time.Second, 0, time.Hour}[kind/32%4]}
		for i, b := range raw {
			if i%2 == 0 {
				p.Canary.Values = append(p.Canary.Values, value(b))
			} else {
				p.Baseline.Values = append(p.Baseline.Values, value(b))
			}
		}
		if kind&128 != 0 {
			p.Noise = &analysis.Noise{Kind: analysis.Gauge, Scale: analysis.NoiseLog, Spacing: analysis.Duration(p.Step), Runs: 1, Samples: 50, SD: tolerance, Mean: tolerance}
		}
		for _, final := range []bool{false, true} {
			v := Judge(plan, []analysis.Pair{p}, At{Elapsed: time.Hour, Final: final})
			text := v.Reason + v.Findings[0].Reason
			said := strings.ReplaceAll(text, "NaN (a division by zero traffic?)", "") // of samples: no number of ours
			if strings.Contains(said, "NaN ") || v.Reason == "" || v.Findings[0].Reason == "" {
				t.Fatalf("%q", text)
			}
			if v.Outcome == analysis.OutcomeFail && len(v.Bad()) == 0 {
				t.Fatalf("failed with nothing bad: %+v", v)
			}
		}
	})
}

// A look at one gauge allocates nothing.
func TestSequentialAllocatesNothing(t *testing.T) {
	r := made(t, "gauge/ar0.5", 60, 1)[0]
	c := circumstancesOf(r.Plan)
	c.work = new(workspace)
	measureGauge(&r.Plan.Metrics[0], &r.Pairs[0], &c)
	if n := testing.AllocsPerRun(20, func() { measureGauge(&r.Plan.Metrics[0], &r.Pairs[0], &c) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
