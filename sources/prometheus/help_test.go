package prometheus

import (
	"io"
	"net/http"
	"strings"
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

// settings are the defaults for a server at url.
func settings(url string) *Config {
	c := New().(*Config)
	c.URL = url
	return c
}

// over makes a source whose server is a wire.
func over(w wire) *Source { return overWith(settings("http://prometheus:9090"), w) }

// pause is short enough not to be noticed where no made-up clock is.
const pause = time.Microsecond

// overWith does so with settings, which must be good.
func overWith(c *Config, w wire) *Source {
	s, err := newSource(c, web.Server{Env: env(), Transport: w, Pause: pause})
	if err != nil {
		panic(err)
	}
	return s
}

func env() config.Env { return config.Env{Name: "prom", Version: "test"} }

// opened opens settings, which must be good.
func opened(t testing.TB, c *Config) *Source {
	t.Helper()
	s, err := c.Open(env())
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Source)
}

// minutes asks for n steps of a minute from 12:00.
func minutes(n int) analysis.Query {
	start := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	return analysis.Query{
		Text: "up", Step: time.Minute,
		Window: analysis.Window{Start: start, End: start.Add(time.Duration(n) * time.Minute)},
	}
}

const (
	empty = `{"status":"success","data":{"resultType":"matrix","result":[]}}`
	// 12:01 and 12:02 of the day of minutes
	two = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"shop"},"values":[[1714564860,"1"],[1714564920,"2"]]}]}}`
)
