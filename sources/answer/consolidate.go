package answer

import (
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Consolidate says what becomes of several samples of one series in one step. It is a
// setting of sources whose servers keep samples closer together than the steps.
type Consolidate string

// The rules. The mean suits levels; events that were counted in each interval want the
// sum.
const (
	ConsolidateMean Consolidate = "mean"
	ConsolidateSum  Consolidate = "sum"
	ConsolidateMax  Consolidate = "max"
	ConsolidateMin  Consolidate = "min"
	ConsolidateLast Consolidate = "last"
)

// Consolidated makes one sample of those that lie in the same step of the window, at
// the end of the step; samples outside of the window are left out. They may come in any
// order; of two of the same moment, the one that comes later is the last.
//
//   - a null counts only where there is nothing else
//   - NaN and the infinities: as analysis.Reduce's rules of the same name treat series
//   - last: the latest sample that is not null
func (c *Collector) Consolidated(samples []Sample, rule Consolidate) []Sample {
	inside := make([]placed, 0, len(samples))
	for _, s := range samples {
		if i, _ := c.whole.index(s.At); i >= 0 {
			inside = append(inside, placed{i, s})
		}
	}
	slices.SortStableFunc(inside, func(a, b placed) int { return a.At.Compare(b.At) })
	out := make([]Sample, 0, len(inside))
	for len(inside) > 0 {
		n := 1
		for n < len(inside) && inside[n].step == inside[0].step {
			n++
		}
		s := rule.of(inside[:n])
		s.At = c.whole.start.Add(time.Duration(inside[0].step+1) * c.whole.step)
		out = append(out, s)
		inside = inside[n:]
	}
	return out
}

// placed is a sample and the step that it lies in.
type placed struct {
	step int
	Sample
}

// of makes one sample of those of a step.
func (r Consolidate) of(step []placed) Sample {
	if len(step) == 1 {
		return step[0].Sample
	}
	if r == ConsolidateLast {
		for i := len(step) - 1; i > 0; i-- {
			if !step[i].Null {
				return step[i].Sample
			}
		}
		return step[0].Sample
	}
	f := newFold(analysis.Reduce(r), 1)
	for _, s := range step {
		if s.Null {
			f.null(0)
		} else {
			f.add(0, s.Value)
		}
	}
	return Sample{Value: f.values()[0], Null: !f.any}
}
