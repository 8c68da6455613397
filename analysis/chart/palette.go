package chart

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// indexed turns an image into one with a palette, which is a third as large a file and
// takes half the time to write. A drawing has a handful of colours and the blends at
// their edges: those beyond the 256 that are most frequent become the nearest of them.
func indexed(img *image.RGBA) *image.Paletted {
	count := map[uint32]int{}
	last, run := uint32(0), 0
	for i := 0; i+3 < len(img.Pix); i += 4 { // mostly long runs of one colour
		c := packed(img.Pix[i:])
		if c != last {
			count[last] += run
			last, run = c, 0
		}
		run++
	}
	count[last] += run
	all := make([]uint32, 0, len(count))
	for c, n := range count {
		if n > 0 {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b uint32) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	most := all[:min(len(all), 256)]
	index := make(map[uint32]uint8, len(all))
	for i, c := range all {
		if i < len(most) {
			index[c] = uint8(i)
		} else {
			index[c] = nearest(most, c)
		}
	}
	out := image.NewPaletted(img.Bounds(), palette(most))
	last = most[0]
	at := index[last]
	for i := range out.Pix {
		if c := packed(img.Pix[4*i:]); c != last {
			last, at = c, index[c]
		}
		out.Pix[i] = at
	}
	return out
}

// packed is a pixel as a number: 0xRRGGBB. Drawings are opaque.
func packed(p []uint8) uint32 { return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]) }

func palette(colors []uint32) color.Palette {
	p := make(color.Palette, len(colors))
	for i, c := range colors {
		p[i] = rgb(c)
	}
	return p
}

// nearest is the index of the colour that differs least.
func nearest(colors []uint32, c uint32) uint8 {
	best, least := 0, 1<<30
	for i, p := range colors {
		d := 0
		for shift := 0; shift <= 16; shift += 8 {
			diff := int(p>>shift&0xff) - int(c>>shift&0xff)
			d += diff * diff
		}
		if d < least {
			best, least = i, d
		}
	}
	return uint8(best)
}
