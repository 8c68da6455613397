package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type pushRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Samples []pushedSample `json:"samples" minItems:"1" maxItems:"10000"`
	}
}

type pushedSample struct {
	Metric string            `json:"metric" minLength:"1" maxLength:"200" doc:"Name of a metric of the plan with source: push."`
	Side   string            `json:"side,omitempty" enum:"canary,baseline" default:"canary"`
	Time   *time.Time        `json:"time,omitempty" doc:"When it was observed. Default: now; then repeating the request adds another sample."`
	Value  float64           `json:"value" doc:"Kind gauge: the value; ratio: bad events; count: events."`
	Total  *float64          `json:"total,omitempty" doc:"Kind ratio: all events; count: the exposure."`
	Labels map[string]string `json:"labels,omitempty" doc:"Of a metric with segments (by): which one."`
}

type pushReply struct {
	Body analysis.PushResult
}

func (s *server) samples(a huma.API) {
	op := operation(http.MethodPost, "/api/v1/runs/{id}/samples", "push-samples", "Add samples to a run's metrics with source: push",
		RoleStart, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity)
	op.Description += " All are taken, or none. A sample is named by metric, side, time and labels: sent again it is a duplicate and does no harm; " +
		"another value under the same name is a conflict. Samples may come late, until the run ends: they count from the next look on."
	huma.Register(a, op, s.pushSamples)
}

func (s *server) pushSamples(ctx context.Context, in *pushRequest) (*pushReply, error) {
	if _, err := s.visible(ctx, in.ID); err != nil {
		return nil, err
	}
	samples := make([]analysis.PushedSample, len(in.Body.Samples))
	for i, p := range in.Body.Samples {
		samples[i] = analysis.PushedSample{Metric: p.Metric, Side: p.Side, Value: p.Value, Total: p.Total, Labels: p.Labels}
		if p.Time != nil {
			samples[i].Time = *p.Time
		}
	}
	result, err := s.Writer.Push(ctx, in.ID, samples, cause(ctx))
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &pushReply{Body: result}, nil
}
