package httpjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// question is the text of a query, taken apart.
type question struct {
	Path  string `yaml:"path"`  // below the url, with parameters: /stats?version=1.4.2
	Body  string `yaml:"body"`  // JSON; "" for that of the settings
	Value string `yaml:"value"` // expression; "" for that of the settings
}

// form is the hint for a query that has none of the forms.
const form = "/path?name=value | expression, or path:, value: and body: on lines of their own"

// parse reads "PATH | EXPRESSION" or a YAML mapping. Names in it are percent-encoded, so
// that they cannot be taken for a part of either.
func parse(text string) (question, *analysis.Error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return question{}, analysis.Errorf(analysis.Invalid, "the query is empty").WithHint("%s", form)
	}
	if strings.ContainsRune("/?|", rune(text[0])) {
		path, value, piped := strings.Cut(text, "|")
		q := question{Path: strings.TrimSpace(path), Value: strings.TrimSpace(value)}
		if piped && q.Value == "" {
			return question{}, analysis.Errorf(analysis.Invalid, "the query has no expression after the |")
		}
		return q, nil
	}
	var q question
	lines := yaml.NewDecoder(strings.NewReader(text))
	lines.KnownFields(true)
	if err := lines.Decode(&q); err != nil || !errors.Is(lines.Decode(new(any)), io.EOF) {
		return question{}, analysis.Errorf(analysis.Invalid, "the query is not understood").WithHint("%s", form).Because(err)
	}
	q.Path, q.Value = strings.TrimSpace(q.Path), strings.TrimSpace(q.Value)
	return q, nil
}

// request is what a question asks of the API about a window.
func (q question) request(c *Config, w analysis.Window, step time.Duration) (web.Request, *analysis.Error) {
	r := web.Request{Method: c.Method, Query: url.Values{}}
	text, err := fill(q.Path, w, step)
	if err != nil {
		return r, err
	}
	path, params, _ := strings.Cut(text, "?")
	if r.Path, err = below(path); err != nil {
		return r, err
	}
	for name, value := range c.Params {
		text, err := fill(value, w, step)
		if err != nil {
			return r, err
		}
		r.Query.Set(name, text)
	}
	own, bad := url.ParseQuery(params)
	if bad != nil {
		return r, analysis.Errorf(analysis.Invalid, "the parameters in the query's path cannot be read").
			WithHint("name=value&name=value, with %%20 for a space and %%3B for a semicolon").Because(bad)
	}
	maps.Copy(r.Query, own)
	for name, value := range c.SecretParams {
		r.Query.Set(name, value.Reveal())
	}
	body := q.Body
	if body == "" {
		body = c.Body
	}
	if body == "" {
		return r, nil
	}
	if r.Method == http.MethodGet {
		return r, analysis.Errorf(analysis.Invalid, "the query has a body, but the source's method is GET")
	}
	if r.JSON, err = readBody(body, w, step); err != nil {
		return r, err
	}
	if q.Body != "" {
		r.JSON = decoded(r.JSON)
	}
	return r, nil
}

// below wants a path that leads nowhere else than below the url.
func below(path string) (string, *analysis.Error) {
	for segment := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return "", analysis.Errorf(analysis.Invalid, "the query's path has a %% that encodes nothing").WithHint("%%25").Because(err)
		}
		// Encoded slashes too: there are servers that decode them before they resolve dots.
		for _, part := range strings.FieldsFunc(plain, func(r rune) bool { return r == '/' || r == '\\' }) {
			if part == "." || part == ".." {
				return "", analysis.Errorf(analysis.Invalid, "the query's path has a part %s", part)
			}
		}
	}
	if path != "" && path[0] != '/' {
		return "", analysis.Errorf(analysis.Invalid, "the query's path does not begin with /")
	}
	return percentEncoded(path), nil
}

// percentEncoded encodes what may not stand in a path. Else net/url would encode all of
// it anew, and take the %2F of a version for a slash.
func percentEncoded(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c > ' ' && c < 0x7f && !strings.ContainsRune("\"#<>?\\^`{|}", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// readBody reads JSON, keeping its numbers as they are written.
func readBody(text string, w analysis.Window, step time.Duration) (any, *analysis.Error) {
	text, wrong := fill(text, w, step)
	if wrong != nil {
		return nil, wrong
	}
	var body any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	err := d.Decode(&body)
	if err == nil && d.More() {
		err = errors.New("there is more after it")
	}
	if err != nil || body == nil {
		return nil, analysis.Errorf(analysis.Invalid, "the body is not JSON").Because(err)
	}
	return body, nil
}

// decoded undoes Quote in all texts of a body.
func decoded(body any) any {
	switch v := body.(type) {
	case string:
		return decode(v)
	case []any:
		for i := range v {
			v[i] = decoded(v[i])
		}
	case map[string]any:
		for name, value := range v {
			v[name] = decoded(value)
		}
	}
	return body
}
