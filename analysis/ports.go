package analysis

import (
	"context"
	"time"
)

// Source is a pair of eyes: it answers queries. It never learns why it was asked.
//
// Fetch returns one series, or, with ReduceAll, all of them; none when the answer
// was empty. Each covers the query's window from its start on the query's step.
// Errors are *Error: Invalid for a query that cannot work, Denied, Limited,
// Unavailable. An error is never "no data", and no data is never an error.
type Source interface {
	Fetch(ctx context.Context, q Query) ([]Series, error)
}

// BatchSource is a Source that answers several queries in one request. The
// answers are in the order of the queries.
type BatchSource interface {
	FetchAll(ctx context.Context, qs []Query) []Answer
}

// Quoter is a Source whose language needs names escaped before they go into a
// string literal of a query.
type Quoter interface {
	Quote(name string) string
}

// Linker is a Source that knows a page where a person can see a query's answer.
// It returns "" when there is none. The link holds no secret.
type Linker interface {
	Link(q Query) string
}

// Action is a pair of hands. It performs a delivery, perhaps not for the first
// time: the delivery's ID stays the same so that a repeat can be recognised.
//
// Errors are *Error. Limited, Unavailable and Internal are tried again, after
// RetryAfter if it is set; every other kind is final.
type Action interface {
	Perform(ctx context.Context, d Delivery) (Receipt, error)
}

// Checker is a Source or Action that can tell whether it is reachable and
// authorised, without changing anything.
type Checker interface {
	Check(ctx context.Context) error
}

// Reader shows what was recorded.
type Reader interface {
	Run(ctx context.Context, id string) (Run, error)
	Runs(ctx context.Context, f RunFilter) ([]Run, string, error) // newest first; the cursor of the next page, "" at the end
	Looks(ctx context.Context, runID string) ([]Look, error)
	Events(ctx context.Context, runID string) ([]Event, error)
	Deliveries(ctx context.Context, runID string) ([]Delivery, error)
	Holds(ctx context.Context) ([]Hold, error) // those in force
}

// Writer is what people and programs may ask the engine for.
type Writer interface {
	Start(ctx context.Context, r StartRequest) (run Run, created bool, err error)
	Cancel(ctx context.Context, runID string, by Cause) (Run, error)
	Rollback(ctx context.Context, runID string, r RollbackRequest) (Run, error)
	RollbackService(ctx context.Context, service string, r RollbackRequest) ([]Delivery, error)
	Hold(ctx context.Context, h Hold) (Hold, error)
	Release(ctx context.Context, holdID string, by Cause) (Hold, error)
}

// Plans shows the plans of the config in force.
type Plans interface {
	Plans() []Plan
	Plan(name string) (Plan, bool)
}

// Prober says whether the daemon can do its work.
type Prober interface {
	Ready(ctx context.Context) error
}

// Reloader reads the config again.
type Reloader interface {
	Reload(ctx context.Context) error
}

// RunFilter selects runs; empty fields select all.
type RunFilter struct {
	Plan, Service, Environment string
	Status                     Status
	Outcome                    Outcome
	Limit                      int
	Cursor                     string
}

// StartRequest asks for a run.
type StartRequest struct {
	Plan            string            `json:"plan"`
	Key             string            `json:"key,omitempty"`
	Version         string            `json:"version,omitempty"`
	BaselineVersion string            `json:"baseline_version,omitempty"`
	ReleaseID       string            `json:"release_id,omitempty"`
	Phase           string            `json:"phase,omitempty"`
	TrafficShare    float64           `json:"traffic_share,omitempty"`
	Variables       map[string]string `json:"variables,omitempty"`
	Links           map[string]string `json:"links,omitempty"`
	StartedAt       *time.Time        `json:"started_at,omitempty"`
	Force           bool              `json:"-"` // not part of what makes two requests the same
	Cause           Cause             `json:"-"`
}

// RollbackRequest is a person's decision. To is empty for the run's baseline.
type RollbackRequest struct {
	Environment string
	To          string
	Reason      string
	By          Cause
}
