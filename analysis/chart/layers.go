package chart

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"

	"github.com/haldane-dev/haldane/analysis"
)

// Sizes of text and margins, in points.
const (
	margin    = 12.
	titleSize = 12.5
	textSize  = 9.5
	lineHigh  = 12.5
)

// frame writes the title, the legend and the caption, and leaves the rest to the axes.
func (d *drawing) frame() {
	wide := d.Size().X - 2*margin
	y := d.Max.Y - margin
	big, small := bold(titleSize), regular(textSize)
	for _, text := range wrap(big, plain(d.title()), wide, 2) {
		y -= titleSize
		d.write(big, ink, vg.Point{X: d.Min.X + margin, Y: y}, fromLeft, text)
		y -= 3
	}
	y -= lineHigh
	left := d.Max.X - margin
	for i := len(d.legend()) - 1; i >= 0; i-- {
		left = d.key(d.legend()[i], vg.Point{X: left, Y: y}) - 10
	}
	d.write(small, dim, vg.Point{X: d.Min.X + margin, Y: y}, fromLeft, fit(small, plain(d.unit()), left-d.Min.X-margin))
	d.area.Max = vg.Point{X: d.Max.X - margin, Y: y - 7}
	bottom := d.Min.Y + margin - 3
	if d.Finding != nil {
		lines := wrap(small, plain(d.Finding.Reason), wide, 2)
		for i := len(lines) - 1; i >= 0; i-- {
			d.write(small, ink, vg.Point{X: d.Min.X + margin, Y: bottom}, fromLeft, lines[i])
			bottom += lineHigh
		}
		bottom += 2
	}
	d.area.Min = vg.Point{X: d.Min.X + margin, Y: bottom}
}

// entry is one thing that the legend explains.
type entry struct {
	text   string
	color  color.NRGBA
	width  vg.Length   // of a line; 0 is a band
	dashes []vg.Length // of a line
}

func (d *drawing) legend() []entry {
	canary, baseline := d.sides(d.canary.samples, d.baseline.samples)
	out := []entry{{text: canary, color: canaryColor, width: 1.5}}
	if d.compared() {
		out = append(out, entry{text: baseline, color: baselineColor, width: 1.1})
	}
	if d.tolerates() {
		e := entry{text: d.tolerated(), color: faint(toleranceColor, 22)}
		if d.per > 1 {
			e.color, e.width = toleranceColor, 0.8
		}
		out = append(out, e)
	}
	for _, l := range d.thresholds() {
		out = append(out, entry{text: l.text, color: limitColor, width: 1, dashes: dashed})
	}
	return out
}

// key draws one entry of the legend, its end at a place, and returns where it begins.
func (d *drawing) key(e entry, at vg.Point) vg.Length {
	const sample = 16
	f := regular(textSize)
	text := plain(e.text)
	left := at.X - f.Width(text) - sample - 4
	d.write(f, ink, vg.Point{X: left + sample + 4, Y: at.Y}, fromLeft, text)
	middle := at.Y + textSize/3
	if e.width == 0 {
		d.FillPolygon(e.color, corners(vg.Rectangle{Min: vg.Point{X: left, Y: middle - 4}, Max: vg.Point{X: left + sample, Y: middle + 4}}))
	} else {
		d.stroke(e.color, e.width, e.dashes, vg.Point{X: left, Y: middle}, vg.Point{X: left + sample, Y: middle})
	}
	return left
}

// axes draws both axes with their grid; it takes the room they need from the area.
func (d *drawing) axes() {
	f := regular(textSize)
	values := valueTicks(d.y, d.Metric.Kind == analysis.Ratio)
	room := vg.Length(0)
	for _, t := range values {
		room = max(room, f.Width(t.label))
	}
	d.write(f, dim, vg.Point{X: d.area.Max.X, Y: d.area.Min.Y + 2}, fromRight, fit(f, d.timeAxis(), d.area.Size().X))
	d.area.Min = d.area.Min.Add(vg.Point{X: room + 5, Y: 2*lineHigh + 2})
	d.area.Max.X -= 6 // half of a time's word
	for _, t := range values {
		at := d.at(d.x.lo, t.at)
		d.stroke(rule, 0.5, nil, at, vg.Point{X: d.area.Max.X, Y: at.Y})
		d.write(f, dim, vg.Point{X: at.X - 4, Y: at.Y - textSize/3}, fromRight, t.label)
	}
	for _, t := range clockTicks(d.origin, d.x, d.Pair.Step) {
		at := d.at(t.at, d.y.lo)
		d.stroke(rule, 0.5, nil, at, vg.Point{X: at.X, Y: d.area.Max.Y})
		half := f.Width(t.label) / 2
		at.X = min(max(at.X, d.area.Min.X+half-room), d.Max.X-4-half)
		d.write(f, dim, vg.Point{X: at.X, Y: at.Y - lineHigh + 1}, centred, t.label)
	}
	d.stroke(dim, 0.7, nil, d.area.Min, vg.Point{X: d.area.Max.X, Y: d.area.Min.Y})
}

// timeAxis says what the clock does not.
func (d *drawing) timeAxis() string {
	text := "time (UTC), " + days(d.origin.Add(seconds(d.x.lo)), d.origin.Add(seconds(d.x.hi)))
	step := analysis.Duration(d.Pair.Step).String()
	if d.per > 1 {
		return "points: mean of " + strconv.Itoa(d.per) + " samples, one each " + step + "; shade: their range - " + text
	}
	return "a sample each " + step + " - " + text
}

// line draws one side. The shade behind points of several samples is their range.
func (d *drawing) line(l *line, c color.NRGBA, width vg.Length) {
	points := 0
	for _, s := range l.strokes {
		points += len(s)
		if d.per > 1 && len(s) > 1 {
			edge := make([]vg.Point, 0, 2*len(s))
			for _, p := range s {
				edge = append(edge, d.at(p.t, p.hi))
			}
			for i := len(s) - 1; i >= 0; i-- {
				edge = append(edge, d.at(s[i].t, s[i].lo))
			}
			d.FillPolygon(faint(c, 13), edge)
		}
	}
	for _, s := range l.strokes {
		if len(s) > 1 {
			path := make([]vg.Point, len(s))
			for i, p := range s {
				path[i] = d.at(p.t, p.v)
			}
			d.stroke(c, width, nil, path...)
		}
		if len(s) == 1 || points <= 60 { // a stretch of one point has no line
			for _, p := range s {
				d.dot(c, width, d.at(p.t, p.v))
			}
		}
	}
}

// tolerates reports whether there is a band to draw.
func (d *drawing) tolerates() bool {
	return d.Tolerance != (analysis.Tolerance{}) && d.baseline.samples > 0
}

// tolerance draws what is tolerated: along the baseline, or, of one that lies before
// the run, along its level.
func (d *drawing) tolerance() {
	if d.tolerates() && math.IsNaN(d.level) {
		for _, s := range d.baseline.strokes {
			d.bandAlong(s)
		}
	}
	if math.IsNaN(d.level) {
		return
	}
	from, to := d.Pair.Start.Sub(d.origin).Seconds(), d.x.hi
	ends := []point{{t: from, v: d.level}, {t: to, v: d.level}}
	if d.tolerates() {
		d.bandAlong(ends)
	}
	d.stroke(baselineColor, 0.9, dashed, d.at(from, d.level), d.at(to, d.level))
}

func (d *drawing) bandAlong(s []point) {
	if len(s) == 1 { // as wide as its step
		half := d.Pair.Step.Seconds() / 2
		s = []point{{t: s[0].t - half, v: s[0].v}, {t: s[0].t + half, v: s[0].v}}
	}
	var over, under []vg.Point
	for _, p := range s {
		lo, hi := d.band(p.v)
		over, under = append(over, d.at(p.t, hi)), append(under, d.at(p.t, lo))
	}
	if d.per == 1 {
		slices.Reverse(under)
		d.FillPolygon(faint(toleranceColor, 22), append(over, under...))
		return
	}
	// Points of many samples have shades of their own: an edge is enough.
	if d.Metric.Direction != analysis.Decrease {
		d.stroke(toleranceColor, 0.8, nil, over...)
	}
	if d.Metric.Direction != analysis.Increase {
		d.stroke(toleranceColor, 0.8, nil, under...)
	}
}
