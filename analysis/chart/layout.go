package chart

import (
	"math"
	"time"

	"gonum.org/v1/plot/vg"

	"github.com/haldane-dev/haldane/analysis"
)

// drawing is a picture on its way to the paper.
type drawing struct {
	sheet
	*Picture
	canary, baseline line
	per              int       // samples in a point
	origin           time.Time // of the time axis, which counts in seconds
	level            float64   // of a baseline that lies before the run; NaN without one
	x, y             span
	area             vg.Rectangle // of the axes
}

// draw draws the picture on a sheet of its size.
func (p Picture) draw(s sheet) {
	d := drawing{sheet: s, Picture: &p, level: math.NaN()}
	d.trace()
	d.scaleTime()
	d.scaleValues()
	d.frame()
	if d.canary.samples+d.baseline.samples == 0 {
		d.nothing()
		return
	}
	d.axes()
	d.limits()
	d.tolerance()
	d.line(&d.baseline, baselineColor, 1.1)
	d.line(&d.canary, canaryColor, 1.5)
	d.silence()
	d.marks()
}

// trace makes the lines.
func (d *drawing) trace() {
	p := &d.Pair
	d.origin = p.Start
	base, start := p.Baseline, p.Start
	if !d.compared() {
		base = analysis.Samples{}
	}
	samples := max(len(p.Canary.Values), len(base.Values))
	before := d.Against.Kind == analysis.BaselineBefore && !d.Before.IsZero() && len(base.Values) > 0
	if before {
		base, start = d.lastBefore(base)
		samples = len(p.Canary.Values) + len(base.Values)
		if start.Before(d.origin) {
			d.origin = start
		}
	}
	d.per = perPoint(samples)
	d.canary = trace(d.Metric.Kind, &p.Canary, gridOf(d.origin, p.Start, p.Step, d.per))
	d.baseline = trace(d.Metric.Kind, &base, gridOf(d.origin, start, p.Step, d.per))
	if before {
		d.level = d.baselineLevel()
	}
}

// lastBefore keeps the end of a baseline before the run: as much as there is of the
// canary, or a little. All of a week before a run of half an hour would leave the run
// a hair's breadth.
func (d *drawing) lastBefore(s analysis.Samples) (analysis.Samples, time.Time) {
	skip := max(0, len(s.Values)-max(len(d.Pair.Canary.Values), 30))
	s.Values = s.Values[skip:]
	if s.Totals != nil {
		s.Totals = s.Totals[min(skip, len(s.Totals)):]
	}
	return s, d.Before.Add(time.Duration(skip) * d.Pair.Step)
}

// baselineLevel is what the judge took for the level of a baseline before the run.
func (d *drawing) baselineLevel() float64 {
	if f := d.Finding; f != nil && f.Expected != nil && math.Abs(float64(*f.Expected)) <= far {
		return float64(*f.Expected)
	}
	sum, n := 0.0, 0.0
	d.baseline.each(func(p point) { n++; sum += (p.v - sum) / n })
	if n == 0 {
		return math.NaN()
	}
	return sum
}

// scaleTime makes the time axis: all samples, and the marks if they are not far off.
func (d *drawing) scaleTime() {
	p := &d.Pair
	from := p.Start.Sub(d.origin).Seconds()
	n := max(len(p.Canary.Values), 1)
	if d.compared() && math.IsNaN(d.level) {
		n = max(n, len(p.Baseline.Values))
	}
	d.x = span{0, max(from+float64(n)*p.Step.Seconds(), 1e-3)}
	length := d.x.hi - from
	for _, m := range d.Marks {
		if at := m.At.Sub(d.origin).Seconds(); at > d.x.hi && at <= from+1.25*length {
			d.x.hi = at
		}
	}
}

// reach is how much larger than the samples' own range an axis may become for limits
// and tolerances. Within, samples that lie flat far below a limit look as harmless as
// they are; beyond, they could not be told apart any more.
const reach = 10

// scaleValues makes the value axis.
func (d *drawing) scaleValues() {
	values := nowhere()
	for _, l := range []*line{&d.canary, &d.baseline} {
		l.each(func(p point) { values.include(p.lo); values.include(p.hi) })
	}
	if !math.IsNaN(d.level) {
		values.include(d.level)
	}
	share := d.Metric.Kind == analysis.Ratio
	plain := values.rounded(share, 0.05)
	most := span{plain.lo - (reach-1)*(plain.hi-plain.lo), plain.hi + (reach-1)*(plain.hi-plain.lo)}
	for _, v := range d.further() {
		if v >= most.lo && v <= most.hi {
			values.include(v)
		}
	}
	words := min(len(d.Marks), 3) // they stand above the lines, one below the other
	if words == 0 && (d.canary.samples == 0 || d.compared() && d.baseline.samples == 0) {
		words = 1
	}
	above := 0.05
	if words > 0 {
		above = 0.06 + 0.1*float64(words)
	}
	d.y = values.rounded(share, above)
}

// further are values that should be on the axis besides the samples.
func (d *drawing) further() []float64 {
	var out []float64
	if t := d.Metric.Threshold; t != nil {
		for _, v := range []*float64{t.Max, t.Min} {
			if v != nil {
				out = append(out, *v)
			}
		}
	}
	if d.Tolerance == (analysis.Tolerance{}) {
		return out
	}
	ends := nowhere()
	add := func(v float64) { lo, hi := d.band(v); ends.include(lo); ends.include(hi) }
	if !math.IsNaN(d.level) {
		add(d.level)
	} else {
		d.baseline.each(func(p point) { add(p.v) })
	}
	return append(out, ends.lo, ends.hi)
}

// at is the place of a value at a time.
func (d *drawing) at(t, v float64) vg.Point {
	size := d.area.Size()
	return vg.Point{
		X: d.area.Min.X + vg.Length(d.x.norm(t))*size.X,
		Y: d.area.Min.Y + vg.Length(d.y.norm(v))*size.Y,
	}
}
