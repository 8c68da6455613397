package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type planReply struct{ Body analysis.Plan }

type plansReply struct {
	Body struct {
		Plans []analysis.Plan `json:"plans"`
	}
}

func (s *server) plans(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/plans", "list-plans", "List the plans in force", RoleRead),
		func(ctx context.Context, _ *struct{}) (*plansReply, error) {
			out := &plansReply{}
			out.Body.Plans = []analysis.Plan{}
			for _, p := range s.Plans.Plans() {
				if from(ctx).covers(p.Name) {
					out.Body.Plans = append(out.Body.Plans, p)
				}
			}
			return out, nil
		})
	huma.Register(a, operation(http.MethodGet, "/api/v1/plans/{name}", "get-plan", "Show one plan with its defaults", RoleRead, http.StatusNotFound),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"200"`
		},
		) (*planReply, error) {
			p, ok := s.Plans.Plan(in.Name)
			if !ok || !from(ctx).covers(in.Name) {
				return nil, s.problem(ctx, analysis.Errorf(analysis.NotFound, "plan %s: not in the config", printable(in.Name)))
			}
			return &planReply{p}, nil
		})
}
