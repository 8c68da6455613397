package analysis_test

import (
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestValidName(t *testing.T) {
	for _, c := range []struct {
		name, pattern, in string
		want              bool
	}{
		{"semantic version", "", "1.4.2-rc.1+build.7", true},
		{"image", "", "registry.example.com:5000/shop@sha256:0a1b", true},
		{"longest", "", strings.Repeat("a", 200), true},
		{"too long", "", strings.Repeat("a", 201), false},
		{"empty", "", "", false},
		{"space", "", "1.4 2", false},
		{"quote", "", `1"} or vector(0) #`, false},
		{"newline at the end", "", "1.4.2\n", false},
		{"percent", "", "1%2f", false},
		{"widened", `v\d+ \(.*\)`, "v12 (blue)", true},
		{"widened, still whole", `v\d+`, "v12x", false},
		{"alternatives are bracketed", `a|b`, "xb", false},
		{"any character is not any control character", `(?s).*`, "a\nb", false},
		{"escape character", `.*`, "a\x1b[31m", false},
		{"not UTF-8", `(?s).*`, "a\xff", false},
		{"widened without end", `.*`, strings.Repeat("a", 1001), false},
		{"empty by pattern", `.*`, "", false},
		{"broken pattern", `(`, "a", false},
		{"pattern that closes our bracket", `a)|(?:b`, "b", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := analysis.ValidName(c.pattern, c.in); got != c.want {
				t.Errorf("ValidName(%q, %q) = %v", c.pattern, c.in, got)
			}
		})
	}
}

func TestPlainName(t *testing.T) {
	for in, want := range map[string]bool{
		"checkout": true, "shop.eu-west_1": true, "1": true, strings.Repeat("x", 100): true,
		"": false, "-x": false, ".": false, "..": false, "a/b": false, "a b": false, "a\n": false, "ä": false,
		strings.Repeat("x", 101): false,
	} {
		if got := analysis.PlainName(in); got != want {
			t.Errorf("PlainName(%q) = %v", in, got)
		}
	}
}

func TestVariableName(t *testing.T) {
	for in, want := range map[string]bool{"region": true, "_x1": true, "": false, "1x": false, "a-b": false, "a.b": false} {
		if got := analysis.VariableName(in); got != want {
			t.Errorf("VariableName(%q) = %v", in, got)
		}
	}
}
