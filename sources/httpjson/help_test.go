package httpjson

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
func says(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}
}

// always gives one answer to everything.
func always(body string) wire {
	return func(*http.Request) (*http.Response, error) { return says(200, body), nil }
}

// settings are the defaults for an API.
func settings() *Config {
	c := New().(*Config)
	c.URL = config.NewSecret("http://api.example.com/base")
	return c
}

// over makes a source whose server is a wire.
func over(w wire) *Source { return overWith(settings(), w) }

// overWith does so with settings, which must be good.
func overWith(c *Config, w http.RoundTripper) *Source {
	s, err := newSource(c, web.Server{Env: env(), Transport: w, Pause: time.Microsecond})
	if err != nil {
		panic(err)
	}
	return s
}

func env() config.Env { return config.Env{Name: "api", Version: "test"} }

// noon is where the windows of these tests start; 1714564800 in seconds.
func noon() time.Time { return time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC) }

// ask asks for n steps of a minute from noon.
func ask(text string, n int) analysis.Query {
	return analysis.Query{
		Text: text, Step: time.Minute,
		Window: analysis.Window{Start: noon(), End: noon().Add(time.Duration(n) * time.Minute)},
	}
}

// show prints an answer: labels, values and warnings.
func show(t testing.TB, series []analysis.Series) string {
	t.Helper()
	var lines []string
	for _, s := range series {
		b, err := s.Values.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		line := string(b)
		if region, ok := s.Labels["region"]; ok {
			line = region + " " + line
		}
		for _, w := range s.Warnings {
			line += " (" + w + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
