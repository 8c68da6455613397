package httpjson

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestTogether asks once for what is the same question to the API.
func TestTogether(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	n := 0
	s := over(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		n++
		asked = append(asked, strings.TrimSpace(r.URL.RequestURI()+" "+string(body)))
		return says(200, fmt.Sprintf(`[[1714564860, %d]]`, n)), nil
	})
	longer := ask("/a | body", 2)
	answers := s.FetchAll(t.Context(), []analysis.Query{
		ask("/a | body", 1), ask("/a | map(body, [#[0], #[1] * 10])", 1), ask("/b | body", 1), ask("/a?x=1 | body", 1),
		ask("/a | body.", 1), longer, ask("/a?t=${end} | body", 1), ask("/a?t=${end} | body", 2),
		ask(`{path: /a, value: body, body: '[1]'}`, 1), ask(`{path: /a, value: "[[window.end, body[0][1]]]", body: '[ 1 ]'}`, 2),
	})
	slices.Sort(asked)
	want := []string{"/base/a", "/base/a [1]", "/base/a?t=1714564860", "/base/a?t=1714564920", "/base/a?x=1", "/base/b"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	var values []float64
	for i, a := range answers {
		if i == 4 {
			if analysis.KindOf(a.Err) != analysis.Invalid {
				t.Errorf("answer 4: error %v, want an invalid one", a.Err)
			}
			continue
		}
		if a.Err != nil || len(a.Series) != 1 {
			t.Fatalf("answer %d: %v, error %v", i, a.Series, a.Err)
		}
		values = append(values, a.Series[0].Values[0])
	}
	if values[1] != 10*values[0] || values[4] != values[0] || len(answers[5].Series[0].Values) != 2 {
		t.Errorf("values %v: the first, second and fifth are of one request", values)
	}
	if last := answers[9].Series[0].Values; !analysis.IsMissing(last[0]) || last[1] != values[7] {
		t.Errorf("the last is %v, want %v at the end of its own window", last, values[7])
	}
}

func TestErrorInside(t *testing.T) {
	c := settings()
	c.Error = `body?.error ?? (status == 203 ? true : nil)`
	for body, want := range map[string]string{
		`{"error": "no such app", "v": []}`:   "source api: its answer is an error: no such app",
		`{"error": {"code": 7}, "v": []}`:     "source api: its answer is an error: map[code:7]",
		`{"error": true, "v": []}`:            "source api: its answer is an error",
		`{"error": false, "v": []}`:           "",
		`{"error": "", "v": []}`:              "",
		`{"error": null, "v": []}`:            "",
		`{"v": []}`:                           "",
		`{"error": "say sesame-1234 please"}`: "source api: its answer is an error: say <secret> please",
	} {
		c.BearerToken = config.NewSecret("sesame-1234")
		requests := 0
		_, err := overWith(c, wire(func(*http.Request) (*http.Response, error) {
			requests++
			return says(200, body), nil
		})).Fetch(t.Context(), ask("/ | body.v", 1))
		if want == "" && err != nil || want != "" && (analysis.KindOf(err) != analysis.Unavailable || strings.Split(err.Error(), " (try")[0] != want) || requests != 1 {
			t.Errorf("%s: error %v after %d requests, want %q", body, err, requests, want)
		}
	}
	_, err := overWith(c, wire(func(*http.Request) (*http.Response, error) { return says(203, `{"v": []}`), nil })).Fetch(t.Context(), ask("/ | body.v", 1))
	if analysis.KindOf(err) != analysis.Unavailable || !strings.Contains(err.Error(), "its answer is an error") {
		t.Errorf("status 203: error %v", err)
	}
	c.Error = "body.error + 1"
	if _, err := overWith(c, always(`{"error": "x"}`)).Fetch(t.Context(), ask("/ | body.v", 1)); !strings.Contains(fmt.Sprint(err), "does not fit error: column 12") {
		t.Errorf("an error in error: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	c := settings()
	c.Warning = "body?.warnings"
	for body, want := range map[string]string{
		`{"v": [[1714564860, 1]]}`:                                       "[1]",
		`{"v": [[1714564860, 1]], "warnings": "half of it"}`:             "[1] (half of it)",
		`{"v": [[1714564860, 1]], "warnings": ["a", "a", "b\nc", null]}`: "[1] (a) (b c)",
		`{"v": [[1714564860, 1]], "warnings": true}`:                     "[1] (true)",
		`{"v": [], "warnings": ["partial"]}`:                             "[null] (partial)",
		`{"v": [], "warnings": []}`:                                      "",
		`{"v": [], "warnings": false}`:                                   "",
	} {
		got, err := overWith(c, always(body)).Fetch(t.Context(), ask("/ | body.v", 1))
		if err != nil || show(t, got) != want {
			t.Errorf("%s: %s, error %v, want %s", body, show(t, got), err, want)
		}
	}
	c.Warning = "body.v + 1"
	if _, err := overWith(c, always(`{"v": []}`)).Fetch(t.Context(), ask("/ | body.v", 1)); !strings.Contains(fmt.Sprint(err), "does not fit warning: column 8") {
		t.Errorf("an error in warning: %v", err)
	}
}

func TestCheckQuery(t *testing.T) {
	for _, c := range []struct {
		check  string
		status int
		body   string
		kind   analysis.Kind
		asked  string
	}{
		{"", 200, `{"anything": 1}`, "", "/base"},
		{"", 404, `{"error": "nothing here"}`, "", "/base"},
		{"", 405, ``, "", "/base"},
		{"", 401, ``, analysis.Denied, "/base"},
		{"", 403, ``, analysis.Denied, "/base"},
		{"", 500, ``, analysis.Unavailable, "/base"},
		{"", 302, ``, analysis.Unavailable, "/base"},
		{"/ping", 200, `{"anything": 1}`, "", "/base/ping"},
		{"/ping", 404, ``, analysis.Invalid, "/base/ping"},
		{"/ping", 204, ``, "", "/base/ping"},
		{"/ping | body.ok", 200, `{"ok": true}`, "", "/base/ping"},
		{"/ping | body.ok", 200, `{"ok": "fine"}`, "", "/base/ping"},
		{"/ping | body.ok", 200, `{"ok": false}`, analysis.Unavailable, "/base/ping"},
		{"/ping | body.ok", 200, `{"ok": null}`, analysis.Unavailable, "/base/ping"},
		{"/ping | body.ok", 200, `{}`, analysis.Unavailable, "/base/ping"},
		{"/ping | status == 204", 204, ``, "", "/base/ping"},
		{"/ping?since=${start} | body.ok", 200, `{"ok": true}`, "", "/base/ping?since="},
	} {
		s := settings()
		s.CheckQuery = c.check
		asked := ""
		err := overWith(s, wire(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.RequestURI()
			return says(c.status, c.body), nil
		})).Check(t.Context())
		if analysis.KindOf(err) != c.kind || !strings.HasPrefix(asked, c.asked) {
			t.Errorf("%q, %d %s: asked %s, error %v, want %q", c.check, c.status, c.body, asked, err, c.kind)
		}
	}
}

func TestWords(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"about:blank","title":"Bad Request","status":400,"detail":"no such app"}`: "Bad Request: no such app",
		`{"error":"no such app"}`:                                   "no such app",
		`{"error":{"code":7,"message":"no such app"}}`:              "no such app",
		`{"errors":[{"message":"no such app"},{"message":"more"}]}`: "no such app",
		`{"errors":["no such app"]}`:                                "no such app",
		`{"error":"invalid_request","error_description":"no app"}`:  "invalid_request: no app",
		`"no such app"`: "no such app",
		`{"code":7}`:    "",
		`[]`:            "",
		`{"error":{"error":{"error":{"error":"deep"}}}}`: "",
		`<html>`: "",
	} {
		_, err := over(func(*http.Request) (*http.Response, error) { return says(400, body), nil }).Fetch(t.Context(), ask("/ | body", 1))
		full := "source api: the query was refused"
		if want != "" {
			full += ": " + want
		}
		if err == nil || err.Error() != full {
			t.Errorf("%s: error %v, want %s", body, err, full)
		}
	}
}

// TestSecrets wants neither the address nor a parameter in an error.
func TestSecrets(t *testing.T) {
	c := settings()
	c.URL = config.NewSecret("https://api.example.com/hooks/sesame-0123456789")
	c.SecretParams = map[string]config.Secret{"key": config.NewSecret("sesame-key")}
	c.Params = map[string]string{"at": "${start}"}
	for _, body := range []string{
		`{"error": "GET https://api.example.com/hooks/sesame-0123456789/x?key=sesame-key"}`, `{"error": "at /hooks/sesame-0123456789"}`, `["sesame-key"]`,
	} {
		for _, status := range []int{200, 400, 404, 500} {
			_, err := overWith(c, wire(func(*http.Request) (*http.Response, error) { return says(status, body), nil })).
				Fetch(t.Context(), ask("/x | float(body.error)", 1))
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, analysis.AsError(err)), "sesame") {
				t.Errorf("%d %s: error %v", status, body, err)
			}
		}
		_, err := overWith(c, always(body)).Fetch(t.Context(), ask("/x | body?.error ?? body[0]", 1))
		if err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: error %v", body, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", c, *c, *c); strings.Contains(text, "sesame") {
		t.Errorf("printed as %s", text)
	}
	c.ExternalURL = "https://people.example.com/"
	if link := overWith(c, nil).Link(ask("/x?a=${start} | body", 1)); link != "https://people.example.com/x?a=1714564800&at=1714564800" {
		t.Errorf("link %s", link)
	}
	for _, text := range []string{"", "/../x | body"} {
		if link := overWith(c, nil).Link(ask(text, 1)); link != "" {
			t.Errorf("link %s of %q", link, text)
		}
	}
}

// TestBounds ends what would go on for ever, or fill the memory.
func TestBounds(t *testing.T) {
	list := "[" + strings.Repeat("1,", 9999) + "1]"
	for expression, want := range map[string]string{
		"sum(body, sum(body, #))":              "it goes through too many elements",
		"len(0..100000000)":                    "memory budget exceeded",
		"len(repeat('x', 1000000000))":         "memory budget exceeded",
		"reduce(body, #acc + sum(body, #), 0)": "it goes through too many elements",
	} {
		_, err := over(always(list)).Fetch(t.Context(), ask("/ | "+expression, 1))
		if analysis.KindOf(err) != analysis.Unavailable || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want an unavailable one about %q", expression, err, want)
		}
	}
	got, err := over(always(list)).Fetch(t.Context(), ask("/ | [[window.end, count(body, # == 1)]]", 1))
	if err != nil || show(t, got) != "[10000]" {
		t.Errorf("once through the list: %s, error %v", show(t, got), err)
	}
}

// TestGivenUp stops an expression when its caller does, or when it takes too long.
func TestGivenUp(t *testing.T) {
	e, wrong := compile("sum(0..9000, #)", true)
	if wrong != nil {
		t.Fatal(wrong)
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	slow := settings()
	slow.Timeout = 1
	for want, run := range map[string]func() (any, error){
		"source api: interrupted": func() (any, error) {
			return over(nil).run(given, e, "the expression", facts{})
		},
		"source api: the expression takes too long": func() (any, error) {
			return overWith(slow, nil).run(t.Context(), e, "the expression", facts{})
		},
	} {
		if got, err := run(); analysis.KindOf(err) != analysis.Unavailable || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, error %v, want %q", got, err, want)
		}
	}
	if got, err := over(nil).run(t.Context(), e, "the expression", facts{}); err != nil || got != 40504500 {
		t.Errorf("%v, error %v", got, err)
	}
}

// TestKeptIsBounded keeps compiled expressions from eating the memory.
func TestKeptIsBounded(t *testing.T) {
	var c cache
	for i := range 2*maxKept + 1 {
		if _, err := c.compile(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.kept); n > maxKept {
		t.Errorf("%d are kept, want %d at most", n, maxKept)
	}
	a, _ := c.compile("body.a")
	if b, _ := c.compile("body.a"); a.program != b.program {
		t.Error("compiled twice")
	}
}

func TestNoContent(t *testing.T) {
	s := over(func(*http.Request) (*http.Response, error) { return says(204, ""), nil })
	if got, err := s.Fetch(t.Context(), ask("/ | body", 2)); err != nil || len(got) != 0 {
		t.Errorf("%v, error %v, want no data", got, err)
	}
	if got, err := s.Fetch(t.Context(), ask("/ | [[window.end, body == nil ? 0 : 1]]", 2)); err != nil || show(t, got) != "[null,0]" {
		t.Errorf("%s, error %v", show(t, got), err)
	}
	if _, err := over(always("")).Fetch(t.Context(), ask("/ | body", 2)); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("an empty answer: error %v", err)
	}
}

// TestManyAtOnce runs one compiled expression from many sides, for the race detector.
func TestManyAtOnce(t *testing.T) {
	s := over(always(answers))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			q := ask("/x | map(body.points, [.ts, .v ?? 0])", 3)
			q.Window = q.Window.Shift(time.Duration(i%2) * time.Minute)
			got, err := s.Fetch(t.Context(), q)
			if want := []string{"[1,0,3]", "[0,3,null]"}[i%2]; err != nil || show(t, got) != want {
				t.Errorf("%s, error %v, want %s", show(t, got), err, want)
			}
		})
	}
	wg.Wait()
}
