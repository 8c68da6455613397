package judgetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// split makes one metric of many segments.
type split struct {
	segments int
	harmed   int // so many of them, the first ones
	each     func(g *rand.Rand, n int) maker
	late     bool // every other one begins later, on both sides
	merged   bool // into one series: what a query without segments answers
}

// steady makes all segments of the same maker.
func steady(m maker) func(*rand.Rand, int) maker {
	return func(*rand.Rand, int) maker { return m }
}

// together is a gauge whose segments share two thirds of their noise on each side.
func together(g *rand.Rand, n int) maker {
	canary, baseline := ar(0.5, 0.065).take(g, n), ar(0.5, 0.065).take(g, n)
	return gauge{canary: plus(replay(canary), ar(0.5, 0.046)), baseline: plus(replay(baseline), ar(0.5, 0.046))}
}

// stormy are errors of which a dependency makes ten times as many in all segments at
// once, on both sides.
func stormy(g *rand.Rand, n int) maker {
	m := perSegment()
	m.shared = replay(burstOf().take(g, n))
	return m
}

// replay is noise that was drawn before.
func replay(values []float64) noise {
	return func(*rand.Rand) func() float64 {
		t := -1
		return func() float64 { t++; return values[t] }
	}
}

// perSegment are 0.2 % of 1,000 requests a minute: 2 errors.
func perSegment() rate { return rate{traffic: 1000, rate: 0.002} }

func (s split) draw(h harm) func(*rand.Rand, int, bool) *draft {
	return func(g *rand.Rand, n int, bad bool) *draft {
		d := &draft{step: time.Minute, onset: -1}
		healthy := make([]float64, n)
		for i := range healthy {
			healthy[i] = 1
		}
		factors := healthy
		if bad {
			d.onset, factors = h.factors(g, n)
		}
		m := s.each(g, n)
		for i := range s.segments {
			f := healthy
			if i < s.harmed {
				f = factors
			}
			d.add(g, m, f)
			p := &d.pairs[i]
			p.Metric, p.Segment = "m1", fmt.Sprintf("region=r%02d", i+1)
			if s.late && i%2 == 1 {
				begin(p, 5+g.IntN(n/2))
			}
		}
		d.metrics = d.metrics[:1]
		if s.merged {
			d.pairs = []analysis.Pair{merge(&d.metrics[0], d.pairs)}
			return d
		}
		d.metrics[0].By, d.metrics[0].MaxSegments = []string{"region"}, analysis.DefaultMaxSegments
		return d
	}
}

// begin loses the steps of both sides before one.
func begin(p *analysis.Pair, at int) {
	for _, s := range []*analysis.Samples{&p.Canary, &p.Baseline} {
		for _, values := range []analysis.Values{s.Values, s.Totals} {
			for i := range min(at, len(values)) {
				values[i] = analysis.Missing()
			}
		}
	}
}

// merge adds up events and totals, and takes the mean of levels.
func merge(m *analysis.Metric, pairs []analysis.Pair) analysis.Pair {
	whole := analysis.Pair{Metric: m.Name, Step: pairs[0].Step}
	of := func(side func(*analysis.Pair) *analysis.Samples) {
		out := side(&whole)
		for k := range pairs {
			s := side(&pairs[k])
			for i := range s.Values {
				if k == 0 {
					out.Values = append(out.Values, 0)
				}
				if !m.Kind.HasTotal() {
					out.Values[i] += s.Values[i] / float64(len(pairs))
					continue
				}
				if k == 0 {
					out.Totals = append(out.Totals, 0)
				}
				out.Values[i] += s.Values[i]
				out.Totals[i] += s.Totals[i]
			}
		}
	}
	of(func(p *analysis.Pair) *analysis.Samples { return &p.Canary })
	of(func(p *analysis.Pair) *analysis.Samples { return &p.Baseline })
	return whole
}

// segmented are releases of one metric in many segments. The bad ones come twice: in
// segments, and the same samples merged into one series.
func segmented() []Family {
	level, errors := steady(alike(ar(0.5, side))), steady(perSegment())
	good := func(name, about string, s split) Family {
		return Family{
			Name: "segments/" + name, About: about, Truth: Good, Samples: 60, Limit: 0.01,
			draw: s.draw(harm{from: never, factor: times(1)}),
		}
	}
	families := []Family{
		good("good-10", "a gauge in 10 segments", split{segments: 10, each: level}),
		good("good-50", "in 50", split{segments: 50, each: level}),
		good("good-20-ar0.8", "in 20, autocorrelation 0.8", split{segments: 20, each: steady(alike(ar(0.8, side)))}),
		good("good-20-late", "every other one of 20 begins in mid-run", split{segments: 20, each: level, late: true}),
		good("good-20-correlated", "20 whose noise moves together", split{segments: 20, each: together}),
		good("errors-good-10", "0.2 % of 1,000 a minute in each of 10 segments", split{segments: 10, each: errors}),
		good("errors-good-50", "in each of 50", split{segments: 50, each: errors}),
		good("errors-good-50-sparse", "of 50 a minute in each of 50", split{segments: 50, each: steady(rate{traffic: 50, rate: 0.002})}),
		good("errors-good-20-late", "every other one of 20 begins in mid-run", split{segments: 20, each: errors, late: true}),
		good("errors-good-20-storms", "a dependency fails, x10 in all of 20", split{segments: 20, each: stormy}),
		good("errors-good-20-spread", "over-dispersion 0.5 in each of 20", split{segments: 20, each: steady(perSegment().with(func(m *rate) { m.spread = 0.5 }))}),
	}
	twice := func(name, about string, h harm, s split) {
		seed := "segments/" + name
		f := Family{Name: seed, About: about, Truth: Bad, Samples: 60, draw: s.draw(h)}
		s.merged = true
		families = append(families, f, Family{
			Name: "merged/" + name, About: "the same, merged", Truth: Bad, Samples: 60, draw: s.draw(h), seed: seed,
		})
	}
	for _, k := range []struct {
		name, about string
		each        func(*rand.Rand, int) maker
	}{{"", "a gauge, ", level}, {"errors-", "errors, ", errors}} {
		for _, o := range []struct {
			name string
			from func(*rand.Rand, int) int
		}{{"start", start}, {"mid", middle}} {
			twice(k.name+"x2-"+o.name+"-1-of-20", k.about+"x2 in one of 20 segments", harm{from: o.from, factor: times(2)}, split{segments: 20, harmed: 1, each: k.each})
			twice(k.name+"x1.5-"+o.name+"-all-20", k.about+"x1.5 in all 20 segments", harm{from: o.from, factor: times(1.5)}, split{segments: 20, harmed: 20, each: k.each})
		}
	}
	twice("errors-x5-mid-1-of-20", "errors, x5 in one of 20 segments", harm{from: middle, factor: times(5)}, split{segments: 20, harmed: 1, each: errors})
	return families
}
