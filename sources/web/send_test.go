package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// sent is a request as the server sees it.
type sent struct {
	method, path, query, kind, body string
	header                          http.Header
}

func note(list *[]sent, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	*list = append(*list, sent{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Content-Type"), string(raw), r.Header.Clone()})
}

// ask sends a request and takes any answer.
func ask(t *testing.T, c *Client, r Request) error {
	t.Helper()
	return c.Ask(t.Context(), r, func(Answer) error { return nil })
}

// TestRequest pins what goes out, over a real connection.
func TestRequest(t *testing.T) {
	values := url.Values{"q": {"a b&c"}, "n": {"1"}}
	const form, encoded = "application/x-www-form-urlencoded", "n=1&q=a+b%26c"
	for name, c := range map[string]struct {
		r    Request
		want sent
	}{
		"nothing":       {Request{}, sent{method: "GET", path: "/base"}},
		"a path":        {Request{Path: "api/v1/x"}, sent{method: "GET", path: "/base/api/v1/x"}},
		"a query":       {Request{Path: "x", Query: values}, sent{method: "GET", path: "/base/x", query: encoded}},
		"params":        {Request{Path: "x", Params: values}, sent{method: "GET", path: "/base/x", query: encoded}},
		"a form":        {Request{Path: "x", Form: values}, sent{method: "POST", path: "/base/x", kind: form, body: encoded}},
		"JSON":          {Request{Path: "x", JSON: map[string]int{"a": 1}}, sent{method: "POST", path: "/base/x", kind: "application/json", body: `{"a":1}`}},
		"JSON and more": {Request{Path: "x", Query: values, JSON: []int{}}, sent{method: "POST", path: "/base/x", query: encoded, kind: "application/json", body: `[]`}},
		"a method":      {Request{Method: "REPORT", JSON: 1}, sent{method: "REPORT", path: "/base", kind: "application/json", body: `1`}},
	} {
		var list []sent
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { note(&list, r) }))
		settings := settings(server.URL + "/base")
		c.r.Header = http.Header{"x-key": {"sesame"}}
		if err := ask(t, opened(t, settings), c.r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		server.Close()
		h := list[0].header
		if h.Get("X-Key") != "sesame" || h.Get("Accept") != "application/json" || h.Get("User-Agent") != "haldane/test" || h.Get("Idempotency-Key") != "" {
			t.Errorf("%s: headers %v", name, h)
		}
		list[0].header = nil
		if got := list[0]; got.method != c.want.method || got.path != c.want.path || got.query != c.want.query || got.kind != c.want.kind || got.body != c.want.body {
			t.Errorf("%s: sent %+v, want %+v", name, got, c.want)
		}
	}
}

func TestNotSent(t *testing.T) {
	c := over(func(*http.Request) (*http.Response, error) { return says(200, ""), nil })
	if err := ask(t, c, Request{JSON: func() {}}); analysis.KindOf(err) != analysis.Internal {
		t.Errorf("error %v, want an internal one: that cannot be JSON", err)
	}
}

// TestBodiesAreRepeated sends the same body with each try.
func TestBodiesAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var list []sent
		c := over(func(r *http.Request) (*http.Response, error) {
			note(&list, r)
			if r.GetBody == nil || !slices.Contains([]int{1, 2, 3}, len(list)) {
				t.Error("a lost connection could not be replaced")
			}
			return says(503, ""), nil
		})
		if err := ask(t, c, Request{JSON: "again"}); analysis.KindOf(err) != analysis.Unavailable {
			t.Errorf("error %v", err)
		}
		for _, s := range list {
			if s.body != `"again"` {
				t.Errorf("sent %q", s.body)
			}
		}
		if len(list) != tries {
			t.Errorf("%d tries, want %d", len(list), tries)
		}
	})
}

// TestParams wants GET for short queries and POST for long ones, and the other way
// when posting is refused.
func TestParams(t *testing.T) {
	short, long := strings.Repeat("x", 1500), strings.Repeat("x", 3000)
	for name, c := range map[string]struct {
		query  string
		refuse map[string]int // method -> status
		want   string
		kind   analysis.Kind
	}{
		"short":                  {short, nil, "GET", ""},
		"short, forbidden":       {short, map[string]int{"GET": 403}, "GET", analysis.Denied},
		"long":                   {long, nil, "POST", ""},
		"long, wrong":            {long, map[string]int{"POST": 400}, "POST", analysis.Invalid},
		"long, POST not allowed": {long, map[string]int{"POST": 405}, "POST GET", ""},
		"long, POST unknown":     {long, map[string]int{"POST": 501}, "POST GET", ""},
		"long, all forbidden":    {long, map[string]int{"POST": 403, "GET": 403}, "POST GET", analysis.Denied},
	} {
		var list []sent
		client := over(func(r *http.Request) (*http.Response, error) {
			note(&list, r)
			if code := c.refuse[r.Method]; code != 0 {
				return says(code, ""), nil
			}
			return says(200, ""), nil
		})
		if err := ask(t, client, Request{Path: "x", Params: url.Values{"q": {c.query}}}); analysis.KindOf(err) != c.kind {
			t.Errorf("%s: error %v, want %q", name, err, c.kind)
		}
		var methods []string
		for _, s := range list {
			methods = append(methods, s.method)
			if s.query+s.body != "q="+c.query {
				t.Errorf("%s: %s %s: not what was asked", name, s.method, s.path)
			}
		}
		if strings.Join(methods, " ") != c.want {
			t.Errorf("%s: sent by %v, want %v", name, methods, c.want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	for extra, kind := range map[string]analysis.Kind{"": "", " ": analysis.Unavailable} {
		c := overWith(func(*http.Request) (*http.Response, error) { return says(200, two+extra), nil },
			func(s *Server) { s.Reach.MaxResponse = Size(len(two)) })
		_, err := price(t.Context(), c)
		if analysis.KindOf(err) != kind || err != nil && !strings.Contains(err.Error(), "larger than 11B (try: a query with fewer series") {
			t.Errorf("%d bytes, 11 are allowed: error %v, want %q", len(two+extra), err, kind)
		}
	}
}

// TestHooks wants Before to see each request before it is sent, and After what became
// of it.
func TestHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		answers := []*http.Response{says(429, "", "Retry-After", "1", "X-Left", "none"), nil, says(200, two, "X-Left", "7")}
		c := overWith(func(*http.Request) (*http.Response, error) {
			said = append(said, "sent")
			a := answers[0]
			answers = answers[1:]
			if a == nil {
				return nil, io.ErrUnexpectedEOF
			}
			return a, nil
		}, func(s *Server) {
			s.Vendor.Before = func(r Request) error { said = append(said, "before "+r.Path); return nil }
			s.Vendor.After = func(r Request, status int, h http.Header) {
				said = append(said, "after "+r.Path+" "+http.StatusText(status)+" "+h.Get("X-Left"))
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if got, err := price(ctx, c); err != nil || got != 2 {
			t.Errorf("price %v, error %v", got, err)
		}
		want := "before price, sent, after price Too Many Requests none, before price, sent, after price  , before price, sent, after price OK 7"
		if got := strings.Join(said, ", "); got != want {
			t.Errorf("hooks saw %s\nwant %s", got, want)
		}
	})
}

// TestRefusedBefore sends nothing, gives its turn back, and waits only for what is
// marked as worth it.
func TestRefusedBefore(t *testing.T) {
	for name, c := range map[string]struct {
		again bool
		asked int
		sent  int
		kind  analysis.Kind
	}{"for good": {false, 1, 0, analysis.Limited}, "for a while": {true, 2, 1, ""}} {
		synctest.Test(t, func(t *testing.T) {
			asked, sent, start := 0, 0, time.Now()
			client := overWith(func(*http.Request) (*http.Response, error) {
				sent++
				return says(200, two), nil
			}, func(s *Server) {
				s.Vendor.Before = func(Request) error {
					asked++
					if asked > 1 {
						return nil
					}
					e := analysis.Errorf(analysis.Limited, "source prom: the budget is used up")
					e.RetryAfter = 5 * time.Second
					if c.again {
						return Again(e)
					}
					return e
				}
			})
			_, err := price(context.Background(), client)
			if analysis.KindOf(err) != c.kind || asked != c.asked || sent != c.sent || len(client.slots) != 0 {
				t.Errorf("%s: error %v, asked %d times, sent %d, %d slots taken", name, err, asked, sent, len(client.slots))
			}
			if waited := time.Since(start) >= 5*time.Second; waited != c.again {
				t.Errorf("%s: it waited %s", name, time.Since(start))
			}
		})
	}
}
