package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type feedbackRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Right string `json:"right" enum:"yes,no,unsure" doc:"Was the verdict right?"`
		Note  string `json:"note,omitempty" maxLength:"1000"`
	}
}

type feedbackReply struct {
	Body analysis.Feedback
}

type qualityReply struct {
	Body struct {
		Quality []analysis.Quality `json:"quality"`
	}
}

func (s *server) feedback(a huma.API) {
	huma.Register(a, operation(http.MethodPost, "/api/v1/runs/{id}/feedback", "give-feedback", "Say whether a run's verdict was right",
		RoleStart, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.giveFeedback)
	huma.Register(a, operation(http.MethodGet, "/api/v1/quality", "get-quality", "Show how good the verdicts were, by plan and metric, as people said",
		RoleRead), s.getQuality)
}

func (s *server) giveFeedback(ctx context.Context, in *feedbackRequest) (*feedbackReply, error) {
	if _, err := s.visible(ctx, in.ID); err != nil {
		return nil, err
	}
	f, err := s.Writer.Feedback(ctx, in.ID, analysis.Feedback{Right: analysis.Answered(in.Body.Right), Note: in.Body.Note, By: cause(ctx)})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &feedbackReply{Body: f}, nil
}

func (s *server) getQuality(ctx context.Context, _ *struct{}) (*qualityReply, error) {
	all, err := s.Reader.Quality(ctx)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &qualityReply{}
	out.Body.Quality = []analysis.Quality{}
	for _, q := range all {
		if from(ctx).covers(q.Plan) {
			out.Body.Quality = append(out.Body.Quality, q)
		}
	}
	return out, nil
}
