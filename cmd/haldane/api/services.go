package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type serviceRollback struct {
	Service string `path:"service" maxLength:"200"`
	Body    struct {
		Environment string `json:"environment" minLength:"1" maxLength:"200"`
		To          string `json:"to" minLength:"1" maxLength:"1000" doc:"A version that some run found good, or was the baseline of."`
		Reason      string `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type deliveriesReply struct {
	Body struct {
		Deliveries []analysis.Delivery `json:"deliveries"`
	}
}

func (s *server) services(a huma.API) {
	op := operation(http.MethodPost, "/api/v1/services/{service}/rollback", "roll-back-service", "Roll a service back, without a run",
		RoleOperate, http.StatusNotFound, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusAccepted
	huma.Register(a, op, func(ctx context.Context, in *serviceRollback) (*deliveriesReply, error) {
		if err := s.acts(from(ctx), in.Service, in.Body.Environment); err != nil {
			return nil, s.problem(ctx, err)
		}
		ds, err := s.Writer.RollbackService(ctx, in.Service, analysis.RollbackRequest{
			Environment: in.Body.Environment, To: in.Body.To, Reason: in.Body.Reason, By: cause(ctx),
		})
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return wrapDeliveries(ds), nil
	})
}
