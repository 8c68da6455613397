package chart

import (
	"image"
	"testing"
)

func TestPaletteKeepsColours(t *testing.T) {
	few := image.NewRGBA(image.Rect(0, 0, 16, 16))
	many := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range 256 { // each colour once
		few.Set(i%16, i/16, rgb(uint32(i)<<8))
	}
	for i := range 1600 { // blends of two colours, most of them rare
		c := rgb(uint32(i))
		if i >= 700 {
			c = paper
		}
		many.Set(i%40, i/40, c)
	}
	for name, c := range map[string]struct {
		img    *image.RGBA
		colors int
		off    int // at most, of a channel
	}{"few": {few, 256, 0}, "many": {many, 256, 255}} {
		out := indexed(c.img)
		if len(out.Palette) != c.colors {
			t.Errorf("%s: %d colours", name, len(out.Palette))
		}
		for y := range c.img.Bounds().Dy() {
			for x := range c.img.Bounds().Dx() {
				a, b := packed(c.img.Pix[c.img.PixOffset(x, y):]), out.Palette[out.ColorIndexAt(x, y)]
				r, g, bl, _ := b.RGBA()
				got := (r>>8)<<16 | (g>>8)<<8 | bl>>8
				if c.off == 0 && got != a {
					t.Fatalf("%s: %06x became %06x", name, a, got)
				}
				if a == 0xffffff && got != a {
					t.Fatalf("%s: the paper became %06x", name, got)
				}
			}
		}
	}
}

func TestNearestColour(t *testing.T) {
	colors := []uint32{0xffffff, 0xd55e00, 0x000000}
	for c, want := range map[uint32]uint8{0xfefefe: 0, 0xe08030: 1, 0x101010: 2, 0xd55e00: 1} {
		if got := nearest(colors, c); got != want {
			t.Errorf("%06x is nearest to %d", c, got)
		}
	}
}
