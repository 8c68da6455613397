package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

type eventQuery struct {
	Run         string    `query:"run" maxLength:"100"`
	Service     string    `query:"service" maxLength:"200"`
	Environment string    `query:"environment" maxLength:"200"`
	Type        string    `query:"type" maxLength:"100" doc:"Such as rollback.requested or hold.engaged."`
	Since       time.Time `query:"since" doc:"Only what happened at this time or later."`
	Limit       int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor      string    `query:"cursor" maxLength:"100"`
}

type allEventsReply struct {
	Body struct {
		Events []analysis.Event `json:"events"`
		Next   string           `json:"next,omitempty" doc:"Cursor of the next page."`
	}
}

func (s *server) events(a huma.API) {
	op := operation(http.MethodGet, "/api/v1/events", "list-events", "List what happened, and who did it, newest first", RoleRead)
	op.Description += " Everything that was written is here: to runs, to services, and to the daemon. " +
		"A token that is limited to some plans gets what concerns those, or everything; a page may then be shorter than limit."
	huma.Register(a, op, s.listEvents)
}

func (s *server) listEvents(ctx context.Context, in *eventQuery) (*allEventsReply, error) {
	who := from(ctx)
	all, next, err := s.Reader.AllEvents(ctx, analysis.EventFilter{
		Run: in.Run, Service: in.Service, Environment: in.Environment, Type: analysis.EventType(in.Type), Since: in.Since,
		Scope: who.scope(), Limit: in.Limit, Cursor: in.Cursor,
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &allEventsReply{}
	out.Body.Events, out.Body.Next = []analysis.Event{}, next
	plans := s.Plans.Plans()
	for _, e := range all {
		about := analysis.Hold{Service: e.Service, Environment: e.Environment}
		if e.Plan != "" || about.Concerns(plans, who.scope()) {
			out.Body.Events = append(out.Body.Events, e)
		}
	}
	return out, nil
}
