package httpjson_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/httpjson"
	"github.com/haldane-dev/haldane/sources/sourcetest"
	"github.com/haldane-dev/haldane/sources/web"
)

func TestExercise(t *testing.T) {
	sourcetest.Exercise(t, sourcetest.Vendor{
		Open:   open,
		Query:  "/samples?metric=errors",
		Answer: answer,
		Refuse: refuse,
		Stores: func(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "+", "%20") },
	})
}

// open makes a source for an API that has a little of everything: series with labels,
// numbers that JSON has no form for, errors inside of answers and warnings.
func open(t testing.TB, s sourcetest.Setup) analysis.Source {
	t.Helper()
	c := httpjson.New().(*httpjson.Config)
	c.URL = config.NewSecret(s.URL)
	c.Params = map[string]string{"from": "${start_ms}", "to": "${end_ms}"}
	c.SecretParams = map[string]config.Secret{"key": config.NewSecret(s.Secret)}
	c.Value = `map(body.series, let s = #; map(s.points, [.t, type(.v) == "string" ? float(.v) : .v, s.labels]))`
	c.Error = "body?.error"
	c.Warning = "body?.warnings"
	c.CheckQuery = "/ping | body.ok"
	c.BasicAuth = web.BasicAuth{Username: "haldane", Password: config.NewSecret(s.Secret)}
	c.Headers = map[string]config.Secret{"X-Api-Key": config.NewSecret(s.Token)}
	c.Timeout = analysis.Duration(s.Timeout)
	c.MaxConcurrent = s.MaxConcurrent
	c.MaxResponse = web.Size(s.MaxResponse)
	c.ExternalURL = s.ExternalURL
	source, err := c.Open(s.Env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

type body struct {
	Series   []series `json:"series"`
	Warnings []string `json:"warnings,omitempty"`
	Unknown  any      `json:"version,omitempty"`
}

type series struct {
	Labels map[string]string `json:"labels"`
	Points []point           `json:"points"`
	Unit   string            `json:"unit,omitempty"`
}

type point struct {
	T int64            `json:"t"` // ms; the end of the step
	V *analysis.Number `json:"v"`
}

// answer gives the samples of (from, to].
func answer(w http.ResponseWriter, r *http.Request, a sourcetest.Answer) {
	if r.URL.Path == "/ping" {
		reply(w, 200, map[string]bool{"ok": true})
		return
	}
	from, err1 := strconv.ParseInt(r.FormValue("from"), 10, 64)
	to, err2 := strconv.ParseInt(r.FormValue("to"), 10, 64)
	switch {
	case r.URL.Path != "/samples":
		http.NotFound(w, r)
		return
	case err1 != nil || err2 != nil || r.FormValue("metric") != "errors":
		refuse(w, r, sourcetest.Refusal{Trouble: sourcetest.WrongQuery, Words: fmt.Sprint("bad request ", r.Form)})
		return
	}
	out := body{Series: []series{}, Warnings: a.Warnings}
	for _, s := range a.Series {
		one := series{Labels: s.Labels, Points: []point{}}
		for i, v := range s.Values {
			p := point{T: s.Start.Add(time.Duration(i+1) * s.Step).UnixMilli(), V: analysis.Number(v).Ptr()}
			if analysis.IsMissing(v) {
				p.V = nil
			}
			if p.T > from && p.T <= to && (p.V != nil || a.Nulls) {
				one.Points = append(one.Points, p)
			}
		}
		if a.Unknown {
			one.Unit = "seconds"
		}
		out.Series = append(out.Series, one)
	}
	if a.Unknown {
		out.Unknown = []int{1, 2}
	}
	reply(w, 200, out)
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse answers errors as RFC 9457 has them, and as proxies do.
func refuse(w http.ResponseWriter, _ *http.Request, e sourcetest.Refusal) {
	switch e.Trouble {
	case sourcetest.WrongQuery:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(400)
		_ = json.NewEncoder(w).Encode(map[string]any{"title": "Bad Request", "status": 400, "detail": e.Words})
	case sourcetest.WrongCredentials:
		reply(w, 401, map[string]any{"error": "who are you"})
	case sourcetest.Forbidden:
		reply(w, 403, map[string]any{"errors": []any{map[string]string{"message": "not you"}}})
	case sourcetest.SlowDown:
		w.Header().Set("Retry-After", strconv.Itoa(int(e.Wait/time.Second)))
		reply(w, 429, map[string]any{"error": e.Words})
	case sourcetest.Broken:
		reply(w, 500, map[string]any{"error": map[string]string{"message": "oops"}})
	case sourcetest.InsideOK:
		reply(w, 200, map[string]any{"error": e.Words})
	}
}
