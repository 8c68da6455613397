package httpjson

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// asked returns what a query asks of the API: method, address and body.
func asked(t *testing.T, c *Config, text string) (string, error) {
	t.Helper()
	var out string
	s := overWith(c, wire(func(r *http.Request) (*http.Response, error) {
		out = r.Method + " " + r.URL.String()
		if body, err := io.ReadAll(r.Body); err != nil {
			t.Error(err)
		} else if len(body) > 0 {
			out += " " + r.Header.Get("Content-Type") + " " + string(body)
		}
		return says(200, "[]"), nil
	}))
	_, err := s.Fetch(t.Context(), ask(text, 3))
	return out, err
}

func TestAsked(t *testing.T) {
	const at = "http://api.example.com/base"
	plain := func(*Config) {}
	for _, c := range []struct {
		change      func(*Config)
		query, want string
	}{
		{plain, "/x | body", "GET " + at + "/x"},
		{plain, "  /x/y/?b=2&a=1&a=0|body  ", "GET " + at + "/x/y/?a=1&a=0&b=2"},
		{plain, "| body", "GET " + at},
		{plain, "?a=1 | body", "GET " + at + "?a=1"},
		{plain, "/a%2Fb%20c | body", "GET " + at + "/a%2Fb%20c"},
		{plain, `/prüfung "x"/a%2Fb | body`, "GET " + at + "/pr%C3%BCfung%20%22x%22/a%2Fb"},
		{plain, "//evil.example.com/x | body", "GET " + at + "/evil.example.com/x"},
		{plain, "/x?u=http://evil.example.com/ | body", "GET " + at + "/x?u=http%3A%2F%2Fevil.example.com%2F"},
		{plain, "/x?from=${start}&to=${end}&step=${step} | body", "GET " + at + "/x?from=1714564800&step=60&to=1714564980"},
		{plain, "/x?from=${start_ms}&to=${end_ms}&step=${step_ms} | body", "GET " + at + "/x?from=1714564800000&step=60000&to=1714564980000"},
		{plain, "/${start_rfc3339}/${end_rfc3339} | body", "GET " + at + "/2024-05-01T12:00:00Z/2024-05-01T12:03:00Z"},
		{plain, "path: /x?a=1\nvalue: body", "GET " + at + "/x?a=1"},
		{plain, `{path: /x, value: body, body: '{"a": [1.50, "b"], "from": ${start}}'}`, "POST " + at + `/x application/json {"a":[1.50,"b"],"from":1714564800}`},
		{plain, "value: body", "GET " + at},
		{func(c *Config) { c.Value = "body" }, "/x", "GET " + at + "/x"},
		{func(c *Config) { c.Value = "nothing.of.it" }, "/x | body", "GET " + at + "/x"},
		{func(c *Config) { c.Method = "POST" }, "/x | body", "POST " + at + "/x"},
		{func(c *Config) { c.Body = `{"to": "${end}"}` }, "/x | body", "POST " + at + `/x application/json {"to":"1714564980"}`},
		{func(c *Config) { c.Body = `{"a": "%41"}` }, "/x | body", "POST " + at + `/x application/json {"a":"%41"}`},
		{func(c *Config) { c.Body = `[1]` }, "{body: '[2]', value: body}", "POST " + at + ` application/json [2]`},
		{func(c *Config) {
			c.Params = map[string]string{"from": "${start}", "own": "0"}
			c.SecretParams = map[string]config.Secret{"key": config.NewSecret("a b&c")}
		}, "/x?own=1&key=2 | body", "GET " + at + "/x?from=1714564800&key=a+b%26c&own=1"},
		{func(c *Config) { c.URL = config.NewSecret("https://h/") }, "/x | body", "GET https://h/x"},
	} {
		s := settings()
		c.change(s)
		if problems := s.Check(); c.query != "/x | body" || s.Value == "" {
			for _, p := range problems {
				t.Errorf("%s: %+v", c.query, p)
			}
		}
		if got, err := asked(t, s, c.query); err != nil || got != c.want {
			t.Errorf("%s: asks %s, error %v, want %s", c.query, got, err, c.want)
		}
	}
}

func TestNotAsked(t *testing.T) {
	for query, want := range map[string]string{
		"":                        "the query is empty (try: /path?name=value | expression",
		"x | body":                "the query is not understood",
		"path: /x\nvalues: body":  "the query is not understood",
		"path: /x\n---\npath: /y": "the query is not understood",
		"[1]":                     "the query is not understood",
		"/x |":                    "no expression after the |",
		"/x":                      "what to ask, but not what to take from the answer",
		"/x | body.":              "the expression: column 5: unexpected end of expression",
		"/x | body +\n  * 2":      "the expression: line 2, column 3: unexpected token",
		"/x | bodi":               "the expression: column 1: unknown name bodi",
		"/x | " + strings.Repeat("-", 2000) + "1": "the expression: column",
		"/a/../b | body":              "a part ..",
		"/a/%2e%2E/b | body":          "a part ..",
		"/a%2F..%2Fb | body":          "a part ..",
		"/./a | body":                 "a part .",
		"/%zz | body":                 "a % that encodes nothing",
		"path: x\nvalue: body":        "does not begin with /",
		"/x?a;b | body":               "parameters in the query's path cannot be read",
		"/x?a=%zz | body":             "parameters in the query's path cannot be read",
		"/x?a=${now} | body":          "there is no ${now} (try: one of ${start}",
		"/${} | body":                 "there is no ${}",
		"{body: '{', value: body}":    "the body is not JSON",
		"{body: '1 2', value: body}":  "the body is not JSON",
		"{body: '${x}', value: body}": "there is no ${x}",
	} {
		got, err := asked(t, settings(), query)
		if got != "" || analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "source api: ") {
			t.Errorf("%q: asks %q, error %v, want an invalid one about %q", query, got, err, want)
		}
	}
	c := settings()
	c.Method = http.MethodGet
	if got, err := asked(t, c, `{body: '{}', value: body}`); got != "" || analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("a body with GET: asks %q, error %v", got, err)
	}
}

// TestNames puts names that would like to be more into every place of a query.
func TestNames(t *testing.T) {
	const query = `{"path": "/v/NAME/stats?version=NAME", "value": "[[window.end, body.version == \"NAME\" ? 1 : 0]]", "body": "{\"version\": \"NAME\"}"}`
	for _, name := range []string{
		"1.4.2", "v1.4.2-rc.1+build_7", "registry:5000/shop/api@sha256", "a b", `"`, `'`, `\`, "\n", "%41", "100%", "..", "../..", `a\..\b`, "...", "a..b", "/", "?x=1", "&x=1", "#x",
		"| body.x", "${start}", `" || true || "`, "'}, x: 1", "{{.Version}}", "ünï ☃", "\x00\x7f\xff", "~", "null", "1e3", "+", " ",
	} {
		var version, path, sent string
		s := over(func(r *http.Request) (*http.Response, error) {
			version, path = r.URL.Query().Get("version"), r.URL.EscapedPath()
			var body struct{ Version string }
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			sent = body.Version
			answer, err := json.Marshal(map[string]string{"version": strings.ToValidUTF8(name, "\ufffd")})
			if err != nil || len(r.URL.Query()) != 1 {
				t.Errorf("%q: parameters %v, error %v", name, r.URL.Query(), err)
			}
			return says(200, string(answer)), nil
		})
		text := strings.ReplaceAll(query, "NAME", s.Quote(name))
		got, err := s.Fetch(t.Context(), ask(text, 1))
		if slices.Contains([]string{"..", "../..", `a\..\b`}, name) {
			if analysis.KindOf(err) != analysis.Invalid {
				t.Errorf("%q in a path: error %v, want an invalid one", name, err)
			}
			continue
		}
		valid := strings.ToValidUTF8(name, "\ufffd")
		if want := "[1]"; err != nil || show(t, got) != want && valid == name {
			t.Errorf("%q in the expression: %s, error %v, want %s", name, show(t, got), err, want)
		}
		inPath, _ := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(path, "/base/v/"), "/stats"))
		if version != name || inPath != name || sent != valid {
			t.Errorf("%q is %q as a parameter, %q in the path, %q in the body", name, version, inPath, sent)
		}
		short := "/x?version=" + s.Quote(name) + ` | [[window.end, body.version == "` + s.Quote(name) + `" ? 1 : 0]]`
		if _, err := over(always(`{"version": ""}`)).Fetch(t.Context(), ask(short, 1)); err != nil {
			t.Errorf("%q in the short form: %v", name, err)
		}
	}
}

func TestWindowBetweenSeconds(t *testing.T) {
	q := ask("/x?from=${start}&step=${step}&ms=${start_ms} | body", 2)
	q.Step = 1500 * time.Millisecond
	q.Window = q.Window.Shift(250*time.Millisecond + 999)
	var got string
	s := over(func(r *http.Request) (*http.Response, error) {
		got = r.URL.RawQuery
		return says(200, "[]"), nil
	})
	if _, err := s.Fetch(t.Context(), q); err != nil || got != "from=1714564800.25&ms=1714564800250&step=1.5" {
		t.Errorf("asks %s, error %v", got, err)
	}
}
