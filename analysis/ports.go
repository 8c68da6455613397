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

// Splitter is a Source that can ask for half of the replicas behind a query, told apart
// by a label such as pod.
//
// Split looks up which values the label has on the series that the queries read, within
// their window, and deals them to two halves of the same size, the same for all queries;
// an odd one is in neither. The answers are in the order of the queries. A query whose
// series do not have the label is Invalid; fewer than two replicas are NoData.
type Splitter interface {
	Split(ctx context.Context, qs []Query, label string) []Halves
}

// Halves is one Query's share of a split: the query for either half, or its own error.
type Halves struct {
	A, B     string
	Replicas int // in each half
	Err      error
}

// Budgeter is a Source whose server allows so many requests in a time, and says how
// many are left.
type Budgeter interface {
	Budgets() []Budget
}

// Budget is what is left of a server's allowance, as far as it is known.
type Budget struct {
	Name      string // the server's, of several limits
	Limit     int    // requests in a period
	Remaining int
	Reset     time.Time // when the next period begins
}

// Action is a pair of hands. It performs a delivery, perhaps not for the first
// time: the delivery's ID stays the same so that a repeat can be recognised.
//
// Errors are *Error. Limited, Unavailable and Internal are tried again, after
// RetryAfter if it is set; every other kind is final.
type Action interface {
	Perform(ctx context.Context, d Delivery) (Receipt, error)
}

// Follower is an Action whose work goes on after the other side has taken it: a
// rollback that was accepted is not yet a rollback that was made.
//
// Follow asks how it is going. It is called now and then with the receipt that Perform,
// or Follow before, returned, until one is Done, until an error is final (Invalid,
// Denied, NotFound, Conflict: what was asked for has failed), or until the action's
// time is over. A receipt that is not Done may say in its text how far things are.
// Follow changes nothing, unless telling again is what keeps a message alive.
type Follower interface {
	Follow(ctx context.Context, d Delivery, r Receipt) (Receipt, error)
}

// Listener is an Action whose other side calls back by itself: people press its buttons.
// Listen passes on what they want until ctx ends; who pressed is the Cause.
type Listener interface {
	Listen(ctx context.Context, w Writer) error
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
	AllEvents(ctx context.Context, f EventFilter) ([]Event, string, error) // newest first; the cursor as of Runs
	Deliveries(ctx context.Context, runID string) ([]Delivery, error)
	Holds(ctx context.Context) ([]Hold, error) // those in force
	Quality(ctx context.Context) ([]Quality, error)
}

// SampleReader shows the samples behind a run's verdicts, for those who draw them: the
// pairs of the run's latest look, from its first sample on. There are none before the
// first look. Those of a run whose evidence was deleted say so.
type SampleReader interface {
	Pairs(ctx context.Context, runID string) ([]Pair, error)
}

// Writer is what people and programs may ask the engine for.
type Writer interface {
	Start(ctx context.Context, r StartRequest) (run Run, created bool, err error)
	Cancel(ctx context.Context, runID string, by Cause) (Run, error)
	Rollback(ctx context.Context, runID string, r RollbackRequest) (Run, error)
	Approve(ctx context.Context, runID string, by Cause) (Run, error) // a rollback that waits for it
	Refuse(ctx context.Context, runID string, by Cause) (Run, error)  // and keep the release
	RollbackService(ctx context.Context, service string, r RollbackRequest) ([]Delivery, error)
	Acknowledge(ctx context.Context, runID string, by Cause) (Run, error) // a person looks after it
	Feedback(ctx context.Context, runID string, f Feedback) (Feedback, error)
	Push(ctx context.Context, runID string, samples []PushedSample, by Cause) (PushResult, error)
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

// Reloader reads the config again, because somebody asked for it.
type Reloader interface {
	Reload(ctx context.Context, by Cause) error
}

// Scope tells which plans somebody may know of; nil: all there are and were.
type Scope func(plan string) bool

// Has reports whether a plan is in it.
func (s Scope) Has(plan string) bool { return s == nil || s(plan) }

// RunFilter selects runs; empty fields select all.
type RunFilter struct {
	Plan, Service, Environment string
	Status                     Status
	Outcome                    Outcome
	Scope                      Scope // only of these plans
	Limit                      int
	Cursor                     string
}

// EventFilter selects events of all runs and of none; empty fields select all.
type EventFilter struct {
	Run, Service, Environment string
	Type                      EventType
	Since                     time.Time
	Scope                     Scope // only of runs of these plans, and of no run
	Limit                     int
	Cursor                    string
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
