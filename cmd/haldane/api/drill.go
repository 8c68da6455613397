package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type drillRequest struct {
	Name string `path:"name" maxLength:"200"`
	Body *struct {
		ForReal         bool   `json:"for_real,omitempty" doc:"Send everything. Without it actions are only checked: nothing is sent."`
		Environment     string `json:"environment,omitempty" maxLength:"200" doc:"The plan's; needed with for_real, as its safety catch."`
		Version         string `json:"version,omitempty" maxLength:"1000" doc:"What is called bad; needed with for_real."`
		BaselineVersion string `json:"baseline_version,omitempty" maxLength:"1000" doc:"What is rolled back to; with for_real a version that some run found good, or was the baseline of."`
	} `required:"false"`
}

func (s *server) drill(a huma.API) {
	op := operation(http.MethodPost, "/api/v1/plans/{name}/drill", "drill-plan", "Do what follows a bad verdict, on one that is made up",
		RoleOperate, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity)
	op.Description += " The run is finished at once, with drill: true; its deliveries say how each step went. " +
		"Without for_real nothing is sent: every action is checked before the reply, which may take some seconds."
	op.DefaultStatus = http.StatusCreated
	huma.Register(a, op, func(ctx context.Context, in *drillRequest) (*runReply, error) {
		who := from(ctx)
		if !who.covers(in.Name) {
			return nil, s.problem(ctx, analysis.Errorf(analysis.Denied, "token %s: is not for plan %s", who.name, printable(in.Name)))
		}
		req := analysis.DrillRequest{Plan: in.Name, By: cause(ctx)}
		if b := in.Body; b != nil {
			req.ForReal, req.Environment, req.Version, req.BaselineVersion = b.ForReal, b.Environment, b.Version, b.BaselineVersion
		}
		run, err := s.Driller.Drill(ctx, req)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return &runReply{Status: http.StatusCreated, Location: "/api/v1/runs/" + run.ID, Body: run}, nil
	})
}
