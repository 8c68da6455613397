package config

import (
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// CounterWindow is a function over a range in PromQL that reads counters, as
// increase(Selector[Window]). Of a subquery the selector is "".
type CounterWindow struct {
	Function string
	Selector string
	Window   analysis.Duration
}

// CounterWindows finds the ranges over which a PromQL query reads counters. In
// other languages there are none.
func CounterWindows(query string) []CounterWindow {
	var found []CounterWindow
	masked := maskStrings(query)
	for i := range len(masked) {
		name := functionAt(masked, i)
		if name == "" {
			continue
		}
		start, inside := arguments(masked, i+len(name))
		open := strings.IndexByte(inside, '[')
		end := strings.IndexByte(inside, ']')
		if open < 0 || end < open {
			continue
		}
		text, _, sub := strings.Cut(inside[open+1:end], ":") // of a subquery its range
		if d, err := analysis.ParseDuration(text); err == nil {
			w := CounterWindow{Function: name, Window: d}
			if !sub {
				w.Selector = strings.TrimSpace(query[start : start+open])
			}
			found = append(found, w)
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

// arguments returns what stands in the first brackets of a text from a place on,
// and where it begins.
func arguments(text string, from int) (start int, inside string) {
	start = from + strings.IndexByte(text[from:], '(') + 1
	depth := 1
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			return start, text[start:i]
		}
	}
	return start, text[start:]
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
