package chart

import (
	"image/color"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sheet is a piece of paper, or the part of one that a picture has for itself. Lengths
// are in points, up is up.
type sheet struct{ draw.Canvas }

// side says which end of a text is at its place.
type side float64

const (
	fromLeft  side = 0
	centred   side = 0.5
	fromRight side = 1
)

// write puts one line of text on the paper, its baseline at a point.
func (s *sheet) write(f font.Face, c color.Color, at vg.Point, from side, text string) {
	if text == "" {
		return
	}
	at.X -= vg.Length(from) * f.Width(text)
	s.SetColor(c)
	s.FillString(f, at, text)
}

// label writes text that can be read whatever lies below it.
func (s *sheet) label(f font.Face, c color.Color, at vg.Point, from side, text string) {
	wide, size := f.Width(text), f.Font.Size
	left := at.X - vg.Length(from)*wide
	s.FillPolygon(faint(paper, 85), corners(vg.Rectangle{
		Min: vg.Point{X: left - 2, Y: at.Y - 0.3*size}, Max: vg.Point{X: left + wide + 2, Y: at.Y + 0.95*size},
	}))
	s.write(f, c, at, from, text)
}

// stroke draws a line through points.
func (s *sheet) stroke(c color.Color, width vg.Length, dashes []vg.Length, points ...vg.Point) {
	s.StrokeLines(draw.LineStyle{Color: c, Width: width, Dashes: dashes}, points)
}

// dot draws a filled circle.
func (s *sheet) dot(c color.Color, radius vg.Length, at vg.Point) {
	s.DrawGlyphNoClip(draw.GlyphStyle{Color: c, Radius: radius, Shape: draw.CircleGlyph{}}, at)
}

// corners are those of a rectangle.
func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}
