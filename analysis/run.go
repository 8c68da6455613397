package analysis

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Run is one analysis of one Plan for one release. Its JSON form is the API's.
type Run struct {
	ID              string            `json:"id"` // UUIDv7
	Plan            string            `json:"plan"`
	Service         string            `json:"service"`
	Environment     string            `json:"environment"`
	Key             string            `json:"key"`
	Attempt         int               `json:"attempt"`
	ReleaseID       string            `json:"release_id,omitempty"`
	Phase           string            `json:"phase,omitempty"`
	TrafficShare    float64           `json:"traffic_share,omitempty"`
	Subject         Subject           `json:"subject"`
	Version         string            `json:"version"`
	BaselineVersion string            `json:"baseline_version"`
	Variables       map[string]string `json:"variables,omitempty"`
	Links           map[string]string `json:"links,omitempty"`
	StartedAt       time.Time         `json:"started_at"`
	EndsAt          time.Time         `json:"ends_at"`
	FinishedAt      *time.Time        `json:"finished_at"`
	Status          Status            `json:"status"`
	Outcome         *Outcome          `json:"outcome"` // null until finished
	Score           *float64          `json:"score"`   // 0 to 100; of the last look that had one
	Reason          string            `json:"reason"`  // one sentence for a tired person
	Progress        Progress          `json:"progress"`
	URL             string            `json:"url"`
	Cause           Cause             `json:"cause"`
	Rollback        Rollback          `json:"rollback"`
	Verification    Verification      `json:"verification"`
	Times           Times             `json:"times"`
	Drill           bool              `json:"drill,omitempty"`    // a made-up verdict: see DrillRequest
	ForReal         bool              `json:"for_real,omitempty"` // a drill whose deliveries are sent

	EvidenceDeletedAt *time.Time `json:"evidence_deleted_at,omitempty"` // its looks and samples, as they were older than keep says

	// What the engine keeps beside it.
	Rev        int64     `json:"-"` // changes with every commit; the fence
	Snapshot   Plan      `json:"-"` // the plan as it was when the run started
	BodyHash   string    `json:"-"` // of the request that started it
	CreatedAt  time.Time `json:"-"`
	NextLook   int       `json:"-"` // number of the look that is due
	NextLookAt time.Time `json:"-"` // when it is due; zero when none is
	JobID      int64     `json:"-"` // of that look's job
	Forced     bool      `json:"-"`

	JudgedUntil time.Time `json:"-"` // end of what the last look judged
	Troubled    bool      `json:"-"` // a source of the last look was in trouble
}

// Subject is what a run's versions are versions of.
type Subject struct {
	Kind string `json:"kind"` // version | flag
}

// Cause is who or what made something happen.
type Cause struct {
	Kind    string `json:"kind"` // api | cron | hook | cli | slack | signal | haldane
	Who     string `json:"who,omitempty"`
	Request string `json:"request_id,omitempty"` // of the API: what the log calls it
}

// Haldane is the cause of what the daemon does by itself.
var Haldane = Cause{Kind: "haldane"}

// String prints who did it, for people.
func (c Cause) String() string {
	if c.Who != "" {
		return c.Who
	}
	return c.Kind
}

// Person tells people apart, also when they call themselves otherwise meanwhile: the id
// in brackets at the end, as in "ann (U123)", or all of it.
func (c Cause) Person() string {
	name := c.String()
	if i := strings.LastIndex(name, " ("); i >= 0 && strings.HasSuffix(name, ")") {
		return c.Kind + ":" + name[i+2:len(name)-1]
	}
	return name
}

// Progress says how far a run is.
type Progress struct {
	Looks         int     `json:"looks"`
	LooksExpected int     `json:"looks_expected"`
	Samples       int     `json:"samples"`  // of the metric that has fewest, on its weaker side
	Fraction      float64 `json:"fraction"` // of the time, 0 to 1
}

// Status is where a run stands.
type Status string

// The statuses and what follows them: pending -> running, cancelled, superseded;
// running -> finished, cancelled, superseded. The last three are final.
const (
	StatusPending    Status = "pending"
	StatusRunning    Status = "running"
	StatusFinished   Status = "finished"
	StatusCancelled  Status = "cancelled"
	StatusSuperseded Status = "superseded"
)

// Ended reports whether the status is final.
func (s Status) Ended() bool {
	return s == StatusFinished || s == StatusCancelled || s == StatusSuperseded
}

// Outcome is what a finished run found.
type Outcome string

// The outcomes. OutcomeContinue is a look's, never a run's: go on looking.
const (
	OutcomePass         Outcome = "pass"
	OutcomeMarginal     Outcome = "marginal"
	OutcomeFail         Outcome = "fail"
	OutcomeInconclusive Outcome = "inconclusive"
	OutcomeContinue     Outcome = "continue"
)

// Outcomes lists those a run can have.
var Outcomes = [...]Outcome{OutcomePass, OutcomeMarginal, OutcomeFail, OutcomeInconclusive}

// Rollback is the state of what a run does, or did, about a bad release.
type Rollback struct {
	State  RollbackState `json:"state"`
	From   string        `json:"from,omitempty"`
	To     string        `json:"to,omitempty"`
	Reason string        `json:"reason,omitempty"` // why it is held, was skipped or failed
	By     *Cause        `json:"by,omitempty"`     // the person, when it was one

	DecidedAt *time.Time `json:"decided_at,omitempty"`
	DoneAt    *time.Time `json:"done_at,omitempty"` // or accepted, when more cannot be known
}

// RollbackState is one of the states.
type RollbackState string

// The states of a rollback.
const (
	RollbackNone             RollbackState = "none"
	RollbackHeld             RollbackState = "held"              // waits for a Hold to be released
	RollbackAwaitingApproval RollbackState = "awaiting_approval" // waits for a person
	RollbackSending          RollbackState = "sending"           // on its way, perhaps being retried
	RollbackAccepted         RollbackState = "accepted"          // the deploy tool took it; whether it is done is not known
	RollbackDone             RollbackState = "done"              // the deploy tool says it is done
	RollbackFailed           RollbackState = "failed"            // finally: somebody must act
	RollbackSkipped          RollbackState = "skipped"           // on purpose; Reason says why
)

// Underway reports whether a rollback was made or is on its way, so that another
// must not be started.
func (s RollbackState) Underway() bool {
	switch s {
	case RollbackHeld, RollbackAwaitingApproval, RollbackSending, RollbackAccepted, RollbackDone:
		return true
	}
	return false
}

// Verification says whether a rollback helped.
type Verification struct {
	State  VerificationState `json:"state"`
	Reason string            `json:"reason,omitempty"`
	Until  *time.Time        `json:"until,omitempty"` // how long it is watched at most
	At     *time.Time        `json:"at,omitempty"`    // when it was decided
}

// VerificationState is one of the states.
type VerificationState string

// The states of a verification.
const (
	VerificationNone         VerificationState = "none"
	VerificationWatching     VerificationState = "watching"
	VerificationRecovered    VerificationState = "recovered"
	VerificationNotRecovered VerificationState = "not_recovered"
	VerificationUnknown      VerificationState = "unknown"
)

// Times are how long things took, in seconds; null while they have not happened.
type Times struct {
	Detect   *float64 `json:"detect"`    // from the start to the verdict fail
	RollBack *float64 `json:"roll_back"` // from the decision until the rollback was done, or accepted when more cannot be known
	Recover  *float64 `json:"recover"`   // from the decision until the metrics were well again
}

// Took returns how long things took.
func (r *Run) Took() Times {
	between := func(a, b *time.Time) *float64 {
		if a == nil || b == nil {
			return nil
		}
		s := b.Sub(*a).Seconds()
		return &s
	}
	t := Times{RollBack: between(r.Rollback.DecidedAt, r.Rollback.DoneAt)}
	if r.Outcome != nil && *r.Outcome == OutcomeFail {
		t.Detect = between(&r.StartedAt, r.FinishedAt)
	}
	if r.Verification.State == VerificationRecovered {
		t.Recover = between(r.Rollback.DecidedAt, r.Verification.At)
	}
	return t
}

// Gaps says in a sentence which of the run's looks are not kept any more, given how many
// are; "" when all are.
func (r *Run) Gaps(kept int) string {
	switch {
	case r.EvidenceDeletedAt != nil:
		return "Its looks and samples were deleted on " + r.EvidenceDeletedAt.UTC().Format(time.DateOnly) + ": they were older than keep in the config says."
	case kept < r.Progress.Looks:
		return fmt.Sprintf("Of %d looks, %d are kept: the newest, every tenth before, and each at which something changed.", r.Progress.Looks, kept)
	}
	return ""
}

// Looking reports whether the run has looks to come: it is running, or its rollback is
// being verified.
func (r *Run) Looking() bool {
	return r.Status == StatusRunning || r.Verification.State == VerificationWatching
}

// Whole is the window of all samples that a run can have. Its steps are whole
// multiples of the step since 1970, so that runs which ask the same are answered once,
// and stores that keep buckets have whole ones; it begins with the first that starts
// after the warm-up, and its end may be later than the run's by less than a step.
func (r *Run) Whole() Window {
	p := &r.Snapshot
	step := p.Step.Std()
	if step <= 0 {
		return Window{Start: r.StartedAt, End: r.StartedAt}
	}
	start := r.StartedAt.Add(p.Warmup.Std())
	n := Window{Start: start, End: r.EndsAt}.Steps(step)
	start = wholeStep(start.Add(step-1), step)
	return Window{Start: start, End: start.Add(time.Duration(n) * step)}
}

// wholeStep returns the latest whole multiple of the step since 1970 that is not after
// t.
func wholeStep(t time.Time, step time.Duration) time.Time {
	ns := t.UnixNano()
	rest := ns % int64(step)
	if rest < 0 {
		rest += int64(step)
	}
	return time.Unix(0, ns-rest).UTC()
}

// Grid returns the samples that may be judged at a time: those steps of the whole
// window that have settled by then, given how long the slowest source needs.
func (r *Run) Grid(now time.Time, delay time.Duration) Window {
	w := r.Whole()
	if end := now.Add(-delay); end.Before(w.End) {
		step := r.Snapshot.Step.Std()
		w.End = w.Start.Add(time.Duration(Window{Start: w.Start, End: end}.Steps(step)) * step)
	}
	return w
}

// BaselineWindow is where the baseline's samples lie when the canary's lie in w.
func (r *Run) BaselineWindow(w Window) Window {
	switch b, step := r.Snapshot.Baseline, r.Snapshot.Step.Std(); b.Kind {
	case BaselineOffset:
		return w.Shift(-b.Shift.Std())
	case BaselineBefore:
		end := wholeStep(r.StartedAt, step)
		n := int64(b.Shift.Std() / step)
		return Window{Start: end.Add(-time.Duration(n) * step), End: end}
	}
	return w
}

// Due returns when the first look after a time is due, and whether it is the last.
// Looks are a fixed interval apart: the first comes as soon as a sample can have
// settled, plus the run's own part of an interval, so that runs that start
// together do not look together; the last comes when the run's end has settled.
// Looks that were missed collapse into one. delay is that of the run's slowest
// source.
func (r *Run) Due(after time.Time, delay time.Duration) (at time.Time, last bool) {
	p := &r.Snapshot
	w := r.Whole()
	end := w.End.Add(delay)
	at = w.Start.Add(p.Step.Std() + delay + r.spread())
	if every := p.Every.Std(); every > 0 && !at.After(after) {
		at = at.Add((after.Sub(at)/every + 1) * every) //nolint:durationcheck // a number of intervals, times one
	}
	if !at.Before(end) {
		return end, true
	}
	return at, false
}

// LooksExpected returns how many looks a run has that is not decided early.
func (r *Run) LooksExpected(delay time.Duration) int {
	first, last := r.Due(time.Time{}, delay)
	every := r.Snapshot.Every.Std()
	if last || every <= 0 {
		return 1
	}
	return 1 + int((r.Whole().End.Add(delay).Sub(first)+every-1)/every)
}

// spread is this run's share of the interval between looks, up to half a minute:
// fixed by its id, even over all runs.
func (r *Run) spread() time.Duration {
	limit := min(r.Snapshot.Every.Std(), 30*time.Second)
	if limit <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(r.ID))
	return time.Duration(h.Sum64() % uint64(limit)).Truncate(time.Millisecond)
}
