package chart

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// past is n windows of half an hour, of which some did not pass.
func past(n int, odd map[int]Past) Timeline {
	t := Timeline{Title: "checkout", Length: 30 * time.Minute}
	for i := range n {
		p := odd[i]
		if p.Outcome == "" {
			p = Past{Outcome: analysis.OutcomePass, After: 15 * time.Minute}
		}
		p.Start = began.Add(time.Duration(i) * 30 * time.Minute)
		t.Past = append(t.Past, p)
	}
	return t
}

func timelineSVG(t testing.TB, tl Timeline) vector {
	t.Helper()
	var b bytes.Buffer
	if err := DrawTimeline(&b, SVG, tl); err != nil {
		t.Fatal(err)
	}
	return drawn(t, b.Bytes())
}

// bars are those of the windows, without keys and what shines behind.
func (v vector) bars(t testing.TB, o analysis.Outcome) (out []path) {
	t.Helper()
	for _, p := range v.paths {
		if is(p.fill, colorOf(o)) && !p.round && len(p.points) >= 4 && p.points[0][1] < v.high-rowHead-rowTitle {
			out = append(out, p)
		}
	}
	return out
}

func TestTimeline(t *testing.T) {
	v := timelineSVG(t, past(20, map[int]Past{
		3:  {Outcome: analysis.OutcomeFail, After: 10 * time.Minute},
		7:  {Outcome: analysis.OutcomeMarginal, After: 33 * time.Minute},
		11: {Outcome: analysis.OutcomeInconclusive, After: 33 * time.Minute},
		12: {Outcome: "?", After: 33 * time.Minute},
	}))
	if got := v.texts[0].words; got != "checkout: 20 windows of 30m - 16 pass, 1 marginal, 2 inconclusive, 1 fail" {
		t.Errorf("the title is %q", got)
	}
	for _, want := range []string{"2026-01-02 12:00", "2026-01-02 21:30", "10m", "30m", "start (UTC)", "time since the window's start"} {
		if !v.says(want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	for o, n := range map[analysis.Outcome]int{
		analysis.OutcomePass: 16, analysis.OutcomeMarginal: 1, analysis.OutcomeInconclusive: 2, analysis.OutcomeFail: 1,
	} {
		if got := len(v.bars(t, o)); got != 2*n { // the window's, and until the verdict
			t.Errorf("%d bars of %s", got, o)
		}
	}
	failed := v.bars(t, analysis.OutcomeFail)
	whole, decided := failed[0].points[2], failed[1].points[2]
	if !near(whole[0], v.centre(t, "30m")) || !near(decided[0], v.centre(t, "10m")) {
		t.Errorf("the failed window ends at %g, and was decided at %g", whole[0], decided[0])
	}
	label, _ := v.find("2026-01-02 13:30")
	if mid := (failed[1].points[0][1] + failed[1].points[2][1]) / 2; !near(mid, label.y+textSize/3) {
		t.Errorf("the fourth window is at %g, its start at %g", mid, label.y)
	}
	if n := v.dots(green); n != 16+1 { // one in the legend
		t.Errorf("%d marks of passes", n)
	}
}

func TestTimelineOfMany(t *testing.T) {
	v := timelineSVG(t, past(2000, map[int]Past{
		900:  {Outcome: analysis.OutcomeFail, After: 5 * time.Minute},
		901:  {Outcome: analysis.OutcomeMarginal, After: 30 * time.Minute},
		1201: {Outcome: analysis.OutcomeMarginal, After: 30 * time.Minute},
	}))
	if !strings.Contains(v.texts[0].words, "2000 windows of 30m - 1997 pass, 2 marginal, 1 fail") || !v.says("each row shows the worst of 3 windows") {
		t.Errorf("the picture does not count right: %v", v.texts[0])
	}
	if f, m, p := v.bars(t, analysis.OutcomeFail), v.bars(t, analysis.OutcomeMarginal), v.bars(t, analysis.OutcomePass); len(f) != 2 || len(m) != 2 || len(p) != 2*665 {
		t.Errorf("%d, %d and %d bars", len(f), len(m), len(p))
	}
	if v.high > 1400 {
		t.Errorf("the picture is %g points high", v.high)
	}
	last := 1e9
	for _, s := range v.texts {
		if strings.HasPrefix(s.words, "2026-") {
			if last-s.y < textSize {
				t.Fatalf("starts are written over each other: %v", s)
			}
			last = s.y
		}
	}
}

func TestTimelineWithALongTitle(t *testing.T) {
	tl := past(30, nil)
	tl.Title = strings.Repeat("every second host against the others, ", 4)
	v := timelineSVG(t, tl)
	if !v.says("30 pass, 0 fail") {
		t.Errorf("the counts are lost: %v", v.texts[:3])
	}
	if short := timelineSVG(t, past(30, nil)); v.high <= short.high {
		t.Error("the title has no room")
	}
	label, _ := v.find("2026-01-02 12:00")
	if key, _ := v.find("marginal"); key.y-label.y < textSize {
		t.Errorf("the legend, at %g, lies on the first row, at %g", key.y, label.y)
	}
}

func TestTimelineOfOne(t *testing.T) {
	v := timelineSVG(t, past(1, nil))
	if got := v.texts[0].words; got != "checkout: 1 window of 30m - 1 pass, 0 fail" {
		t.Errorf("the title is %q", got)
	}
	var b bytes.Buffer
	if err := DrawTimeline(&b, PNG, past(1, nil)); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if n := pixels(img, green, img.Bounds()); n < 100 || img.Bounds().Dx() != 2*Width {
		t.Errorf("%d pixels of passing in %v", n, img.Bounds())
	}
}
