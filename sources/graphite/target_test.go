package graphite

import (
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestOneTarget(t *testing.T) {
	for _, good := range []string{
		"a", "shop.1_4_2.errors", " a.b ", "a.{b,c}.d*", "a.[0-9]x", "constantLine(1)", "sumSeries(a.*, b.{c,d}, 'x')",
		"a | scale(2)|alias('x, (y')", "\n  sumSeries(\n    a.b,\n    c.d\n  )\n  | alias('both')\n", `alias(a, "it's (\"so\")")`,
		`alias(a, 'say "it')`, `seriesByTag("name=a", 'b!=c')`, `a.with\ space`, `a.b\(c\)`, `a.comma\,`, "a||b", `a.b\\`,
	} {
		if err := oneTarget(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"":                  "the query is empty",
		" \n\t ":            "the query is empty",
		"sum(a":             "column 4: ( is never closed",
		"sum(a.{b,c)":       "column 11: ) without (",
		"a)":                "column 2: ) without (",
		"a}":                "column 2: } without {",
		"sum(a))":           "column 7: ) without (",
		"a,b":               "column 2: there is a second target",
		"sum(a), b":         "column 7: there is a second target",
		"sum(a) , b":        "column 8: there is a second target",
		"a b":               "column 3: there is something after its end",
		"sum(a)b":           "column 7: there is something after its end",
		"sum(a) (b)":        "column 8: there is something after its end",
		"a 'b":              "column 3: there is something after its end",
		"alias(a, 'b)":      "column 10: a string without an end",
		`alias(a, "b\")`:    "column 10: a string without an end",
		"a |":               "column 3: nothing follows |",
		`a.b\`:              `column 4: nothing follows \`,
		"sum(a) | ":         "column 9: nothing follows |",
		`alias(a, "b') | c`: "column 10: a string without an end",
	} {
		err := oneTarget(bad)
		if err == nil || err.Kind != analysis.Invalid || !strings.Contains(err.Message, want) {
			t.Errorf("%q: error %v, want an invalid one about %q", bad, err, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct {
		dots       Dots
		name, want string
	}{
		{DotsUnderscore, "1.4.2", "1_4_2"},
		{DotsUnderscore, "v1.4.2-rc.1+build:7/x@y", "v1_4_2-rc_1+build:7/x@y"},
		{DotsUnderscore, "../../etc", "__/__/etc"},
		{DotsKeep, "1.4.2", "1.4.2"},
		{DotsKeep, "a*?[]{}(),;'\"\\|$&=!~%# \n\tü", "a" + strings.Repeat("_", 25)},
		{DotsKeep, "", ""},
	} {
		s := settings("http://graphite")
		s.Dots = c.dots
		if got := overWith(s, nil).Quote(c.name); got != c.want {
			t.Errorf("dots: %s: %q is %q, want %q", c.dots, c.name, got, c.want)
		}
	}
}

// TestRefusedBefore wants nobody to be asked what cannot be answered.
func TestRefusedBefore(t *testing.T) {
	s := over(nil) // whoever asks panics
	for name, change := range map[string]func(*analysis.Query){
		"whole seconds":   func(q *analysis.Query) { q.Step /= 120 },
		"query is no tar": func(q *analysis.Query) { q.Text = "sum(a" },
		"query is empty":  func(q *analysis.Query) { q.Text = "" },
		"reduce":          func(q *analysis.Query) { q.Reduce = "median" },
	} {
		q := minutes(2)
		change(&q)
		_, err := s.Fetch(t.Context(), q)
		batch := s.FetchAll(t.Context(), []analysis.Query{q, q})
		for _, err := range []error{err, batch[0].Err, batch[1].Err} {
			if analysis.KindOf(err) != analysis.Invalid || !strings.HasPrefix(err.Error(), "source graphite: ") || !strings.Contains(err.Error(), name) {
				t.Errorf("error %v, want an invalid one about %s", err, name)
			}
		}
	}
	if got := s.FetchAll(t.Context(), nil); len(got) != 0 {
		t.Errorf("%d answers to no query", len(got))
	}
}
