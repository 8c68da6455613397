package config

import (
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// counterWindow is a function over a range in PromQL that reads counters.
type counterWindow struct {
	function string
	window   analysis.Duration
}

// counterWindows finds the ranges over which a PromQL query reads counters. In
// other languages there are none.
func counterWindows(query string) []counterWindow {
	var found []counterWindow
	masked := maskStrings(query)
	for i := range len(masked) {
		name := functionAt(masked, i)
		if name == "" {
			continue
		}
		inside := arguments(masked[i+len(name):])
		open := strings.IndexByte(inside, '[')
		end := strings.IndexByte(inside, ']')
		if open < 0 || end < open {
			continue
		}
		text, _, _ := strings.Cut(inside[open+1:end], ":") // of a subquery its range
		if d, err := analysis.ParseDuration(text); err == nil {
			found = append(found, counterWindow{name, d})
		}
	}
	return found
}

// functionAt returns the counter function whose name begins at i, or "".
func functionAt(query string, i int) string {
	if i > 0 && isWordByte(query[i-1]) {
		return ""
	}
	j := i
	for j < len(query) && isWordByte(query[j]) {
		j++
	}
	if !slices.Contains([]string{"rate", "irate", "increase", "delta", "idelta"}, query[i:j]) ||
		!strings.HasPrefix(strings.TrimLeft(query[j:], " \n\t"), "(") {
		return ""
	}
	return query[i:j]
}

// arguments returns what stands in the first brackets of a text.
func arguments(text string) string {
	start, depth := strings.IndexByte(text, '('), 0
	for i := max(start, 0); i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			return text[start+1 : i]
		}
	}
	return text[start+1:]
}

// maskStrings replaces what stands in quotes by dots.
func maskStrings(query string) string {
	out := []byte(query)
	quote := byte(0)
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case quote == 0 && (c == '"' || c == '\'' || c == '`'):
			quote = c
		case c == quote:
			quote = 0
		case quote != 0 && c == '\\' && quote != '`' && i+1 < len(out):
			out[i], out[i+1] = '.', '.'
			i++
		case quote != 0:
			out[i] = '.'
		}
	}
	return string(out)
}

func isWordByte(c byte) bool {
	return c == '_' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
