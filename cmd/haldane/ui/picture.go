package ui

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/chart"
)

// pictureName is where a run's pictures are: beneath its page, so that a browser sends
// the token that it was given for the page.
const pictureName = "chart.svg"

// picture is an image on a run's page.
type picture struct {
	URL, Alt      string
	Width, Height int
}

// pictures lists one for each finding of the latest look, worst first.
func (p *Pages) pictures(page *runPage) []picture {
	if p.deps.Samples == nil || page.Last == nil {
		return nil
	}
	var out []picture
	for _, f := range chart.Worst(page.Last.Verdict.Findings) {
		q := url.Values{"metric": {f.Metric}}
		name := f.Metric
		if f.Segment != "" {
			q.Set("segment", f.Segment)
			name += " (" + f.Segment + ")"
		}
		out = append(out, picture{
			URL: "/runs/" + url.PathEscape(page.Run.ID) + "/" + pictureName + "?" + q.Encode(),
			Alt: name + ", canary and baseline over time", Width: chart.Width, Height: chart.Height,
		})
	}
	return out
}

// records are what a run's pictures are made of.
type records struct {
	analysis.Reader
	analysis.SampleReader
}

// picture draws a metric and segment of a run.
func (p *Pages) picture(w http.ResponseWriter, r *http.Request, id string, scope analysis.Scope) {
	run, err := p.deps.Reader.Run(r.Context(), id)
	if err == nil && !scope.Has(run.Plan) {
		err = analysis.Errorf(analysis.NotFound, "run %s: not found", id)
	}
	if err != nil {
		p.trouble(w, err)
		return
	}
	h, tag := w.Header(), `"`+chart.Tag(&run, p.deps.Version)+`"`
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache") // asked for again each time, sent again when it changed
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	q := r.URL.Query()
	ps, err := chart.Read(r.Context(), records{p.deps.Reader, p.deps.Samples}, &run, q.Get("metric"), q.Get("segment"))
	var out bytes.Buffer
	if err == nil {
		err = chart.Grid(&out, chart.SVG, ps)
	}
	switch {
	case errors.Is(err, analysis.NotFound):
		h.Del("ETag")
		p.fail(w, http.StatusNotFound, "This run has no such metric or segment.")
		return
	case err != nil:
		h.Del("ETag")
		p.trouble(w, err)
		return
	}
	h.Set("Content-Type", chart.SVG.ContentType())
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox") // opened by itself it is a page
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = out.WriteTo(w)
}
