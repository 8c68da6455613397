package ui

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// samples are those of the recorded run.
type samples struct {
	pairs []analysis.Pair
	err   error
}

func (s samples) Pairs(context.Context, string) ([]analysis.Pair, error) { return s.pairs, s.err }

// drawable is the recorded run with two segments of its metric.
func drawable() (recorded, samples) {
	r := sample()
	r.run.Rev = 7
	r.run.Snapshot.Metrics = []analysis.Metric{{Name: "errors", Kind: analysis.Gauge}}
	var s samples
	bad := r.looks[0].Verdict.Findings[0]
	fine := analysis.Finding{Metric: "errors", Segment: "region=us&x", Class: analysis.ClassPass, Reason: "errors is fine"}
	bad.Segment = `region="eu" <b>`
	r.looks[0].Verdict.Findings = []analysis.Finding{fine, bad}
	for _, f := range r.looks[0].Verdict.Findings {
		side := analysis.Samples{Values: analysis.Values{1, 2, 3}}
		s.pairs = append(s.pairs, analysis.Pair{
			Metric: "errors", Segment: f.Segment, Start: r.run.StartedAt, Step: time.Minute, Canary: side, Baseline: side,
		})
	}
	return r, s
}

// ask asks pages that can draw.
func ask(t *testing.T, r recorded, s analysis.SampleReader, path string, sees bool, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	p := New(Deps{Reader: r, Samples: s, Plans: r, Banner: func() string { return "" }, Log: slog.New(slog.DiscardHandler), Version: "test"})
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	p.Serve(w, req, func(string) bool { return sees })
	return w
}

var image = regexp.MustCompile(`<img src="([^"]+)" width="800" height="360" loading="lazy" alt="([^"]+)">`)

func TestRunPageShowsAPictureForEachFinding(t *testing.T) {
	r, s := drawable()
	images := image.FindAllStringSubmatch(ask(t, r, s, "/runs/r1", true).Body.String(), -1)
	if len(images) != 2 {
		t.Fatalf("%d pictures", len(images))
	}
	for i, want := range []struct{ alt, says string }{
		{`errors (region="eu" <b>), canary and baseline over time`, "errors is 3 times as high"}, // the bad one first
		{`errors (region=us&x), canary and baseline over time`, "errors is fine"},
	} {
		if alt := html.UnescapeString(images[i][2]); alt != want.alt {
			t.Errorf("picture %d is called %q", i, alt)
		}
		w := ask(t, r, s, html.UnescapeString(images[i][1]), true)
		body := w.Body.String()
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(body, "<svg") || !strings.Contains(body, want.says) {
			t.Errorf("picture %d: %d %v %.300s", i, w.Code, w.Header(), body)
		}
		if strings.Contains(body, "<b>") || strings.Count(body, "</svg>") != 1 {
			t.Errorf("picture %d holds what a segment is called, or more than one", i)
		}
	}
	if csp := ask(t, r, s, html.UnescapeString(images[0][1]), true).Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
		t.Errorf("policy %q", csp)
	}
}

func TestPageWithoutSamplesHasNoPictures(t *testing.T) {
	r, s := drawable()
	if body := ask(t, r, nil, "/runs/r1", true).Body.String(); strings.Contains(body, "<img") || strings.Contains(body, "Pictures") {
		t.Error("there are pictures of nothing")
	}
	if w := ask(t, r, nil, "/runs/r1/chart.svg", true); w.Code != http.StatusNotFound {
		t.Errorf("got %d", w.Code)
	}
	r.looks = nil
	if body := ask(t, r, s, "/runs/r1", true).Body.String(); strings.Contains(body, "<img") {
		t.Error("there are pictures before the first look")
	}
}

func TestPictureIsSentOnce(t *testing.T) {
	r, s := drawable()
	const path = "/runs/r1/chart.svg?metric=errors"
	first := ask(t, r, s, path, true)
	tag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || tag == "" || first.Header().Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	if again := ask(t, r, s, path, true, "If-None-Match", `"x", `+tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("got %d, %d bytes", again.Code, again.Body.Len())
	}
	r.run.Rev++
	if changed := ask(t, r, s, path, true, "If-None-Match", tag); changed.Code != http.StatusOK {
		t.Errorf("after another look: %d", changed.Code)
	}
}

func TestPicturesKeepTheirLimits(t *testing.T) {
	r, s := drawable()
	broken := samples{err: analysis.Errorf(analysis.Unavailable, "database: the disk is full")}
	for name, c := range map[string]struct {
		samples samples
		path    string
		sees    bool
		status  int
		says    string
	}{
		"another team's":  {s, "/runs/r1/chart.svg", false, http.StatusNotFound, "no such run"},
		"unknown run":     {s, "/runs/r2/chart.svg", true, http.StatusNotFound, "no such run"},
		"unknown metric":  {s, "/runs/r1/chart.svg?metric=x", true, http.StatusNotFound, "no such metric or segment"},
		"unknown segment": {s, "/runs/r1/chart.svg?metric=errors&segment=x", true, http.StatusNotFound, "no such metric or segment"},
		"no database":     {broken, "/runs/r1/chart.svg", true, http.StatusServiceUnavailable, "the disk is full"},
		"no run":          {s, "/runs//chart.svg", true, http.StatusNotFound, "no such page"},
		"deeper":          {s, "/runs/r1/x/chart.svg", true, http.StatusNotFound, "no such page"},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, r, c.samples, c.path, c.sees)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || w.Header().Get("ETag") != "" {
				t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}
