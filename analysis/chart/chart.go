package chart

import (
	"bytes"
	"image"
	"image/png"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/haldane-dev/haldane/analysis"
)

// Format is what a drawing is written as.
type Format string

// The formats: SVG for pages, PNG for messages.
const (
	SVG Format = "svg"
	PNG Format = "png"
)

// ContentType is the format's media type.
func (f Format) ContentType() string {
	if f == SVG {
		return "image/svg+xml"
	}
	return "image/png"
}

// Width and Height are the size of one picture as people see it, in pixels. A PNG has
// twice as many of its own, for sharp screens.
const (
	Width  = 800
	Height = 360
)

// GridSize is how many pictures a grid holds.
const GridSize = 4

const (
	pixel    = vg.Inch / 96
	sharp    = 2 * 96 // dots per inch of a PNG
	cellWide = Width * pixel
	cellHigh = Height * pixel
)

// Draw draws one picture.
func Draw(w io.Writer, format Format, p Picture) error {
	return write(w, format, cellWide, cellHigh, p.draw)
}

// Grid draws several pictures into one image: one or two below each other, three or
// four in two columns. More than GridSize are left out, so the worst come first; see
// Choose.
func Grid(w io.Writer, format Format, ps []Picture) error {
	if len(ps) == 0 {
		return analysis.Errorf(analysis.Invalid, "picture: there is nothing to draw")
	}
	ps = ps[:min(len(ps), GridSize)]
	columns := 1
	if len(ps) > 2 {
		columns = 2
	}
	rows := (len(ps) + columns - 1) / columns
	wide, high := vg.Length(columns)*cellWide, vg.Length(rows)*cellHigh
	return write(w, format, wide, high, func(s sheet) {
		for i := range ps {
			left, top := vg.Length(i%columns)*cellWide, s.Max.Y-vg.Length(i/columns)*cellHigh
			cell := s
			cell.Rectangle = vg.Rectangle{Min: vg.Point{X: left, Y: top - cellHigh}, Max: vg.Point{X: left + cellWide, Y: top}}
			ps[i].draw(cell)
		}
	})
}

// write makes a sheet of paper, lets it be painted and writes it out.
func write(w io.Writer, format Format, wide, high vg.Length, paint func(sheet)) error {
	var out bytes.Buffer
	var err error
	switch format {
	case SVG:
		canvas := vgsvg.New(wide, high)
		s := sheet{draw.New(canvas)}
		s.FillPolygon(paper, corners(s.Rectangle)) // a dark page must not shine through
		paint(s)
		_, err = canvas.WriteTo(&out)
		out = *bytes.NewBuffer(bytes.ReplaceAll(out.Bytes(), []byte(oneFont), []byte(anyFont)))
	case PNG:
		canvas := vgimg.NewWith(vgimg.UseWH(wide, high), vgimg.UseDPI(sharp)) // white
		paint(sheet{draw.New(canvas)})
		img, ok := canvas.Image().(*image.RGBA)
		if !ok {
			return analysis.Errorf(analysis.Internal, "picture: the library draws on %T", canvas.Image())
		}
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, indexed(img))
	default:
		return analysis.Errorf(analysis.Invalid, "picture: format %q is not known", string(format)).WithHint("svg or png")
	}
	if err == nil {
		_, err = out.WriteTo(w)
	}
	if err != nil {
		return analysis.Errorf(analysis.Unavailable, "picture: could not be written").Because(err)
	}
	return nil
}

// The library names one font, which few machines have, and so leaves the choice to
// the browser; these others have the same widths, or nearly. Text of ours cannot hold
// the first string: its quotes are escaped.
const (
	oneFont = `style="font-family:Liberation Sans;`
	anyFont = `style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;`
)
