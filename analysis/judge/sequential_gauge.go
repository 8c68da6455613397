package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// Constants of how gauges are weighed.
const (
	// startShare is the part of the evidence that asks for a change from the first
	// sample on; the rest is spread over all later ones.
	startShare = 0.6
	// reserve is by how much the evidence is divided: what its autocorrelation makes the
	// mixture over noise models more than an e-value, at a host that is different by
	// all of the tolerance.
	reserve = 1.8
	// namedHarm is a change that a run must have been able to see before its silence
	// passes a release: this many times what the tolerance allows, x1.5 with 5 %.
	namedHarm = 1.5 / 1.05
	// longRun is from how many values on a run is looked at in two ways: its last
	// part in full, and the whole in larger blocks.
	longRun = 240
	// finest is the shortest time that is looked at: what lasts less than four times
	// that is no change of level. Shorter steps are put together, as long as that
	// leaves fewValues of them.
	finest    = 30 * time.Second
	fewValues = 120
)

// gaugeWork are the buffers of measureGauge.
type gaugeWork struct {
	differences
	whole, part stats.Level
	coarse      []float64
	noise       stats.LevelNoise
	known       *stats.LevelNoise // of the differences as they are; nil: nothing
}

// measureGauge weighs the difference of two levels that are observed at the same
// moments. Whatever both sides feel alike cancels in it: load, time of day, a slow
// database.
func measureGauge(m *analysis.Metric, p *analysis.Pair, c *circumstances) evidence {
	e := nothing()
	w := &c.work.gauge
	w.read(m, p, c)
	e.n = w.n
	if missing := w.missing(); missing > 0 {
		e.wait = plural(missing, "more sample") + c.ofWhich() + ": it has " + figures(float64(w.pairs), 15)
		return e
	}
	e.history = w.recall(p, c)
	g := gaugeTest{gaugeWork: w, direction: m.Direction, c: c}
	g.above, g.below = w.limits(m.Tolerance)
	found := g.weigh()
	e.fail, e.pass = found.logE-math.Log(reserve), g.within(g.above, g.below, true)
	harm := g.harm()
	e.enough = g.within(g.above+harm, g.below+harm, false) >= -math.Log(passRate)
	g.describe(p, found, &e)
	return e
}

// gaugeTest is one look at one gauge.
type gaugeTest struct {
	*gaugeWork
	direction    analysis.Direction
	c            *circumstances
	above, below float64 // what the tolerance allows
	scale        int     // differences in a value of whole
}

// foundChange is the evidence, with the change that carries most of it.
type foundChange struct {
	logE   float64
	share  float64 // of that change, a logarithm too
	onset  int     // index of its first difference
	weight float64 // of that onset
}

// weigh adds up the evidence for a change in the harmful direction.
func (g *gaugeTest) weigh() foundChange {
	planned := max(1, g.c.planned/g.every)
	if g.scale = 1; planned > longRun {
		return g.lookTwice(planned)
	}
	return g.look(&g.whole, g.y, stats.LevelOptions{
		From: g.from, Until: g.from + planned, First: startShare, Each: (1 - startShare) / float64(planned), Known: g.known,
	})
}

// look weighs one series.
func (g *gaugeTest) look(l *stats.Level, y []float64, o stats.LevelOptions) foundChange {
	o.Above, o.Below, o.Strict, o.FreeScale = g.above, g.below, g.c.strict, !g.log
	found := foundChange{logE: math.Inf(-1), share: math.Inf(-1), onset: o.From, weight: o.First}
	halved := 0.0
	if g.direction == analysis.Either {
		halved = math.Ln2
	}
	take := func(c stats.LevelChange) {
		found.logE = stats.LogAdd(found.logE, c.LogE-halved)
		if c.Share > found.share {
			found.share, found.onset = c.Share, c.Onset
		}
	}
	load := func(down bool) bool {
		o.Down = down
		return l.Load(y, o)
	}
	if g.direction != analysis.Decrease && load(false) {
		take(l.Rise())
	}
	if rise := found.share; g.direction != analysis.Increase && load(true) {
		take(l.Fall())
		if rise == found.share && g.direction == analysis.Either {
			load(false) // what is asked next is about the rise
		}
	}
	if found.onset > o.From {
		found.weight = o.Each
	}
	return found
}

// lookTwice weighs a long run: in blocks, whose number is bounded, with half of the
// weight; and its last parts in full with the other half, so that a sudden change does
// not wait for blocks. A part begins every third of longRun; its first third is what
// a change is compared with (the run's start excepted), onsets are in the second, and
// the third is time for evidence to gather. Parts that are over do not count any more:
// to leave evidence out is always allowed.
func (g *gaugeTest) lookTwice(planned int) foundChange {
	const third = longRun / 3
	n := len(g.y) - g.from
	g.scale = (planned + longRun - 1) / longRun
	blocks := (planned + g.scale - 1) / g.scale
	best := g.look(&g.whole, g.coarsen(), stats.LevelOptions{
		From: g.from / g.scale, Until: g.from/g.scale + blocks,
		First: startShare / 2, Each: (1 - startShare) / float64(blocks) / 2,
	})
	best.onset = g.from%g.scale + best.onset*g.scale
	total := best.logE
	each := (1 - startShare) / float64(planned) / 2
	for k := max(0, (n-longRun+third-1)/third); k*third < n; k++ {
		first := g.from + k*third
		o := stats.LevelOptions{From: third, Until: 2 * third, First: each, Each: each, Known: g.known}
		if k == 0 {
			first, o.From, o.Until, o.First = 0, g.from, g.from+2*third, startShare/2
		}
		f := g.look(&g.part, g.y[first:], o)
		total = stats.LogAdd(total, f.logE)
		if f.onset += first; f.share > best.share {
			best = f
		}
	}
	best.logE = total
	return best
}

// coarsen puts scale differences into one, so that a value begins at from.
func (g *gaugeTest) coarsen() []float64 {
	g.coarse = g.coarse[:0]
	for i := g.from % g.scale; i+g.scale <= len(g.y); i += g.scale {
		sum := 0.0
		for _, v := range g.y[i : i+g.scale] {
			sum += v
		}
		g.coarse = append(g.coarse, sum/float64(g.scale))
	}
	return g.coarse
}

// within weighs whether the change since the start is below these limits, in the
// harmful direction: for either, in both. Strict is against the worst of the noise
// models: a wrong pass has no second look.
func (g *gaugeTest) within(above, below float64, strict bool) float64 {
	from := g.from / g.scale
	if g.whole.Len()-from < stats.LevelMin {
		return math.Inf(-1)
	}
	e := math.Inf(1)
	if g.direction != analysis.Decrease {
		e = min(e, g.whole.LogAtLeast(from, -1, above, strict))
	}
	if g.direction != analysis.Increase {
		e = min(e, g.whole.LogAtLeast(from, 1, -below, strict))
	}
	return e
}

// harm is the size of a change worth naming, beyond the tolerance: where the unit
// means nothing, at least the spread of the differences themselves.
func (g *gaugeTest) harm() float64 {
	harm := math.Log(namedHarm)
	if g.log {
		return harm
	}
	mean, squares := 0.0, 0.0
	for i, v := range g.y {
		gap := v - mean
		mean += gap / float64(i+1)
		squares += gap * (v - mean)
	}
	return max(harm, math.Sqrt(squares/float64(len(g.y))))
}
