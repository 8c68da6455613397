package analysis

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NamePattern is what versions and variables look like unless a plan widens it.
// It leaves out everything that means something in a query, a URL or a message.
const NamePattern = `[A-Za-z0-9._+:/@-]{1,200}`

// maxName bounds names in bytes, whatever a plan's pattern allows.
const maxName = 1000

// houseName is NamePattern, compiled once: its repetition makes that slow.
var houseName = regexp.MustCompile(`^(?:` + NamePattern + `)$`)

// CompileName compiles the pattern of a plan; "" is NamePattern. The expression
// matches whole names only.
func CompileName(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return houseName, nil
	}
	// Compiled alone first: "a)|(b" is no expression, in brackets it would be one.
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// ValidName reports whether a version or the value of a variable may be used: the
// whole of it matches the plan's pattern ("" is NamePattern). Whatever the
// pattern, a name is not empty, is valid UTF-8, has no control characters and at
// most 1000 bytes. A pattern that does not compile allows nothing.
func ValidName(pattern, s string) bool {
	if s == "" || len(s) > maxName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return false
	}
	re, err := CompileName(pattern)
	return err == nil && re.MatchString(s)
}

// PlainName reports whether s can name a plan, service, environment, metric,
// group, source, action or token: at most 100 letters, digits, dots, dashes and
// underscores, the first a letter or digit. Such a name needs no escaping in a
// URL, a metric label or a run's key.
func PlainName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 100
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

// VariableName reports whether s can name a variable, so that {{.Vars.s}} works.
func VariableName(s string) bool { return variableName.MatchString(s) }
