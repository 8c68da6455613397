package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/chart"
)

type chartRequest struct {
	ID          string `path:"id" maxLength:"100"`
	Metric      string `query:"metric" maxLength:"200" doc:"Only this metric."`
	Segment     string `query:"segment" maxLength:"1000" doc:"Only this segment, as findings name it: region=eu-west device=ios."`
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag of an earlier reply: if nothing has changed, the answer is 304."`
}

type chartReply struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Policy       string `header:"Content-Security-Policy"`
	ETag         string `header:"ETag"`
	Body         []byte
}

// records are what a run's pictures are made of.
type records struct {
	analysis.Reader
	analysis.SampleReader
}

func (s *server) charts(a huma.API) {
	for _, format := range []chart.Format{chart.SVG, chart.PNG} {
		name := string(format)
		op := operation(http.MethodGet, "/api/v1/runs/{id}/chart."+name, "draw-run-"+name,
			"Draw a run's canary against its baseline, as "+strings.ToUpper(name), RoleRead, http.StatusNotFound)
		op.Description += " Without metric and segment: the worst metrics and segments, up to four in one picture; " +
			"of one that is named, it alone. A metric without samples has a picture that says so."
		op.Responses = map[string]*huma.Response{
			"200": {Description: "The picture.", Content: map[string]*huma.MediaType{
				format.ContentType(): {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			}},
			"304": {Description: "The picture has not changed since the one with that ETag."},
		}
		huma.Register(a, op, func(ctx context.Context, in *chartRequest) (*chartReply, error) { return s.drawRun(ctx, in, format) })
	}
}

func (s *server) drawRun(ctx context.Context, in *chartRequest, format chart.Format) (*chartReply, error) {
	run, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &chartReply{
		Status: http.StatusOK, ContentType: format.ContentType(), ETag: `"` + chart.Tag(&run, s.Version) + `"`,
		// The next look may change it, so the tag is asked for each time.
		CacheControl: "private, no-cache",
		// An SVG that is opened by itself is a page of this origin.
		Policy: "default-src 'none'; style-src 'unsafe-inline'; sandbox",
	}
	if strings.Contains(in.IfNoneMatch, out.ETag) { // it may be one of a list
		out.Status = http.StatusNotModified
		return out, nil
	}
	ps, err := chart.Read(ctx, records{s.Reader, s.Samples}, &run, in.Metric, in.Segment)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	var b bytes.Buffer
	if err := chart.Grid(&b, format, ps); err != nil {
		return nil, s.problem(ctx, err)
	}
	out.Body = b.Bytes()
	return out, nil
}
