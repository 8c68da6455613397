package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// vector is what an SVG draws, in points from the lower left corner.
type vector struct {
	wide, high float64
	texts      []text
	paths      []path
}

type text struct {
	x, y  float64
	words string
}

// path is a line, or what it encloses.
type path struct {
	points [][2]float64
	fill   string // "" for a line
	stroke string
	dashed bool
	round  bool // has arcs: a dot
}

// drawn parses an SVG strictly and refuses what the drawings never hold.
func drawn(t rapid.TB, svg []byte) vector {
	t.Helper()
	var v vector
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return v
		}
		if err != nil {
			t.Fatalf("no XML: %v", err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		at := map[string]string{}
		for _, a := range e.Attr {
			at[a.Name.Local] = a.Value
		}
		switch e.Name.Local {
		case "svg":
			if _, err := fmt.Sscanf(at["viewBox"], "0 0 %g %g", &v.wide, &v.high); err != nil {
				t.Fatal(err)
			}
		case "g":
			if tr := at["transform"]; !strings.HasPrefix(tr, "scale(1, -1) translate(0, -") {
				t.Fatalf("group %q is not in the page's own coordinates", tr)
			}
		case "text":
			var words string
			if err := d.DecodeElement(&words, &e); err != nil {
				t.Fatalf("text: %v", err)
			}
			if !strings.Contains(at["style"], "sans-serif") {
				t.Errorf("text %q has no font that every browser has: %s", words, at["style"])
			}
			v.texts = append(v.texts, text{float(t, at["x"]), -float(t, at["y"]), words})
		case "path":
			v.paths = append(v.paths, pathOf(t, at["d"], at["style"]))
		default:
			t.Fatalf("element %s", e.Name.Local)
		}
	}
}

func float(t rapid.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		t.Fatalf("number %q", s)
	}
	return v
}

var command = regexp.MustCompile(`([MLAZ])([^MLAZ]*)`)

func pathOf(t rapid.TB, d, style string) path {
	t.Helper()
	p := path{fill: "#000000"}
	for _, c := range command.FindAllStringSubmatch(d, -1) {
		switch c[1] {
		case "M", "L":
			x, y, _ := strings.Cut(c[2], ",")
			p.points = append(p.points, [2]float64{float(t, x), float(t, y)})
		case "A":
			p.round = true
		}
	}
	for _, s := range strings.Split(style, ";") {
		switch key, value, _ := strings.Cut(s, ":"); key {
		case "fill":
			p.fill = value
		case "stroke":
			p.stroke = value
		case "stroke-dasharray":
			p.dashed = true
		}
	}
	if p.fill == "none" {
		p.fill = ""
	}
	return p
}

// lines are those of a colour, keys of the legend left out.
func (v vector) lines(c color.NRGBA, dashed bool) []path {
	var out []path
	for _, p := range v.paths {
		if is(p.stroke, c) && p.dashed == dashed && p.points[0][1] < v.high-44 {
			out = append(out, p)
		}
	}
	return out
}

// dots are those of a colour.
func (v vector) dots(c color.NRGBA) int {
	n := 0
	for _, p := range v.paths {
		if p.round && is(p.fill, c) {
			n++
		}
	}
	return n
}

// areas are filled ones of a colour, keys of the legend left out.
func (v vector) areas(c color.NRGBA) []path {
	var out []path
	for _, p := range v.paths {
		if is(p.fill, c) && !p.round && p.points[0][1] < v.high-44 {
			out = append(out, p)
		}
	}
	return out
}

// is reports whether a colour of an SVG is meant: transparent ones lose a little in
// rounding.
func is(written string, c color.NRGBA) bool {
	var v uint32
	if _, err := fmt.Sscanf(written, "#%06X", &v); err != nil {
		return false
	}
	w := rgb(v)
	apart := func(a, b uint8) bool { return max(a, b)-min(a, b) > 3 }
	return !apart(w.R, c.R) && !apart(w.G, c.G) && !apart(w.B, c.B)
}

// says reports whether a text is somewhere.
func (v vector) says(words string) bool {
	_, ok := v.find(words)
	return ok
}

func (v vector) find(words string) (text, bool) {
	for _, t := range v.texts {
		if strings.Contains(t.words, words) {
			return t, true
		}
	}
	return text{}, false
}

// centre is where the middle of a text is.
func (v vector) centre(t rapid.TB, words string) float64 {
	t.Helper()
	f := regular(textSize)
	for _, s := range v.texts {
		if s.words == words {
			return s.x + float64(f.Width(words))/2
		}
	}
	t.Fatalf("no text %q in %v", words, v.texts)
	return 0
}

// svg draws a picture.
func svg(t rapid.TB, p Picture) vector {
	t.Helper()
	var b bytes.Buffer
	if err := Draw(&b, SVG, p); err != nil {
		t.Fatal(err)
	}
	return drawn(t, b.Bytes())
}

// near reports whether two places are the same on paper.
func near(a, b float64) bool { return math.Abs(a-b) < 0.5 }
