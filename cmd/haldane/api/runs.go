package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type startRequest struct {
	Body struct {
		Plan            string            `json:"plan" minLength:"1" maxLength:"200" doc:"Name of a plan in the config."`
		Key             string            `json:"key,omitempty" maxLength:"1000" doc:"Makes repeating the request harmless: the same key gives the same run. Default: service/environment/version/baseline_version."`
		Version         string            `json:"version,omitempty" maxLength:"1000" doc:"What is released."`
		BaselineVersion string            `json:"baseline_version,omitempty" maxLength:"1000" doc:"What it is compared with and rolled back to."`
		ReleaseID       string            `json:"release_id,omitempty" maxLength:"1000" doc:"The release that several runs (phases) belong to."`
		Phase           string            `json:"phase,omitempty" maxLength:"200"`
		TrafficShare    float64           `json:"traffic_share,omitempty" minimum:"0" maximum:"1" doc:"The canary's share of the traffic, 0 to 1."`
		Variables       map[string]string `json:"variables,omitempty" doc:"Values for {{.Vars.x}} in queries."`
		Links           map[string]string `json:"links,omitempty" doc:"Addresses that alerts show."`
		StartedAt       *time.Time        `json:"started_at,omitempty" doc:"When the release began; may lie in the past. Default: now."`
		Force           bool              `json:"force,omitempty" doc:"Judge a version again that failed before."`
	}
}

type runReply struct {
	Status   int
	Location string `header:"Location"`
	Body     analysis.Run
}

type runsReply struct {
	Body struct {
		Runs []analysis.Run `json:"runs"`
		Next string         `json:"next,omitempty" doc:"Cursor of the next page."`
	}
}

type runID struct {
	ID string `path:"id" maxLength:"100"`
}

type runQuery struct {
	Plan        string `query:"plan"`
	Service     string `query:"service"`
	Environment string `query:"environment"`
	Status      string `query:"status" enum:"pending,running,finished,cancelled,superseded"`
	Outcome     string `query:"outcome" enum:"pass,marginal,fail,inconclusive"`
	Limit       int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor      string `query:"cursor" maxLength:"100"`
}

type rollbackRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body *struct {
		To     string `json:"to,omitempty" maxLength:"1000" doc:"Default: the run's baseline version."`
		Reason string `json:"reason,omitempty" maxLength:"1000"`
	} `required:"false"`
}

func (s *server) runs(a huma.API) {
	op := operation(http.MethodPost, "/api/v1/runs", "start-run", "Start a run, or return the one that the same request started",
		RoleStart, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusCreated
	huma.Register(a, op, s.startRun)
	replies := a.OpenAPI().Paths[op.Path].Post.Responses
	known := *replies["201"]
	known.Description = "The run that the same request started before."
	replies["200"] = &known
	huma.Register(a, operation(http.MethodGet, "/api/v1/runs", "list-runs", "List runs, newest first", RoleRead), s.listRuns)
	huma.Register(a, operation(http.MethodGet, "/api/v1/runs/{id}", "get-run", "Show one run", RoleRead, http.StatusNotFound), s.getRun)
	huma.Register(a, operation(http.MethodPost, "/api/v1/runs/{id}/cancel", "cancel-run", "End a run without an outcome",
		RoleStart, http.StatusNotFound, http.StatusConflict), s.cancelRun)
	huma.Register(a, operation(http.MethodPost, "/api/v1/runs/{id}/rollback", "roll-back-run", "Roll back by hand",
		RoleOperate, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.rollBackRun)
	huma.Register(a, operation(http.MethodPost, "/api/v1/runs/{id}/approve", "approve-rollback", "Let a rollback go out that awaits approval",
		RoleOperate, http.StatusNotFound, http.StatusConflict), s.approve)
	huma.Register(a, operation(http.MethodPost, "/api/v1/runs/{id}/keep", "keep-release", "Keep the release whose rollback awaits approval",
		RoleOperate, http.StatusNotFound, http.StatusConflict), s.keep)
	huma.Register(a, operation(http.MethodPost, "/api/v1/runs/{id}/acknowledge", "acknowledge-run", "Say that you look after a run: its conversations hear it",
		RoleStart, http.StatusNotFound), s.acknowledge)
	op = operation(http.MethodGet, "/api/v1/runs/{id}/looks", "list-run-looks", "List a run's looks", RoleRead, http.StatusNotFound)
	op.Description += " Their numbers may have gaps: of a long run, looks that said nothing new are not kept, and of an old one none are. note says so."
	huma.Register(a, op, s.listLooks)
	listOf(s, a, "events", "List what happened to a run", s.Reader.Events, wrapEvents)
	listOf(s, a, "deliveries", "List what was sent because of a run", s.Reader.Deliveries, wrapDeliveries)
}

func (s *server) startRun(ctx context.Context, in *startRequest) (*runReply, error) {
	who, b := from(ctx), in.Body
	if !who.covers(b.Plan) {
		return nil, s.problem(ctx, analysis.Errorf(analysis.Denied, "token %s: is not for plan %s", who.name, printable(b.Plan)))
	}
	run, created, err := s.Writer.Start(ctx, analysis.StartRequest{
		Plan: b.Plan, Key: b.Key, Version: b.Version, BaselineVersion: b.BaselineVersion, ReleaseID: b.ReleaseID, Phase: b.Phase,
		TrafficShare: b.TrafficShare, Variables: b.Variables, Links: b.Links, StartedAt: b.StartedAt, Force: b.Force, Cause: cause(ctx),
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &runReply{Status: http.StatusOK, Location: "/api/v1/runs/" + run.ID, Body: run}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *server) listRuns(ctx context.Context, in *runQuery) (*runsReply, error) {
	runs, next, err := s.Reader.Runs(ctx, analysis.RunFilter{
		Plan: in.Plan, Service: in.Service, Environment: in.Environment, Status: analysis.Status(in.Status),
		Outcome: analysis.Outcome(in.Outcome), Scope: from(ctx).scope(), Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &runsReply{}
	out.Body.Runs, out.Body.Next = append([]analysis.Run{}, runs...), next
	return out, nil
}

// visible returns a run that the caller may know of. One that it may not know of looks
// like one that does not exist.
func (s *server) visible(ctx context.Context, id string) (analysis.Run, error) {
	r, err := s.Reader.Run(ctx, id)
	if errors.Is(err, analysis.NotFound) || err == nil && !from(ctx).covers(r.Plan) {
		err = analysis.Errorf(analysis.NotFound, "run %s: not found", printable(id))
	}
	if err != nil {
		return r, s.problem(ctx, err)
	}
	return r, nil
}

func (s *server) getRun(ctx context.Context, in *runID) (*runReply, error) {
	r, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &runReply{Status: http.StatusOK, Location: "/api/v1/runs/" + r.ID, Body: r}, nil
}

func (s *server) cancelRun(ctx context.Context, in *runID) (*runReply, error) {
	return s.change(ctx, in.ID, func() (analysis.Run, error) { return s.Writer.Cancel(ctx, in.ID, cause(ctx)) })
}

func (s *server) rollBackRun(ctx context.Context, in *rollbackRequest) (*runReply, error) {
	req := analysis.RollbackRequest{By: cause(ctx)}
	if in.Body != nil {
		req.To, req.Reason = in.Body.To, in.Body.Reason
	}
	return s.change(ctx, in.ID, func() (analysis.Run, error) { return s.Writer.Rollback(ctx, in.ID, req) })
}

func (s *server) approve(ctx context.Context, in *runID) (*runReply, error) {
	return s.change(ctx, in.ID, func() (analysis.Run, error) { return s.Writer.Approve(ctx, in.ID, cause(ctx)) })
}

func (s *server) keep(ctx context.Context, in *runID) (*runReply, error) {
	return s.change(ctx, in.ID, func() (analysis.Run, error) { return s.Writer.Refuse(ctx, in.ID, cause(ctx)) })
}

func (s *server) acknowledge(ctx context.Context, in *runID) (*runReply, error) {
	return s.change(ctx, in.ID, func() (analysis.Run, error) { return s.Writer.Acknowledge(ctx, in.ID, cause(ctx)) })
}

func (s *server) change(ctx context.Context, id string, do func() (analysis.Run, error)) (*runReply, error) {
	if _, err := s.visible(ctx, id); err != nil {
		return nil, err
	}
	r, err := do()
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &runReply{Status: http.StatusOK, Location: "/api/v1/runs/" + r.ID, Body: r}, nil
}

type looksReply struct {
	Body struct {
		Looks []analysis.Look `json:"looks"`
		Note  string          `json:"note,omitempty" doc:"Which looks are not kept any more, in a sentence."`
	}
}

func (s *server) listLooks(ctx context.Context, in *runID) (*looksReply, error) {
	r, err := s.visible(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	looks, err := s.Reader.Looks(ctx, in.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &looksReply{}
	out.Body.Looks, out.Body.Note = append([]analysis.Look{}, looks...), r.Gaps(len(looks))
	return out, nil
}

type eventsReply struct {
	Body struct {
		Events []analysis.Event `json:"events"`
	}
}

func wrapEvents(es []analysis.Event) *eventsReply {
	out := &eventsReply{}
	out.Body.Events = es
	return out
}

func wrapDeliveries(ds []analysis.Delivery) *deliveriesReply {
	out := &deliveriesReply{}
	out.Body.Deliveries = ds
	return out
}

// listOf registers one of the lists that belong to a run.
func listOf[T, R any](s *server, a huma.API, what, summary string, read func(context.Context, string) ([]T, error), wrap func([]T) *R) {
	huma.Register(a, operation(http.MethodGet, "/api/v1/runs/{id}/"+what, "list-run-"+what, summary, RoleRead, http.StatusNotFound),
		func(ctx context.Context, in *runID) (*R, error) {
			if _, err := s.visible(ctx, in.ID); err != nil {
				return nil, err
			}
			items, err := read(ctx, in.ID)
			if err != nil {
				return nil, s.problem(ctx, err)
			}
			return wrap(append([]T{}, items...)), nil
		})
}
