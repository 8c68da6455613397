package analysis

import (
	"maps"
	"slices"
	"time"
)

// Plan says what to compare and how strictly. It comes from the config file, with
// its defaults filled in; a Run keeps the copy it started with.
type Plan struct {
	Name        string            `json:"name"`
	Service     string            `json:"service"`
	Environment string            `json:"environment"`
	Owner       string            `json:"owner,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Severity    string            `json:"severity"`
	Runbook     string            `json:"runbook,omitempty"`
	Vars        map[string]string `json:"vars,omitempty"` // defaults of {{.Vars.x}}; a run's variables win

	Every       Duration `json:"every"`        // between looks
	Step        Duration `json:"step"`         // between samples
	Duration    Duration `json:"duration"`     // of a run, from started_at
	MinDuration Duration `json:"min_duration"` // no pass before it
	Warmup      Duration `json:"warmup"`       // samples in it are not judged

	Judge             JudgeName  `json:"judge"`
	FalseRollbackRate float64    `json:"false_rollback_rate"`   // share of good releases that may be rolled back, in (0, 1)
	Strict            bool       `json:"strict,omitempty"`      // sequential: valid for noise of any scale, at the price of speed
	MinSamples        int        `json:"min_samples"`           // of both sides before a metric is judged; 0: the judge's own minimum
	MinTraffic        float64    `json:"min_traffic,omitempty"` // the largest sum of a metric's totals that each side must have before anything is judged
	AllowRollback     bool       `json:"allow_rollback"`        // lets a judgement without the promise roll back
	Baseline          Baseline   `json:"baseline"`
	Metrics           []Metric   `json:"metrics"`
	Groups            Weights    `json:"groups,omitempty"`
	Score             Thresholds `json:"score"`

	Concurrency   Concurrency `json:"concurrency"`
	ReuseAfter    Duration    `json:"reuse_after"`
	DryRun        bool        `json:"dry_run"`
	NamePattern   string      `json:"name_pattern,omitempty"` // regular expression for versions and variables; "" is the house's own
	Schedule      *Schedule   `json:"schedule,omitempty"`
	DeliverWithin Duration    `json:"deliver_within"` // deadline of a delivery
	Approval      *Approval   `json:"approval,omitempty"`
	Verify        Duration    `json:"verify"` // how long the metrics are watched after a rollback; 0: not at all

	On Reactions `json:"on"`
}

// JudgeName names a method of judging.
type JudgeName string

// The judges.
const (
	JudgeSequential JudgeName = "sequential"
	JudgeKayenta    JudgeName = "kayenta"
	JudgeThreshold  JudgeName = "threshold"
)

// Baseline says where the other side's samples come from.
type Baseline struct {
	Kind  BaselineKind `json:"kind"`
	Shift Duration     `json:"shift,omitempty"` // offset: how far back, before: how long before started_at
}

// BaselineKind is one way to have a baseline.
type BaselineKind string

// The kinds. Only BaselineVersion is observed at the same moments as the canary.
const (
	BaselineVersion BaselineKind = "version" // another version, at the same time
	BaselineOffset  BaselineKind = "offset"  // the same query, Shift earlier (last week)
	BaselineBefore  BaselineKind = "before"  // the same query, the window of length Shift before the run started
	BaselineNone    BaselineKind = "none"    // thresholds only
)

// Simultaneous reports whether both sides are observed at the same moments.
func (b Baseline) Simultaneous() bool { return b.Kind == BaselineVersion }

// Concurrency says what a newer run does to an older one of the same service and
// environment.
type Concurrency string

// The rules.
const (
	Supersede Concurrency = "supersede"
	Queue     Concurrency = "queue"
	Reject    Concurrency = "reject"
)

// SourcePush is the source of metrics whose samples are sent to the API. It is always
// there, and asks nothing.
const SourcePush = "push"

// DefaultMaxSegments is how many segments a metric may have when its plan does not say.
const DefaultMaxSegments = 50

// Metric is one thing that is compared.
type Metric struct {
	Name   string     `json:"name"`
	Source string     `json:"source"` // or SourcePush
	Kind   MetricKind `json:"kind"`
	Query  string     `json:"query"`           // gauge: the value; ratio: bad events; count: events; a template; "" when pushed
	Total  string     `json:"total,omitempty"` // ratio: all events; count: the exposure; a template; "" when pushed

	Direction Direction  `json:"direction"`
	Critical  bool       `json:"critical,omitempty"`
	Group     string     `json:"group"`
	Weight    float64    `json:"weight"` // within its group, and of the run's evidence
	Tolerance Tolerance  `json:"tolerance"`
	Threshold *Threshold `json:"threshold,omitempty"`
	NoData    NoDataRule `json:"no_data"`
	Reduce    Reduce     `json:"reduce,omitempty"`
	Kayenta   *Kayenta   `json:"kayenta,omitempty"`

	By          []string `json:"by,omitempty"`           // labels whose values make segments; each is judged
	MaxSegments int      `json:"max_segments,omitempty"` // with By: more are an error of the query
}

// Segments returns how many segments the metric may have: 0 when it has none.
func (m *Metric) Segments() int {
	switch {
	case len(m.By) == 0:
		return 0
	case m.MaxSegments > 0:
		return m.MaxSegments
	}
	return DefaultMaxSegments
}

// MetricKind says what the numbers of a metric are.
type MetricKind string

// The kinds.
const (
	Gauge MetricKind = "gauge" // a level: a latency, a size, a rate
	Ratio MetricKind = "ratio" // bad events of all events
	Count MetricKind = "count" // events in an exposure: crashes in pod-minutes
)

// HasTotal reports whether a metric of this kind asks two queries.
func (k MetricKind) HasTotal() bool { return k == Ratio || k == Count }

// Direction says which change is bad.
type Direction string

// The directions.
const (
	Increase Direction = "increase"
	Decrease Direction = "decrease"
	Either   Direction = "either"
)

// Tolerance is the smallest change that matters, relative to the baseline (0.1 is
// 10 %) or absolute in the metric's unit. At most one is set.
type Tolerance struct {
	Relative float64 `json:"relative,omitempty"`
	Absolute float64 `json:"absolute,omitempty"`
}

// Threshold is a fixed limit. A metric breaks it when Consecutive samples in a
// row are beyond Max or below Min.
type Threshold struct {
	Max         *float64 `json:"max,omitempty"`
	Min         *float64 `json:"min,omitempty"`
	Consecutive int      `json:"consecutive"`
}

// NoDataRule says what silence of a metric means.
type NoDataRule struct {
	Policy NoDataPolicy `json:"policy"`
	After  Duration     `json:"after"`
}

// NoDataPolicy is one of the rules for silence.
type NoDataPolicy string

// The rules.
const (
	NoDataWait   NoDataPolicy = "wait"   // until After, then the metric is undecided
	NoDataIgnore NoDataPolicy = "ignore" // the metric is left out
	NoDataFail   NoDataPolicy = "fail"   // the source is well, the baseline has data, the canary has none: bad
)

// Kayenta holds the per-metric settings of the kayenta judge that the plan's own
// words do not cover. The names and defaults are upstream's.
type Kayenta struct {
	NaNStrategy   string             `json:"nan_strategy,omitempty"` // remove | replace
	MustHaveData  bool               `json:"must_have_data,omitempty"`
	Muted         bool               `json:"muted,omitempty"`
	Outliers      string             `json:"outliers,omitempty"` // keep | remove
	OutlierFactor *float64           `json:"outlier_factor,omitempty"`
	EffectSize    *KayentaEffectSize `json:"effect_size,omitempty"`
}

// KayentaEffectSize is upstream's effectSize block.
type KayentaEffectSize struct {
	Measure          string   `json:"measure,omitempty"` // meanRatio | cles
	AllowedIncrease  *float64 `json:"allowed_increase,omitempty"`
	AllowedDecrease  *float64 `json:"allowed_decrease,omitempty"`
	CriticalIncrease *float64 `json:"critical_increase,omitempty"`
	CriticalDecrease *float64 `json:"critical_decrease,omitempty"`
}

// Weights maps groups to their share of the score.
type Weights map[string]float64

// Thresholds are scores, 0 to 100.
type Thresholds struct {
	Pass     float64 `json:"pass"`
	Marginal float64 `json:"marginal"`
}

// Schedule starts runs by the clock.
type Schedule struct {
	Cron            string  `json:"cron"`
	TimeZone        string  `json:"time_zone"`
	Version         *Lookup `json:"version,omitempty"`
	BaselineVersion *Lookup `json:"baseline_version,omitempty"`
}

// Lookup is a version: literal, or the value of a label of the one series that a
// query answers.
type Lookup struct {
	Literal string `json:"literal,omitempty"`
	Source  string `json:"source,omitempty"`
	Query   string `json:"query,omitempty"`
	Label   string `json:"label,omitempty"`
}

// Approval makes a rollback wait for people.
type Approval struct {
	Within  Duration        `json:"within"`  // how long
	Default ApprovalDefault `json:"default"` // what happens when nobody has decided by then
	People  int             `json:"people"`  // how many must approve
}

// ApprovalDefault is what happens when nobody decides.
type ApprovalDefault string

// The defaults.
const (
	ApprovalRollBack ApprovalDefault = "roll_back"
	ApprovalKeep     ApprovalDefault = "keep"
)

// Reactions are the actions for each thing that can happen to a run.
type Reactions struct {
	Start          []Reaction `json:"start,omitempty"`
	Pass           []Reaction `json:"pass,omitempty"`
	Fail           []Reaction `json:"fail,omitempty"`
	Marginal       []Reaction `json:"marginal,omitempty"`
	Inconclusive   []Reaction `json:"inconclusive,omitempty"`
	DeliveryFailed []Reaction `json:"delivery_failed,omitempty"`
}

// Reaction is one action to perform, and what follows from how it ends.
type Reaction struct {
	Action string     `json:"action"`
	Within Duration   `json:"within,omitempty"` // deadline; 0: the plan's
	Then   []Reaction `json:"then,omitempty"`   // when it was done
	Else   []Reaction `json:"else,omitempty"`   // when it finally failed, or came too late
}

// Alone is the reaction without what follows from it.
func (r Reaction) Alone() Reaction { return Reaction{Action: r.Action, Within: r.Within} }

// each visits reactions and all that follow from them.
func each(list []Reaction, visit func(Reaction)) {
	for _, r := range list {
		visit(r)
		each(r.Then, visit)
		each(r.Else, visit)
	}
}

// For returns the reactions to an outcome.
func (r Reactions) For(o Outcome) []Reaction {
	switch o {
	case OutcomePass:
		return r.Pass
	case OutcomeFail:
		return r.Fail
	case OutcomeMarginal:
		return r.Marginal
	case OutcomeInconclusive:
		return r.Inconclusive
	}
	return nil
}

// Actions returns the names of all actions a plan may perform, sorted.
func (r Reactions) Actions() []string {
	names := map[string]bool{}
	for _, list := range [][]Reaction{r.Start, r.Pass, r.Fail, r.Marginal, r.Inconclusive, r.DeliveryFailed} {
		each(list, func(x Reaction) { names[x.Action] = true })
	}
	return slices.Sorted(maps.Keys(names))
}

// KeepsPromise reports whether the plan's failures carry the bound on false
// rollbacks: the sequential judge with a baseline observed at the same moments,
// and no fixed thresholds beside it.
func (p *Plan) KeepsPromise() bool {
	if p.Judge != JudgeSequential || !p.Baseline.Simultaneous() {
		return false
	}
	return !slices.ContainsFunc(p.Metrics, func(m Metric) bool { return m.Threshold != nil })
}

// MayRollBack reports whether a failure may change the world. Judgements without
// the promise may only where the plan says so.
func (p *Plan) MayRollBack() bool { return p.KeepsPromise() || p.AllowRollback }

// Sources returns the names of the sources the plan reads, sorted: without SourcePush.
func (p *Plan) Sources() []string {
	names := map[string]bool{}
	for _, m := range p.Metrics {
		if m.Source != SourcePush {
			names[m.Source] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Metric returns the metric of a name.
func (p *Plan) Metric(name string) (Metric, bool) {
	for _, m := range p.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Samples returns how many samples a whole run judges.
func (p *Plan) Samples() int {
	w := time.Duration(p.Duration - p.Warmup)
	if p.Step <= 0 || w <= 0 {
		return 0
	}
	return int(w / time.Duration(p.Step))
}
