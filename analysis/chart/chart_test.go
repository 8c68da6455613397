package chart

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// picturePNG draws pictures and reads the image back.
func picturePNG(t testing.TB, ps ...Picture) image.Image {
	t.Helper()
	var b bytes.Buffer
	var err error
	if len(ps) == 1 {
		err = Draw(&b, PNG, ps[0])
	} else {
		err = Grid(&b, PNG, ps)
	}
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// pixels counts those of a colour in a part of an image.
func pixels(img image.Image, c color.NRGBA, part image.Rectangle) (n int) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if color.NRGBAModel.Convert(img.At(x, y)) == c {
				n++
			}
		}
	}
	return n
}

func TestPNGShowsTheSame(t *testing.T) {
	img := picturePNG(t, newRun(analysis.Gauge, 30).picture())
	if got := img.Bounds(); got != image.Rect(0, 0, 2*Width, 2*Height) {
		t.Fatalf("the image is %v", got)
	}
	lower := image.Rect(0, 200, 2*Width, 2*Height) // without the legend
	for name, c := range map[string]color.NRGBA{"canary": canaryColor, "baseline": baselineColor} {
		if n := pixels(img, c, lower); n < 2000 {
			t.Errorf("the %s has %d pixels", name, n)
		}
	}
	if n := pixels(img, ink, image.Rect(0, 0, 2*Width, 80)); n < 500 {
		t.Errorf("the title has %d pixels", n)
	}
	if n := pixels(img, paper, img.Bounds()); n < 2*Width*Height {
		t.Errorf("the paper has %d pixels", n)
	}
}

func TestGridHoldsTheFirstFour(t *testing.T) {
	for n, want := range map[int]image.Point{1: {1, 1}, 2: {1, 2}, 3: {2, 2}, 4: {2, 2}, 9: {2, 2}} {
		var ps []Picture
		for i := range n {
			m := newRun(analysis.Gauge, 5)
			m.pair.Segment = "s=" + string(rune('a'+i))
			ps = append(ps, m.picture())
		}
		var b bytes.Buffer
		if err := Grid(&b, SVG, ps); err != nil {
			t.Fatal(err)
		}
		v := drawn(t, b.Bytes())
		if wide, high := float64(want.X*Width)*0.75, float64(want.Y*Height)*0.75; v.wide != wide || v.high != high {
			t.Errorf("%d pictures make %g x %g points", n, v.wide, v.high)
		}
		if n >= 3 { // the third is below the first
			a, _ := v.find("s=a")
			c, _ := v.find("s=c")
			if a.x != c.x || !near(a.y-c.y, Height*0.75) {
				t.Errorf("the first is at %g %g, the third at %g %g", a.x, a.y, c.x, c.y)
			}
		}
		if v.says("(s=e)") {
			t.Error("there is a fifth picture")
		}
	}
	img := picturePNG(t, newRun(analysis.Gauge, 5).picture(), newRun(analysis.Gauge, 5).picture(), newRun(analysis.Gauge, 5).picture())
	if got := img.Bounds().Max; got != image.Pt(4*Width, 4*Height) {
		t.Errorf("three pictures make %v", got)
	}
	if n := pixels(img, canaryColor, image.Rect(2*Width, 2*Height, 4*Width, 4*Height)); n > 0 {
		t.Error("there is a fourth picture of three")
	}
}

func TestSilenceIsSaidInWords(t *testing.T) {
	none := func(s *analysis.Samples) { *s = analysis.Samples{} }
	for name, c := range map[string]struct {
		spoil func(m *made)
		says  []string
		lines int
	}{
		"canary":   {func(m *made) { gap(&m.pair.Canary, 0, 99) }, []string{"no samples of the canary", "canary: no samples"}, 1},
		"baseline": {func(m *made) { none(&m.pair.Baseline) }, []string{"no samples of the baseline", "baseline: no samples"}, 1},
		"why": {func(m *made) {
			m.pair.Canary = analysis.Samples{Err: analysis.Errorf(analysis.Unavailable, "prom: no answer in time").WithHint("wait")}
		}, []string{"no samples of the canary: prom: no answer in time"}, 1},
		"both": {func(m *made) { none(&m.pair.Canary); none(&m.pair.Baseline) }, []string{"no samples of the canary", "no samples of the baseline"}, 0},
		"a limit needs no baseline": {func(m *made) {
			none(&m.pair.Baseline)
			m.metric().Threshold = &analysis.Threshold{Max: new(float64)}
		}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := newRun(analysis.Gauge, 12)
			c.spoil(m)
			v := svg(t, m.picture())
			for _, want := range c.says {
				if !v.says(want) {
					t.Errorf("the picture does not say %q: %v", want, v.texts)
				}
			}
			if c.says == nil && v.says("no samples") {
				t.Error("the picture misses something")
			}
			if n := len(v.lines(canaryColor, false)) + len(v.lines(baselineColor, false)); n != c.lines {
				t.Errorf("%d lines", n)
			}
		})
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	m := newRun(analysis.Ratio, 700).worse(400, 1.4)
	draw := func(f Format) string {
		var b bytes.Buffer
		if err := Draw(&b, f, m.picture()); err != nil {
			t.Error(err)
		}
		return b.String()
	}
	want := map[Format]string{SVG: draw(SVG), PNG: draw(PNG)}
	var all sync.WaitGroup
	for range 4 {
		for f, first := range want {
			all.Go(func() {
				if draw(f) != first {
					t.Errorf("another %s the second time", f)
				}
			})
		}
	}
	all.Wait()
}

func TestSamplesAreLeftAlone(t *testing.T) {
	m := newRun(analysis.Ratio, 900)
	m.run.Snapshot.Baseline = analysis.Baseline{Kind: analysis.BaselineBefore, Shift: analysis.Duration(15 * 60e9)}
	before := append(append(analysis.Values{}, m.pair.Baseline.Values...), m.pair.Canary.Totals...)
	svg(t, m.picture())
	for i, v := range append(append(analysis.Values{}, m.pair.Baseline.Values...), m.pair.Canary.Totals...) {
		if v != before[i] {
			t.Fatal("drawing changed the samples")
		}
	}
}

// brokenPipe cannot be written to.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestTrouble(t *testing.T) {
	p := newRun(analysis.Gauge, 5).picture()
	for name, c := range map[string]struct {
		err  error
		kind analysis.Kind
		says string
	}{
		"format":        {Draw(io.Discard, "bmp", p), analysis.Invalid, `format "bmp"`},
		"nothing":       {Grid(io.Discard, SVG, nil), analysis.Invalid, "nothing to draw"},
		"no windows":    {DrawTimeline(io.Discard, SVG, Timeline{}), analysis.Invalid, "no past windows"},
		"writer, SVG":   {Draw(brokenPipe{}, SVG, p), analysis.Unavailable, "could not be written"},
		"writer, PNG":   {Draw(brokenPipe{}, PNG, p), analysis.Unavailable, "could not be written"},
		"writer, grid":  {Grid(brokenPipe{}, PNG, []Picture{p, p}), analysis.Unavailable, "could not be written"},
		"format, lines": {DrawTimeline(io.Discard, "", Timeline{Past: make([]Past, 1)}), analysis.Invalid, "svg or png"},
	} {
		if !errors.Is(c.err, c.kind) || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: got %v", name, c.err)
		}
	}
	if SVG.ContentType() != "image/svg+xml" || PNG.ContentType() != "image/png" {
		t.Error("wrong media types")
	}
}
