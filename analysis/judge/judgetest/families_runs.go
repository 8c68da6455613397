package judgetest

import (
	"math/rand/v2"
	"slices"
	"time"
)

// runs are releases of several metrics.
func runs() []Family {
	half := alike(ar(0.5, side))
	mid := harm{from: middle, factor: times(1.5)}
	many := func(name, about string, h harm, harmed int, makers ...maker) Family {
		return Family{Name: name, About: about, Samples: 60, draw: release(time.Minute, h, harmed, makers...)}
	}
	goodRun := func(name, about string, makers ...maker) Family {
		f := many(name, about, harm{from: never, factor: times(1)}, 0, makers...)
		f.Truth, f.Limit = Good, 0.01
		return f
	}
	badRun := func(name, about string, h harm, harmed int, makers ...maker) Family {
		f := many(name, about, h, harmed, makers...)
		f.Truth = Bad
		return f
	}
	of := func(n int, m maker) []maker { return slices.Repeat([]maker{m}, n) }
	mixed := func(first ...maker) []maker {
		rest := []maker{usual(), half, sparse(), alike(ar(0.8, side)), half, usual(), half, half, busy(), half}
		return append(first, rest[len(first):]...)
	}
	return []Family{
		goodRun("run/good-3", "three gauges", of(3, half)...),
		goodRun("run/good-10", "ten gauges", of(10, half)...),
		goodRun("run/good-20", "twenty gauges", of(20, half)...),
		goodRun("run/good-10-ar0.8", "ten gauges, autocorrelation 0.8", of(10, alike(ar(0.8, side)))...),
		goodRun("run/good-10-mixed", "gauges and rates", mixed()...),
		goodRun("run/good-10-spread", "ten rates with over-dispersion 0.5", of(10, usual().with(func(m *rate) { m.spread = 0.5 }))...),
		correlated(goodRun("run/good-10-correlated", "ten gauges whose noise moves together")),
		badRun("run/one-of-3", "x1.5 in mid-run on one of three", mid, 1, of(3, half)...),
		badRun("run/one-of-10", "x1.5 in mid-run on one of ten", mid, 1, of(10, half)...).find(0.9, 0),
		badRun("run/one-of-20", "x1.5 in mid-run on one of twenty", mid, 1, of(20, half)...),
		badRun("run/tail-of-3", "p99 doubles beside a mean and a median that stay", harm{from: middle, factor: times(2)}, 1,
			latency{requests: 600, quantile: 0.99, sd: 0.5, drift: ar(0.5, 0.03), harm: slowest(0.05, 0.5)}, half, half),
		badRun("run/three-of-10", "x1.5 in mid-run on three of ten", mid, 3, of(10, half)...),
		badRun("run/x1.2-start-1-of-3", "x1.2 from the start on one of three", harm{from: start, factor: times(1.2)}, 1, of(3, half)...),
		badRun("run/errors-x5-1-of-10", "errors x5 in mid-run beside nine others", harm{from: middle, factor: times(5)}, 1, mixed(usual())...),
		badRun("run/errors-x2-1-of-10", "errors x2 in mid-run beside nine others", harm{from: middle, factor: times(2)}, 1, mixed(usual())...),
	}
}

// correlated gives ten gauges that share two thirds of their noise on each side.
func correlated(f Family) Family {
	f.draw = func(g *rand.Rand, n int, bad bool) *draft {
		canary, baseline := ar(0.5, 0.065).take(g, n), ar(0.5, 0.065).take(g, n)
		m := gauge{canary: plus(replay(canary), ar(0.5, 0.046)), baseline: plus(replay(baseline), ar(0.5, 0.046))}
		return release(time.Minute, harm{from: never, factor: times(1)}, 0, slices.Repeat([]maker{m}, 10)...)(g, n, bad)
	}
	return f
}
