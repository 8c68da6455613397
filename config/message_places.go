package config

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"reflect"
	"strings"
	"text/template"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// ParseHeaderTemplate parses the value of a header. A value with a control
// character, which could begin another header, is refused when it is rendered.
func ParseHeaderTemplate(text string) (*MessageTemplate, error) {
	t, err := parseTemplate(text, fixed("_header"), true)
	if err != nil {
		return nil, err
	}
	if hasControl(strings.Join(t.literals, "")) {
		return nil, analysis.Errorf(analysis.Invalid, "holds a line break or another control character")
	}
	return t, t.try()
}

// ParseBodyTemplate parses a body. In JSON a value inside quotes is escaped as a
// part of that string, and outside of quotes written as a JSON value with quotes
// of its own; in a form it is percent-encoded, in XML written as text, and in any
// other content type it is left as it is.
func ParseBodyTemplate(text, contentType string) (*MessageTemplate, error) {
	start, isJSON := bodyPlace(contentType)
	t, err := parseTemplate(text, start, false)
	if err != nil {
		return nil, err
	}
	if isJSON {
		t.check = func(body string) error {
			if json.Valid([]byte(body)) {
				return nil
			}
			return analysis.Errorf(analysis.Invalid, "template: what it makes is not JSON").
				WithHint("check its commas and brackets, or set content_type")
		}
	}
	return t, t.try()
}

func bodyPlace(contentType string) (start place, isJSON bool) {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return fixed("_plain"), false
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		return jsonPlace{}, true
	case kind == "application/x-www-form-urlencoded":
		return fixed("_query"), false
	case kind == "application/xml", kind == "text/xml", strings.HasSuffix(kind, "+xml"):
		return fixed("_xml"), false
	}
	return fixed("_plain"), false
}

// fixed is a place that is the same everywhere in a template.
type fixed string

func (f fixed) after(string) (place, error) { return f, nil }
func (f fixed) escaper() (string, error)    { return string(f), nil }

// jsonPlace is inside or outside of a string.
type jsonPlace struct{ inString, backslash bool }

func (p jsonPlace) after(text string) (place, error) {
	for _, c := range []byte(text) {
		switch {
		case p.backslash:
			p.backslash = false
		case p.inString && c == '\\':
			p.backslash = true
		case c == '"':
			p.inString = !p.inString
		}
	}
	return p, nil
}

func (p jsonPlace) escaper() (string, error) {
	switch {
	case p.backslash:
		return "", analysis.Errorf(analysis.Invalid, "template: a backslash stands before {{")
	case p.inString:
		return "_jsonString", nil
	}
	return "_json", nil
}

// escapers are the functions that make values fit.
func escapers(a *allowance) template.FuncMap {
	within := func(escape func(any) (string, error)) any {
		return func(v any) (string, error) {
			s, err := escape(v)
			if err != nil {
				return "", err
			}
			return a.made(s)
		}
	}
	return template.FuncMap{
		"_plain":  within(printed),
		"_path":   within(pathSegment),
		"_query":  within(escapeWith(url.QueryEscape)),
		"_xml":    within(escapeWith(escapeXML)),
		"_header": within(headerValue),
		"_json": func(v any) (rawJSON, error) {
			if raw, ok := v.(rawJSON); ok {
				return raw, nil
			}
			return a.json(v)
		},
		"_jsonString": within(func(v any) (string, error) {
			s, err := printed(v)
			if err != nil {
				return "", err
			}
			quoted, err := encodeJSON(s)
			return strings.TrimSuffix(strings.TrimPrefix(string(quoted), `"`), `"`), err
		}),
	}
}

func escapeWith(escape func(string) string) func(any) (string, error) {
	return func(v any) (string, error) {
		s, err := printed(v)
		return escape(s), err
	}
}

// pathSegment makes a value one segment of a URL's path, or a part of one. A value
// that is empty, or that a server could take for a way up the path, is refused:
// it would make the request mean something else.
func pathSegment(v any) (string, error) {
	s, err := printed(v)
	if err != nil {
		return "", err
	}
	if s == "" {
		return "", analysis.Errorf(analysis.Invalid, "the URL's path: a value for it is empty")
	}
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return "", analysis.Errorf(analysis.Invalid, "the URL's path: value %q leads out of it", s)
		}
	}
	return url.PathEscape(s), nil
}

func headerValue(v any) (string, error) {
	s, err := printed(v)
	if err == nil && hasControl(s) {
		err = analysis.Errorf(analysis.Invalid, "a header: a value for it holds a control character")
	}
	return s, err
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

var errNothing = errors.New("nil data")

// printed turns a value into text as templates do, except that times are RFC 3339.
// Nothing is not a text.
func printed(v any) (string, error) {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer && !r.IsNil() {
		r = r.Elem()
	}
	if !r.IsValid() || r.Kind() == reflect.Pointer {
		return "", errNothing
	}
	if t, ok := r.Interface().(time.Time); ok {
		return t.UTC().Format(time.RFC3339), nil
	}
	return fmt.Sprint(r.Interface()), nil
}
