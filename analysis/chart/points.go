package chart

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// point is one sample, or the mean of several where there are more than can be told
// apart on paper.
type point struct {
	t      float64 // seconds since the picture's origin: the end of the sample's step
	v      float64
	lo, hi float64 // of the samples behind it
}

// line is one side of a picture: stretches of points without a gap between them.
type line struct {
	strokes [][]point
	samples int
}

// far is a value beyond which nothing can be drawn, nor means anything.
const far = 1e300

// grid says where samples lie in time.
type grid struct {
	first float64 // end of sample 0, in seconds since the origin
	step  float64 // seconds
	per   int     // samples in one point
}

// maxPoints is how many points of one line are told apart: about one in two pixels.
const maxPoints = 360

// perPoint is how many of n samples share a point.
func perPoint(n int) int { return max(1, (n+maxPoints-1)/maxPoints) }

// gridOf is the grid of samples that begin at a time.
func gridOf(origin, start time.Time, step time.Duration, per int) grid {
	return grid{first: start.Add(step).Sub(origin).Seconds(), step: step.Seconds(), per: per}
}

// part is a sample as a fraction: means are those of the fractions' parts, so that the
// share of several steps is the share of all their events.
func part(kind analysis.MetricKind, s *analysis.Samples, i int) (num, den float64, ok bool) {
	if i >= len(s.Values) {
		return 0, 0, false
	}
	num, den = s.Values[i], 1
	if kind.HasTotal() {
		if i >= len(s.Totals) || !(s.Totals[i] > 1/far) {
			return 0, 0, false // of no events there is no share
		}
		den = s.Totals[i]
	}
	v := num / den
	return num, den, math.Abs(num) <= far && den <= far && math.Abs(v) <= far
}

// trace makes a line of samples. What is missing or no number is a gap, and no line
// crosses a gap: only neighbours are joined, or, where points stand for several
// samples, those that are less than a point apart.
func trace(kind analysis.MetricKind, s *analysis.Samples, g grid) line {
	var l line
	last := math.MinInt // index of the last sample in the line
	for i := 0; i < len(s.Values); i += g.per {
		p, from, to, n := g.point(kind, s, i)
		if n == 0 {
			continue
		}
		if last == math.MinInt || from-last > g.per {
			l.strokes = append(l.strokes, nil)
		}
		end := &l.strokes[len(l.strokes)-1]
		*end = append(*end, p)
		l.samples += n
		last = to
	}
	return l
}

// point makes a point of the samples from i on. It tells the first and the last that
// were used, and how many.
func (g grid) point(kind analysis.MetricKind, s *analysis.Samples, i int) (p point, from, to, n int) {
	p.lo, p.hi = math.Inf(1), math.Inf(-1)
	var num, den float64
	for j := i; j < min(i+g.per, len(s.Values)); j++ {
		a, b, ok := part(kind, s, j)
		if !ok {
			continue
		}
		if n == 0 {
			from = j
		}
		to = j
		n++
		// Divided first: so many large numbers do not add up to infinity.
		num, den = num+a/float64(g.per), den+b/float64(g.per)
		p.lo, p.hi = min(p.lo, a/b), max(p.hi, a/b)
	}
	if n > 0 {
		p.v = min(max(num/den, p.lo), p.hi)
		p.t = g.first + g.step*float64(from+to)/2
	}
	return p, from, to, n
}

// each calls f with every point of a line.
func (l *line) each(f func(point)) {
	for _, s := range l.strokes {
		for _, p := range s {
			f(p)
		}
	}
}
