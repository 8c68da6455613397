package judgetest

import (
	"math"
	"math/rand/v2"
	"time"
)

// side is the noise of one side in most families: 8 % of the level.
const side = 0.08

// good is a family of good gauges, one sample a minute for an hour.
func good(name, about string, limit float64, m maker) Family {
	return Family{
		Name: name, About: about, Truth: Good, Samples: 60, Limit: limit,
		draw: release(time.Minute, harm{from: never, factor: times(1)}, 1, m),
	}
}

// outside is good, but nothing is promised.
func outside(name, about string, m maker) Family {
	f := good(name, about, 0, m)
	f.Outside = true
	return f
}

func gaugeGood() []Family {
	const promise = 0.01
	return []Family{
		good("gauge/ar0", "noise 8 % a side, independent", promise, alike(ar(0, side))),
		good("gauge/ar0.3", "autocorrelation 0.3", promise, alike(ar(0.3, side))),
		good("gauge/ar0.5", "autocorrelation 0.5", promise, alike(ar(0.5, side))),
		good("gauge/ar0.8", "autocorrelation 0.8", promise, alike(ar(0.8, side))),
		good("gauge/ar0.8-10", "noise 10 %, autocorrelation 0.8", promise, alike(ar(0.8, 0.1))),
		good("gauge/ar0.8-1", "noise 1 %, autocorrelation 0.8", promise, alike(ar(0.8, 0.01))),
		good("gauge/ar0.9", "autocorrelation 0.9", 0.02, alike(ar(0.9, side))),
		good("gauge/ar0.95", "autocorrelation 0.95", 0.03, alike(ar(0.95, side))).known(promise),
		good("gauge/host2-ar0.8", "the canary's host is 2 % slower", promise, alike(ar(0.8, side)).offset(fixed(math.Log(1.02)))),
		good("gauge/host4.8-ar0.5", "the canary's host is 4.8 % slower", promise, alike(ar(0.5, side)).offset(fixed(math.Log(1.048)))),
		good("gauge/host4.8-ar0.8", "the same, autocorrelation 0.8", promise, alike(ar(0.8, side)).offset(fixed(math.Log(1.048)))),
		good("gauge/host4.8-quiet", "the same with noise of 1 %", promise, alike(ar(0.3, 0.01)).offset(fixed(math.Log(1.048)))),
		good("gauge/hosts-ar0.8", "hosts differ by N(0, 2 %)", promise,
			alike(ar(0.8, side)).offset(constant(func(g *rand.Rand) float64 { return 0.02 * g.NormFloat64() }))),
		good("gauge/clustered", "volatility that clusters, autocorrelation 0.3", promise, alike(clustered(0.3, side))),
		good("gauge/slow-drift", "white noise on a slow drift", promise, alike(plus(ar(0, 0.06), ar(0.96, 0.05)))),
		good("gauge/noisy-canary", "canary 10 %, baseline 3 %, autocorrelation 0.8", promise, gauge{canary: ar(0.8, 0.1), baseline: ar(0.8, 0.03)}),
		good("gauge/ar2", "second-order noise that swings", promise, alike(ar2(0.9, -0.3, side))),
		good("gauge/moving5", "a query window of five steps", promise, alike(moving(5, side))),
		good("gauge/correlated", "half of the noise is shared", promise, alike(ar(0.5, 0.06)).with(func(m *gauge) { m.shared = ar(0.5, side) })),
		good("gauge/load-bursts", "load that triples for ten minutes, on both", promise,
			alike(ar(0.5, side)).with(func(m *gauge) { m.shared = bursts(0.03, math.Log(3), 10) })),
		good("gauge/uneven-load", "a load swing of 50 % hits the canary 5 % harder", promise,
			alike(ar(0.5, side)).with(func(m *gauge) { m.shared, m.harder = wave(0.5, 60), 0.05 })),
		outside("gauge/long-memory", "noise with memory at all scales", alike(long(side))),
		outside("gauge/ar0.99", "autocorrelation 0.99", alike(ar(0.99, side))),
		outside("gauge/ar0.5-20", "noise 20 %", alike(ar(0.5, 0.2))),
		outside("gauge/ar0.8-30", "noise 30 %, autocorrelation 0.8", alike(ar(0.8, 0.3))),
		outside("gauge/ar0.95-20", "noise 20 %, autocorrelation 0.95", alike(ar(0.95, 0.2))),
		outside("gauge/switching", "each side jumps between levels 10 % apart", alike(plus(ar(0.3, 0.03), switching(0.1, 15)))),
	}
}

func gaugeShapes() []Family {
	const promise = 0.01
	whole := func(m *gauge) { m.shape = func(_ *rand.Rand, v float64) float64 { return math.Round(v) } }
	return []Family{
		good("gauge/student3", "heavy tails: Student's t, 3 degrees", promise, alike(shocks(0.3, func(g *rand.Rand) float64 { return 0.05 * student(g, 3) }))),
		good("gauge/student2", "heavier: 2 degrees, no variance", promise, alike(shocks(0.3, func(g *rand.Rand) float64 { return 0.05 * student(g, 2) }))),
		good("gauge/pareto", "Pareto noise, tail 2.2", promise, alike(shocks(0, func(g *rand.Rand) float64 { return 0.1 * (pareto(g, 2.2) - 1.83) }))),
		good("gauge/skewed-canary", "exponential noise on the canary alone, same mean", promise,
			gauge{canary: shocks(0, func(g *rand.Rand) float64 { return side * (g.ExpFloat64() - 1) }), baseline: ar(0, side)}),
		good("gauge/spikes", "spikes of up to x5 on 3 % of the steps of a side", promise, alike(plus(ar(0.5, side), spikes(0.03, 1)))),
		good("gauge/spikes-twin", "spikes that last two steps", promise, alike(plus(ar(0.5, side), spikes(0.015, 2)))),
		outside("gauge/spikes-triple", "spikes that last three steps", alike(plus(ar(0.5, side), spikes(0.01, 3)))),
		good("gauge/cold-start", "the canary is at x2 for its first two minutes", promise, alike(ar(0.5, side)).offset(coldStart(2, math.Log(2)))),
		good("gauge/bursts", "lognormal bursts of one step", promise,
			alike(shocks(0, func(g *rand.Rand) float64 { return 0.05*g.NormFloat64() + 0.3*max(0, g.NormFloat64()-1.5) }))),
		good("gauge/constant", "one value", promise, alike(still).with(func(m *gauge) { m.shared = still })),
		good("gauge/whole", "whole numbers around 12", promise, alike(ar(0.3, side)).with(whole).with(func(m *gauge) { m.level = 12 })),
		good("gauge/mostly-zero", "whole numbers, 0 nine times of ten", promise, events{mean: 0.1}),
		good("gauge/small-counts", "whole numbers of mean 3", promise, events{mean: 3}),
		good("gauge/p99-buckets", "p99 of 300 requests from classic buckets", promise,
			latency{requests: 600, quantile: 0.99, sd: 0.5, drift: ar(0.5, 0.03), buckets: defaultBuckets()}),
		good("gauge/p95-thin-canary", "p95 of 20 requests against 2,000", promise,
			latency{requests: 2020, share: 0.0099, quantile: 0.95, sd: 0.4, drift: ar(0.3, 0.02)}),
		good("gauge/negative", "a level of -10 with noise 0.8", promise, linear{level: -10, scale: 0.8, shared: wave(1, 240), canary: ar(0.5, 1), baseline: ar(0.5, 1)}),
		outside("gauge/around-zero", "values around 0", linear{level: 0, scale: 1, shared: still, canary: ar(0.5, 1), baseline: ar(0.5, 1)}),
		good("gauge/tiny", "a level of 1e-9", promise, alike(ar(0.5, side)).with(func(m *gauge) { m.level = 1e-9 })),
		good("gauge/huge", "a level of 1e15", promise, alike(ar(0.5, side)).with(func(m *gauge) { m.level = 1e15 })),
		good("gauge/missing20", "a fifth of the samples missing", promise, alike(ar(0.5, side)).with(func(m *gauge) { m.gaps = scattered(0.2) })),
		good("gauge/late-baseline", "the baseline starts after 15 minutes", promise, alike(ar(0.5, side)).with(func(m *gauge) { m.gaps = lateBaseline(15) })),
		good("gauge/silent-canary", "the canary goes silent in mid-run", promise, alike(ar(0.5, side)).with(func(m *gauge) { m.gaps = silentCanary })),
		outside("gauge/doubled-variance", "the canary's noise is doubled, its level is not", gauge{canary: ar(0.5, 2*side), baseline: ar(0.5, side)}),
		stepped(240, 5*time.Second, good("gauge/5s-steps", "twenty minutes at 5-second steps, autocorrelation 0.9", 0.02, alike(ar(0.9, side)))),
		stepped(12, 5*time.Minute, good("gauge/5m-steps", "an hour at 5-minute steps", promise, alike(ar(0.2, side)))),
		stepped(240, time.Minute, good("gauge/4-hours", "240 samples, autocorrelation 0.8", promise, alike(ar(0.8, side)))),
	}
}

// stepped is the same family with another number of samples and another step.
func stepped(samples int, step time.Duration, f Family) Family {
	draw := f.draw
	f.Samples = samples
	f.draw = func(g *rand.Rand, n int, bad bool) *draft {
		d := draw(g, n, bad)
		d.retime(step)
		return d
	}
	return f
}

// coldStart is a higher level during the first steps.
func coldStart(steps int, height float64) noise {
	return func(*rand.Rand) func() float64 {
		t := 0
		return func() float64 {
			t++
			if t <= steps {
				return height
			}
			return 0
		}
	}
}
