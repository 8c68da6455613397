package judge

import (
	"math"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// row reads "1/10 - 0/0 -3/5": events/total, and - for a missing sample.
func row(t *testing.T, text string) analysis.Samples {
	t.Helper()
	var s analysis.Samples
	for word := range strings.FieldsSeq(text) {
		v, total := analysis.Missing(), analysis.Missing()
		if word != "-" {
			a, b, _ := strings.Cut(word, "/")
			v, total = parsed(t, a), parsed(t, b)
		}
		s.Values, s.Totals = append(s.Values, v), append(s.Totals, total)
	}
	return s
}

func parsed(t *testing.T, text string) float64 {
	t.Helper()
	if text == "NaN" {
		return math.NaN()
	}
	var n analysis.Number
	if err := n.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return float64(n)
}

// text is the opposite of row.
func text(s analysis.Samples) string {
	words := make([]string, len(s.Values))
	for i := range words {
		words[i] = "-"
		if !analysis.IsMissing(s.Values[i]) {
			words[i] = figures(s.Values[i], 6) + "/" + figures(s.Totals[i], 6)
		}
	}
	return strings.Join(words, " ")
}

func TestAddUp(t *testing.T) {
	for _, c := range []struct {
		name             string
		sides            []string // canary and baseline of each segment
		canary, baseline string
		kind             analysis.BaselineKind
	}{
		{"all there", []string{"1/10 2/20", "3/30 4/40", "0/5 1/5", "1/1 0/1"}, "1/15 3/25", "4/31 4/41", ""},
		{"a segment on one side alone is left out", []string{"1/10", "3/30", "5/50", "-"}, "1/10", "3/30", ""},
		{"and for the steps where it is", []string{"1/10 1/10", "3/30 3/30", "5/50 5/50", "- 7/70"}, "1/10 6/60", "3/30 10/100", ""},
		{"where none has both, a side that has nothing shows", []string{"1/10 -", "3/30 3/30", "5/50 -", "7/70 7/70"}, "6/60 -", "10/100 10/100", ""},
		{"sides of different segments are not compared", []string{"1/10", "-", "-", "7/70"}, "-", "-", ""},
		{"no traffic adds nothing", []string{"0/0", "3/30", "5/50", "7/70"}, "5/50", "10/100", ""},
		{"a counter that started again is left out", []string{"-9/-90", "3/30", "5/50", "7/70"}, "5/50", "7/70", ""},
		{"also where only its events did", []string{"-1/50", "3/30", "5/50", "7/70"}, "5/50", "7/70", ""},
		{"and so is what is no number", []string{"NaN/10", "3/30", "5/50", "7/70"}, "5/50", "7/70", ""},
		{"of another time: each side by itself, of segments that have both", []string{"1/10 2/20", "3/30", "5/50 -", "7/70", "9/90 9/90", "-"}, "6/60 2/20", "10/100", analysis.BaselineBefore},
	} {
		l := look{plan: &analysis.Plan{Metrics: []analysis.Metric{{Name: "m", Kind: analysis.Ratio}}, Baseline: analysis.Baseline{Kind: c.kind}}}
		var pairs []analysis.Pair
		for i := 0; i < len(c.sides); i += 2 {
			pairs = append(pairs, analysis.Pair{Metric: "m", Segment: string(rune('a' + i)), Canary: row(t, c.sides[i]), Baseline: row(t, c.sides[i+1])})
		}
		before := tree(t, pairs)
		s := &l.subjects(pairs)[0]
		if !s.whole || len(s.pairs) != len(pairs)+1 || s.pairs[0].Segment != "" {
			t.Fatalf("%s: no sum: %+v", c.name, s.pairs)
		}
		if got := text(s.pairs[0].Canary); got != c.canary {
			t.Errorf("%s: canary %s, want %s", c.name, got, c.canary)
		}
		if got := text(s.pairs[0].Baseline); got != c.baseline {
			t.Errorf("%s: baseline %s, want %s", c.name, got, c.baseline)
		}
		if after := tree(t, pairs); len(notPart(before, after, "pairs")) > 0 {
			t.Errorf("%s: the samples were changed", c.name)
		}
	}
}

// Only what can be added up is.
func TestNoSum(t *testing.T) {
	limit := 1.0
	for name, m := range map[string]analysis.Metric{
		"a gauge": {Name: "m", Kind: analysis.Gauge}, "a limit": {Name: "m", Kind: analysis.Ratio, Threshold: &analysis.Threshold{Max: &limit}},
	} {
		l := look{plan: &analysis.Plan{Metrics: []analysis.Metric{m}}}
		s := &l.subjects([]analysis.Pair{{Metric: "m", Segment: "a", Canary: row(t, "1/10"), Baseline: row(t, "1/10")}})[0]
		if s.whole || len(s.pairs) != 1 || !s.split {
			t.Errorf("%s: %+v", name, s)
		}
	}
	l := look{plan: &analysis.Plan{Metrics: []analysis.Metric{{Name: "m", Kind: analysis.Ratio, By: []string{"region"}}}}}
	s := &l.subjects([]analysis.Pair{{Metric: "m", Canary: row(t, "- -"), Baseline: row(t, "- -")}})[0]
	if s.whole || s.split || len(s.pairs) != 1 {
		t.Errorf("no segments: %+v", s)
	}
}

// A whole that was given beside segments is not counted twice.
func TestGivenWholeIsLeftOut(t *testing.T) {
	l := look{plan: &analysis.Plan{Metrics: []analysis.Metric{{Name: "m", Kind: analysis.Ratio}}, Baseline: analysis.Baseline{Kind: analysis.BaselineVersion}}}
	s := &l.subjects([]analysis.Pair{
		{Metric: "m", Canary: row(t, "9/9"), Baseline: row(t, "9/9")},
		{Metric: "m", Segment: "a", Canary: row(t, "1/10"), Baseline: row(t, "2/10")},
	})[0]
	if len(s.pairs) != 2 || text(s.pairs[0].Canary) != "1/10" || text(s.pairs[0].Baseline) != "2/10" {
		t.Errorf("%+v", s.pairs)
	}
}
