package judge

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// rateCase is a metric with the same counts in every step.
type rateCase struct {
	metric         analysis.Metric
	n              int
	canary, total  float64
	baseline, base float64
	change         func(p *analysis.Pair)
}

func (r rateCase) measure() evidence {
	var p analysis.Pair
	p.Step = time.Minute
	for range r.n {
		p.Canary.Values, p.Canary.Totals = append(p.Canary.Values, r.canary), append(p.Canary.Totals, r.total)
		p.Baseline.Values, p.Baseline.Totals = append(p.Baseline.Values, r.baseline), append(p.Baseline.Totals, r.base)
	}
	if r.change != nil {
		r.change(&p)
	}
	if r.metric.Kind == "" {
		r.metric.Kind = analysis.Ratio
	}
	if r.metric.Direction == "" {
		r.metric.Direction = analysis.Increase
	}
	c := circumstances{rate: 0.01, need: math.Log(100), planned: 60, step: time.Minute, together: true, work: new(workspace)}
	return measureRate(&r.metric, &p, &c)
}

func relative(v float64) analysis.Metric {
	return analysis.Metric{Tolerance: analysis.Tolerance{Relative: v}}
}

func toward(d analysis.Direction, t analysis.Tolerance) analysis.Metric {
	return analysis.Metric{Direction: d, Tolerance: t}
}

// What fails, and what does not.
func TestRateTolerance(t *testing.T) {
	relative5, absolute1 := analysis.Tolerance{Relative: 0.05}, analysis.Tolerance{Absolute: 0.01}
	for _, c := range []struct {
		name  string
		r     rateCase
		fails bool
		unit  string
		low   float64 // of the interval, at least
	}{
		{"twice as many errors", rateCase{metric: relative(0.05), n: 60, canary: 8, total: 2000, baseline: 4, base: 2000}, true, "", 0.05},
		{"as many", rateCase{metric: relative(0.05), n: 60, canary: 4, total: 2000, baseline: 4, base: 2000}, false, "", -1},
		{"as many of half the traffic", rateCase{metric: relative(0.05), n: 60, canary: 4, total: 1000, baseline: 4, base: 2000}, true, "", 0.05},
		{"a little within the tolerance, however long", rateCase{metric: relative(0.05), n: 3000, canary: 415, total: 1e5, baseline: 400, base: 1e5}, false, "", -1},
		{"twice as many within a tolerance of 150 %", rateCase{metric: relative(1.5), n: 60, canary: 8, total: 2000, baseline: 4, base: 2000}, false, "", -1},
		{"half as many", rateCase{metric: relative(0.05), n: 60, canary: 4, total: 2000, baseline: 8, base: 2000}, false, "", -1},
		{"half as many conversions", rateCase{metric: toward(analysis.Decrease, relative5), n: 60, canary: 4, total: 200, baseline: 8, base: 200}, true, "", -1},
		{"twice as many conversions", rateCase{metric: toward(analysis.Decrease, relative5), n: 60, canary: 8, total: 200, baseline: 4, base: 200}, false, "", 0},
		{"half as many, either is bad", rateCase{metric: toward(analysis.Either, relative5), n: 60, canary: 4, total: 200, baseline: 8, base: 200}, true, "", -1},
		{"twice as many, either is bad", rateCase{metric: toward(analysis.Either, relative5), n: 60, canary: 8, total: 200, baseline: 4, base: 200}, true, "", 0},
		{"a fall of all there is cannot be exceeded", rateCase{metric: toward(analysis.Decrease, analysis.Tolerance{Relative: 1}), n: 60, canary: 0, total: 200, baseline: 8, base: 200}, false, "", -1},
		{"0.9 points more, 1 allowed", rateCase{metric: toward(analysis.Increase, absolute1), n: 2000, canary: 219, total: 10000, baseline: 130, base: 10000}, false, "absolute", 0},
		{"2 points more, 1 allowed", rateCase{metric: toward(analysis.Increase, absolute1), n: 60, canary: 60, total: 2000, baseline: 20, base: 2000}, true, "absolute", 0.01},
		{"2 points more of nothing, 1 allowed", rateCase{metric: toward(analysis.Increase, absolute1), n: 60, canary: 60, total: 2000, baseline: 0, base: 2000}, true, "absolute", 0.01},
		{"errors where the baseline has none", rateCase{metric: relative(0.05), n: 60, canary: 1, total: 200, baseline: 0, base: 200}, true, "absolute", 0},
		{"2 points less, 1 allowed", rateCase{metric: toward(analysis.Decrease, absolute1), n: 60, canary: 20, total: 2000, baseline: 60, base: 2000}, true, "absolute", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.r.measure()
			if fails := e.fail >= math.Log(100); fails != c.fails {
				t.Errorf("log e-value %v", e.fail)
			}
			if e.unit != c.unit || !(e.lo >= c.low) || !(e.lo <= e.effect && e.effect <= e.hi) {
				t.Errorf("effect %v, from %v to %v (%q)", e.effect, e.lo, e.hi, e.unit)
			}
		})
	}
}

// A release that fails its requests is found within minutes, on however little of the
// traffic, from the start and after twenty good minutes.
func TestRateOutage(t *testing.T) {
	for _, c := range []struct {
		canary, total, baseline, base float64
		within                        int
	}{
		{1000, 2000, 4, 2000, 5},
		{2000, 2000, 20, 20000, 4},
		{20, 20, 200, 20000, 8},
		{20, 200, 2000, 200000, 8},
		{100, 100, 0, 10000, 6},
		{40, 2000, 0, 2000, 5},
	} {
		for _, good := range []int{0, 20} {
			r := rateCase{metric: relative(0.05), n: good + c.within, canary: c.canary, total: c.total, baseline: c.baseline, base: c.base}
			r.change = func(p *analysis.Pair) {
				for i := range good {
					p.Canary.Values[i] = math.Round(c.baseline / c.base * c.total)
				}
			}
			if e := r.measure(); !(e.fail >= math.Log(100)) {
				t.Errorf("%v of %v against %v of %v, after %d good ones: log e-value %v after %d samples",
					c.canary, c.total, c.baseline, c.base, good, e.fail, c.within)
			}
		}
	}
}

// What silence means at the end.
func TestRateEnough(t *testing.T) {
	for _, c := range []struct {
		name   string
		r      rateCase
		enough bool
		wait   string // a part of it
	}{
		{"an ordinary hour", rateCase{metric: relative(0.05), n: 60, canary: 4, total: 2000, baseline: 4, base: 2000}, true, ""},
		{"a quiet hour", rateCase{metric: relative(0.05), n: 60, canary: 0.1, total: 500, baseline: 0.1, base: 500}, true, ""},
		{"no errors at all", rateCase{metric: relative(0.05), n: 60, total: 2000, base: 2000}, true, ""},
		{"no errors of a canary with 1 %", rateCase{metric: relative(0.05), n: 60, total: 20, base: 2000}, true, ""},
		{"no errors in hardly any traffic", rateCase{metric: relative(0.05), n: 60, total: 1, base: 1}, false, "before a rise to 1 % would show"},
		{"three samples", rateCase{metric: relative(0.05), n: 3, canary: 40, total: 20000, baseline: 40, base: 20000}, false, "5 more samples of both sides: it has 3"},
		{"few of many", rateCase{metric: relative(0.05), n: 60, canary: 0.3, total: 3, baseline: 0.3, base: 3}, false, "more samples ("},
		{"crashes", rateCase{metric: analysis.Metric{Kind: analysis.Count, Tolerance: analysis.Tolerance{Relative: 0.05}}, n: 60, canary: 0.4, total: 20, baseline: 0.4, base: 20}, true, ""},
		{"no crashes", rateCase{metric: analysis.Metric{Kind: analysis.Count}, n: 60, total: 20, base: 20}, true, ""},
		{"conversions", rateCase{metric: toward(analysis.Decrease, analysis.Tolerance{Relative: 0.05}), n: 60, canary: 30, total: 1000, baseline: 30, base: 1000}, true, ""},
		{"a tolerance for everything", rateCase{metric: toward(analysis.Decrease, analysis.Tolerance{Relative: 1}), n: 60, canary: 3, total: 100, baseline: 3, base: 100}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.r.measure()
			if e.enough != c.enough || !strings.Contains(e.wait, c.wait) || (e.wait == "") != c.enough {
				t.Errorf("enough %v; it needs %q", e.enough, e.wait)
			}
		})
	}
	much := rateCase{metric: relative(0.05), n: 60, canary: 400, total: 1e5, baseline: 400, base: 1e5}
	if e := much.measure(); !(e.pass >= -math.Log(passRate)) {
		t.Errorf("much equal traffic passes with log e-value %v", e.pass)
	}
	much.canary *= 1.05
	if e := much.measure(); e.pass >= -math.Log(passRate) {
		t.Errorf("5 %% more passes a tolerance of 5 %% with log e-value %v", e.pass)
	}
}

// Counters that start again, and totals that do not fit, are passed over and told.
func TestRatePassesOver(t *testing.T) {
	r := rateCase{metric: relative(0.05), n: 60, canary: 4, total: 200, baseline: 4, base: 200}
	clean := r
	clean.n = 54
	r.change = func(p *analysis.Pair) {
		p.Canary.Values[3], p.Baseline.Values[10] = -40, math.NaN()
		p.Canary.Totals[20], p.Baseline.Totals[21] = 0, analysis.Missing()
		p.Canary.Values[30], p.Baseline.Totals[31] = 400, math.Inf(1)
		p.Baseline.Values[40], p.Baseline.Totals[40] = 4, 200
	}
	e, want := r.measure(), clean.measure()
	if e.n != [2]int{54, 54} || math.Abs(e.fail-want.fail) > 0.2 {
		t.Errorf("%v samples, log e-value %v; without those steps %v", e.n, e.fail, want.fail)
	}
	if len(e.warnings) != 2 || !strings.HasPrefix(e.warnings[0], "negative numbers in 1 sample") || !strings.HasPrefix(e.warnings[1], "more events than there were in total in 1 sample") {
		t.Errorf("warnings %q", e.warnings)
	}
	// A little more than the total is an accident of extrapolation.
	r.change = func(p *analysis.Pair) { p.Canary.Values[3], p.Canary.Totals[3] = 4.3, 4 }
	if e := r.measure(); e.n != [2]int{60, 60} || len(e.warnings) > 0 {
		t.Errorf("%v samples, warnings %q", e.n, e.warnings)
	}
	r.change = func(p *analysis.Pair) { p.Canary.Values = p.Canary.Values[:0] }
	if e := r.measure(); e.n != [2]int{} || e.enough || e.wait == "" {
		t.Errorf("%v samples, it needs %q", e.n, e.wait)
	}
}

// Bursts are found and told.
func TestRateTellsBursts(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	r := rateCase{metric: relative(0.05), n: 60, canary: 0, total: 2000, baseline: 0, base: 2000, change: func(p *analysis.Pair) {
		for i := range p.Canary.Values {
			if g.IntN(5) == 0 {
				p.Canary.Values[i] = 30
			}
			if g.IntN(5) == 0 {
				p.Baseline.Values[i] = 30
			}
		}
	}}
	if e := r.measure(); !strings.Contains(e.note, "times more than chance does") || e.fail >= math.Log(100) {
		t.Errorf("note %q, log e-value %v", e.note, e.fail)
	}
}

// A baseline of the time before the run is laid over the run, whatever its length.
func TestRateBefore(t *testing.T) {
	for _, length := range []int{7, 60, 1440} {
		for _, factor := range []float64{1, 3} {
			var p analysis.Pair
			p.Step = time.Minute
			for range 60 {
				p.Canary.Values, p.Canary.Totals = append(p.Canary.Values, 4*factor), append(p.Canary.Totals, 2000)
			}
			for range length {
				p.Baseline.Values, p.Baseline.Totals = append(p.Baseline.Values, 4), append(p.Baseline.Totals, 2000)
			}
			c := circumstances{rate: 0.01, need: math.Log(100), planned: 60, step: time.Minute, work: new(workspace)}
			m := relative(0.05)
			m.Kind, m.Direction = analysis.Ratio, analysis.Increase
			e := measureRate(&m, &p, &c)
			if fails := e.fail >= math.Log(100); fails != (factor > 1) || e.n != [2]int{60, length} {
				t.Errorf("x%v against %d samples: log e-value %v of %v samples", factor, length, e.fail, e.n)
			}
			if math.Abs(e.effect-(factor-1)) > 0.01 {
				t.Errorf("x%v against %d samples: effect %v", factor, length, e.effect)
			}
		}
	}
}
