package judgetest

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// The usual rates: 0.2 % of 2,000 requests a minute on each side is 4 errors.
func usual() rate  { return rate{traffic: 2000, rate: 0.002} }
func sparse() rate { return rate{traffic: 500, rate: 0.0002} }
func busy() rate   { return rate{traffic: 50_000, rate: 0.004} }

// burstOf makes both sides' rates x10 for some minutes, together.
func burstOf() noise { return bursts(0.04, math.Log(10), 4) }

func rateGood() []Family {
	const promise = 0.01
	conversions := rate{traffic: 500, rate: 0.9, direction: analysis.Decrease}
	return []Family{
		good("ratio/usual", "0.2 % of 2,000 a minute", promise, usual()),
		good("ratio/sparse", "0.02 % of 500 a minute", promise, sparse()),
		good("ratio/one-a-minute", "10 % of one request a minute", promise, rate{traffic: 1, rate: 0.1}),
		good("ratio/none", "no errors at all", promise, rate{traffic: 2000}),
		good("ratio/1-of-100", "1 % of 100 a minute", promise, rate{traffic: 100, rate: 0.01}),
		good("ratio/5-of-50k", "5 % of 50,000 a minute", promise, rate{traffic: 50_000, rate: 0.05}),
		good("ratio/conversion-90", "90 % of 500 convert; less is bad", promise, conversions),
		good("ratio/conversion-3", "3 % of 1,000 convert; less is bad", promise, rate{traffic: 1000, rate: 0.03, direction: analysis.Decrease}),
		good("ratio/either", "0.2 % of 2,000, either direction is bad", promise, usual().with(func(m *rate) { m.direction = analysis.Either })),
		good("ratio/canary-1", "the canary has 1 % of 200,000 a minute", promise, rate{traffic: 100_000, share: 0.01, rate: 0.002}),
		good("ratio/canary-10", "the canary has 10 % of the traffic", promise, usual().with(func(m *rate) { m.share = 0.1 })),
		good("ratio/host4.8", "the canary's host has 4.8 % more errors", promise, usual().with(func(m *rate) { m.host = math.Log(1.048) })),
		good("ratio/host4.8-busy", "the same with 200 errors a minute", promise, busy().with(func(m *rate) { m.host = math.Log(1.048) })),
		good("ratio/shared-bursts", "a dependency fails: x10 on both for some minutes", promise, usual().with(func(m *rate) { m.shared = burstOf() })),
		good("ratio/shared-drift", "the rate of both wanders", promise, usual().with(func(m *rate) { m.shared = ar(0.95, 0.7) })),
		good("ratio/autoscaling", "the canary grows from 2 % to 50 % and back to 25 %", promise,
			usual().with(func(m *rate) { m.share, m.scale = 0.02, scaling(1, 5, 25, 12) })),
		good("ratio/extrapolated", "counts as PromQL's increase() answers them", promise, usual().with(func(m *rate) { m.worn = extrapolated })),
		good("ratio/resets", "counters that start again", promise, usual().with(func(m *rate) { m.worn = resets })),
		good("ratio/missing20", "a fifth of the steps missing", promise, usual().with(func(m *rate) { m.worn = holes })),
		good("ratio/cold-start", "the canary has x3 in its first two minutes", promise, usual().with(func(m *rate) { m.cold = 3 })),
		stepped(240, time.Minute, good("ratio/4-hours", "240 samples", promise, usual())),
		stepped(12, 5*time.Minute, good("ratio/5m-steps", "5-minute steps", promise, rate{traffic: 10_000, rate: 0.002})),
		stepped(240, 5*time.Second, good("ratio/5s-steps", "5-second steps", promise, rate{traffic: 170, rate: 0.002})),
		good("count/crashes", "0.02 crashes in each of 20 pod-minutes", promise, rate{kind: analysis.Count, traffic: 20, rate: 0.02}),
		good("count/resets", "the same with counters that start again", promise, rate{kind: analysis.Count, traffic: 20, rate: 0.02, worn: resets}),
		good("count/thin-canary", "the same with 2 pods against 200", promise, rate{kind: analysis.Count, traffic: 101, share: 0.0099, rate: 0.02}),
	}
}

// rateNoise are good rates whose events do not come independently.
func rateNoise() []Family {
	const promise = 0.01
	spread := func(m rate, variance float64) rate { m.spread = variance; return m }
	bunch := func(m rate, size float64) rate { m.bunch = size; return m }
	own := func(m rate, n noise) rate { m.own = n; return m }
	at := func(perMinute float64) rate { return rate{traffic: 50_000, rate: perMinute / 50_000} }
	return []Family{
		good("ratio/spread0.5-0.4", "over-dispersion 0.5 at 0.4 errors a minute", promise, spread(at(0.4), 0.5)),
		good("ratio/spread0.5-4", "at 4", promise, spread(at(4), 0.5)),
		good("ratio/spread0.5-20", "at 20", promise, spread(at(20), 0.5)),
		good("ratio/spread0.5-200", "at 200", promise, spread(at(200), 0.5)),
		good("ratio/spread0.1-200", "over-dispersion 0.1 at 200", promise, spread(at(200), 0.1)),
		good("ratio/spread0.01-2000", "over-dispersion 0.01 at 2,000", promise, spread(at(2000), 0.01)),
		good("ratio/spread2-0.4", "over-dispersion 2 at 0.4", promise, spread(at(0.4), 2)),
		good("ratio/spread2-4", "at 4", promise, spread(at(4), 2)),
		good("ratio/spread2-40", "at 40", promise, spread(at(40), 2)),
		good("ratio/spread0.5-bursts", "over-dispersion 0.5 and shared bursts", promise, spread(at(4), 0.5).with(func(m *rate) { m.shared = burstOf() })),
		good("ratio/spread0.5-canary-10", "over-dispersion 0.5, the canary has 10 %", promise, spread(at(20), 0.5).with(func(m *rate) { m.share = 0.1 })),
		good("ratio/spread0.5-canary-1", "over-dispersion 0.5, the canary has 1 %", promise, spread(at(200), 0.5).with(func(m *rate) { m.share = 0.01 })),
		stepped(240, time.Minute, good("ratio/spread0.5-4-hours", "over-dispersion 0.5, 240 samples", promise, spread(at(4), 0.5))),
		good("ratio/bunches5", "bunches of 5 on average, 4 a minute", promise, bunch(at(4), 5)),
		good("ratio/bunches5-canary-1", "bunches of 5, the canary has 1 %", promise, bunch(at(200), 5).with(func(m *rate) { m.share = 0.01 })),
		good("count/bunches3", "crashes in threes", promise, bunch(rate{kind: analysis.Count, traffic: 20, rate: 0.05}, 3)),
		outside("ratio/bunches10-sparse", "bunches of 10, 0.4 a minute", bunch(at(0.4), 10)),
		outside("ratio/bunches20", "bunches of 20, 4 a minute", bunch(at(4), 20)),
		outside("ratio/drift0.3-50", "each side's rate wanders by 30 % (autocorrelation 0.8), 50 a minute", own(at(50), ar(0.8, 0.3))),
		outside("ratio/drift0.1-200", "by 10 %, 200 a minute", own(at(200), ar(0.8, 0.1))),
		outside("ratio/drift0.5-4", "by 50 %, 4 a minute", own(at(4), ar(0.8, 0.5))),
		outside("ratio/drift0.2-4", "by 20 %, 4 a minute", own(at(4), ar(0.8, 0.2))),
		outside("ratio/drift0.3-4-slow", "by 30 %, autocorrelation 0.95, 4 a minute", own(at(4), ar(0.95, 0.3))),
		outside("ratio/own-bursts", "each side has its own bursts: x5 for three minutes", own(at(4), bursts(0.02, math.Log(5), 3))),
	}
}

// rateInformation is the conditional Kullback-Leibler information of a step beyond a
// tolerance of 5 %: of the expected events, how surprising their split is. perStep is
// the healthy number of events on both sides together, share the canary's part.
func rateInformation(factor, perStep, share float64) Information {
	const limit = 1.05
	c, b := perStep*share*factor, perStep*(1-share)
	seen, null := c/(c+b), share*limit/(share*limit+1-share)
	each := c*math.Log(seen/null) + b*math.Log((1-seen)/(1-null))
	return Information{First: each, Each: each}
}

func rateBad() []Family {
	at := func(x float64) harm { return harm{from: middle, factor: times(x)} }
	begin := func(x float64) harm { return harm{from: start, factor: times(x)} }
	half := func(x float64) harm { return harm{from: halfway, factor: times(x)} }
	info := rateInformation
	thin := rate{traffic: 100_000, share: 0.01, rate: 0.002}
	return []Family{
		bad("ratio/x2-start", "0.2 % of 2,000, x2 from the start", begin(2), usual()).carries(info(2, 8, 0.5)),
		bad("ratio/x1.5-start", "x1.5 from the start", begin(1.5), usual()).carries(info(1.5, 8, 0.5)),
		bad("ratio/x2-mid", "x2 in mid-run", at(2), usual()).find(0.95, 16).carries(info(2, 8, 0.5)),
		bad("ratio/x2-half", "x2 from the middle sample on", half(2), usual()).find(0.95, 16).carries(info(2, 8, 0.5)),
		bad("ratio/x2-late", "x2 in the fifth sixth of the run", harm{from: late, factor: times(2)}, usual()).carries(info(2, 8, 0.5)),
		bad("ratio/x5-mid", "x5 in mid-run", at(5), usual()).find(0.999, 3).carries(info(5, 8, 0.5)),
		bad("ratio/x5-half", "x5 from the middle sample on", half(5), usual()).find(0.999, 3).carries(info(5, 8, 0.5)),
		bad("ratio/sparse-x10-start", "0.02 % of 500, x10 from the start", begin(10), sparse()).find(0.999, 20).carries(info(10, 0.2, 0.5)),
		bad("ratio/sparse-x10-mid", "the same in mid-run", at(10), sparse()).find(0.92, 0).carries(info(10, 0.2, 0.5)),
		bad("ratio/sparse-x10-half", "the same from the middle sample on", half(10), sparse()).find(0.92, 0).carries(info(10, 0.2, 0.5)),
		bad("ratio/busy-x1.2-start", "200 errors a minute, x1.2 from the start", begin(1.2), busy()).carries(info(1.2, 400, 0.5)),
		bad("ratio/busy-x1.2-mid", "the same in mid-run", at(1.2), busy()).carries(info(1.2, 400, 0.5)),
		bad("ratio/x2-mid-bursts", "x2 under shared bursts", at(2), usual().with(func(m *rate) { m.shared = burstOf() })),
		bad("ratio/spread0.5-x2-start", "x2 under over-dispersion 0.5", begin(2), usual().with(func(m *rate) { m.spread = 0.5 })),
		bad("ratio/spread0.5-x5-mid", "x5 under over-dispersion 0.5", at(5), usual().with(func(m *rate) { m.spread = 0.5 })),
		bad("ratio/bunches5-x5-mid", "x5 of bunches of 5", at(5), usual().with(func(m *rate) { m.bunch = 5 })),
		bad("ratio/canary-1-x2-mid", "the canary has 1 % of 200,000, x2", at(2), thin).carries(info(2, 400, 0.01)),
		bad("ratio/canary-1-x5-mid", "the same, x5", at(5), thin).carries(info(5, 400, 0.01)),
		bad("ratio/from-none-mid", "0 to 1 % of 200", at(2), rate{traffic: 200, rate: 0, from: 0.01}),
		bad("ratio/one-a-minute-x8-start", "one request a minute, 10 % to 80 % from the start", begin(8), rate{traffic: 1, rate: 0.1}),
		bad("ratio/one-a-minute-x8-mid", "the same in mid-run", at(8), rate{traffic: 1, rate: 0.1}),
		bad("ratio/missing20-x2-mid", "a fifth of the steps missing", at(2), usual().with(func(m *rate) { m.worn = holes })),
		bad("ratio/resets-x2-mid", "counters that start again", at(2), usual().with(func(m *rate) { m.worn = resets })),
		bad("ratio/autoscaling-x5-mid", "the canary grows from 2 % to 50 % and back to 25 %", at(5),
			usual().with(func(m *rate) { m.share, m.scale = 0.02, scaling(1, 5, 25, 12) })),
		bad("ratio/extrapolated-x2-mid", "counts as PromQL's increase() answers them", at(2), usual().with(func(m *rate) { m.worn = extrapolated })),
		stepped(240, 5*time.Second, bad("ratio/5s-x2-mid", "5-second steps", at(2), rate{traffic: 170, rate: 0.002})),
		stepped(12, 5*time.Minute, bad("ratio/5m-x2-start", "5-minute steps", begin(2), rate{traffic: 10_000, rate: 0.002})),
	}
}

// rateOther are bad rates of other kinds.
func rateOther() []Family {
	at := func(x float64) harm { return harm{from: middle, factor: times(x)} }
	less := func(traffic, p float64) rate { return rate{traffic: traffic, rate: p, direction: analysis.Decrease} }
	crashes := rate{kind: analysis.Count, traffic: 20, rate: 0.02}
	return []Family{
		bad("ratio/conversion-3-x0.7-mid", "3 % of 1,000 convert, then 2.1 %", at(0.7), less(1000, 0.03)).carries(rateInformation(1/0.7, 42, 0.5)),
		bad("ratio/conversion-90-x0.8-mid", "90 % of 500 convert, then 72 %", at(0.8), less(500, 0.9)),
		bad("ratio/either-x0.5-mid", "errors that halve, either direction is bad", at(0.5), rate{traffic: 20_000, rate: 0.002, direction: analysis.Either}),
		bad("ratio/either-x2-mid", "errors x2, either direction is bad", at(2), usual().with(func(m *rate) { m.direction = analysis.Either })),
		bad("ratio/leak", "2 % more each minute", harm{from: start, factor: leak(0.02)}, usual()),
		bad("ratio/step-and-back", "x5 for ten minutes", harm{from: middle, factor: passing(5, 10)}, usual()),
		bad("count/x10-mid", "crashes x10", at(10), crashes).carries(rateInformation(10, 0.8, 0.5)),
		bad("count/x3-start", "crashes x3 from the start", harm{from: start, factor: times(3)}, crashes).carries(rateInformation(3, 0.8, 0.5)),
		bad("count/thin-x10-mid", "2 pods against 200, crashes x10", at(10), rate{kind: analysis.Count, traffic: 101, share: 0.0099, rate: 0.02}),
	}
}
