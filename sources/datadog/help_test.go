package datadog

import (
	"encoding/json"
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
	"github.com/haldane-dev/haldane/sources/web"
)

// wire is a way to a server that is not there: it answers itself.
type wire func(*http.Request) (*http.Response, error)

func (f wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return f(r)
}

// says is an answer.
func says(code int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// always answers the same.
func always(code int, body string, headers ...string) wire {
	return func(*http.Request) (*http.Response, error) { return says(code, body, headers...), nil }
}

// settings are the defaults, with keys.
func settings(api string) *Config {
	c := New().(*Config)
	c.API, c.APIKey, c.AppKey = api, config.NewSecret("the-api-key"), config.NewSecret("the-app-key")
	return c
}

// over makes a source whose server is a wire.
func over(t testing.TB, c *Config, w wire) *Source {
	t.Helper()
	s, err := newSource(c, web.Server{Env: env(), Transport: w, Pause: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func env() config.Env { return config.Env{Name: "dd", Version: "test"} }

// eachAPI runs a test over both versions.
func eachAPI(t *testing.T, test func(t *testing.T, api string)) {
	t.Helper()
	for _, api := range []string{apiV1, apiV2} {
		t.Run(api, func(t *testing.T) { test(t, api) })
	}
}

// minutes asks for n steps of a minute from noon.
func minutes(n int, text string) analysis.Query {
	return analysis.Query{
		Text: text, Step: time.Minute,
		Window: analysis.Window{Start: noon(), End: noon().Add(time.Duration(n) * time.Minute)},
	}
}

// answered is a series as an answer tells it: values by minute after noon, "null" or a
// number.
type answered struct {
	tags   []string
	index  int
	values map[int]string
}

// body writes an answer of either version, whose buckets are of length every.
func body(api string, every time.Duration, all ...answered) string {
	type object = map[string]any
	at := func(minute int) int64 { return noon().Add(time.Duration(minute) * time.Minute).UnixMilli() }
	if api == apiV1 {
		list := []any{}
		for _, one := range all {
			points := [][]any{}
			for _, m := range minutesOf(one) {
				points = append(points, []any{at(m), json.RawMessage(one.values[m])})
			}
			list = append(list, object{"tag_set": one.tags, "query_index": one.index, "interval": every / time.Second, "pointlist": points})
		}
		return written(object{"status": "ok", "series": list})
	}
	axis := minutesOf(all...)
	times, values, list := []int64{}, [][]any{}, []any{}
	for _, m := range axis {
		times = append(times, at(m))
	}
	for _, one := range all {
		row := []any{}
		for _, m := range axis {
			if v, ok := one.values[m]; ok {
				row = append(row, json.RawMessage(v))
			} else {
				row = append(row, nil)
			}
		}
		values, list = append(values, row), append(list, object{"group_tags": one.tags, "query_index": one.index})
	}
	return written(object{"data": object{"type": "timeseries_response", "attributes": object{"times": times, "values": values, "series": list}}})
}

func minutesOf(all ...answered) []int {
	var out []int
	for _, one := range all {
		for m := range one.values {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func written(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// values makes a series of minutes side by side.
func values(list ...string) map[int]string {
	out := map[int]string{}
	for m, v := range list {
		out[m] = v
	}
	return out
}

// wants compares values, printed as the house does.
func wants(t *testing.T, got []analysis.Series, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatalf("error %v", err)
	}
	have := make([]string, len(got))
	for i, one := range got {
		have[i] = written(one.Values)
	}
	if !slices.Equal(have, want) {
		t.Errorf("values %s, want %s", have, want)
	}
}

// book keeps what was asked.
type book struct {
	mu    sync.Mutex
	asked []asking
	texts []string // of the first version
}

// note reads a request.
func (b *book) note(r *http.Request) asking {
	b.mu.Lock()
	defer b.mu.Unlock()
	var a asking
	if r.Body != nil {
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &a)
	}
	b.asked = append(b.asked, a)
	b.texts = append(b.texts, r.URL.Query().Get("query"))
	return a
}

// queriesOf lists the texts of the queries of a request.
func queriesOf(a asking) []string {
	var out []string
	for _, q := range a.Data.Attributes.Queries {
		out = append(out, fmt.Sprint(q["query"]))
	}
	return out
}

func containsAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) })
}
