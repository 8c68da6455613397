package datadog

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// The pitfalls of reading Datadog that release tools have fallen into, one test each.

// 1: a null that is read into a number becomes 0, and an error rate passes on silence.
func TestPitfall01NullIsNotZero(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), always(200, body(api, time.Minute, answered{values: values("null", "0", "5", "null")})))
		got, err := s.Fetch(t.Context(), minutes(4, "sum:errors{*}"))
		wants(t, got, err, "[null,0,5,null]")
		if err == nil && got[0].Nulls != 2 {
			t.Errorf("%d nulls, want 2", got[0].Nulls)
		}
		s = over(t, settings(api), always(200, body(api, time.Minute, answered{values: values("null", "null")})))
		got, err = s.Fetch(t.Context(), minutes(2, "sum:errors{*}"))
		wants(t, got, err, "[null,null]")
		if err == nil && (got[0].Nulls != 2 || len(got) != 1) {
			t.Errorf("%+v: nothing but nulls is neither silence nor 0", got)
		}
	})
}

// 2: the newest bucket is not over, and counts in it are too low.
func TestPitfall02TheNewestBucketIsNotOver(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), always(200, body(api, time.Minute, answered{values: values("60", "60", "3")})))
		q := minutes(2, "sum:hits{*}.as_count()")
		q.Window.End = q.Window.End.Add(30 * time.Second)
		got, err := s.Fetch(t.Context(), q)
		wants(t, got, err, "[60,60]")
	})
	if delay := New().Common().Delay.Std(); delay < time.Minute {
		t.Errorf("by default samples are judged after %s", delay)
	}
}

// 3: only the first series is read, or all are thrown together.
func TestPitfall03NotOnlyTheFirstSeries(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		two := body(api, time.Minute, answered{tags: []string{"pod:a"}, values: values("1", "2")}, answered{tags: []string{"pod:b"}, values: values("10")})
		s := over(t, settings(api), always(200, two))
		q := minutes(2, "sum:errors{*} by {pod}")
		if _, err := s.Fetch(t.Context(), q); analysis.KindOf(err) != analysis.Invalid || !containsAll(err.Error(), "2 series", "pod") {
			t.Errorf("error %v", err)
		}
		q.Reduce = analysis.ReduceSum
		got, err := s.Fetch(t.Context(), q)
		wants(t, got, err, "[11,2]")
		q.Reduce = analysis.ReduceAll
		got, err = s.Fetch(t.Context(), q)
		wants(t, got, err, "[1,2]", "[10,null]")
	})
}

// 4: a status that is not looked at turns a 429 into "no values".
func TestPitfall04TheStatusIsLookedAt(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		for status, kind := range map[int]analysis.Kind{400: analysis.Invalid, 401: analysis.Denied, 403: analysis.Denied, 404: analysis.Invalid, 429: analysis.Limited, 500: analysis.Unavailable} {
			s := over(t, settings(api), always(status, body(api, time.Minute))) // even with an answer in it
			got, err := s.Fetch(t.Context(), minutes(2, "sum:errors{*}"))
			if analysis.KindOf(err) != kind || got != nil {
				t.Errorf("%d: %v, error %v, want %s", status, got, err, kind)
			}
		}
	})
}

// 5: a division by nothing, and a row that a formula drops, are no zeros.
func TestPitfall05DivisionByNothing(t *testing.T) {
	ratio := `{"queries":[{"data_source":"metrics","name":"e","query":"sum:errors{*}.as_count()"},{"data_source":"metrics","name":"h","query":"sum:hits{*}.as_count()"}],"formula":"e / h"}`
	for name, tt := range map[string]struct {
		answer []answered
		want   []string
	}{
		"a null where hits are 0": {[]answered{{values: values("0.5", "null", "0")}}, []string{"[0.5,null,0]"}},
		"a row that is dropped":   {[]answered{{values: map[int]string{0: "0.5", 2: "0"}}}, []string{"[0.5,null,0]"}},
		"no rows at all":          {nil, nil},
	} {
		got, err := over(t, settings(apiV2), always(200, body(apiV2, 0, tt.answer...))).Fetch(t.Context(), minutes(3, ratio))
		t.Log(name)
		wants(t, got, err, tt.want...)
	}
}

// 6: as_count(), as_rate() and roll-ups change what numbers mean: they go out as they
// were written, on both sides of a ratio, and what is added does not change them.
func TestPitfall06ModifiersStayWhatTheyAre(t *testing.T) {
	const text = "sum:errors{*}.as_count() / sum:hits{*}.as_count()"
	for api, want := range map[string]string{
		apiV1: "sum:errors{*}.as_count().rollup(sum, 60) / sum:hits{*}.as_count().rollup(sum, 60)",
		apiV2: text,
	} {
		var b book
		s := over(t, settings(api), func(r *http.Request) (*http.Response, error) {
			b.note(r)
			return says(200, body(api, time.Minute)), nil
		})
		if _, err := s.Fetch(t.Context(), minutes(2, text)); err != nil {
			t.Fatal(err)
		}
		sent := b.texts[0]
		if api == apiV2 {
			sent = strings.Join(queriesOf(b.asked[0]), ",")
		}
		if sent != want {
			t.Errorf("%s: sent %s, want %s", api, sent, want)
		}
	}
	if own := ownRollups("moving_rollup(avg:a{*}, 300, 'avg')"); own != nil {
		t.Errorf("a moving roll-up is taken for one: %v", own)
	}
}

// 7: percentiles are asked of the server: a roll-up of one takes no aggregator, and
// several series of one are an error rather than a mean of percentiles.
func TestPitfall07Percentiles(t *testing.T) {
	if got := paced("p99:trace.http.request{service:shop}", time.Minute); got != "p99:trace.http.request{service:shop}.rollup(60)" {
		t.Errorf("asked as %s", got)
	}
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), always(200, body(api, time.Minute,
			answered{tags: []string{"host:a"}, values: values("0.1")}, answered{tags: []string{"host:b"}, values: values("0.9")})))
		if _, err := s.Fetch(t.Context(), minutes(1, "p99:trace.http.request{*} by {host}")); analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("error %v", err)
		}
	})
}

// 8: a version is a tag, and Datadog has changed it before it stored it; one that holds
// a wildcard or a bracket selects nothing else.
func TestPitfall08Tags(t *testing.T) {
	s := over(t, settings(apiV2), nil)
	for version, want := range map[string]string{"V1.4.2+Build": "v1.4.2_build", "*": "", "1.*": "1.", "1,env:*}": "1_env:", "a b": "a_b"} {
		if got := s.Quote(version); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}

// 9: the second API wants no aggregator for time series, formulas that name queries, and
// the right type.
func TestPitfall09TheShapeOfARequest(t *testing.T) {
	var b book
	s := over(t, settings(apiV2), func(r *http.Request) (*http.Response, error) {
		b.note(r)
		return says(200, body(apiV2, 0)), nil
	})
	s.FetchAll(t.Context(), []analysis.Query{minutes(2, "avg:a{*}"), minutes(2, `{"queries":[{"data_source":"metrics","name":"a","query":"x{*}"}],"formula":"b"}`)})
	d := b.asked[0].Data
	if len(b.asked) != 1 || d.Type != "timeseries_request" || len(d.Attributes.Formulas) != 1 {
		t.Fatalf("sent %s", written(d))
	}
	if q := d.Attributes.Queries[0]; len(q) != 3 || q["aggregator"] != nil || d.Attributes.Formulas[0].Formula != q["name"] {
		t.Errorf("sent %s", written(d))
	}
}

// 10: keys come from the settings and from nowhere else; one that is missing is said
// before anything is asked.
func TestPitfall10Keys(t *testing.T) {
	t.Setenv("DD_API_KEY", "of-the-environment")
	t.Setenv("DD_APP_KEY", "of-the-environment")
	for field, change := range map[string]func(*Config){
		"api_key": func(c *Config) { c.APIKey = config.Secret{} }, "app_key": func(c *Config) { c.AppKey = config.Secret{} },
	} {
		c := settings(apiV2)
		change(c)
		if _, err := c.Open(env()); analysis.KindOf(err) != analysis.Invalid || !containsAll(err.Error(), field, "missing") {
			t.Errorf("without %s: %v", field, err)
		}
	}
}

// 11: thousands of groups are all kept, or are an error; none is cut off in silence.
func TestPitfall11ThousandsOfGroups(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		var all []answered
		for i := range 3000 {
			all = append(all, answered{tags: []string{fmt.Sprintf("pod:%04d", i)}, values: values(fmt.Sprint(i))})
		}
		s := over(t, settings(api), always(200, body(api, time.Minute, all...)))
		q := minutes(1, "avg:cpu{*} by {pod}")
		q.Reduce = analysis.ReduceAll
		got, err := s.Fetch(t.Context(), q)
		if err != nil || len(got) != 3000 || got[2999].Labels["pod"] != "2999" || got[2999].Values[0] != 2999 {
			t.Errorf("%d series, error %v", len(got), err)
		}
		q.Reduce = analysis.ReduceNone
		if _, err := s.Fetch(t.Context(), q); !strings.Contains(fmt.Sprint(err), "3000 series") {
			t.Errorf("error %v", err)
		}
		c := settings(api)
		c.MaxResponse = 20_000
		if _, err := over(t, c, always(200, body(api, time.Minute, all...))).Fetch(t.Context(), q); analysis.KindOf(err) != analysis.Unavailable || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("too large an answer: %v", err)
		}
	})
}
