package analysis

import "time"

// Pair is what is known of one metric and segment: both sides' samples so far,
// on one grid of steps, or the reason why a side has none.
type Pair struct {
	Metric   string        `json:"metric"`
	Segment  string        `json:"segment,omitempty"` // "" is the whole
	Start    time.Time     `json:"start"`             // of the grid: sample i belongs to (Start+i*Step, Start+(i+1)*Step]
	Step     time.Duration `json:"step"`
	Canary   Samples       `json:"canary"`
	Baseline Samples       `json:"baseline"`
	Noise    *Noise        `json:"noise,omitempty"` // what earlier good runs say about it
}

// newest cuts a pair to its newest n steps. A baseline of another time has a grid of its
// own, and is cut by itself.
func (p Pair) newest(n int) Pair {
	drop := max(0, len(p.Canary.Values)-n)
	p.Start = p.Start.Add(time.Duration(drop) * p.Step)
	for _, side := range []*Samples{&p.Canary, &p.Baseline} {
		side.Values = side.Values[max(0, len(side.Values)-n):]
		side.Totals = side.Totals[max(0, len(side.Totals)-n):]
	}
	p.Noise = nil
	return p
}

// Samples are one side of a Pair.
type Samples struct {
	Values   Values   `json:"values"`           // gauge: the value; ratio: bad events; count: events
	Totals   Values   `json:"totals,omitempty"` // ratio: all events; count: the exposure; as long as Values
	Err      *Error   `json:"error,omitempty"`  // why there are none, or no newer ones
	Warnings []string `json:"warnings,omitempty"`
	Query    string   `json:"query,omitempty"` // as the source was asked
	Total    string   `json:"total,omitempty"` // the same for Totals
	Link     string   `json:"link,omitempty"`  // where a person can see it
}

// Count returns how many samples can be judged: finite ones, with a finite total
// where there are totals.
func (s Samples) Count() int {
	n := 0
	for i := range s.Values {
		if s.Finite(i) {
			n++
		}
	}
	return n
}

// Finite reports whether sample i is there on this side and can be judged.
func (s Samples) Finite(i int) bool {
	if i >= len(s.Values) || !IsFinite(s.Values[i]) {
		return false
	}
	return s.Totals == nil || i < len(s.Totals) && IsFinite(s.Totals[i])
}

// Class is the judge's word on a metric, as Kayenta has it.
type Class string

// The classes.
const (
	ClassPass   Class = "pass"
	ClassHigh   Class = "high"
	ClassLow    Class = "low"
	ClassNoData Class = "nodata"
	ClassError  Class = "error"
)

// Finding is the judge's word on one Pair.
type Finding struct {
	Metric     string     `json:"metric"`
	Segment    string     `json:"segment,omitempty"`
	Group      string     `json:"group,omitempty"`
	Critical   bool       `json:"critical,omitempty"`
	Class      Class      `json:"class"`
	Bad        bool       `json:"bad"`                   // a change in the harmful direction that counts
	Effect     *Number    `json:"effect,omitempty"`      // relative change of canary to baseline as a fraction, or in EffectUnit
	EffectUnit string     `json:"effect_unit,omitempty"` // "" is a fraction; "absolute" is the metric's own unit
	Interval   *[2]Number `json:"interval,omitempty"`    // of the effect
	Evidence   *Number    `json:"evidence,omitempty"`    // against "no worse": 1 and more fails (sequential)
	Seen       *Number    `json:"seen,omitempty"`        // the canary's level, in the metric's unit (a share for ratios)
	Expected   *Number    `json:"expected,omitempty"`    // the baseline's, or the limit
	Since      int        `json:"since,omitempty"`       // sample with which the change began, as far as one can tell, from 1; 0: the first, or not known
	Samples    SampleNote `json:"samples"`
	Reason     string     `json:"reason"` // one sentence: what was seen, what was expected
	Warnings   []string   `json:"warnings,omitempty"`
	Queries    *Queries   `json:"queries,omitempty"` // resolved
	Link       string     `json:"link,omitempty"`    // where a person can see it
}

// Undecided reports whether the finding says neither good nor bad.
func (f Finding) Undecided() bool { return f.Class == ClassNoData || f.Class == ClassError }

// SampleNote counts the samples that were judged.
type SampleNote struct {
	Canary   int `json:"canary"`
	Baseline int `json:"baseline"`
	History  int `json:"history,omitempty"` // of earlier good runs, which say how large the noise is
}

// Queries are the resolved queries behind a finding.
type Queries struct {
	Canary        string `json:"canary"`
	Baseline      string `json:"baseline,omitempty"`
	CanaryTotal   string `json:"canary_total,omitempty"`
	BaselineTotal string `json:"baseline_total,omitempty"`
}

// GroupScore is the score of one group of metrics.
type GroupScore struct {
	Name   string  `json:"name"`
	Score  float64 `json:"score"`   // 0 to 100
	Weight float64 `json:"weight"`  // its share of the run's score, 0 to 1
	NoData bool    `json:"no_data"` // no metric of it was decided
}

// Verdict is the judge's word on a Run so far.
type Verdict struct {
	Outcome  Outcome      `json:"outcome"`
	Score    *float64     `json:"score"` // 0 to 100; null when nothing was decided
	Reason   string       `json:"reason"`
	Groups   []GroupScore `json:"groups,omitempty"`
	Findings []Finding    `json:"findings"`
}

// Bad returns the findings that count against the release.
func (v Verdict) Bad() []Finding {
	var bad []Finding
	for _, f := range v.Findings {
		if f.Bad {
			bad = append(bad, f)
		}
	}
	return bad
}

// Look is one evaluation inside a Run, as it was recorded.
type Look struct {
	Number  int           `json:"number"`
	DueAt   time.Time     `json:"due_at"`
	At      time.Time     `json:"at"`      // when it began
	Took    time.Duration `json:"-"`       // how long it lasted
	Window  Window        `json:"window"`  // what was judged
	Verdict Verdict       `json:"verdict"` // with outcome continue when it went on
}
