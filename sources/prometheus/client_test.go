package prometheus

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// sent is a request as the server sees it.
type sent struct {
	method, path string
	form         url.Values
	header       http.Header
}

func note(list *[]sent, r *http.Request) {
	s := sent{method: r.Method, path: r.URL.Path, form: r.URL.Query(), header: r.Header.Clone()}
	if r.Method == http.MethodPost {
		raw, _ := io.ReadAll(r.Body)
		s.form, _ = url.ParseQuery(string(raw))
	}
	*list = append(*list, s)
}

// TestRequest pins what Prometheus is asked: (start, end] in float seconds.
func TestRequest(t *testing.T) {
	var list []sent
	s := over(func(r *http.Request) (*http.Response, error) {
		note(&list, r)
		return says(200, empty), nil
	})
	at := time.Date(2024, 5, 1, 12, 0, 7, 123_900_000, time.UTC) // the 900 µs are cut off
	for name, c := range map[string]struct {
		step, length     time.Duration
		start, end, asks string
	}{
		"three minutes":   {time.Minute, 3 * time.Minute, "1714564867.123", "1714564987.123", "60"},
		"one step":        {time.Minute, time.Minute, "1714564867.123", "1714564867.123", "60"},
		"a rest is left":  {time.Minute, 150 * time.Second, "1714564867.123", "1714564927.123", "60"},
		"below a second":  {100 * time.Millisecond, time.Second, "1714564807.223", "1714564808.123", "0.1"},
		"a crooked step":  {1500 * time.Millisecond, 3 * time.Second, "1714564808.623", "1714564810.123", "1.5"},
		"hours by a step": {time.Hour, 4 * time.Hour, "1714568407.123", "1714579207.123", "3600"},
	} {
		list = nil
		q := analysis.Query{Text: `up{a="b&c"}`, Step: c.step, Window: analysis.Window{Start: at, End: at.Add(c.length)}}
		if _, err := s.Fetch(context.Background(), q); err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 {
			t.Fatalf("%s: %d requests, want 1", name, len(list))
		}
		f := list[0].form
		if f.Get("query") != q.Text || f.Get("start") != c.start || f.Get("end") != c.end || f.Get("step") != c.asks || f.Get("timeout") != "20s" {
			t.Errorf("%s: asked for %v, want %s to %s by %s", name, f, c.start, c.end, c.asks)
		}
	}
}

// TestMethod wants GET for short queries and POST for long ones, and the other
// way when posting is refused.
func TestMethod(t *testing.T) {
	short, long := strings.Repeat("x", 1500), strings.Repeat("x", 3000)
	for name, c := range map[string]struct {
		query  string
		refuse map[string]int // method -> status
		want   []string
		kind   analysis.Kind
	}{
		"short":                    {short, nil, []string{"GET"}, ""},
		"long":                     {long, nil, []string{"POST"}, ""},
		"long, POST not allowed":   {long, map[string]int{"POST": 405}, []string{"POST", "GET"}, ""},
		"long, POST unknown":       {long, map[string]int{"POST": 501}, []string{"POST", "GET"}, ""},
		"long, POST forbidden":     {long, map[string]int{"POST": 403}, []string{"POST", "GET"}, ""},
		"long, all forbidden":      {long, map[string]int{"POST": 403, "GET": 403}, []string{"POST", "GET"}, analysis.Denied},
		"long, then too long":      {long, map[string]int{"POST": 405, "GET": 414}, []string{"POST", "GET"}, analysis.Invalid},
		"long, wrong":              {long, map[string]int{"POST": 400}, []string{"POST"}, analysis.Invalid},
		"long, wrong credentials":  {long, map[string]int{"POST": 401}, []string{"POST"}, analysis.Denied},
		"short, forbidden":         {short, map[string]int{"GET": 403}, []string{"GET"}, analysis.Denied},
		"short, no method allowed": {short, map[string]int{"GET": 405}, []string{"GET"}, analysis.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			var list []sent
			s := over(func(r *http.Request) (*http.Response, error) {
				note(&list, r)
				if code := c.refuse[r.Method]; code != 0 {
					return says(code, ""), nil
				}
				return says(200, two), nil
			})
			q := minutes(2)
			q.Text = c.query
			got, err := s.Fetch(context.Background(), q)
			if analysis.KindOf(err) != c.kind || c.kind == "" && len(got) != 1 {
				t.Errorf("%d series, error %v, want %q", len(got), err, c.kind)
			}
			var methods []string
			for _, one := range list {
				methods = append(methods, one.method)
				if one.path != "/api/v1/query_range" || one.form.Get("query") != c.query {
					t.Errorf("%s %s of %d bytes: not what was asked", one.method, one.path, len(one.form.Get("query")))
				}
				if one.method == "POST" && one.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
					t.Errorf("posted as %q", one.header.Get("Content-Type"))
				}
			}
			if strings.Join(methods, " ") != strings.Join(c.want, " ") {
				t.Errorf("sent by %v, want %v", methods, c.want)
			}
		})
	}
}

func TestPathPrefix(t *testing.T) {
	for base, want := range map[string]string{
		"http://prom":                        "/api/v1/query",
		"http://prom/":                       "/api/v1/query",
		"http://prom/prometheus":             "/prometheus/api/v1/query",
		"http://prom/a%2Fb/":                 "/a/b/api/v1/query",
		"https://k8s/api/v1/proxy/prom:9090": "/api/v1/proxy/prom:9090/api/v1/query",
	} {
		var list []sent
		s := overWith(settings(base), wire(func(r *http.Request) (*http.Response, error) {
			note(&list, r)
			return says(200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}`), nil
		}))
		if err := s.Check(context.Background()); err != nil || list[0].path != want {
			t.Errorf("%s: asked at %v, error %v, want %s", base, list, err, want)
		}
	}
}

// TestTimeoutIsPassedOn lets the server stop when nobody waits any more.
func TestTimeoutIsPassedOn(t *testing.T) {
	for timeout, want := range map[time.Duration]string{
		20 * time.Second: "20s", 1500 * time.Millisecond: "2s", 90 * time.Second: "1m30s", 50 * time.Millisecond: "1s",
	} {
		var list []sent
		c := settings("http://prom")
		c.Timeout = analysis.Duration(timeout)
		s := overWith(c, wire(func(r *http.Request) (*http.Response, error) {
			note(&list, r)
			return says(200, empty), nil
		}))
		if _, err := s.Fetch(context.Background(), minutes(1)); err != nil {
			t.Fatal(err)
		}
		if got := list[0].form.Get("timeout"); got != want {
			t.Errorf("a timeout of %s is passed on as %s, want %s", timeout, got, want)
		}
	}
}

// TestParams go with every query, posted ones and the check included, and change nothing
// of what is asked.
func TestParams(t *testing.T) {
	var list []sent
	c := settings("http://prom")
	c.Params = map[string]string{"dedup": "true", "max_source_resolution": "5m & more"}
	s := overWith(c, wire(func(r *http.Request) (*http.Response, error) {
		note(&list, r)
		return says(200, empty), nil
	}))
	for _, text := range []string{"up", strings.Repeat("x", 3000)} {
		q := minutes(2)
		q.Text = text
		if _, err := s.Fetch(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	_ = s.Check(context.Background())
	if len(list) != 3 || list[0].method != "GET" || list[1].method != "POST" {
		t.Fatalf("%d requests", len(list))
	}
	for i, want := range []string{"up", strings.Repeat("x", 3000), "vector(1)"} {
		f := list[i].form
		if f.Get("query") != want || f.Get("dedup") != "true" || f.Get("max_source_resolution") != "5m & more" {
			t.Errorf("request %d: %v", i, f)
		}
	}
	c.Params["dedup"] = "false"
	list = nil
	if _, err := s.Fetch(context.Background(), minutes(2)); err != nil || list[0].form.Get("dedup") != "true" {
		t.Errorf("the source shares the settings' params: error %v", err)
	}
}

// TestPartial wants a cluster's word that its answer may lack something to be passed on,
// an empty answer included, and only where it is the server's own.
func TestPartial(t *testing.T) {
	with := func(field, answer string) string {
		return strings.Replace(answer, `"success",`, `"success",`+field+`,`, 1)
	}
	for body, partial := range map[string]bool{
		two:                              false,
		with(`"isPartial":false`, two):   false,
		with(`"isPartial":true`, two):    true,
		with(`"isPartial":true`, empty):  true,
		with(`"isPartial":false`, empty): false,
		strings.Replace(two, "shop", `\"isPartial\":true`, 1): false,
	} {
		s := over(func(*http.Request) (*http.Response, error) { return says(200, body), nil })
		got, err := s.Fetch(context.Background(), minutes(2))
		if err != nil {
			t.Fatal(err)
		}
		said := len(got) == 1 && len(got[0].Warnings) == 1 && strings.Contains(got[0].Warnings[0], "partial")
		if said != partial {
			t.Errorf("%s: %v, want a warning: %v", body, got, partial)
		}
	}
}
