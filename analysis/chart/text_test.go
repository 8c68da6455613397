package chart

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
)

func TestPlainTextIsHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"checkout":           "checkout",
		"a\nb\tc   d ":       "a b c d",
		"nul\x00bell\a":      "nul\uFFFDbell\uFFFD",
		"broken \xff\xfe":    "broken \uFFFD",
		"turned \u202etxet":  "turned \uFFFDtxet",
		"joined\u200btwo":    "joined\uFFFDtwo",
		"größer als 5 %, №1": "größer als 5 %, №1",
		"<b>&amp;":           "<b>&amp;", // escaping is the writer's
		"":                   "",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
	if got := plain(strings.Repeat("ü", 100_000)); utf8.RuneCountInString(got) != maxText {
		t.Errorf("%d characters are left", utf8.RuneCountInString(got))
	}
}

func TestNamesCannotBreakOut(t *testing.T) {
	hostile := "\"'></text></g><script>alert(1)</script><image href=\"//evil\"/>&lt;\x00\x1b\xff\u202e" + oneFont
	m := newRun(analysis.Gauge, 10)
	m.run.Service, m.run.Version, m.run.BaselineVersion, m.pair.Segment = hostile, hostile, hostile, hostile
	m.metric().Name, m.pair.Metric = hostile, hostile
	m.pair.Baseline = analysis.Samples{Err: analysis.Errorf(analysis.Unavailable, "%s", hostile)}
	m.because(strings.Repeat(hostile, 20))
	p := m.picture()
	p.Marks = []Mark{{At: began.Add(5 * m.pair.Step), Text: hostile}}
	v := svg(t, p) // fails on elements that no drawing has
	if !v.says("</text></g><script>alert(1)") {
		t.Error("the name is not shown as it is")
	}
	var out bytes.Buffer
	if err := DrawTimeline(&out, SVG, Timeline{Title: hostile, Length: day, Past: []Past{{Start: began}}}); err != nil {
		t.Fatal(err)
	}
	drawn(t, out.Bytes())
}

func TestTextStaysOnThePaper(t *testing.T) {
	m := newRun(analysis.Gauge, 10)
	m.pair.Segment = strings.Repeat("region=eu-west-", 40)
	m.because(strings.Repeat("word ", 500))
	v := svg(t, m.picture())
	for _, s := range v.texts {
		f := regular(textSize)
		if s.y > v.high-44 {
			f = bold(titleSize)
		}
		if end := s.x + float64(f.Width(s.words)); s.x < 0 || end > v.wide || s.y < 0 || s.y > v.high {
			t.Errorf("%.40q ends at %g of %g", s.words, end, v.wide)
		}
	}
	if s, _ := v.find("word"); !strings.HasPrefix(s.words, "word word") {
		t.Error("the reason is missing")
	}
}

func TestWrap(t *testing.T) {
	f := regular(10)
	width := f.Width("one two three")
	for in, want := range map[string]string{
		"":                         "",
		"one":                      "one",
		"one two three":            "one two three",
		"one two three four":       "one two three|four",
		"one two three one two no": "one two three|one two no",
		"one two three one two three four five six": "one two three|one two thr…",
		"onetwothreefourfivesixseven":               "onetwothre…",
	} {
		got := wrap(f, in, width, 2)
		if strings.Join(got, "|") != want {
			t.Errorf("wrap(%q) = %q, want %q", in, got, want)
		}
		for _, line := range got {
			if f.Width(line) > width {
				t.Errorf("%q is too wide", line)
			}
		}
	}
	if got := fit(f, "word", 1); got != ellipsis {
		t.Errorf("no room gives %q", got)
	}
}
