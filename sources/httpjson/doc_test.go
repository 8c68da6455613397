package httpjson

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestExamples asks what the examples of the package's documentation ask.
func TestExamples(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.Join(strings.Fields(strings.ReplaceAll(string(doc), "//", " ")), " ")
	for _, c := range []struct {
		change func(*Config)
		query  string // as in the documentation, white space apart
		asked  string
		answer string
		want   string
	}{
		{
			func(c *Config) { c.Headers = map[string]config.Secret{"X-Api-Key": config.NewSecret("key")} },
			`/checks/shop?version={{.Version}} | body.p99_ms`,
			"GET /base/checks/shop?version=1.4.2%2B7", `{"p99_ms": 212, "errors": 3, "checks": 400}`, "[null,null,212]",
		},
		{
			func(*Config) {}, `/checks/shop?version={{.Version}} | body.errors`,
			"GET /base/checks/shop?version=1.4.2%2B7", `{"p99_ms": 212, "errors": 3, "checks": 400}`, "[null,null,3]",
		},
		{
			func(c *Config) {
				c.Consolidate = "sum"
				c.Params = map[string]string{"from": "${start}", "to": "${end}"}
			},
			`/orders?app={{.Version}} | map(body.points, [.ts, .orders])`,
			"GET /base/orders?app=1.4.2%2B7&from=946684620&to=946684800",
			`{"points": [{"ts": 946684650, "orders": 10}, {"ts": 946684680, "orders": 7}, {"ts": 946684800, "orders": 0}]}`, "[17,null,0]",
		},
		{
			func(c *Config) { c.BearerToken = config.NewSecret("token") },
			"path: /search\nbody: '{\"query\": \"app_version:{{.Version}}\", \"since\": \"${start_rfc3339}\"}'\nvalue: len(filter(body.tickets, .priority == \"high\"))",
			`POST /base/search {"query":"app_version:1.4.2+7","since":"1999-12-31T23:57:00Z"}`,
			`{"tickets": [{"priority": "high"}, {"priority": "low"}, {"priority": "high"}]}`, "[null,null,2]",
		},
	} {
		if !strings.Contains(flat, strings.Join(strings.Fields(c.query), " ")) {
			t.Errorf("%s: not in the documentation", c.query)
		}
		synctest.Test(t, func(t *testing.T) {
			settings := settings()
			c.change(settings)
			asked := ""
			s := overWith(settings, wire(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				asked = strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(body))
				return says(200, c.answer), err
			}))
			end := time.Now().Truncate(time.Minute)
			text, err := config.Query(c.query, analysis.QueryData{Version: s.Quote("1.4.2+7")})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Fetch(t.Context(), analysis.Query{
				Text: text, Step: time.Minute, Window: analysis.Window{Start: end.Add(-3 * time.Minute), End: end},
			})
			if err != nil || asked != c.asked || show(t, got) != c.want {
				t.Errorf("%s\nasks %s, want %s\nanswers %s, error %v, want %s", c.query, asked, c.asked, show(t, got), err, c.want)
			}
		})
	}
}

// FuzzResults answers anything at all. There is no panic, no error without a kind of
// ours, and no series that is not on the grid.
func FuzzResults(f *testing.F) {
	expressions := []string{
		"body", "map(body, [.ts, .v])", "map(body?.points ?? [], [.ts, .v, {\"region\": .region}])", "body?.value",
		"float(body.text)", "map(body, let s = #; map(s, [#[0], #[1]]))", "body[0].value", "sum(body, .n)",
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(answers), &parts); err != nil {
		f.Fatal(err)
	}
	for _, part := range parts {
		for i := range expressions {
			f.Add([]byte(part), uint8(i))
		}
	}
	f.Add([]byte(answers), uint8(2))
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		q := ask("/ | "+expressions[int(which)%len(expressions)], 3)
		q.Reduce = []analysis.Reduce{analysis.ReduceNone, analysis.ReduceAll, analysis.ReduceMean}[int(which)%3]
		c := settings()
		c.Error, c.Warning = "body?.error", "body?.warnings"
		onGrid(t, q)(overWith(c, always(string(body))).Fetch(t.Context(), q))
	})
}

// FuzzQuery asks anything at all. What is asked stays below the url.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"/x | body", "?a=${start} | [[window.end, 1]]", "{path: /x, body: '{\"a\": [1]}', value: body}", "//evil.example.com | 1", "/%2e%2e/x | 1",
		"/x#y | body", "path: /x\nvalue: sum(body, .x)\n", "/\\..\\x | 1", "/@evil.example.com/ | 1", "/x | __round() ? 1 : 0", "/x | $env", "/x | __field(body, 'a')",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := ask(text, 3)
		s := over(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "api.example.com" || r.URL.Path != "/base" && !strings.HasPrefix(r.URL.Path, "/base/") || r.URL.User != nil {
				t.Errorf("%q asks %s", text, r.URL)
			}
			return says(200, `[[1714564860, 1]]`), nil
		})
		onGrid(t, q)(s.Fetch(t.Context(), q))
	})
}

// onGrid checks what holds for every answer and every error.
func onGrid(t *testing.T, q analysis.Query) func([]analysis.Series, error) {
	return func(got []analysis.Series, err error) {
		if err != nil {
			own := analysis.AsError(err)
			if own.Kind != analysis.Invalid && own.Kind != analysis.Unavailable || !strings.HasPrefix(own.Message, "source api: ") || got != nil {
				t.Fatalf("%v, error %#v", got, err)
			}
			return
		}
		if q.Reduce != analysis.ReduceAll && len(got) > 1 {
			t.Fatalf("%d series", len(got))
		}
		for _, one := range got {
			if len(one.Values) != 3 || !one.Start.Equal(q.Window.Start) || one.Step != q.Step {
				t.Fatalf("series %+v is not on the grid", one)
			}
		}
	}
}
