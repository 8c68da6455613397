package judgetest

import (
	"math"
	"math/rand/v2"

	"github.com/haldane-dev/haldane/analysis"
)

// rate makes events of a total: errors of requests, crashes of pod-minutes.
type rate struct {
	kind      analysis.MetricKind // default ratio
	direction analysis.Direction
	traffic   float64 // a step, on each side; totals are Poisson around it
	share     float64 // the canary's share of twice the traffic; 0 is half
	rate      float64 // of events in the total
	from      float64 // where the canary's rate goes instead, when harmed (for rates of 0)

	load   noise                                   // of the traffic, log scale, both sides
	shared noise                                   // of the rate, log scale, both sides: a dependency's trouble
	cold   float64                                 // factor on the canary's rate in its first two steps; 0 is none
	host   float64                                 // steady log difference of the canary's rate
	own    noise                                   // of each side's rate, log scale, its own
	spread float64                                 // over-dispersion: variance of a gamma factor on each step of a side
	bunch  float64                                 // events come in bunches of this mean size
	scale  func(g *rand.Rand, n int) []float64     // of the canary's traffic over time: autoscaling
	worn   func(g *rand.Rand, s *analysis.Samples) // what the instrument makes of a side
}

func (m rate) with(change func(*rate)) rate {
	change(&m)
	return m
}

func (m rate) describe() analysis.Metric {
	kind := m.kind
	if kind == "" {
		kind = analysis.Ratio
	}
	return analysis.Metric{Kind: kind, Direction: m.direction}
}

func (m rate) sides(g *rand.Rand, factors []float64) (canary, baseline analysis.Samples) {
	n := len(factors)
	if m.load == nil {
		m.load = wave(0.2, 240)
	}
	if m.shared == nil {
		m.shared = still
	}
	if m.own == nil {
		m.own = still
	}
	if m.share == 0 {
		m.share = 0.5
	}
	load, shared := m.load.take(g, n), m.shared.take(g, n)
	scale := make([]float64, n)
	for t := range scale {
		scale[t] = 1
	}
	if m.scale != nil {
		scale = m.scale(g, n)
	}
	canaryOwn, baselineOwn := m.own.take(g, n), m.own.take(g, n)
	for t := range n {
		all := 2 * m.traffic * math.Exp(load[t])
		p := m.rate * math.Exp(shared[t])
		cp := p * math.Exp(m.host+canaryOwn[t]) * factors[t]
		if m.cold > 0 && t < 2 {
			cp *= m.cold
		}
		if m.from > 0 && factors[t] != 1 {
			cp = m.from
		}
		m.step(g, &canary, all*m.share*scale[t], cp)
		m.step(g, &baseline, all*(1-m.share*scale[t]), p*math.Exp(baselineOwn[t]))
	}
	if m.worn != nil {
		m.worn(g, &canary)
		m.worn(g, &baseline)
	}
	return canary, baseline
}

// step draws one step of a side.
func (m rate) step(g *rand.Rand, s *analysis.Samples, traffic, p float64) {
	p *= gamma(g, m.spread)
	if m.kind == analysis.Count {
		s.Totals = append(s.Totals, traffic)
		s.Values = append(s.Values, m.events(g, traffic*p))
		return
	}
	total := poisson(g, traffic)
	events := 0.0
	if m.bunch > 1 {
		events = min(total, m.events(g, total*p))
	} else {
		events = binomial(g, total, p)
	}
	s.Totals = append(s.Totals, total)
	s.Values = append(s.Values, events)
}

// events draws a count, in bunches where there are any.
func (m rate) events(g *rand.Rand, mean float64) float64 {
	if m.bunch <= 1 {
		return poisson(g, mean)
	}
	sum := 0.0
	for range int(poisson(g, mean/m.bunch)) {
		sum += geometric(g, m.bunch)
	}
	return sum
}

// scaling is a canary whose share of the traffic changes in mid-run: a rollout that
// goes on, pods that come and go.
func scaling(steps ...float64) func(*rand.Rand, int) []float64 {
	return func(g *rand.Rand, n int) []float64 {
		out := make([]float64, n)
		for t := range out {
			out[t] = steps[min(len(steps)-1, t*len(steps)/n)]
		}
		return out
	}
}

// extrapolated is what PromQL's increase() makes of counters: counts that are a
// little more or less than whole, and sometimes lose part of a step to the next.
func extrapolated(g *rand.Rand, s *analysis.Samples) {
	for t := range s.Values {
		stretch := 60 / (60 - 15*g.Float64()) // the scrapes cover part of the window
		seen := binomial(g, s.Values[t], 1/stretch)
		s.Values[t] = seen * stretch
		s.Totals[t] *= 0.98 + 0.04*g.Float64()
	}
}

// resets are counters that start again: the step's increase is negative or not a
// number, for both queries.
func resets(g *rand.Rand, s *analysis.Samples) {
	for t := range s.Values {
		switch g.IntN(30) {
		case 0:
			s.Values[t], s.Totals[t] = -s.Values[t]*3-1, -s.Totals[t]*3-1
		case 1:
			s.Values[t], s.Totals[t] = math.NaN(), math.NaN()
		}
	}
}

// holes lose a fifth of the steps of a side.
func holes(g *rand.Rand, s *analysis.Samples) {
	for t := range s.Values {
		if g.IntN(5) == 0 {
			s.Values[t], s.Totals[t] = analysis.Missing(), analysis.Missing()
		}
	}
}

// events are a gauge of whole numbers: how many of something there were in a step.
type events struct{ mean float64 }

func (events) describe() analysis.Metric { return analysis.Metric{Kind: analysis.Gauge} }

func (m events) sides(g *rand.Rand, factors []float64) (canary, baseline analysis.Samples) {
	for _, f := range factors {
		canary.Values = append(canary.Values, poisson(g, m.mean*f))
		baseline.Values = append(baseline.Values, poisson(g, m.mean))
	}
	return canary, baseline
}
