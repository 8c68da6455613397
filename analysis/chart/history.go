package chart

import (
	"fmt"
	"image/color"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/haldane-dev/haldane/analysis"
)

// history is a timeline on its way to the paper.
type history struct {
	sheet
	*Timeline
	rows   []Past
	shared int       // windows in a row
	row    vg.Length // height of a row
	x      span      // seconds since a window's start
	area   vg.Rectangle
}

func (d *history) draw(title []string, head vg.Length) {
	d.head(title)
	f := regular(textSize)
	d.area.Min = vg.Point{X: d.Min.X + margin + f.Width("2000-00-00 00:00") + 5, Y: d.Min.Y + rowFoot}
	d.area.Max = vg.Point{X: d.Max.X - margin - 6, Y: d.Max.Y - head}
	d.x = span{0, max(d.Length.Seconds(), 1e-3)}
	for _, p := range d.rows {
		d.x.include(p.After.Seconds())
	}
	d.times()
	d.starts()
	for i := range d.rows {
		d.bar(i)
	}
	if at := d.x.norm(d.Length.Seconds()); at < 1 { // verdicts after the end wait for the last samples
		x := d.area.Min.X + vg.Length(at)*d.area.Size().X
		d.stroke(dim, 0.7, dashed, vg.Point{X: x, Y: d.area.Min.Y}, vg.Point{X: x, Y: d.area.Max.Y})
	}
	d.stroke(dim, 0.7, nil, d.area.Min, vg.Point{X: d.area.Max.X, Y: d.area.Min.Y})
}

// head writes the title and the legend.
func (d *history) head(title []string) {
	small := regular(textSize)
	at := vg.Point{X: d.Min.X + margin, Y: d.Max.Y - margin + rowTitle - titleSize}
	for _, line := range title {
		at.Y -= rowTitle
		d.write(bold(titleSize), ink, at, fromLeft, line)
	}
	at.Y -= lineHigh + 4
	for _, o := range outcomes {
		text, middle := string(o), at.Y+textSize/3
		d.FillPolygon(shade(o), corners(vg.Rectangle{Min: vg.Point{X: at.X, Y: middle - 4}, Max: vg.Point{X: at.X + 14, Y: middle + 4}}))
		d.mark(o, 3, vg.Point{X: at.X + 14, Y: middle})
		at.X += 22
		d.write(small, ink, at, fromLeft, text)
		at.X += small.Width(text) + 12
	}
	d.write(small, dim, vg.Point{X: d.Max.X - margin, Y: at.Y}, fromRight, "a mark: when it was decided")
}

// times draws the axis of the time within a window.
func (d *history) times() {
	f := regular(textSize)
	length := seconds(d.x.hi)
	step := timeStep(length, 0, 10)
	for t := time.Duration(0); t <= length; t += step {
		x := d.area.Min.X + vg.Length(d.x.norm(t.Seconds()))*d.area.Size().X
		d.stroke(rule, 0.5, nil, vg.Point{X: x, Y: d.area.Min.Y}, vg.Point{X: x, Y: d.area.Max.Y})
		half := f.Width(analysis.Duration(t).String()) / 2
		x = min(max(x, d.area.Min.X+half), d.Max.X-4-half)
		d.write(f, dim, vg.Point{X: x, Y: d.area.Min.Y - lineHigh + 1}, centred, analysis.Duration(t).String())
	}
	text := "time since the window's start"
	if d.shared > 1 {
		text = fmt.Sprintf("each row shows the worst of %d windows - %s", d.shared, text)
	}
	d.write(f, dim, vg.Point{X: d.area.Max.X, Y: d.Min.Y + margin - 3}, fromRight, text)
	d.write(f, dim, vg.Point{X: d.area.Min.X - 5, Y: d.area.Min.Y - lineHigh + 1}, fromRight, "start (UTC)")
}

// starts writes when windows began, for as many rows as there is room.
func (d *history) starts() {
	f := regular(textSize)
	every := max(1, int(lineHigh/float64(d.row)+0.999))
	for i := 0; i < len(d.rows); i += every {
		at := vg.Point{X: d.area.Min.X - 5, Y: d.middle(i) - textSize/3}
		d.write(f, dim, at, fromRight, d.rows[i].Start.UTC().Format("2006-01-02 15:04"))
	}
}

// middle is the height of a row's middle.
func (d *history) middle(i int) vg.Length { return d.area.Max.Y - (vg.Length(i)+0.5)*d.row }

// bar draws a row: pale over the whole window, full until its verdict.
func (d *history) bar(i int) {
	p, y, thick := d.rows[i], d.middle(i), 0.72*d.row
	if d.row < 4 {
		thick = d.row
	}
	fill := func(c color.NRGBA, until time.Duration) vg.Length {
		right := d.area.Min.X + vg.Length(d.x.norm(until.Seconds()))*d.area.Size().X
		d.FillPolygon(c, corners(vg.Rectangle{
			Min: vg.Point{X: d.area.Min.X, Y: y - thick/2}, Max: vg.Point{X: right, Y: y + thick/2},
		}))
		return right
	}
	fill(faint(colorOf(p.Outcome), 20), d.Length)
	x := fill(shade(p.Outcome), p.After)
	if d.row < 6 { // too thin for shapes
		d.stroke(ink, 0.8, nil, vg.Point{X: x, Y: y - thick/2}, vg.Point{X: x, Y: y + thick/2})
		return
	}
	d.mark(p.Outcome, min(3.4, d.row/3), vg.Point{X: x, Y: y})
}

// shade is the colour of a bar: failures stand out from what is many.
func shade(o analysis.Outcome) color.NRGBA {
	if o == analysis.OutcomeFail {
		return colorOf(o)
	}
	return faint(colorOf(o), 55)
}

// mark draws an outcome's shape, so that it can be told without its colour.
func (d *history) mark(o analysis.Outcome, radius vg.Length, at vg.Point) {
	style := draw.GlyphStyle{Color: ink, Radius: radius}
	switch badness(o) {
	case 0:
		style.Color, style.Shape = colorOf(o), draw.CircleGlyph{}
	case 1:
		style.Shape = draw.PyramidGlyph{}
	case 3:
		style.Shape = draw.CrossGlyph{}
	default:
		style.Color, style.Shape = dim, draw.BoxGlyph{}
	}
	d.DrawGlyphNoClip(style, at)
}
