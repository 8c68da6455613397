package datadog

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestRequestV2 is the request byte by byte.
func TestRequestV2(t *testing.T) {
	var got, path, apiKey, appKey string
	s := over(t, settings(apiV2), func(r *http.Request) (*http.Response, error) {
		raw := new(strings.Builder)
		_ = r.Write(raw)
		_, got, _ = strings.Cut(raw.String(), "\r\n\r\n")
		path, apiKey, appKey = r.Method+" "+r.URL.String(), r.Header.Get("DD-API-KEY"), r.Header.Get("DD-APPLICATION-KEY")
		return says(200, body(apiV2, 0)), nil
	})
	answers := s.FetchAll(t.Context(), []analysis.Query{
		minutes(3, "avg:cpu{*}"),
		minutes(3, `{"queries":[{"data_source":"logs","name":"a","compute":{"aggregation":"count"}},{"data_source":"metrics","name":"b","query":"sum:hits{*}.as_count()"}],"formula":"a / b"}`),
	})
	for _, a := range answers {
		if a.Err != nil {
			t.Fatal(a.Err)
		}
	}
	want := `{"data":{"type":"timeseries_request","attributes":{"from":1714564800000,"to":1714564980000,"interval":60000,` +
		`"queries":[{"data_source":"metrics","name":"q0","query":"avg:cpu{*}"},{"compute":{"aggregation":"count"},"data_source":"logs","name":"q1"},` +
		`{"data_source":"metrics","name":"q2","query":"sum:hits{*}.as_count()"}],"formulas":[{"formula":"q0"},{"formula":"q1 / q2"}]}}}`
	if got != want || path != "POST https://api.datadoghq.com/api/v2/query/timeseries" {
		t.Errorf("%s\ngot  %s\nwant %s", path, got, want)
	}
	if apiKey != "the-api-key" || appKey != "the-app-key" {
		t.Errorf("keys %q and %q", apiKey, appKey)
	}
}

// TestRequestV1 is the address.
func TestRequestV1(t *testing.T) {
	var got string
	c := settings(apiV1)
	c.Site = "us5.datadoghq.com"
	s := over(t, c, func(r *http.Request) (*http.Response, error) {
		got = r.Method + " " + r.URL.String()
		return says(200, body(apiV1, time.Minute)), nil
	})
	s.FetchAll(t.Context(), []analysis.Query{minutes(3, "avg:cpu{*}"), minutes(3, "sum:hits{*}.as_count()")})
	want := "GET https://api.us5.datadoghq.com/api/v1/query?from=1714564800&query=avg%3Acpu%7B%2A%7D.rollup%2860%29%2Csum%3Ahits%7B%2A%7D.as_count%28%29.rollup%28sum%2C+60%29&to=1714564980"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTogether: queries of one window and step are one request, others go on their own,
// and each gets its own answer.
func TestTogether(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		var requests atomic.Int32
		s := over(t, settings(api), func(r *http.Request) (*http.Response, error) {
			requests.Add(1)
			return says(200, body(api, time.Minute,
				answered{index: 0, values: values("1", "2", "3")}, answered{index: 2, values: values("0", "null", "7")})), nil
		})
		week := minutes(3, "avg:a{*}")
		week.Window = week.Window.Shift(-7 * 24 * time.Hour)
		got := s.FetchAll(t.Context(), []analysis.Query{minutes(3, "avg:a{*}"), week, minutes(3, "avg:b{*}"), minutes(3, ""), minutes(3, "avg:c{*}")})
		if n := requests.Load(); n != 2 {
			t.Errorf("%d requests, want 2: one for each window", n)
		}
		wants(t, got[0].Series, got[0].Err, "[1,2,3]")
		if analysis.KindOf(got[1].Err) != analysis.Unavailable { // the wire knows one week only
			t.Errorf("the other week: %v, %v", got[1].Series, got[1].Err)
		}
		wants(t, got[2].Series, got[2].Err)
		if analysis.KindOf(got[3].Err) != analysis.Invalid {
			t.Errorf("no text: %v", got[3].Err)
		}
		wants(t, got[4].Series, got[4].Err, "[0,null,7]")
	})
}

// TestCommas: the first version tells queries apart by commas, and a text may hold some.
func TestCommas(t *testing.T) {
	s := over(t, settings(apiV1), always(200, body(apiV1, time.Minute,
		answered{index: 1, tags: []string{"of:b"}, values: values("1")}, answered{index: 2, values: values("2")})))
	both := minutes(1, "avg:a{x:1,y:2},avg:b{*}")
	both.Reduce = analysis.ReduceAll
	got := s.FetchAll(t.Context(), []analysis.Query{both, minutes(1, "avg:c{z IN (1,2)}")})
	wants(t, got[0].Series, got[0].Err, "[1]")
	wants(t, got[1].Series, got[1].Err, "[2]")
}

// TestManyQueries: batches end where an address gets too long, or at 50.
func TestManyQueries(t *testing.T) {
	for _, tt := range []struct {
		api    string
		n      int
		length int
		want   int
	}{{apiV2, 50, 2000, 1}, {apiV2, 51, 20, 2}, {apiV2, 120, 20, 3}, {apiV1, 50, 20, 1}, {apiV1, 51, 20, 2}, {apiV1, 10, 2000, 5}, {apiV1, 2, 9000, 2}} {
		var requests atomic.Int32
		s := over(t, settings(tt.api), func(r *http.Request) (*http.Response, error) {
			requests.Add(1)
			return says(200, body(tt.api, time.Minute)), nil
		})
		var qs []analysis.Query
		for i := range tt.n {
			qs = append(qs, minutes(3, fmt.Sprintf("avg:a%d{%s}", i, strings.Repeat("x", tt.length))))
		}
		for _, a := range s.FetchAll(t.Context(), qs) {
			if a.Err != nil {
				t.Fatal(a.Err)
			}
		}
		if int(requests.Load()) != tt.want {
			t.Errorf("%s: %d queries of %d bytes are %d requests, want %d", tt.api, tt.n, tt.length, requests.Load(), tt.want)
		}
	}
}

// TestLongWindows are cut so that Datadog has no reason to roll up, and never within a
// bucket of a roll-up that the query has.
func TestLongWindows(t *testing.T) {
	type cut struct{ from, to int } // minutes after noon
	for name, tt := range map[string]struct {
		text  string
		first int // minutes after noon
		n     int
		want  []cut
	}{
		"as long as there may be":  {"avg:a{*}", 0, 1500, []cut{{0, 1500}}},
		"longer":                   {"avg:a{*}", 0, 3100, []cut{{0, 1500}, {1500, 3000}, {3000, 3100}}},
		"rolled up":                {"avg:a{*}.rollup(300)", 0, 3100, []cut{{0, 3100}}},
		"rolled up, and longer":    {"avg:a{*}.rollup(120)", 1, 3100, []cut{{1, 3000}, {3000, 3101}}},
		"rolled up to no multiple": {"avg:a{*}.rollup(90)", 0, 1600, []cut{{0, 1500}, {1500, 1600}}},
	} {
		t.Run(name, func(t *testing.T) {
			var b book
			s := over(t, settings(apiV2), func(r *http.Request) (*http.Response, error) {
				b.note(r)
				return says(200, body(apiV2, 0)), nil
			})
			q := minutes(tt.n, tt.text)
			q.Window = q.Window.Shift(time.Duration(tt.first) * time.Minute)
			_, err := s.Fetch(t.Context(), q)
			var got []cut
			for _, a := range b.asked {
				at := a.Data.Attributes
				got = append(got, cut{int(at.From/1000-noon().Unix()) / 60, int(at.To/1000-noon().Unix()) / 60})
			}
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%v, error %v, want %v", got, err, tt.want)
			}
		})
	}
}

// TestWindowsBetweenBuckets: a window that does not begin with a bucket is answered by
// the buckets a little before, and a warning says so.
func TestWindowsBetweenBuckets(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), always(200, body(api, time.Minute, answered{values: values("1", "2", "3", "4")})))
		q := minutes(3, "avg:cpu{*}")
		q.Window = q.Window.Shift(20 * time.Second)
		got, err := s.Fetch(t.Context(), q)
		wants(t, got, err, "[1,2,3]")
		if err == nil && (len(got[0].Warnings) != 1 || !strings.Contains(got[0].Warnings[0], "up to a step older")) {
			t.Errorf("warnings %q", got[0].Warnings)
		}
	})
}

// TestGivenUp: who gives up while others wait leaves nothing behind.
func TestGivenUp(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	defer server.Close()
	defer close(over)
	c := settings(apiV2)
	c.URL = server.URL
	s, err := c.Open(env())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Fetch(ctx, minutes(3, "avg:a{*}")); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("error %v", err)
	}
	if n := s.(*Source).budget.pledged; n != 0 {
		t.Errorf("%d requests are still on their way", n)
	}
}
