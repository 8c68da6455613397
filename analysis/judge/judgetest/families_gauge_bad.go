package judgetest

import (
	"math"
	"math/rand/v2"
	"time"
)

// bad is a family of releases with one metric, one sample a minute for an hour.
func bad(name, about string, h harm, m maker) Family {
	return Family{
		Name: name, About: about, Truth: Bad, Samples: 60,
		draw: release(time.Minute, h, 1, m),
	}
}

// find sets what a family's judges should reach.
func (f Family) find(share float64, within int) Family {
	f.Found, f.Within = share, within
	return f
}

// known sets the share for judges that know the noise.
func (f Family) known(share float64) Family {
	f.Known = share
	return f
}

// carries sets the information of the samples.
func (f Family) carries(i Information) Family {
	f.Information = i
	return f
}

// gaugeStart is the Kullback-Leibler information of a change from the first sample
// on, on the log scale beyond a tolerance of 5 %, in Gaussian noise of the given sd a
// side, first-order autocorrelated: d^2 / (2 var) of the first sample, with var that of
// the difference of the sides, and (1-phi)/(1+phi) times that of each later one.
func gaugeStart(factor, sd, phi float64) Information {
	d := math.Log(factor / 1.05)
	first := d * d / (2 * 2 * sd * sd)
	return Information{First: first, Each: first * (1 - phi) / (1 + phi)}
}

// gaugeJump is that of a change later on, where the samples before say what to
// expect: the first one has the noise of an innovation alone, 1-phi^2 of the variance.
func gaugeJump(factor, sd, phi float64) Information {
	i := gaugeStart(factor, sd, phi)
	i.First /= 1 - phi*phi
	return i
}

func gaugeBad() []Family {
	at := func(from func(*rand.Rand, int) int, x float64) harm { return harm{from: from, factor: times(x)} }
	return []Family{
		bad("gauge/x1.5-start-ar0", "x1.5 from the start, no autocorrelation", at(start, 1.5), alike(ar(0, side))).find(0.995, 12).carries(gaugeStart(1.5, side, 0)),
		bad("gauge/x1.5-start", "the same, autocorrelation 0.5", at(start, 1.5), alike(ar(0.5, side))).find(0.995, 12).carries(gaugeStart(1.5, side, 0.5)),
		bad("gauge/x1.5-start-ar0.8", "the same, autocorrelation 0.8", at(start, 1.5), alike(ar(0.8, side))).carries(gaugeStart(1.5, side, 0.8)),
		bad("gauge/x1.5-mid", "x1.5 in mid-run, autocorrelation 0.5", at(middle, 1.5), alike(ar(0.5, side))).find(0.98, 10).carries(gaugeJump(1.5, side, 0.5)),
		bad("gauge/x1.5-mid-ar0.8", "the same, autocorrelation 0.8", at(middle, 1.5), alike(ar(0.8, side))).carries(gaugeJump(1.5, side, 0.8)),
		bad("gauge/x1.5-half", "x1.5 from the middle sample on, autocorrelation 0.5", at(halfway, 1.5), alike(ar(0.5, side))).find(0.98, 10).carries(gaugeJump(1.5, side, 0.5)),
		bad("gauge/x1.5-late", "x1.5 in the fifth sixth of the run", at(late, 1.5), alike(ar(0.5, side))).carries(gaugeJump(1.5, side, 0.5)),
		bad("gauge/x2-mid-ar0.8", "x2 in mid-run, autocorrelation 0.8", at(middle, 2), alike(ar(0.8, side))).find(0.98, 8).carries(gaugeJump(2, side, 0.8)),
		bad("gauge/x2-half-ar0.8", "x2 from the middle sample on, autocorrelation 0.8", at(halfway, 2), alike(ar(0.8, side))).find(0.98, 8).carries(gaugeJump(2, side, 0.8)),
		bad("gauge/x2-mid-ar0.95", "x2 in mid-run, autocorrelation 0.95", at(middle, 2), alike(ar(0.95, side))).carries(gaugeJump(2, side, 0.95)),
		bad("gauge/x1.2-start-ar0", "x1.2 from the start, no autocorrelation", at(start, 1.2), alike(ar(0, side))).carries(gaugeStart(1.2, side, 0)),
		bad("gauge/x1.2-start", "x1.2 from the start, autocorrelation 0.5", at(start, 1.2), alike(ar(0.5, side))).find(0.6, 0).known(0.9).carries(gaugeStart(1.2, side, 0.5)),
		bad("gauge/x1.2-mid", "x1.2 in mid-run, autocorrelation 0.5", at(middle, 1.2), alike(ar(0.5, side))).carries(gaugeJump(1.2, side, 0.5)),
		bad("gauge/x1.1-start", "x1.1 from the start, autocorrelation 0.5", at(start, 1.1), alike(ar(0.5, side))).carries(gaugeStart(1.1, side, 0.5)),
		bad("gauge/x1.1-start-quiet", "x1.1 from the start, noise 2 %", at(start, 1.1), alike(ar(0.5, 0.02))).carries(gaugeStart(1.1, 0.02, 0.5)),
		bad("gauge/x1.5-mid-clustered", "volatility that clusters", at(middle, 1.5), alike(clustered(0.3, side))),
		bad("gauge/x1.5-mid-student3", "heavy tails", at(middle, 1.5), alike(shocks(0.3, func(g *rand.Rand) float64 { return 0.05 * student(g, 3) }))),
		bad("gauge/x1.5-mid-spikes", "spikes of up to x5", at(middle, 1.5), alike(plus(ar(0.5, side), spikes(0.03, 1)))),
		bad("gauge/x1.5-mid-missing20", "a fifth of the samples missing", at(middle, 1.5), alike(ar(0.5, side)).with(func(m *gauge) { m.gaps = scattered(0.2) })),
		bad("gauge/x1.5-mid-negative", "a level of -10 that rises by 5", at(middle, 1.5), linear{level: -10, scale: 0.8, shared: wave(1, 240), canary: ar(0.5, 1), baseline: ar(0.5, 1)}),
		bad("gauge/x1.5-mid-late-baseline", "a baseline that starts after 15 minutes", at(middle, 1.5), alike(ar(0.5, side)).with(func(m *gauge) { m.gaps = lateBaseline(15) })),
		bad("gauge/x1.5-mid-hosts", "hosts that differ by N(0, 2 %)", at(middle, 1.5),
			alike(ar(0.5, side)).offset(constant(func(g *rand.Rand) float64 { return 0.02 * g.NormFloat64() }))),
		bad("gauge/x1.5-mid-load-bursts", "load that triples for ten minutes, on both", at(middle, 1.5),
			alike(ar(0.5, side)).with(func(m *gauge) { m.shared = bursts(0.03, math.Log(3), 10) })),
		bad("gauge/x1.5-mid-tiny", "a level of 1e-9", at(middle, 1.5), alike(ar(0.5, side)).with(func(m *gauge) { m.level = 1e-9 })),
		bad("gauge/x1.5-mid-huge", "a level of 1e15", at(middle, 1.5), alike(ar(0.5, side)).with(func(m *gauge) { m.level = 1e15 })),
		bad("gauge/x0.7-mid-decrease", "throughput that falls by 30 %", at(middle, 0.7), alike(ar(0.5, side)).with(func(m *gauge) { m.direction = "decrease" })),
		bad("gauge/x1.5-mid-either", "x1.5, either direction is bad", at(middle, 1.5), alike(ar(0.5, side)).with(func(m *gauge) { m.direction = "either" })),
		bad("gauge/constant-x1.1-mid", "a constant that rises by 10 %", at(middle, 1.1), alike(still).with(func(m *gauge) { m.shared = still })),
		bad("gauge/leak", "1 % more each minute", harm{from: start, factor: leak(0.01)}, alike(ar(0.5, side))),
		bad("gauge/step-and-back", "x1.5 for 15 minutes", harm{from: middle, factor: passing(1.5, 15)}, alike(ar(0.5, side))),
		bad("gauge/p99-buckets-x2-mid", "p99 from classic buckets, all requests twice as slow", at(middle, 2),
			latency{requests: 600, quantile: 0.99, sd: 0.5, drift: ar(0.5, 0.03), buckets: defaultBuckets()}),
		bad("gauge/p99-tail-mid", "3 % of the requests x4, the mean stays", at(middle, 4),
			latency{requests: 600, quantile: 0.99, sd: 0.5, drift: ar(0.5, 0.03), harm: tail(0.03)}),
		bad("gauge/p99-doubled-tail-mid", "the slowest 5 % of the requests x2, the mean stays", at(middle, 2),
			latency{requests: 600, quantile: 0.99, sd: 0.5, drift: ar(0.5, 0.03), harm: slowest(0.05, 0.5)}),
		stepped(240, 5*time.Second, bad("gauge/5s-x1.5-mid", "5-second steps, autocorrelation 0.9", at(middle, 1.5), alike(ar(0.9, side))).carries(gaugeJump(1.5, side, 0.9))),
		stepped(12, 5*time.Minute, bad("gauge/5m-x1.5-start", "5-minute steps", at(start, 1.5), alike(ar(0.2, side))).carries(gaugeStart(1.5, side, 0.2))),
	}
}
