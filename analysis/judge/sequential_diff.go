package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// yardstick says how two levels are compared, so that the noise is about the same
// everywhere: by the logarithm of their ratio where all of them are above 0, or all
// below, else by their difference in units of the baseline. Up is always the canary
// being higher.
type yardstick struct {
	log      bool
	sign     float64 // of the values, for logarithms
	unit     float64 // mean of the baseline without its sign
	absolute bool    // effects are shown in the metric's own unit
}

// most bounds differences; beyond it nothing changes any more.
const most = 1e4

func (y yardstick) difference(canary, baseline float64) float64 {
	if y.log {
		return y.sign * (logOf(canary) - logOf(baseline))
	}
	return max(-most, min(most, canary/y.unit-baseline/y.unit))
}

func logOf(v float64) float64 { return math.Log(math.Abs(v)) }

// limits are the differences up to which a change is within the tolerance, upwards and
// downwards, both at least 0.
func (y yardstick) limits(t analysis.Tolerance) (above, below float64) {
	share := t.Relative
	if t.Absolute > 0 {
		share = t.Absolute / y.unit
	}
	if !(share >= 0) { // what is no number allows nothing
		share = 0
	}
	above, below = share, share
	if y.log {
		above, below = math.Log1p(share), -math.Log1p(-min(share, 1))
		if y.sign < 0 {
			above, below = below, above
		}
	}
	return min(above, most), min(below, most)
}

// effect is the change that a difference stands for.
func (y yardstick) effect(d float64) float64 {
	change := d
	if y.log {
		change = y.sign * math.Expm1(y.sign*d)
	}
	if y.absolute {
		return change * y.unit
	}
	return change
}

// differences are the series that is weighed.
type differences struct {
	yardstick
	y     []float64 // differences, in the order of time
	at    []int     // the block that each is of
	every int       // samples in a block
	from  int       // before it are those of an earlier time
	pairs int       // steps with a sample of both sides; of the canary alone after an earlier time
	n     [2]int    // samples used of canary and baseline
}

// read fills in the differences of a pair: of the steps at which both sides have a
// finite sample, or of both sides from the baseline's mean, one after the other, when
// they are not of the same time. A block is the mean of its steps; the last one, not
// complete yet, waits. Steps that are missing are passed over.
func (d *differences) read(m *analysis.Metric, p *analysis.Pair, c *circumstances) {
	canary, baseline := p.Canary.Values, p.Baseline.Values
	d.every = blockOf(p.Step, c.planned)
	d.y, d.at, d.from, d.pairs, d.n = d.y[:0], d.at[:0], 0, 0, [2]int{}
	d.yardstick = d.choose(canary, baseline, c.together)
	d.absolute = m.Tolerance.Absolute > 0 || !d.log
	if !c.together {
		middle := d.middle(baseline, nil)
		d.fill(len(baseline), func(i int) float64 { return d.difference(baseline[i], middle) })
		d.from, d.n[1] = len(d.y), d.pairs
		d.pairs = 0
		d.fill(len(canary), func(i int) float64 { return d.difference(canary[i], middle) })
		d.n[0] = d.pairs
		return
	}
	d.fill(min(len(canary), len(baseline)), func(i int) float64 {
		if !analysis.IsFinite(canary[i]) || !analysis.IsFinite(baseline[i]) {
			return math.NaN()
		}
		return d.difference(canary[i], baseline[i])
	})
	d.n = [2]int{d.pairs, d.pairs}
}

// fill appends the blocks of n steps; a step without a difference is NaN.
func (d *differences) fill(n int, of func(int) float64) {
	sum, count := 0.0, 0
	for i := range n {
		if v := of(i); analysis.IsFinite(v) {
			sum, count = sum+v, count+1
			d.pairs++
		}
		if (i+1)%d.every == 0 {
			if count > 0 {
				d.y, d.at = append(d.y, sum/float64(count)), append(d.at, i/d.every)
			}
			sum, count = 0, 0
		}
	}
}

// choose looks at all samples that are used: one that is 0 or of the other sign makes
// the comparison one of differences.
func (d *differences) choose(canary, baseline analysis.Values, together bool) yardstick {
	y := yardstick{log: true}
	var b, c float64
	n := 0
	use := func(v float64) {
		switch {
		case v == 0 || v*y.sign < 0:
			y.log = false
		case y.sign == 0:
			y.sign = math.Copysign(1, v)
		}
	}
	for i := range max(len(canary), len(baseline)) {
		hasC, hasB := i < len(canary) && analysis.IsFinite(canary[i]), i < len(baseline) && analysis.IsFinite(baseline[i])
		if together && !(hasC && hasB) {
			continue
		}
		n++
		if hasC {
			use(canary[i])
			c += (math.Abs(canary[i]) - c) / float64(n)
		}
		if hasB {
			use(baseline[i])
			b += (math.Abs(baseline[i]) - b) / float64(n)
		}
	}
	if y.unit = b; !(b > 0) {
		y.unit = c
	}
	if !(y.unit > 0) {
		y.unit = 1
	}
	return y
}

// middle is the mean level of a side, on the yardstick's scale; beside another one, over
// the steps at which that has a sample too.
func (d *differences) middle(values, beside analysis.Values) float64 {
	mean, n := 0.0, 0.0
	for i, v := range values {
		if !analysis.IsFinite(v) || beside != nil && (i >= len(beside) || !analysis.IsFinite(beside[i])) {
			continue
		}
		if n++; d.log {
			v = logOf(v)
		}
		mean += (v - mean) / n
	}
	if d.log {
		return d.sign * math.Exp(mean)
	}
	return mean
}

// blockOf says how many steps are put together.
func blockOf(step time.Duration, planned int) int {
	if step <= 0 || step >= finest {
		return 1
	}
	return max(1, min(int((finest+step-1)/step), planned/fewValues))
}

// missing is how many more samples it takes before anything can be said.
func (d *differences) missing() int {
	return max(0, stats.LevelMin-(len(d.y)-d.from)) * d.every
}
