package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzMeasureRate: whatever the samples are, what a run adds up is a number, and the
// samples stay what they are.
func FuzzMeasureRate(f *testing.F) {
	f.Add(uint64(1), "increase", "ratio", 0.05, 0.0, true)
	f.Add(uint64(2), "either", "count", 0.0, 0.01, false)
	f.Add(uint64(3), "decrease", "ratio", 3.0, 0.0, true)
	f.Fuzz(func(t *testing.T, seed uint64, direction, kind string, relative, absolute float64, together bool) {
		g := rand.New(rand.NewPCG(seed, 9))
		odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 1e-300, 1e300, 1e15, 5e-324, analysis.Missing()}
		draw := func(n int) analysis.Values {
			var v analysis.Values
			for range n {
				if g.IntN(4) == 0 {
					v = append(v, odd[g.IntN(len(odd))])
				} else {
					v = append(v, math.Floor(math.Exp(g.NormFloat64()*3)))
				}
			}
			return v
		}
		p := analysis.Pair{Step: time.Duration(g.IntN(90)) * time.Second}
		p.Canary.Values, p.Canary.Totals = draw(g.IntN(80)), draw(g.IntN(80))
		p.Baseline.Values, p.Baseline.Totals = draw(g.IntN(80)), draw(g.IntN(80))
		m := analysis.Metric{Kind: analysis.MetricKind(kind), Direction: analysis.Direction(direction)}
		m.Tolerance = analysis.Tolerance{Relative: relative, Absolute: absolute}
		c := circumstances{rate: 0.01, need: 4.6, planned: 1 + g.IntN(100), step: time.Minute, together: together, work: new(workspace)}
		before := fmt.Sprint(p.Canary.Values, p.Baseline.Totals)
		e := measureRate(&m, &p, &c)
		if math.IsNaN(e.fail) || math.IsInf(e.fail, 1) || math.IsNaN(e.pass) || e.lo > e.hi || !e.enough && e.wait == "" {
			t.Errorf("%+v", e)
		}
		if again := measureRate(&m, &p, &c); again.fail != e.fail || again.wait != e.wait {
			t.Error("measuring again says something else")
		}
		if before != fmt.Sprint(p.Canary.Values, p.Baseline.Totals) {
			t.Error("the samples were changed")
		}
	})
}
