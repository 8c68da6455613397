package prometheus

import (
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
)

const (
	// maxPoints is what Prometheus answers to one range query.
	maxPoints = 11000
	// maxSteps keeps a mistake in a window from eating the memory: it is two
	// years of minutes.
	maxSteps = 1 << 20
)

// grid is a stretch of steps in Prometheus's own unit, milliseconds. Step i of it,
// counted from first, is evaluated at its end.
type grid struct {
	start int64 // of the window
	step  int64
	first int // of the window's steps
	n     int
}

// newGrid returns the grid of a query's whole window.
func newGrid(q analysis.Query) (grid, *analysis.Error) {
	n := q.Window.Steps(q.Step)
	switch {
	case q.Step <= 0 || q.Step%time.Millisecond != 0:
		return grid{}, analysis.Errorf(analysis.Invalid, "step %s: Prometheus counts in milliseconds", q.Step).
			WithHint("a step of whole milliseconds")
	case n < 1:
		return grid{}, analysis.Errorf(analysis.Invalid, "the window from %s to %s is shorter than a step of %s",
			q.Window.Start.UTC().Format(time.RFC3339Nano), q.Window.End.UTC().Format(time.RFC3339Nano), q.Step)
	case n > maxSteps:
		return grid{}, analysis.Errorf(analysis.Invalid, "the window has %d steps, more than %d", n, maxSteps).
			WithHint("a longer step")
	}
	return grid{start: q.Window.Start.UnixMilli(), step: q.Step.Milliseconds(), n: n}, nil
}

// parts cuts a grid into those that one request may ask for.
func (g grid) parts() []grid {
	var parts []grid
	for done := 0; done < g.n; done += maxPoints {
		parts = append(parts, grid{
			start: g.start + int64(done)*g.step, step: g.step,
			first: g.first + done, n: min(maxPoints, g.n-done),
		})
	}
	return parts
}

// asked returns the request for the grid: from the end of its first step to the
// end of its last.
func (g grid) asked() v1.Range {
	return v1.Range{
		Start: time.UnixMilli(g.start + g.step),
		End:   time.UnixMilli(g.start + int64(g.n)*g.step),
		Step:  askedStep(time.Duration(g.step) * time.Millisecond),
	}
}

// askedStep allows for servers that read the step as a float of seconds and cut it
// to whole milliseconds: 1.001 s would lose one of them.
func askedStep(step time.Duration) time.Duration {
	seconds := step.Seconds()
	if time.Duration(seconds*float64(time.Second)) < step || int64(seconds*1000) < step.Milliseconds() {
		return step + time.Microsecond
	}
	return step
}

// index returns which step of the grid a moment belongs to, and whether it is
// exactly the one at which the step is evaluated. The step is outside when it is
// not in [0, g.n).
func (g grid) index(t model.Time) (i int, exact bool) {
	since := int64(t) - g.start // step i holds (i*step, (i+1)*step]
	if since <= 0 || since > int64(g.n)*g.step {
		return -1, false
	}
	return int((since - 1) / g.step), since%g.step == 0
}

// placement places the samples of one part and counts how that went.
type placement struct {
	part            grid
	inside, outside int
	shifted         bool
}

// place calls set for each sample with its step in the whole window. Samples come
// in order of time, one a step.
func (p *placement) place(samples []model.SamplePair, set func(i int, v float64)) *analysis.Error {
	before := -1
	for _, s := range samples {
		i, exact := p.part.index(s.Timestamp)
		if i < 0 {
			p.outside++
			continue
		}
		if i <= before {
			return analysis.Errorf(analysis.Unavailable, "its samples are not on the step asked for")
		}
		before = i
		p.inside++
		p.shifted = p.shifted || !exact
		set(p.part.first+i, float64(s.Value))
	}
	return nil
}
