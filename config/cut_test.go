package config_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/config"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 10, ""},
		{"short", 5, "short"},
		{" two\n\twords ", 20, "two words"},
		{"seventeen letters", 17, "seventeen letters"},
		{"seventeen letters", 16, "sevent ... (cut)"},
		{"éééééééééééééé", 12, "éé ... (cut)"},
		{"abc", 2, "ab"},
		{"abc", -1, ""},
		{"a\xffb", 9, "a?b"},
	} {
		if got := config.Cut(c.in, c.limit); got != c.want {
			t.Errorf("%q, %d: %q, want %q", c.in, c.limit, got, c.want)
		}
	}
	if got := config.CutLines("one\ntwo\n\nthree, four", 18); got != "one\ntwo ... (cut)" {
		t.Errorf("lines: %q", got)
	}
	for limit := range 60 {
		for _, in := range []string{strings.Repeat("\U0001F534 ", 30), strings.Repeat("\xff", 80)} {
			got := config.CutLines(in, limit)
			if utf8.RuneCountInString(got) > limit || !utf8.ValidString(got) {
				t.Errorf("limit %d: %q", limit, got)
			}
		}
	}
}
