package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type holdReply struct{ Body analysis.Hold }

type holdsReply struct {
	Body struct {
		Holds []analysis.Hold `json:"holds"`
	}
}

type holdRequest struct {
	Body struct {
		Kind        string     `json:"kind,omitempty" enum:"manual,silence" default:"manual" doc:"manual: rollbacks wait; silence: messages are kept back, rollbacks go on."`
		Service     string     `json:"service,omitempty" maxLength:"200" doc:"Only this service; default: all."`
		Environment string     `json:"environment,omitempty" maxLength:"200" doc:"Only this environment; default: all."`
		Reason      string     `json:"reason" minLength:"1" maxLength:"1000" doc:"Why; alerts show it."`
		Until       *time.Time `json:"until,omitempty" doc:"Released by itself then; default: only by hand."`
	}
}

func (s *server) holds(a huma.API) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/holds", "list-holds", "List the holds in force", RoleRead),
		func(ctx context.Context, _ *struct{}) (*holdsReply, error) {
			hs, err := s.Reader.Holds(ctx)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			out := &holdsReply{}
			out.Body.Holds = []analysis.Hold{}
			for _, h := range hs {
				if h.Concerns(s.Plans.Plans(), from(ctx).scope()) {
					out.Body.Holds = append(out.Body.Holds, h)
				}
			}
			return out, nil
		})
	op := operation(http.MethodPost, "/api/v1/holds", "engage-hold", "Make rollbacks wait, or keep messages back", RoleOperate, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusCreated
	huma.Register(a, op, func(ctx context.Context, in *holdRequest) (*holdReply, error) {
		if err := s.acts(from(ctx), in.Body.Service, in.Body.Environment); err != nil {
			return nil, s.problem(ctx, err)
		}
		h, err := s.Writer.Hold(ctx, analysis.Hold{
			Kind: analysis.HoldKind(in.Body.Kind), Service: in.Body.Service, Environment: in.Body.Environment, Reason: in.Body.Reason, Until: in.Body.Until, By: cause(ctx),
		})
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &holdReply{h}, nil
	})
	huma.Register(a, operation(http.MethodDelete, "/api/v1/holds/{id}", "release-hold", "Let what waits for a hold go on", RoleOperate, http.StatusNotFound),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"100"`
		},
		) (*holdReply, error) {
			if err := s.mayRelease(ctx, in.ID); err != nil {
				return nil, s.problem(ctx, err)
			}
			h, err := s.Writer.Release(ctx, in.ID, cause(ctx))
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return &holdReply{h}, nil
		})
}

// mayRelease returns why the caller may not release a hold. One that it does not see looks
// like one that does not exist.
func (s *server) mayRelease(ctx context.Context, id string) error {
	who := from(ctx)
	if !who.limited() {
		return nil
	}
	hs, err := s.Reader.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range hs {
		if h.ID == id && h.Concerns(s.Plans.Plans(), who.scope()) {
			return s.acts(who, h.Service, h.Environment)
		}
	}
	return analysis.Errorf(analysis.NotFound, "hold %s: not in force", id)
}
