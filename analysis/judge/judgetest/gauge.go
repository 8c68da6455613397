package judgetest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// gauge makes a level: level x exp(shared + noise of the side).
type gauge struct {
	level            float64 // default 100
	shared           noise   // load that both sides feel; default a slow swing
	harder           float64 // how much harder the canary feels it
	canary, baseline noise
	shape            func(g *rand.Rand, v float64) float64 // what the instrument makes of it
	gaps             gaps
	direction        analysis.Direction
}

// alike is a gauge with the same kind of noise on both sides.
func alike(n noise) gauge { return gauge{canary: n, baseline: n} }

func (m gauge) with(change func(*gauge)) gauge {
	change(&m)
	return m
}

// offset makes the canary's host steadily different.
func (m gauge) offset(share noise) gauge {
	m.canary = plus(m.canary, share)
	return m
}

func (m gauge) describe() analysis.Metric {
	return analysis.Metric{Kind: analysis.Gauge, Direction: m.direction}
}

func (m gauge) sides(g *rand.Rand, factors []float64) (canary, baseline analysis.Samples) {
	n := len(factors)
	if m.level == 0 {
		m.level = 100
	}
	if m.shared == nil {
		m.shared = wave(0.3, 240)
	}
	load, c, b := m.shared.take(g, n), m.canary.take(g, n), m.baseline.take(g, n)
	for t := range n {
		c[t] = m.level * math.Exp(load[t]*(1+m.harder)+c[t]) * factors[t]
		b[t] = m.level * math.Exp(load[t]+b[t])
		if m.shape != nil {
			c[t], b[t] = m.shape(g, c[t]), m.shape(g, b[t])
		}
	}
	if m.gaps != nil {
		m.gaps(g, c, b)
	}
	return analysis.Samples{Values: c}, analysis.Samples{Values: b}
}

// linear makes values around a level that may be negative: level + shared + noise,
// all in units of scale. Harm adds (factor-1) x |level|.
type linear struct {
	level, scale     float64
	shared           noise
	canary, baseline noise
	direction        analysis.Direction
}

func (m linear) describe() analysis.Metric {
	return analysis.Metric{Kind: analysis.Gauge, Direction: m.direction}
}

func (m linear) sides(g *rand.Rand, factors []float64) (canary, baseline analysis.Samples) {
	n := len(factors)
	load, c, b := m.shared.take(g, n), m.canary.take(g, n), m.baseline.take(g, n)
	for t := range n {
		c[t] = m.level + (factors[t]-1)*math.Abs(m.level) + m.scale*(load[t]+c[t])
		b[t] = m.level + m.scale*(load[t]+b[t])
	}
	return analysis.Samples{Values: c}, analysis.Samples{Values: b}
}

// latency makes a quantile of a number of requests whose times are lognormal: exact,
// or the way classic buckets answer it, by interpolation between their edges.
type latency struct {
	requests float64 // a step, on average
	share    float64 // of the canary in them, 0 is half
	quantile float64
	sd       float64 // of the logarithm of a request's time
	drift    noise   // of a side's log level
	buckets  []float64
	harm     slowing // default: all requests are as much slower
}

// slowing is the factor on one request's time when the release is harmed by a factor,
// 1 when it is not. z says how slow the request is anyway, as a standard normal.
type slowing func(g *rand.Rand, z, factor float64) float64

func (m latency) describe() analysis.Metric { return analysis.Metric{Kind: analysis.Gauge} }

func (m latency) sides(g *rand.Rand, factors []float64) (canary, baseline analysis.Samples) {
	n := len(factors)
	if m.share == 0 {
		m.share = 0.5
	}
	load := wave(0.2, 120).take(g, n)
	side := func(requests float64, factors []float64) []float64 {
		out, drift := make([]float64, n), m.drift.take(g, n)
		for t := range out {
			out[t] = m.observe(g, requests, load[t]+drift[t], factors[t])
		}
		return out
	}
	healthy := slices.Repeat([]float64{1}, n)
	c := side(m.requests*m.share, factors)
	return analysis.Samples{Values: c}, analysis.Samples{Values: side(m.requests*(1-m.share), healthy)}
}

// observe answers the quantile of one step, NaN when there was no request.
func (m latency) observe(g *rand.Rand, requests, logLevel, factor float64) float64 {
	k := int(poisson(g, requests))
	if k == 0 {
		return math.NaN()
	}
	seen := make([]float64, k)
	for i := range seen {
		z, f := g.NormFloat64(), factor
		if m.harm != nil {
			f = m.harm(g, z, factor)
		}
		seen[i] = 0.1 * math.Exp(logLevel+m.sd*z) * f
	}
	slices.Sort(seen)
	if m.buckets == nil {
		return seen[min(k-1, int(m.quantile*float64(k)))]
	}
	return bucketQuantile(m.buckets, seen, m.quantile)
}

// bucketQuantile is what Prometheus answers: linear within the bucket, and the
// highest edge when the quantile lies above it.
func bucketQuantile(edges, sorted []float64, q float64) float64 {
	rank := q * float64(len(sorted))
	low, below := 0.0, 0
	for _, edge := range edges {
		upTo, _ := slices.BinarySearch(sorted, edge)
		if float64(upTo) >= rank && upTo > below {
			return low + (edge-low)*(rank-float64(below))/float64(upTo-below)
		}
		low, below = edge, upTo
	}
	return low
}

// tail slows a share of the requests, whichever they are, and speeds the others up so
// that the mean stays the same.
func tail(share float64) slowing {
	return func(g *rand.Rand, _, factor float64) float64 {
		if g.Float64() < share {
			return factor
		}
		return (1 - share*factor) / (1 - share)
	}
}

// slowest slows the slowest share of the requests, and speeds the others up so that
// the mean stays the same: of lognormal times, those beyond the quantile q have a
// part P(Z > q - sd) of the sum.
func slowest(share, sd float64) slowing {
	q := math.Sqrt2 * math.Erfinv(1-2*share)
	part := math.Erfc((q-sd)/math.Sqrt2) / 2
	return func(_ *rand.Rand, z, factor float64) float64 {
		if z > q {
			return factor
		}
		return (1 - part*factor) / (1 - part)
	}
}

// defaultBuckets are those of Prometheus's client libraries, in seconds.
func defaultBuckets() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}
