package answer

import (
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// maxSteps keeps a mistake in a window from eating the memory: it is two years of
// minutes.
const maxSteps = 1 << 20

// grid is a stretch of steps. Step i of it, counted from first, holds
// (start+i*step, start+(i+1)*step].
type grid struct {
	start time.Time // as the server counts
	step  time.Duration
	first int // of the window's steps
	n     int
}

// newGrid returns the grid of a query's whole window for a server that counts time in
// units.
func newGrid(q analysis.Query, unit time.Duration) (grid, *analysis.Error) {
	n := q.Window.Steps(q.Step)
	switch {
	case q.Step <= 0:
		return grid{}, analysis.Errorf(analysis.Invalid, "step %s: not a length of time", q.Step).
			WithHint("a step of a minute")
	case q.Step%unit != 0:
		return grid{}, analysis.Errorf(analysis.Invalid, "step %s: the server counts in whole %ss", q.Step, unitName(unit)).
			WithHint("a step of whole %ss", unitName(unit))
	case n < 1:
		return grid{}, analysis.Errorf(analysis.Invalid, "the window from %s to %s is shorter than a step of %s",
			q.Window.Start.UTC().Format(time.RFC3339Nano), q.Window.End.UTC().Format(time.RFC3339Nano), q.Step)
	case n > maxSteps:
		return grid{}, analysis.Errorf(analysis.Invalid, "the window has %d steps, more than %d", n, maxSteps).
			WithHint("a longer step")
	}
	return grid{start: q.Window.Start.Truncate(unit), step: q.Step, n: n}, nil
}

func unitName(unit time.Duration) string {
	switch unit {
	case time.Millisecond:
		return "millisecond"
	case time.Second:
		return "second"
	case time.Minute:
		return "minute"
	}
	return unit.String() + " interval"
}

// part returns n steps of the grid.
func (g grid) part(from, n int) grid {
	return grid{start: g.start.Add(time.Duration(from) * g.step), step: g.step, first: g.first + from, n: n}
}

func (g grid) window() analysis.Window {
	return analysis.Window{Start: g.start, End: g.start.Add(time.Duration(g.n) * g.step)}
}

// index returns which step of the grid a moment belongs to, and whether it is exactly
// the end of it. The step is -1 when the moment is outside.
func (g grid) index(t time.Time) (i int, exact bool) {
	since := t.Sub(g.start)
	if since <= 0 || since > time.Duration(g.n)*g.step {
		return -1, false
	}
	return int((since - 1) / g.step), since%g.step == 0
}
