package judgetest

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// harm is what a bad release does to a metric.
type harm struct {
	from   func(g *rand.Rand, n int) int
	factor func(since int) float64 // on the canary's level, by samples since the onset
}

// The onsets. Middle is any sample between a sixth and two thirds of the run, late
// any in the next sixth.
func start(*rand.Rand, int) int         { return 0 }
func middle(g *rand.Rand, n int) int    { return n/6 + g.IntN(n/2+1) }
func late(g *rand.Rand, n int) int      { return n*2/3 + 1 + g.IntN(n/6) }
func halfway(_ *rand.Rand, n int) int   { return n / 2 }
func never(_ *rand.Rand, n int) int     { return n }
func times(x float64) func(int) float64 { return func(int) float64 { return x } }

// leak grows by a share each sample.
func leak(share float64) func(int) float64 {
	return func(since int) float64 { return 1 + share*float64(since+1) }
}

// passing is a step that goes back after so many samples.
func passing(x float64, samples int) func(int) float64 {
	return func(since int) float64 {
		if since < samples {
			return x
		}
		return 1
	}
}

// factors of one release: the onset and the factor of each step.
func (h harm) factors(g *rand.Rand, n int) (int, []float64) {
	onset := h.from(g, n)
	out := make([]float64, n)
	for t := range out {
		out[t] = 1
		if t >= onset {
			out[t] = h.factor(t - onset)
		}
	}
	return onset, out
}

// maker makes a metric's samples of n steps; factors is what the harm does to the
// canary's level, all 1 when it does nothing.
type maker interface {
	describe() analysis.Metric
	sides(g *rand.Rand, factors []float64) (canary, baseline analysis.Samples)
}

// release draws a run of several metrics, of which the first so many are harmed.
func release(step time.Duration, h harm, harmed int, makers ...maker) func(*rand.Rand, int, bool) *draft {
	return func(g *rand.Rand, n int, bad bool) *draft {
		d := &draft{step: step, onset: -1}
		healthy := make([]float64, n)
		for i := range healthy {
			healthy[i] = 1
		}
		factors := healthy
		if bad {
			d.onset, factors = h.factors(g, n)
		}
		for i, m := range makers {
			f := factors
			if i >= harmed {
				f = healthy
			}
			d.add(g, m, f)
		}
		return d
	}
}

// add draws one metric.
func (d *draft) add(g *rand.Rand, m maker, factors []float64) {
	metric := m.describe()
	metric.Tolerance.Relative = 0.05
	metric.Source, metric.Group, metric.Weight = "made-up", "default", 1
	metric.NoData = analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(5 * d.step)}
	if metric.Direction == "" {
		metric.Direction = analysis.Increase
	}
	metric.Name = "m" + strconv.Itoa(len(d.metrics)+1)
	canary, baseline := m.sides(g, factors)
	d.metrics = append(d.metrics, metric)
	d.pairs = append(d.pairs, analysis.Pair{Metric: metric.Name, Step: d.step, Canary: canary, Baseline: baseline})
}

// retime gives the release another step.
func (d *draft) retime(step time.Duration) {
	d.step = step
	for i := range d.metrics {
		d.metrics[i].NoData.After = analysis.Duration(5 * step)
		d.pairs[i].Step = step
	}
}

// gaps turn steps of one side into missing ones.
type gaps func(g *rand.Rand, canary, baseline []float64)

// scattered loses each sample of either side with a chance.
func scattered(p float64) gaps {
	return func(g *rand.Rand, canary, baseline []float64) {
		lose(g, canary, p)
		lose(g, baseline, p)
	}
}

func lose(g *rand.Rand, values []float64, p float64) {
	for i := range values {
		if g.Float64() < p {
			values[i] = analysis.Missing()
		}
	}
}

// lateBaseline: the baseline's first samples are missing.
func lateBaseline(samples int) gaps {
	return func(_ *rand.Rand, _, baseline []float64) {
		for i := range min(samples, len(baseline)) {
			baseline[i] = analysis.Missing()
		}
	}
}

// silentCanary: the canary's samples end in the middle of the run.
func silentCanary(g *rand.Rand, canary, _ []float64) {
	for i := middle(g, len(canary)); i < len(canary); i++ {
		canary[i] = analysis.Missing()
	}
}
