package config

import (
	"fmt"
	"log/slog"
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
	// A pointer, because fmt prints what is wrong for a verb (%s of a pointer to a
	// struct) without asking any method: of a pointer inside it prints the address.
	in   *secretText
	line int
}

type secretText struct {
	value string
	raw   string // as written
}

// NewSecret makes a Secret of a text that is used as it is.
func NewSecret(value string) Secret { return Secret{in: &secretText{value, value}} }

// text returns what is inside; of an empty Secret, nothing.
func (s Secret) text() secretText {
	if s.in == nil {
		return secretText{}
	}
	return *s.in
}

const hidden = "<secret>"

// Reveal returns the text itself, for the one place that needs it.
func (s Secret) Reveal() string { return s.text().value }

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.text().value == "" }

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s.text() == (secretText{}) {
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
		return typeError(n, "want a text, have %s", kindOf(n))
	}
	*s = Secret{in: &secretText{n.Value, n.Value}, line: n.Line}
	return nil
}

var secretRef = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// maxSecretFile is the largest file that a secret is read from.
const maxSecretFile = 64 << 10

// resolve replaces ${env:NAME} and ${file:path}; relative paths start at dir. It
// returns what is missing, never a value, and what was read from files.
func (s *Secret) resolve(dir string, env func(string) (string, bool)) (missing []Problem, files map[string][]byte) {
	files = map[string][]byte{}
	raw := s.text().raw
	value := secretRef.ReplaceAllStringFunc(raw, func(ref string) string {
		m := secretRef.FindStringSubmatch(ref)
		if m[1] == "env" {
			v, ok := env(m[2])
			if !ok || v == "" {
				missing = append(missing, Problem{
					Message: fmt.Sprintf("environment variable %s: not set, or empty", m[2]),
					Hint:    "export " + m[2] + "=...",
				})
			}
			return v
		}
		path := m[2]
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		b, why := readFile(path, maxSecretFile)
		v := strings.TrimRight(string(b), "\r\n")
		if why == "" && v == "" {
			why = "it is empty"
		}
		if why != "" {
			missing = append(missing, Problem{Message: fmt.Sprintf("secret file %s: %s", path, why)})
		}
		files[path] = b
		return v
	})
	s.in = &secretText{value, raw}
	if rest := secretRef.ReplaceAllString(raw, ""); strings.Contains(rest, "${env:") || strings.Contains(rest, "${file:") {
		missing = append(missing, Problem{Message: "${ without its }", Hint: "${env:NAME} or ${file:path}"})
	}
	return missing, files
}

// typeError is the kind of error that yaml collects instead of stopping at it.
func typeError(n *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", n.Line) + fmt.Sprintf(format, args...)}}
}
