package datadog

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestQuote: expected values are worked out by hand from the agent's rules.
func TestQuote(t *testing.T) {
	for name, want := range map[string]string{
		"1.4.2":                   "1.4.2",
		"V1.4.2-RC1":              "v1.4.2-rc1",
		"1.4.2+build.7":           "1.4.2_build.7",
		"feature/New UI":          "feature/new_ui",
		"a__b":                    "a_b",
		"a + b":                   "a_b",
		"trailing_":               "trailing",
		"trailing!?":              "trailing",
		"_leading":                "_leading",
		"über:ÜBER":               "über:über",
		"a,b}{c:d":                "a_b_c:d",
		"*":                       "",
		"a\xffb":                  "a_b",
		"sha256:ABCDEF":           "sha256:abcdef",
		strings.Repeat("x", 300):  strings.Repeat("x", 200),
		strings.Repeat("!x", 150): strings.Repeat("_x", 100),
	} {
		if got := (*Source)(nil).Quote(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// FuzzQuote: nothing breaks out of a scope or of a string, and what is stored stays what
// it is.
func FuzzQuote(f *testing.F) {
	for _, name := range []string{"1.4.2", `1"},x:{`, "İstanbul", "a\x00b", strings.Repeat("é+", 300)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s := (*Source)(nil)
		got := s.Quote(name)
		if strings.ContainsAny(got, " ,{}()[]*!\"'\\\n\t$|&<>=") || utf8.RuneCountInString(got) > maxTag || !utf8.ValidString(got) {
			t.Fatalf("%q: %q", name, got)
		}
		if again := s.Quote(got); again != got {
			t.Fatalf("%q: %q, and again %q", name, got, again)
		}
		if b, _ := json.Marshal(got); string(b) != `"`+got+`"` {
			t.Fatalf("%q: %q is %s in JSON", name, got, b)
		}
	})
}
