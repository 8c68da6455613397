package chart

import (
	"fmt"
	"io"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func BenchmarkDraw(b *testing.B) {
	for _, n := range []int{30, 360, 3600} {
		p := newRun(analysis.Ratio, n).worse(n/2, 1.4).picture()
		for _, f := range []Format{SVG, PNG} {
			b.Run(fmt.Sprintf("%s/samples=%d", f, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := Draw(io.Discard, f, p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkGrid(b *testing.B) {
	p := newRun(analysis.Gauge, 60).picture()
	for _, f := range []Format{SVG, PNG} {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if err := Grid(io.Discard, f, []Picture{p, p, p, p}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTimeline(b *testing.B) {
	t := past(336, nil) // a week
	for _, f := range []Format{SVG, PNG} {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if err := DrawTimeline(io.Discard, f, t); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
