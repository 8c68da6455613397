package answer

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
)

// fold makes one series of several, step by step, as PromQL's aggregations do:
//
//   - a series without a sample at a step is left out there; a step that no series
//     has a sample for stays missing
//   - sum and mean: one NaN makes the result NaN
//   - max and min: NaN counts only when there is nothing else
//   - the infinities count as the numbers they are
type fold struct {
	reduce analysis.Reduce
	acc    analysis.Values
	count  []int // -1: nothing but nulls
	any    bool  // a sample was added
}

func newFold(r analysis.Reduce, n int) *fold {
	return &fold{reduce: r, acc: missing(n), count: make([]int, n)}
}

func (f *fold) add(i int, v float64) {
	f.any = true
	f.count[i] = max(f.count[i], 0) + 1
	if f.count[i] == 1 {
		f.acc[i] = v
		return
	}
	old := f.acc[i]
	switch f.reduce {
	case analysis.ReduceMax:
		if v > old || math.IsNaN(old) {
			f.acc[i] = v
		}
	case analysis.ReduceMin:
		if v < old || math.IsNaN(old) {
			f.acc[i] = v
		}
	default:
		f.acc[i] = old + v
	}
}

// null notes that a series is null at a step.
func (f *fold) null(i int) {
	if f.count[i] == 0 {
		f.count[i] = -1
	}
}

// nulls counts the steps at which there was nothing but nulls.
func (f *fold) nulls() int {
	n := 0
	for _, c := range f.count {
		if c < 0 {
			n++
		}
	}
	return n
}

// values returns the result. It may be called once.
func (f *fold) values() analysis.Values {
	if f.reduce == analysis.ReduceMean {
		for i, n := range f.count {
			if n > 1 {
				f.acc[i] /= float64(n)
			}
		}
	}
	return f.acc
}
