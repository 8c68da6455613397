package chart

import (
	"math"
	"time"

	"gonum.org/v1/plot/vg"

	"github.com/haldane-dev/haldane/analysis"
)

// threshold is a limit of the plan.
type threshold struct {
	at   float64
	text string
}

func (d *drawing) thresholds() []threshold {
	var out []threshold
	add := func(v *float64, word string) {
		if v != nil && math.Abs(*v) <= far {
			out = append(out, threshold{*v, word + " " + d.amount(*v)})
		}
	}
	if t := d.Metric.Threshold; t != nil {
		add(t.Max, "limit: at most")
		add(t.Min, "limit: at least")
	}
	return out
}

// limits draws the plan's limits that are near enough to be on the axis; the legend
// names the others.
func (d *drawing) limits() {
	for _, l := range d.thresholds() {
		if l.at >= d.y.lo && l.at <= d.y.hi {
			d.stroke(limitColor, 1, dashed, d.at(d.x.lo, l.at), d.at(d.x.hi, l.at))
		}
	}
}

// marks draws the moments that matter. Their words stand above the lines, one below
// the other.
func (d *drawing) marks() {
	y := d.area.Max.Y - textSize - 1
	for _, m := range d.Marks {
		at := m.At.Sub(d.origin).Seconds()
		if at < d.x.lo {
			continue // of what is not in the picture
		}
		text := plain(m.Text) + " " + d.moment(m.At)
		if at > d.x.hi {
			at, text = d.x.hi, text+" →"
		} else {
			d.upright(at, m.Firm)
		}
		f, x := bold(textSize), d.at(at, d.y.lo).X
		from, place := fromLeft, x+4
		if place+f.Width(text) > d.area.Max.X {
			from, place = fromRight, x-4
		}
		d.label(f, ink, vg.Point{X: place, Y: y}, from, text)
		y -= lineHigh
	}
}

// upright draws the line of a mark.
func (d *drawing) upright(at float64, firm bool) {
	x, style := d.at(at, d.y.lo).X, dashed
	if firm {
		style = nil
	}
	d.stroke(ink, 0.9, style, vg.Point{X: x, Y: d.area.Min.Y}, vg.Point{X: x, Y: d.area.Max.Y})
}

// moment writes a time: to the minute where samples are not closer, with its day when
// the axis has several, or another.
func (d *drawing) moment(t time.Time) string {
	text := clock(t, max(d.Pair.Step, time.Second))
	from, to := d.origin.Add(seconds(d.x.lo)), d.origin.Add(seconds(d.x.hi))
	if from.UTC().Truncate(day).Equal(t.UTC().Truncate(day)) && days(from, to) == days(from, from) {
		return text
	}
	return t.UTC().Format("01-02 ") + text
}

// silence says in words which side has no samples.
func (d *drawing) silence() {
	word := ""
	switch {
	case d.canary.samples == 0:
		word = missing("the canary", &d.Pair.Canary)
	case d.compared() && d.baseline.samples == 0:
		word = missing("the baseline", &d.Pair.Baseline)
	default:
		return
	}
	f := regular(textSize + 1)
	at := vg.Point{X: d.area.Min.X + 6, Y: d.area.Max.Y - textSize - 2}
	d.label(f, ink, at, fromLeft, fit(f, plain(word), d.area.Size().X*0.75))
}

// nothing says in words that there is nothing to draw.
func (d *drawing) nothing() {
	d.FillPolygon(faint(rule, 40), corners(d.area))
	lines := []string{missing("the canary", &d.Pair.Canary)}
	if d.compared() {
		lines = append(lines, missing("the baseline", &d.Pair.Baseline))
	}
	f := regular(textSize + 1.5)
	at := d.area.Min.Add(d.area.Size().Scale(0.5))
	for _, text := range lines {
		d.write(f, ink, at, centred, fit(f, plain(text), d.area.Size().X-8))
		at.Y -= lineHigh + 3
	}
}

// missing says that a side has no samples, and why if that is known.
func missing(side string, s *analysis.Samples) string {
	if s.Err != nil {
		return "no samples of " + side + ": " + s.Err.Message
	}
	return "no samples of " + side
}

// dashed is the style of what was not measured.
var dashed = []vg.Length{4, 3}
