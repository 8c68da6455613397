package chart

import (
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// fonts are parsed when the first drawing needs them. Two are enough; the library's
// own collection of twelve would make the program four megabytes larger.
var fonts = sync.OnceValue(func() (f struct{ regular, bold *opentype.Font }) {
	f.regular, f.bold = mustParse(liberationsansregular.TTF), mustParse(liberationsansbold.TTF)
	return f
})

// mustParse reads a font that is part of the program: it panics when it is broken.
func mustParse(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err)
	}
	return f
}

// regular is the font of a size in points.
func regular(size vg.Length) font.Face {
	return font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, Face: fonts().regular}
}

// bold is the same, heavier.
func bold(size vg.Length) font.Face {
	return font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: xfont.WeightBold, Size: size}, Face: fonts().bold}
}

// maxText bounds what is measured and drawn: more fits nowhere.
const maxText = 600

// plain makes a text harmless. What is no character (broken UTF-8, controls, which XML
// forbids) and what changes how others are read (marks of direction) is not drawn;
// any white space is one space.
func plain(s string) string {
	n := 0
	s = strings.Map(func(r rune) rune {
		n++
		switch {
		case n > maxText:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r), unicode.In(r, unicode.Cf):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	return strings.Join(strings.Fields(s), " ")
}

const ellipsis = "…"

// fit shortens a text to a width.
func fit(f font.Face, s string, width vg.Length) string {
	if f.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		if short := strings.TrimRight(string(runes[:n]), " ") + ellipsis; f.Width(short) <= width {
			return short
		}
	}
	return ellipsis
}

// wrap breaks a text into at most so many lines of a width; what is too much for the
// last is cut off visibly.
func wrap(f font.Face, s string, width vg.Length, most int) []string {
	var lines []string
	rest := strings.Fields(s)
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && f.Width(strings.Join(rest[:n+1], " ")) <= width {
			n++
		}
		if len(lines) == most-1 {
			n = len(rest)
		}
		lines = append(lines, fit(f, strings.Join(rest[:n], " "), width))
		rest = rest[n:]
	}
	return lines
}
