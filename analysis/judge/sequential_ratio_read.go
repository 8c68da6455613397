package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
)

// overshoot is by how much the events of a step may exceed its total, as an accident
// of two queries that are extrapolated each for itself. They are cut to the total
// then; what is beyond is passed over.
const overshoot = 1.25

// counts are the events and totals of both sides, a step each. Steps that are passed
// over are NaN.
type counts struct {
	x, xTotal, z, zTotal []float64
	every                int // steps that are put together
	n                    [2]int
	resets, beyond       int // steps passed over: negative, and with more events than total
	wide                 []float64
}

// read takes the steps at which both sides have events and a total above 0, and passes
// over all others: missing ones, NaN, infinities, a total of 0; negative numbers, which
// are counters that started again; and, of a ratio, those with more events than total.
// Counts that are not whole stay as they are: what a query extrapolates is right on
// average, and its scatter is a few percent.
func (w *counts) read(m *analysis.Metric, p *analysis.Pair, c *circumstances) {
	w.every = blockOf(p.Step, c.planned)
	w.x, w.xTotal, w.z, w.zTotal = w.x[:0], w.xTotal[:0], w.z[:0], w.zTotal[:0]
	w.n, w.resets, w.beyond = [2]int{}, 0, 0
	if !c.together {
		w.lay(m, p, c)
		return
	}
	for i := range min(len(p.Canary.Values), len(p.Baseline.Values)) {
		x, xTotal, okX := w.step(m, &p.Canary, i)
		z, zTotal, okZ := w.step(m, &p.Baseline, i)
		w.add(x, xTotal, z, zTotal, okX && okZ)
	}
	w.n[1] = w.n[0]
}

func (w *counts) add(x, xTotal, z, zTotal float64, ok bool) {
	if !ok {
		x = math.NaN()
	} else {
		w.n[0]++
	}
	w.x, w.xTotal = append(w.x, x), append(w.xTotal, xTotal)
	w.z, w.zTotal = append(w.z, z), append(w.zTotal, zTotal)
}

// step reads one step of a side.
func (w *counts) step(m *analysis.Metric, s *analysis.Samples, i int) (events, total float64, ok bool) {
	if i >= len(s.Values) || i >= len(s.Totals) {
		return 0, 0, false
	}
	events, total = s.Values[i], s.Totals[i]
	switch {
	case !analysis.IsFinite(events) || !analysis.IsFinite(total) || total == 0:
		return 0, 0, false
	case events < 0 || total < 0:
		w.resets++
		return 0, 0, false
	case m.Kind != analysis.Ratio || events <= total:
		return events, total, true
	case events <= overshoot*total+1:
		return total, total, true
	}
	w.beyond++
	return 0, 0, false
}

// lay spreads a baseline of another time over the run: step t of N has the events and
// totals of the baseline's steps from t L/N to (t+1) L/N, parts of steps included, of
// the L that can be used. A run that is longer than planned begins with them again.
func (w *counts) lay(m *analysis.Metric, p *analysis.Pair, c *circumstances) {
	w.wide = w.wide[:0] // events and totals before each step
	events, totals := 0.0, 0.0
	for i := range p.Baseline.Values {
		if z, total, ok := w.step(m, &p.Baseline, i); ok {
			w.wide = append(w.wide, events, totals)
			events, totals = events+z, totals+total
			w.n[1]++
		}
	}
	w.wide = append(w.wide, events, totals)
	before := func(t int) (z, total float64) {
		at := float64(t) * float64(w.n[1]) / float64(c.planned)
		i := min(int(at), w.n[1]-1)
		part, from := at-float64(i), w.wide[2*i:]
		return from[0] + part*(from[2]-from[0]), from[1] + part*(from[3]-from[1])
	}
	for i := range p.Canary.Values {
		x, xTotal, ok := w.step(m, &p.Canary, i)
		if w.n[1] == 0 || !ok {
			w.add(0, 0, 0, 0, false)
			continue
		}
		t := i % c.planned
		z0, total0 := before(t)
		z1, total1 := before(t + 1)
		w.add(x, xTotal, z1-z0, total1-total0, total1 > total0)
	}
	if w.n[1] == 0 {
		w.n[0] = 0
	}
}

// warnings say what was passed over.
func (w *counts) warnings() []string {
	var all []string
	if w.resets > 0 {
		all = append(all, "negative numbers in "+plural(w.resets, "sample")+", passed over: a counter that started again")
	}
	if w.beyond > 0 {
		all = append(all, "more events than there were in total in "+plural(w.beyond, "sample")+", passed over: do the two queries belong together?")
	}
	return all
}
