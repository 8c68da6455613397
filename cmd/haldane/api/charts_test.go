package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/chart"
)

// drawn is a house in which one run with two segments was recorded.
type drawn struct {
	analysis.Reader
	rev int64
	err error // of the samples
}

func (d drawn) Run(_ context.Context, id string) (analysis.Run, error) {
	if id != "r1" {
		return analysis.Run{}, analysis.Errorf(analysis.NotFound, "run %s: not found", id)
	}
	return analysis.Run{
		ID: "r1", Plan: "shop", Service: "shop", Version: "2", BaselineVersion: "1", Rev: d.rev,
		Snapshot: analysis.Plan{Metrics: []analysis.Metric{{Name: "p99", Kind: analysis.Gauge}}},
	}, nil
}

func (d drawn) Looks(context.Context, string) ([]analysis.Look, error) {
	return []analysis.Look{{Number: 1, Verdict: analysis.Verdict{Findings: []analysis.Finding{
		{Metric: "p99", Segment: "region=eu", Class: analysis.ClassPass, Reason: "eu is fine"},
		{Metric: "p99", Segment: "region=us", Class: analysis.ClassHigh, Bad: true, Reason: "us is slow"},
	}}}}, nil
}

func (d drawn) Pairs(context.Context, string) ([]analysis.Pair, error) {
	var out []analysis.Pair
	for _, segment := range []string{"region=eu", "region=us"} {
		side := analysis.Samples{Values: analysis.Values{1, 2, 3}}
		out = append(out, analysis.Pair{
			Metric: "p99", Segment: segment, Start: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC), Step: time.Minute, Canary: side, Baseline: side,
		})
	}
	return out, d.err
}

// house is what was recorded.
type house interface {
	analysis.Reader
	analysis.SampleReader
}

// call sends one request to an API with two tokens: one for all plans, one for others.
func call(t *testing.T, d house, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	h := New(Deps{
		Reader: d, Samples: d, Log: slog.New(slog.DiscardHandler), Version: "test",
		Tokens: func() []Token {
			return []Token{
				{Name: "viewer", Role: RoleRead, SHA256: sha256.Sum256([]byte("viewer"))},
				{Name: "others", Role: RoleAdmin, SHA256: sha256.Sum256([]byte("others")), Plans: []string{"other-*"}},
			}
		},
	})
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	req.Host = "127.0.0.1"
	req.Header.Set("Authorization", "Bearer viewer")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	h.ServeHTTP(w, req)
	return w
}

func TestChartIsDrawn(t *testing.T) {
	eu := "?metric=p99&segment=" + url.QueryEscape("region=eu")
	for name, c := range map[string]struct {
		query        string
		says, hushes string
	}{
		"the worst":  {"", "us is slow", ""},
		"a metric":   {"?metric=p99", "us is slow", ""},
		"a segment":  {eu, "eu is fine", "us is slow"},
		"both there": {"?metric=p99", "eu is fine", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(t, drawn{}, "/api/v1/runs/r1/chart.svg"+c.query)
			body := w.Body.String()
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(body, c.says) {
				t.Errorf("got %d %v %.300s", w.Code, w.Header(), body)
			}
			if c.hushes != "" && strings.Contains(body, c.hushes) {
				t.Errorf("the picture says %q", c.hushes)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
				t.Errorf("policy %q", csp)
			}
		})
	}
	w := call(t, drawn{}, "/api/v1/runs/r1/chart.png"+eu)
	img, err := png.Decode(bytes.NewReader(w.Body.Bytes()))
	if err != nil || w.Header().Get("Content-Type") != "image/png" || img.Bounds().Dx() != 2*chart.Width || img.Bounds().Dy() != 2*chart.Height {
		t.Errorf("%v %v", w.Header(), err)
	}
}

func TestChartIsSentOnce(t *testing.T) {
	first := call(t, drawn{rev: 1}, "/api/v1/runs/r1/chart.svg")
	tag := first.Header().Get("ETag")
	if tag == "" || first.Header().Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%v", first.Header())
	}
	if w := call(t, drawn{rev: 1}, "/api/v1/runs/r1/chart.svg", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := call(t, drawn{rev: 2}, "/api/v1/runs/r1/chart.svg", "If-None-Match", tag); w.Code != http.StatusOK {
		t.Errorf("after another look: %d", w.Code)
	}
}

func TestChartKeepsItsLimits(t *testing.T) {
	for name, c := range map[string]struct {
		d       drawn
		path    string
		headers []string
		status  int
		says    string
	}{
		"no token":          {drawn{}, "r1/chart.svg", []string{"Authorization", ""}, http.StatusUnauthorized, "token"},
		"another team's":    {drawn{}, "r1/chart.svg", []string{"Authorization", "Bearer others"}, http.StatusNotFound, "not found"},
		"another, by tag":   {drawn{}, "r1/chart.svg", []string{"Authorization", "Bearer others", "If-None-Match", "*"}, http.StatusNotFound, "not found"},
		"unknown run":       {drawn{}, "r2/chart.png", nil, http.StatusNotFound, "not found"},
		"unknown metric":    {drawn{}, "r1/chart.svg?metric=x", nil, http.StatusNotFound, `no metric \"x\"`},
		"unknown segment":   {drawn{}, "r1/chart.svg?segment=x", nil, http.StatusNotFound, `no segment \"x\"`},
		"unknown parameter": {drawn{}, "r1/chart.svg?metrics=x", nil, http.StatusUnprocessableEntity, "metrics"},
		"long name":         {drawn{}, "r1/chart.svg?metric=" + strings.Repeat("x", 201), nil, http.StatusUnprocessableEntity, "metric"},
		"unknown format":    {drawn{}, "r1/chart.gif", nil, http.StatusNotFound, ""},
		"no database":       {drawn{err: analysis.Errorf(analysis.Unavailable, "database: full")}, "r1/chart.svg", nil, http.StatusServiceUnavailable, "database: full"},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(t, c.d, "/api/v1/runs/"+c.path, c.headers...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("ETag") != "" {
				t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
			}
			if c.says != "" && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("content type %q", w.Header().Get("Content-Type"))
			}
		})
	}
}

func TestChartsAreDescribed(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			Description string
			Parameters  []struct{ Name, In string }
			Responses   map[string]struct{ Content map[string]any }
		}
	}
	if err := json.Unmarshal(call(t, drawn{}, "/openapi.json").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for path, media := range map[string]string{"chart.svg": "image/svg+xml", "chart.png": "image/png"} {
		op := doc.Paths["/api/v1/runs/{id}/"+path]["get"]
		ok := op.Responses["200"].Content
		if len(ok) != 1 || ok[media] == nil || op.Responses["404"].Content["application/problem+json"] == nil {
			t.Errorf("%s: the replies are %v", path, op.Responses)
		}
		if !strings.Contains(op.Description, "Needs role read.") || len(op.Parameters) != 4 {
			t.Errorf("%s: %q with %v", path, op.Description, op.Parameters)
		}
		if _, described := op.Responses["304"]; !described {
			t.Errorf("%s: 304 is not described", path)
		}
	}
}
