package datadog

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestPaced: the first API is asked for the step in the query itself, wherever the query
// does not say otherwise.
func TestPaced(t *testing.T) {
	for text, want := range map[string]string{
		"avg:system.cpu.user{*}":                      "avg:system.cpu.user{*}.rollup(60)",
		"system.cpu.user{a:b, c IN (d,e)} by {host}":  "system.cpu.user{a:b, c IN (d,e)} by {host}.rollup(60)",
		"avg:a{*}by{host}":                            "avg:a{*}by{host}.rollup(60)",
		"sum:hits{*}.as_count()":                      "sum:hits{*}.as_count().rollup(sum, 60)",
		"sum:hits{*} by {pod}.as_rate().fill(last)":   "sum:hits{*} by {pod}.as_rate().rollup(sum, 60).fill(last)",
		"avg:a{*}.fill(linear, 60)":                   "avg:a{*}.rollup(60).fill(linear, 60)",
		"p99:trace.http.request{service:shop}":        "p99:trace.http.request{service:shop}.rollup(60)",
		"sum:hits{*}.as_count().rollup(sum, 300)":     "sum:hits{*}.as_count().rollup(sum, 300)",
		"avg:a{*}.rollup(max)":                        "avg:a{*}.rollup(max)",
		"100*sum:e{*}.as_count()/sum:h{*}.as_count()": "100*sum:e{*}.as_count().rollup(sum, 60)/sum:h{*}.as_count().rollup(sum, 60)",
		"moving_rollup(avg:a{*}, 300, 'avg')":         "moving_rollup(avg:a{*}.rollup(60), 300, 'avg')",
		"default_zero(sum:e{*}.as_count())":           "default_zero(sum:e{*}.as_count().rollup(sum, 60))",
		"no scope":                                    "no scope",
	} {
		if got := paced(text, time.Minute); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestOwnRollups(t *testing.T) {
	for text, want := range map[string][]time.Duration{
		"avg:a{*}":                                       nil,
		"avg:a{*}.rollup(avg, 300)":                      {5 * time.Minute},
		"avg:a{*}.rollup(20)":                            {20 * time.Second},
		"avg:a{*}.rollup(max)":                           nil,
		"avg:a{*}.rollup(avg, daily)":                    nil,
		"avg:a{*}.rollup(avg, 0)":                        nil,
		"moving_rollup(avg:a{*}, 300, 'avg')":            nil,
		"a:x{*}.rollup(sum,60) / b:y{*}.rollup(sum,120)": {time.Minute, 2 * time.Minute},
	} {
		if got := ownRollups(text); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestServerRollup: what the times of an answer say about the length of its buckets, in
// a window of an hour by minutes.
func TestServerRollup(t *testing.T) {
	const minute = int64(60_000)
	start := noon().UnixMilli()
	end := start + 60*minute
	every := func(n int64) []int64 {
		var times []int64
		for m := int64(0); m < 60; m += n {
			times = append(times, start+m*minute)
		}
		return times
	}
	at := func(minutes ...int64) []int64 {
		times := make([]int64, len(minutes))
		for i, m := range minutes {
			times[i] = start + m*minute
		}
		return times
	}
	for name, tt := range map[string]struct {
		times []int64
		want  int64 // in minutes
	}{
		"nothing":                        {nil, 0},
		"one":                            {at(20), 0},
		"two that could be anything":     {at(0, 30), 0},
		"each minute":                    {every(1), 0},
		"every second minute":            {every(2), 2},
		"every fifth minute":             {every(5), 5},
		"every twentieth minute":         {every(20), 20},
		"every fifth minute, with gaps":  {at(0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55), 5},
		"a few, with gaps":               {at(0, 10, 20, 50), 0},
		"some minutes":                   {at(1, 7, 30, 31, 44), 0},
		"side by side, in half the hour": {at(0, 5, 10, 15, 20, 25), 0},
		"side by side, but the first":    {at(20, 30, 40, 50), 0},
		"every fifth and one in between": {append(at(3), every(5)[1:]...), 0},
	} {
		if got := serverRollup(tt.times, start, end, minute); got != tt.want*minute {
			t.Errorf("%s: %s, want %dm", name, time.Duration(got)*time.Millisecond, tt.want)
		}
	}
}

// TestSeldomEventsAreNoRollup: logs that come now and then are hardly ever taken for a
// roll-up.
func TestSeldomEventsAreNoRollup(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	start, wrong := noon().UnixMilli(), 0
	for range 10_000 {
		var times []int64
		for m := range int64(60) {
			if random.Float64() < 0.15 {
				times = append(times, start+m*60_000)
			}
		}
		if serverRollup(times, start, start+3_600_000, 60_000) != 0 {
			wrong++
		}
	}
	if wrong > 5 {
		t.Errorf("%d of 10,000 hours with few events are taken for rolled up", wrong)
	}
}

// TestRollup: an answer in longer buckets says so, its values stand where their buckets
// end, and what is not all of it in the window is left out.
func TestRollup(t *testing.T) {
	every5 := values("1", "", "", "", "", "2", "", "", "", "", "3", "", "", "", "", "4")
	for m, v := range every5 {
		if v == "" {
			delete(every5, m)
		}
	}
	// 12:00 to 12:18, in fives: those of 12:00, 12:05 and 12:10 end in it, that of 12:15 does not.
	const want = `[null,null,null,null,1,null,null,null,null,2,null,null,null,null,3,null,null,null]`
	eachAPI(t, func(t *testing.T, api string) {
		for name, text := range map[string]string{"by the query": "avg:cpu{*}.rollup(avg, 300)", "by the server": "avg:cpu{*}"} {
			s := over(t, settings(api), always(200, body(api, 5*time.Minute, answered{values: every5})))
			got, err := s.Fetch(t.Context(), minutes(18, text))
			wants(t, got, err, want)
			if err == nil && got[0].Rollup != 5*time.Minute {
				t.Errorf("%s: roll-up %s, want 5m", name, got[0].Rollup)
			}
		}
	})
}

// TestRollupThatIsNone: the query says 3 minutes and the answer has other times, so it
// is taken at its word.
func TestRollupThatIsNone(t *testing.T) {
	s := over(t, settings(apiV2), always(200, body(apiV2, 0, answered{values: values("1", "2", "3")})))
	got, err := s.Fetch(t.Context(), minutes(3, "avg:cpu{*}.rollup(avg, 180)"))
	wants(t, got, err, "[1,2,3]")
	if err == nil && got[0].Rollup != 0 {
		t.Errorf("roll-up %s", got[0].Rollup)
	}
}

// TestBucketsTooShort: an answer in shorter buckets than asked for is no answer, because
// nobody knows whether to add them up.
func TestBucketsTooShort(t *testing.T) {
	s := over(t, settings(apiV1), always(200, body(apiV1, 20*time.Second, answered{values: values("1", "2", "3")})))
	_, err := s.Fetch(t.Context(), minutes(3, "avg:cpu{*}"))
	if analysis.KindOf(err) != analysis.Invalid || !containsAll(err.Error(), "buckets of 20s", "step of 1m", ".rollup(avg, 60)") {
		t.Errorf("error %v", err)
	}
}

// TestRollupLongerThanTheWindow: looks ask for a step at a time, so a longer bucket would
// never lie inside. That is said, and not taken for silence.
func TestRollupLongerThanTheWindow(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), func(*http.Request) (*http.Response, error) {
			t.Error("the server was asked")
			return says(500, ""), nil
		})
		_, err := s.Fetch(t.Context(), minutes(1, "avg:cpu{*}.rollup(avg, 300)"))
		if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "rolls up over 5m, longer than the 1m that are asked for (try: a step of 5m in the plan") {
			t.Errorf("error %v", err)
		}
	})
}
