package config

import "testing"

func TestMistakeString(t *testing.T) {
	for _, c := range []struct {
		m    Mistake
		want string
	}{
		{Mistake{"a.yaml", 12, 5, "plans[0].every", `duration "30": not understood`, "30s"}, `a.yaml:12:5: plans[0].every: duration "30": not understood (try: 30s)`},
		{Mistake{File: "a.yaml", Message: "empty"}, "a.yaml: empty"},
		{Mistake{File: "a.yaml", Line: 3, Message: "empty"}, "a.yaml:3: empty"},
	} {
		if got := c.m.String(); got != c.want {
			t.Errorf("%s instead of %s", got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"every", "every", 0},
		{"evry", "every", 1},
		{"evrey", "every", 1},
		{"", "abc", 3},
		{"kitten", "sitting", 3},
		{"plan", "plans", 1},
		{"ab", "ba", 1},
		{"a", "muchlonger", 100},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %d instead of %d", c.a, c.b, got, c.want)
		}
		if back := distance(c.b, c.a); back != c.want {
			t.Errorf("%s, %s: %d the other way round", c.b, c.a, back)
		}
	}
}

func TestMeant(t *testing.T) {
	known := []string{"sequential", "kayenta", "threshold"}
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"seqential", known, "sequential"},
		{"Kayenta", known, "kayenta"},
		{"magic", known, "one of kayenta, sequential, threshold"},
		{"", known, "one of kayenta, sequential, threshold"},
		{"", []string{"a"}, "a"},
		{"x", nil, ""},
	} {
		if got := meant(c.word, c.known); got != c.want {
			t.Errorf("%q: %q instead of %q", c.word, got, c.want)
		}
	}
}
