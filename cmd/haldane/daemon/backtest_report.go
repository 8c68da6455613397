package daemon

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// BacktestReport is what a backtest found. Its JSON form is what haldane backtest prints
// with --format json; fields are added to it, never renamed. Times are RFC 3339 in UTC,
// durations texts such as "1m30s".
type BacktestReport struct {
	Plan              string             `json:"plan"`
	Service           string             `json:"service"`
	Environment       string             `json:"environment"`
	Judge             analysis.JudgeName `json:"judge"`
	FalseRollbackRate float64            `json:"false_rollback_rate,omitempty"` // that the plan promises; left out when it promises none
	AA                bool               `json:"aa"`                            // one version against itself
	Version           string             `json:"version"`
	BaselineVersion   string             `json:"baseline_version"`
	Method            BacktestMethod     `json:"method"`

	From     time.Time         `json:"from"`
	To       time.Time         `json:"to"`
	Every    analysis.Duration `json:"every"`    // between the starts of runs
	Duration analysis.Duration `json:"duration"` // of a run
	Delay    analysis.Duration `json:"delay"`    // of the slowest source
	Planned  int               `json:"planned"`  // windows
	Complete bool              `json:"complete"` // all of them were played

	Notes   []string         `json:"notes"` // what to know when reading the rest
	Windows []BacktestWindow `json:"windows"`
	Totals  BacktestTotals   `json:"totals"`

	only *engine.Past // the window, when it is the only one
}

// BacktestMethod is how the two sides came about.
type BacktestMethod struct {
	Name   MethodName `json:"name"`
	Label  string     `json:"label,omitempty"` // of the replicas, with split
	Text   string     `json:"text"`
	Limits string     `json:"limits,omitempty"` // what it can and cannot show
}

// MethodName is one way to have two sides.
type MethodName string

// The methods.
const (
	MethodVersions MethodName = "versions" // two versions, as in a release
	MethodAdjacent MethodName = "adjacent" // --aa: a version and itself one run earlier
	MethodSplit    MethodName = "split"    // --aa: two halves of a version's replicas
	MethodOwn      MethodName = "own"      // --aa of a plan whose baseline is of another time
	MethodAlone    MethodName = "alone"    // fixed limits, no baseline
)

// BacktestWindow is one run that was played.
type BacktestWindow struct {
	Start        time.Time          `json:"start"`
	End          time.Time          `json:"end"`
	Class        WindowClass        `json:"class"`
	Outcome      analysis.Outcome   `json:"outcome"`
	DecidedAt    time.Time          `json:"decided_at"` // when the deciding look would have been taken
	DecidedAfter analysis.Duration  `json:"decided_after"`
	Score        *float64           `json:"score"` // of the last look that had one
	Reason       string             `json:"reason"`
	Looks        int                `json:"looks"`
	Replicas     int                `json:"replicas,omitempty"` // in each half, with split
	Trouble      *analysis.Error    `json:"trouble,omitempty"`  // of a source, also where the rest was judged
	Findings     []analysis.Finding `json:"findings"`           // of the deciding look
}

// WindowClass says what a window counts for.
type WindowClass string

// The classes. The totals count judged windows only.
const (
	WindowJudged  WindowClass = "judged"
	WindowNoData  WindowClass = "no_data" // no metric had samples to judge
	WindowTrouble WindowClass = "trouble" // nothing could be said because a source failed
)

// BacktestTotals count windows.
type BacktestTotals struct {
	Judged         int                      `json:"judged"`
	NoData         int                      `json:"no_data"`
	Trouble        int                      `json:"trouble"`
	Outcomes       map[analysis.Outcome]int `json:"outcomes"`                  // of the judged ones; each is there
	FailedShare    *Share                   `json:"failed_share"`              // of the judged ones; null when there are none
	Looks          int                      `json:"looks"`                     // of all windows
	MedianDecision *analysis.Duration       `json:"median_decision,omitempty"` // after which pass, marginal or fail was said
	MedianFailure  *analysis.Duration       `json:"median_failure,omitempty"`  // after which fail was said
	Blamed         []Blame                  `json:"blamed"`                    // most often first
}

// Share is k of n with its exact 95 % interval (Clopper-Pearson).
type Share struct {
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Blame is in how many failed windows a metric was bad.
type Blame struct {
	Metric  string `json:"metric"`
	Segment string `json:"segment,omitempty"`
	Windows int    `json:"windows"`
}

func (r *BacktestReport) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *BacktestReport) add(w BacktestWindow) {
	r.Windows = append(r.Windows, w)
	t := &r.Totals
	t.Looks += w.Looks
	switch w.Class {
	case WindowNoData:
		t.NoData++
	case WindowTrouble:
		t.Trouble++
	case WindowJudged:
		t.Judged++
	}
}

// finish adds up.
func (r *BacktestReport) finish() {
	r.Complete = len(r.Windows) == r.Planned
	t := &r.Totals
	t.Outcomes = map[analysis.Outcome]int{}
	for _, o := range analysis.Outcomes {
		t.Outcomes[o] = 0
	}
	var decided, failed []analysis.Duration
	blamed := map[Blame]int{}
	for i := range r.Windows {
		w := &r.Windows[i]
		if w.Class != WindowJudged {
			continue
		}
		t.Outcomes[w.Outcome]++
		if w.Outcome != analysis.OutcomeInconclusive {
			decided = append(decided, w.DecidedAfter)
		}
		if w.Outcome == analysis.OutcomeFail {
			failed = append(failed, w.DecidedAfter)
			for _, f := range (analysis.Verdict{Findings: w.Findings}).Bad() {
				blamed[Blame{Metric: f.Metric, Segment: f.Segment}]++
			}
		}
	}
	t.MedianDecision, t.MedianFailure = median(decided), median(failed)
	if n, k := t.Judged, t.Outcomes[analysis.OutcomeFail]; n > 0 {
		lo, hi := stats.ProportionInterval(k, n, 0.95)
		t.FailedShare = &Share{Share: float64(k) / float64(n), Low: lo, High: hi}
	}
	t.Blamed = []Blame{}
	for b, n := range blamed {
		b.Windows = n
		t.Blamed = append(t.Blamed, b)
	}
	slices.SortFunc(t.Blamed, func(a, b Blame) int {
		return cmp.Or(cmp.Compare(b.Windows, a.Windows), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Segment, b.Segment))
	})
}

// median is the middle one, of an even number the earlier of two.
func median(d []analysis.Duration) *analysis.Duration {
	if len(d) == 0 {
		return nil
	}
	slices.Sort(d)
	return &d[(len(d)-1)/2]
}

// trouble is what a command should end with: nil when something was judged, and all was
// played.
func (r *BacktestReport) trouble(interrupted error) error {
	switch {
	case interrupted != nil:
		return analysis.Errorf(analysis.Unavailable, "interrupted after %d of %d runs", len(r.Windows), r.Planned).Because(interrupted)
	case r.Totals.Judged > 0:
		return nil
	case r.Totals.Trouble > 0:
		i := slices.IndexFunc(r.Windows, func(w BacktestWindow) bool { return w.Class == WindowTrouble })
		t := *r.Windows[i].Trouble
		t.Message = "nothing could be judged: " + t.Message
		return &t
	}
	why := ""
	if len(r.Windows) > 0 {
		why = ": " + r.Windows[0].Reason
	}
	return analysis.Errorf(analysis.NoData, "no run had samples to judge%s", why).
		WithHint("another time, other versions, or haldane check --online")
}
