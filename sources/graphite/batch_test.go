package graphite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// targets notes the targets of each request, and answers each target with one series,
// called what its name says.
type targets struct {
	name func(target string) string

	mu    sync.Mutex
	asked [][]string
}

func (s *targets) RoundTrip(r *http.Request) (*http.Response, error) {
	list := r.URL.Query()["target"]
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		list = r.PostForm["target"]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, list)
	var out []string
	for _, t := range list {
		name := s.name(t)
		if name == "refused" {
			return says(400, "text/html", "no"), nil
		}
		out = append(out, fmt.Sprintf(`{"target":%q,"datapoints":[[%d,1714564800],[8,1714564860]]}`, name, len(t)))
	}
	return says(200, "application/json", "["+strings.Join(out, ",")+"]"), nil
}

// numberOf returns the number that a target writes before names.
func numberOf(target string) string {
	_, rest, _ := strings.Cut(target, `,"^","`)
	n, _, _ := strings.Cut(rest, `"`)
	return n
}

// many are queries of two steps, all of them different.
func many(n int) []analysis.Query {
	var qs []analysis.Query
	for i := range n {
		q := minutes(2)
		q.Text = "x" + strings.Repeat("y", i)
		qs = append(qs, q)
	}
	return qs
}

func TestBatches(t *testing.T) {
	good := func(target string) string { return numberOf(target) + "name" }
	for name, c := range map[string]struct {
		name     func(string) string
		queries  []analysis.Query
		requests []int // targets in each
	}{
		"together":      {good, many(5), []int{5}},
		"one":           {good, many(1), []int{1}},
		"more than fit": {good, many(45), []int{5, 20, 20}},
		"one of them is refused": {func(target string) string {
			if strings.Contains(target, "(xyy,") {
				return "refused"
			}
			return good(target)
		}, many(3), []int{1, 1, 1, 3}},
		"without numbers": {func(string) string { return "name" }, many(3), []int{1, 1, 1, 3}},
		"without space":   {func(string) string { return "1name" }, many(2), []int{1, 1, 2}},
		"another number":  {func(string) string { return "7 name" }, many(2), []int{1, 1, 2}},
		"below zero":      {func(string) string { return "-1 name" }, many(2), []int{1, 1, 2}},
	} {
		server := &targets{name: c.name}
		answers := overWith(settings("http://graphite"), server).FetchAll(t.Context(), c.queries)
		var requests []int
		for _, list := range server.asked {
			requests = append(requests, len(list))
		}
		slices.Sort(requests)
		if !slices.Equal(requests, c.requests) {
			t.Errorf("%s: requests of %v targets, want %v", name, requests, c.requests)
		}
		for i, a := range answers {
			if a.Err != nil || len(a.Series) != 1 || a.Series[0].Values[1] != 8 {
				t.Errorf("%s: answer %d: %v, error %v", name, i, a.Series, a.Err)
				continue
			}
			// The value is how long the target was, so it tells whose answer this is.
			alone, together := len(c.queries[i].Text), len(c.queries[i].Text)+len(fmt.Sprint(i%maxTargets))+len(`aliasSub(,"^"," ")`)
			if v := int(a.Series[0].Values[0]); v != alone && v != together {
				t.Errorf("%s: answer %d is that of another query: %d, want %d or %d", name, i, v, alone, together)
			}
		}
	}
}

// TestBatchShapes asks windows and steps apart that are not the same.
func TestBatchShapes(t *testing.T) {
	server := &targets{name: func(target string) string { return numberOf(target) + "name" }}
	qs := many(6)
	qs[1].Window.End = qs[1].Window.End.Add(time.Minute)
	qs[3].Window = qs[3].Window.Shift(-time.Minute)
	qs[4].Step = 2 * time.Minute
	overWith(settings("http://graphite"), server).FetchAll(t.Context(), qs)
	var asked []string
	for _, list := range server.asked {
		var texts []string
		for _, target := range list {
			texts = append(texts, strings.TrimPrefix(strings.Split(target, ",")[0], "aliasSub("))
		}
		asked = append(asked, strings.Join(texts, " "))
	}
	slices.Sort(asked)
	if want := []string{"x xyy xyyyyy", "xy", "xyyy", "xyyyy"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

// TestBatchFails gives the error of a request to all of its queries, and asks no more.
func TestBatchFails(t *testing.T) {
	requests := 0
	s := over(func(*http.Request) (*http.Response, error) {
		requests++
		return says(401, "text/plain", "who are you"), nil
	})
	for i, a := range s.FetchAll(t.Context(), many(4)) {
		if analysis.KindOf(a.Err) != analysis.Denied || a.Series != nil {
			t.Errorf("answer %d: %v, error %v", i, a.Series, a.Err)
		}
	}
	if requests != 1 {
		t.Errorf("%d requests, want 1", requests)
	}
}

// TestMakesSense asks once whether an empty answer is silence.
func TestMakesSense(t *testing.T) {
	for name, c := range map[string]struct {
		second   string // answer to the question inside fallbackSeries
		status   int
		kind     analysis.Kind
		requests int // of two fetches
	}{
		"silence":        {points("[0,1714564800],[0,1714564860]"), 200, "", 3},
		"not understood": {"[]", 200, analysis.Invalid, 4},
		"an old server":  {"unknown function", 400, "", 4},
		"broken":         {"oops", 500, analysis.Unavailable, 8},
	} {
		requests := 0
		s := over(func(r *http.Request) (*http.Response, error) {
			requests++
			switch r.URL.Query().Get("target") {
			case "shop.errors":
				return says(200, "application/json", "[]"), nil
			case "fallbackSeries(shop.errors,constantLine(0))":
				return says(c.status, "text/plain", c.second), nil
			}
			return says(400, "text/plain", "what"), nil
		})
		for range 2 {
			got, err := s.Fetch(t.Context(), minutes(2))
			if len(got) != 0 || analysis.KindOf(err) != c.kind {
				t.Errorf("%s: %v, error %v, want %q", name, got, err, c.kind)
			}
		}
		if requests != c.requests {
			t.Errorf("%s: %d requests, want %d", name, requests, c.requests)
		}
	}
}

// TestKnownIsBounded keeps targets from eating the memory.
func TestKnownIsBounded(t *testing.T) {
	s := over(nil)
	for i := range 3 * maxKnown {
		s.learn(fmt.Sprint(i), func(k *known) { k.sense = true })
	}
	if n := len(s.known); n > maxKnown {
		t.Errorf("%d targets are known, want %d at most", n, maxKnown)
	}
	if !s.recall(fmt.Sprint(3*maxKnown - 1)).sense {
		t.Error("the latest is forgotten")
	}
}
