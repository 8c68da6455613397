package main

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

func TestChangesAndShares(t *testing.T) {
	for text, want := range map[string]float64{"x1.2": 1.2, "20%": 1.2, "+20 %": 1.2, "-30%": 0.7, "x0.5": 0.5, "400%": 5} {
		var f factor
		if err := f.UnmarshalText([]byte(text)); err != nil || math.Abs(float64(f)-want) > 1e-12 {
			t.Errorf("%s: %v, %v", text, f, err)
		}
	}
	for _, text := range []string{"", "20", "1.2", "x", "x0", "x-1", "xNaN", "xInf", "-100%", "-130%", "%", "NaN%", "x1.2%", "two%"} {
		var f factor
		if err := f.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "20% or -30%") {
			t.Errorf("%q: %v, %v", text, f, err)
		}
	}
	for text, want := range map[string]float64{"5%": 0.05, "0.05": 0.05, "100 %": 1, "0": 0} {
		var f fraction
		if err := f.UnmarshalText([]byte(text)); err != nil || math.Abs(float64(f)-want) > 1e-12 {
			t.Errorf("%s: %v, %v", text, f, err)
		}
	}
}

// gaugeOf and rateOf are models as the command makes them.
func gaugeOf(change, noise, correlation float64) *powerModel {
	m := base(change)
	m.kind = analysis.Gauge
	m.level = levelModel{Level: 100, Noise: noise, Correlation: correlation}
	return m
}

func rateOf(change, rate, traffic, share float64) *powerModel {
	m := base(change)
	m.kind = analysis.Ratio
	m.rate = rateModel{Rate: rate, Traffic: traffic, Share: share}
	return m
}

func base(change float64) *powerModel {
	return &powerModel{change: change, tolerance: 0.05, alpha: 0.01, step: time.Minute, runs: 120, longest: 1000, seed: 3}
}

// What is made up has the noise that fit finds in it, on every scale.
func TestFitFindsWhatIsMadeUp(t *testing.T) {
	linear := gaugeOf(2, 0.12, 0.5)
	linear.level.Level, linear.level.Unit = -3, 10
	for name, m := range map[string]*powerModel{"logarithms": gaugeOf(2, 0.12, 0.5), "white": gaugeOf(2, 0.12, 0), "linear": linear} {
		g := powerMaker{powerModel: m, Rand: rand.New(rand.NewPCG(1, 2)), source: rand.NewPCG(3, 4)}
		p := g.pair(4000, 1)
		p.Canary.Values[7], p.Baseline.Values[9] = analysis.Missing(), math.Inf(1)
		var got powerModel
		if err := got.fit(&powerSeries{Kind: analysis.Gauge, Canary: p.Canary.Values, Baseline: p.Baseline.Values}, 0.5); err != nil {
			t.Fatal(name, err)
		}
		l := got.level
		unit := 1.0
		if m.level.Unit > 0 { // the unit is the mean of the values without sign
			unit = l.Unit / m.level.Unit
		}
		if math.Abs(l.Noise*unit-0.12) > 0.01 || math.Abs(l.Correlation-m.level.Correlation) > 0.06 || l.Samples != 3998 || !l.BothSides {
			t.Errorf("%s: %+v", name, l)
		}
		if err := got.fit(&powerSeries{Kind: analysis.Gauge, Baseline: p.Baseline.Values}, 0.5); err != nil {
			t.Fatal(name, err)
		}
		if l = got.level; math.Abs(l.Noise*unit-0.12) > 0.01 || l.BothSides {
			t.Errorf("%s, of the baseline alone: %+v", name, l)
		}
	}
}

func TestFitRates(t *testing.T) {
	m := rateOf(2, 0.01, 5000, 0.2)
	m.rate.Spread = 0.5
	g := powerMaker{powerModel: m, Rand: rand.New(rand.NewPCG(1, 2)), source: rand.NewPCG(3, 4)}
	p := g.pair(4000, 1)
	p.Baseline.Values[3], p.Baseline.Totals[4] = -7, math.NaN()
	var got powerModel
	s := powerSeries{Kind: analysis.Ratio, Baseline: p.Baseline.Values, BaselineTotal: p.Baseline.Totals, CanaryTotal: p.Canary.Totals}
	if err := got.fit(&s, 0.5); err != nil {
		t.Fatal(err)
	}
	r := got.rate
	if math.Abs(r.Rate-0.01) > 5e-4 || math.Abs(r.Traffic-5000) > 50 || math.Abs(r.Share-0.2) > 0.01 || math.Abs(r.Spread-0.5) > 0.1 || r.Samples != 3998 {
		t.Errorf("got %+v", r)
	}
	s.CanaryTotal = nil
	if err := got.fit(&s, 0.2); err != nil || math.Abs(got.rate.Traffic-5000) > 50 || got.rate.Share != 0.2 {
		t.Errorf("without the canary's traffic: %+v, %v", got.rate, err)
	}
	m.rate.Spread = 0
	g.source = rand.NewPCG(5, 6)
	p = g.pair(4000, 1)
	if err := got.fit(&powerSeries{Kind: analysis.Count, Baseline: p.Baseline.Values, BaselineTotal: p.Baseline.Totals}, 0.2); err != nil || got.rate.Spread != 0 {
		t.Errorf("independent events: %+v, %v", got.rate, err)
	}
}

func TestFitRefuses(t *testing.T) {
	eight := func(v float64) analysis.Values { return analysis.Values{v, v, v, v, v, v, v, v} }
	for name, s := range map[string]powerSeries{
		"too few":      {Kind: analysis.Gauge, Baseline: eight(1)[:7]},
		"none of both": {Kind: analysis.Gauge, Baseline: eight(1), Canary: eight(math.NaN())},
		"all 0":        {Kind: analysis.Gauge, Baseline: eight(0)},
		"no totals":    {Kind: analysis.Ratio, Baseline: eight(1)},
		"no events":    {Kind: analysis.Ratio, Baseline: eight(0), BaselineTotal: eight(9)},
		"too many":     {Kind: analysis.Ratio, Baseline: eight(10), BaselineTotal: eight(9)},
		"unknown kind": {Kind: "histogram", Baseline: eight(1)},
	} {
		if err := new(powerModel).fit(&s, 0.5); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	var m powerModel
	if err := m.fit(&powerSeries{Kind: analysis.Gauge, Baseline: eight(5)}, 0.5); err != nil || m.level.Noise != 0 || m.level.Correlation != 0 {
		t.Errorf("a constant: %+v, %v", m.level, err)
	}
}

// The fixed test that the formula speaks of, done on what is made up, has the power
// that the formula says: within three points and chance.
func TestFixedFormulaAgreesWithSimulation(t *testing.T) {
	const runs, chance = 500, 0.8
	bound := 0.03 + 4*math.Sqrt(chance*(1-chance)/runs)
	z := stats.NormalQuantile(0.99)
	for name, m := range map[string]*powerModel{
		"errors":        rateOf(1.4, 0.002, 4000, 0.5),
		"thin canary":   rateOf(1.4, 0.002, 40_000, 0.05),
		"conversions":   rateOf(0.9, 0.3, 400, 0.5),
		"latency":       gaugeOf(1.2, 0.12, 0.5),
		"white latency": gaugeOf(1.1, 0.1, 0),
	} {
		n := m.formulas().Chances[0].Fixed
		sign := 1.0
		if m.change < 1 {
			sign = -1
		}
		found := 0
		for run := range uint64(runs) {
			source := rand.NewPCG(run, 9)
			g := powerMaker{powerModel: m, Rand: rand.New(source), source: source}
			p := g.pair(n, m.change)
			var gap, limit float64
			if m.kind == analysis.Gauge {
				for i := range n {
					gap += (math.Log(p.Canary.Values[i]/p.Baseline.Values[i]) - math.Log(m.limit())) / float64(n)
				}
				limit = z * m.level.Noise * math.Sqrt(stats.MeanVariance(float64(n), m.level.Correlation))
			} else {
				c, cn, b, bn := sum(p.Canary.Values), sum(p.Canary.Totals), sum(p.Baseline.Values), sum(p.Baseline.Totals)
				bn /= m.limit()
				mean := (c + b) / (cn + bn)
				gap = c/cn - b/bn
				limit = z * math.Sqrt(mean*(1-mean)*(1/cn+1/bn))
			}
			if sign*gap > limit {
				found++
			}
		}
		if share := float64(found) / runs; math.Abs(share-chance) > bound {
			t.Errorf("%s: the fixed test of %d samples found %v, want %v within %v", name, n, share, chance, bound)
		}
	}
}

func sum(values analysis.Values) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

// The judge takes longer than the best test that knows the noise and the change, but
// not without bound. Few errors, and noise that is known or slow, cost at most about twice
// as long, and a dozen samples before it says anything. Where many events a step are no
// proof that they come independently, it is four times; and where a gauge's noise is
// white, but slow noise must be excluded first, eight times.
func TestJudgeAgreesWithFormula(t *testing.T) {
	known := gaugeOf(1.2, 0.113, 0.5)
	known.history = 240
	for name, c := range map[string]struct {
		m    *powerModel
		most float64
	}{
		"latency":       {gaugeOf(1.2, 0.113, 0.5), 2.5},
		"known noise":   {known, 2},
		"white latency": {gaugeOf(1.2, 0.113, 0), 8},
		"errors":        {rateOf(2, 0.002, 4000, 0.5), 2},
		"sparse errors": {rateOf(10, 0.0002, 1000, 0.5), 2},
		"thin canary":   {rateOf(2, 0.002, 200_000, 0.01), 2},
		"conversions":   {rateOf(0.7, 0.03, 2000, 0.5), 4},
	} {
		a := c.m.formulas()
		if err := c.m.simulate(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
		for _, k := range a.Chances {
			least, most := 0.9*float64(k.AnyLook)-1, c.most*float64(k.AnyLook)+12
			if h := float64(k.Haldane); h < least || h > most || k.Fixed > k.AnyLook {
				t.Errorf("%s: %v %% after %d samples, want %.0f to %.0f; one look %d", name, k.Chance*100, k.Haldane, least, most, k.Fixed)
			}
		}
	}
}

// More time, more chance; and a run that is given up says so.
func TestSimulateStops(t *testing.T) {
	m := gaugeOf(1.2, 0.3, 0.8)
	m.longest, m.runs = 60, 40
	a := m.formulas()
	if err := m.simulate(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	if a.Planned != 60 || a.Chances[1].Haldane != 0 || a.Found >= 0.95 {
		t.Errorf("got %+v", a)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	m = gaugeOf(1.2, 0.12, 0.5)
	if err := m.simulate(ctx, &a); err == nil {
		t.Error("it went on after it was told to stop")
	}
}
