package chart

import (
	"image/color"

	"github.com/haldane-dev/haldane/analysis"
)

// rgb makes a colour of its usual notation.
func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

// faint lets what lies below shine through.
func faint(c color.NRGBA, percent int) color.NRGBA {
	c.A = uint8(255 * percent / 100)
	return c
}

// The colours that carry meaning are of the palette of Okabe and Ito (2008), which
// people with any kind of colour vision can tell apart. Nothing is said by colour
// alone: sides are named and drawn differently, outcomes have a shape each.
var (
	vermillion = rgb(0xd55e00)
	blue       = rgb(0x0072b2)
	green      = rgb(0x009e73)
	yellow     = rgb(0xf0e442)

	paper = rgb(0xffffff)
	ink   = rgb(0x1c2330)
	dim   = rgb(0x5a6475)
	rule  = rgb(0xe3e6eb)
	grey  = rgb(0x999999)

	canaryColor    = vermillion
	baselineColor  = blue
	toleranceColor = green
	limitColor     = ink
)

// colorOf is an outcome's colour.
func colorOf(o analysis.Outcome) color.NRGBA {
	switch o {
	case analysis.OutcomePass:
		return green
	case analysis.OutcomeFail:
		return vermillion
	case analysis.OutcomeMarginal:
		return yellow
	}
	return grey
}
