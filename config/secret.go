package config

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Secret is a text that must never be seen: a token, a key, a webhook URL. In the
// config file it may be ${env:NAME} or ${file:path}, alone or inside other text;
// only fields of this type are resolved. However it is printed, it prints as
// <secret>; only Reveal gives it away.
type Secret struct {
	value string
	raw   string // as written, until it is resolved
	line  int
}

// NewSecret makes a Secret of a text that is used as it is.
func NewSecret(value string) Secret { return Secret{value: value, raw: value} }

const hidden = "<secret>"

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.value == "" }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s.value == "" && s.raw == "" {
		return ""
	}
	return hidden
}

// GoString implements fmt.GoStringer, so that %#v does not tell either.
func (s Secret) GoString() string { return s.String() }

// Format implements fmt.Formatter, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler, and with it JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML implements yaml.Marshaler.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalYAML implements yaml.Unmarshaler. It keeps the text as written; what
// ${...} stands for is looked up by resolve.
func (s *Secret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return typeError(n, "want a text")
	}
	*s = Secret{value: n.Value, raw: n.Value, line: n.Line}
	return nil
}

var secretRef = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// resolve replaces ${env:NAME} and ${file:path}; relative paths start at dir. The
// errors name what is missing, never a value.
func (s *Secret) resolve(dir string, env func(string) (string, bool)) []string {
	var missing []string
	s.value = secretRef.ReplaceAllStringFunc(s.raw, func(ref string) string {
		m := secretRef.FindStringSubmatch(ref)
		switch m[1] {
		case "env":
			v, ok := env(m[2])
			if !ok || v == "" {
				missing = append(missing, fmt.Sprintf("environment variable %s is not set", m[2]))
			}
			return v
		default:
			path := m[2]
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				missing = append(missing, fmt.Sprintf("file %s cannot be read", path))
				return ""
			}
			return strings.TrimRight(string(b), "\r\n")
		}
	})
	return missing
}

// typeError is the kind of error that yaml collects instead of stopping at it.
func typeError(n *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", n.Line) + fmt.Sprintf(format, args...)}}
}
