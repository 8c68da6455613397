package config

import "github.com/haldane-dev/haldane/analysis"

// planFile is a plan as it is written.
type planFile struct {
	Name        string            `yaml:"name" doc:"unique; callers start runs by it" jsonschema:"required"`
	Service     string            `yaml:"service" doc:"what is released; default: the plan's name"`
	Environment string            `yaml:"environment" doc:"where; with the service it is what runs, caps and condemned versions belong to"`
	Owner       string            `yaml:"owner" doc:"who to ask, as messages show it"`
	Labels      map[string]string `yaml:"labels" doc:"for your own sorting; messages and webhooks carry them"`
	Severity    string            `yaml:"severity" doc:"of its failures, as messages show it" jsonschema:"enum=critical,enum=error,enum=warning,enum=info"`
	Runbook     string            `yaml:"runbook" doc:"link for whoever is called, http(s)"`
	Vars        map[string]string `yaml:"vars" doc:"{{.Vars.x}} of queries; a run's own variables win"`

	Every       analysis.Duration  `yaml:"every" doc:"between looks"`
	Step        analysis.Duration  `yaml:"step" doc:"between samples; {{.Step}} in queries"`
	Duration    analysis.Duration  `yaml:"duration" doc:"of a run, at most, from its start; it may end earlier"`
	MinDuration *analysis.Duration `yaml:"min_duration" doc:"no run passes before it: what starts later is not seen by a run that passed; default: half of the duration"`
	Warmup      analysis.Duration  `yaml:"warmup" doc:"at the start of the duration; samples in it are not judged"`

	Judge             analysis.JudgeName `yaml:"judge" doc:"how to decide; default: sequential, or threshold when baseline is none" jsonschema:"enum=sequential,enum=kayenta,enum=threshold"`
	FalseRollbackRate share              `yaml:"false_rollback_rate" doc:"share of good releases that may be failed, over all looks and metrics of a run; judge sequential"`
	Strict            bool               `yaml:"strict" doc:"keep that promise for noise of any size, at the price of speed; judge sequential"`
	MinSamples        int                `yaml:"min_samples" doc:"samples on both sides before a metric is judged; 0: as many as the judge needs, 50 with judge kayenta" jsonschema:"minimum=0"`
	MinTraffic        float64            `yaml:"min_traffic" doc:"total on each side, of the ratio or count that has most, before anything is judged; 0: any" jsonschema:"minimum=0"`
	AllowRollback     bool               `yaml:"allow_rollback" doc:"let failures change the world although the judge or baseline gives no promise about false ones"`
	Baseline          baselineShape      `yaml:"baseline" doc:"what the canary is compared with"`
	Metrics           []metricFile       `yaml:"metrics" doc:"what is compared" jsonschema:"minItems=1"`
	Groups            map[string]float64 `yaml:"groups" doc:"weights of groups of metrics in the score, any positive numbers; judge kayenta: percent"`
	Score             scoreFile          `yaml:"score" doc:"0 to 100: the weighted share of metrics that are fine"`

	Concurrency   analysis.Concurrency `yaml:"concurrency" doc:"what a newer run does to an older one of the same service and environment" jsonschema:"enum=supersede,enum=queue,enum=reject"`
	ReuseAfter    analysis.Duration    `yaml:"reuse_after" doc:"a request with the key of a run that ended longer ago starts a new attempt"`
	DryRun        bool                 `yaml:"dry_run" doc:"decide and tell, but change nothing in the world"`
	NamePattern   string               `yaml:"name_pattern" doc:"regular expression that whole versions and values of variables match"`
	Schedule      *scheduleFile        `yaml:"schedule" doc:"start runs by the clock"`
	DeliverWithin analysis.Duration    `yaml:"deliver_within" doc:"deadline of what an event sets off; a rollback later than that is not sent, it pages"`

	Verify   *analysis.Duration `yaml:"verify" doc:"how long the metrics are watched after a rollback, to see whether it helped; 0s: not at all; default: 10m where a failure changes the world"`
	Approval *approvalFile      `yaml:"approval" doc:"a rollback waits for a person; default: it does not"`

	OnStart          []reactionShape `yaml:"on_start" doc:"when a run starts"`
	OnPass           []reactionShape `yaml:"on_pass" doc:"when it passes"`
	OnFail           []reactionShape `yaml:"on_fail" doc:"when it fails"`
	OnMarginal       []reactionShape `yaml:"on_marginal" doc:"when it is neither good nor bad; default: the actions of on_fail that tell people, or else those of on_delivery_failed"`
	OnInconclusive   []reactionShape `yaml:"on_inconclusive" doc:"when nothing can be said; default: the actions of on_fail that tell people, or else those of on_delivery_failed"`
	OnDeliveryFailed []reactionShape `yaml:"on_delivery_failed" doc:"when an action finally failed; required with actions that change the world"`
}

func (f *planFile) setDefaults() {
	*f = planFile{
		Environment: "production",
		Severity:    "critical",
		Every:       minutes(1) / 2,
		Step:        minutes(1),
		Duration:    minutes(30),

		FalseRollbackRate: 0.01,
		Baseline:          baselineShape{Kind: analysis.BaselineVersion},

		Concurrency:   analysis.Supersede,
		ReuseAfter:    minutes(60),
		DeliverWithin: minutes(10),
	}
	f.Score.setDefaults()
}

// approvalFile is an analysis.Approval as it is written.
type approvalFile struct {
	Within  analysis.Duration        `yaml:"within" doc:"how long it waits"`
	Default analysis.ApprovalDefault `yaml:"default" doc:"what happens then: roll_back, or keep the release" jsonschema:"enum=roll_back,enum=keep"`
	People  int                      `yaml:"people" doc:"how many must approve; 2 is the two-person rule" jsonschema:"minimum=1"`
}

func (a *approvalFile) setDefaults() {
	*a = approvalFile{Within: minutes(15), Default: analysis.ApprovalRollBack, People: 1}
}

// metricFile is a metric as it is written.
type metricFile struct {
	Name   string              `yaml:"name" doc:"unique in its plan" jsonschema:"required"`
	Source string              `yaml:"source" doc:"name of the source that is asked; push: none is, samples are sent to the API" jsonschema:"required"`
	Kind   analysis.MetricKind `yaml:"kind" doc:"gauge: a level such as a latency; ratio: bad events of all events; count: events in an exposure" jsonschema:"enum=gauge,enum=ratio,enum=count"`

	Query    string `yaml:"query" doc:"kind gauge: the value"`
	Bad      string `yaml:"bad" doc:"kind ratio: bad events in a step"`
	Total    string `yaml:"total" doc:"kind ratio: all events in a step"`
	Events   string `yaml:"events" doc:"kind count: events in a step, such as crashes"`
	Exposure string `yaml:"exposure" doc:"kind count: what they are counted in, such as running pods"`

	Direction analysis.Direction `yaml:"direction" doc:"which change is bad" jsonschema:"enum=increase,enum=decrease,enum=either"`
	Critical  bool               `yaml:"critical" doc:"bad here fails the run whatever the score"`
	Group     string             `yaml:"group" doc:"its group in the score"`
	Weight    float64            `yaml:"weight" doc:"within its group, and of the run's evidence"`
	Tolerance toleranceShape     `yaml:"tolerance" doc:"the smallest change that matters: 10%, or {absolute: 0.002}"`
	Threshold *thresholdFile     `yaml:"threshold" doc:"judge by fixed limits instead; needs no baseline"`
	NoData    noDataShape        `yaml:"no_data" doc:"what silence means; an error of the source is never silence"`
	Reduce    analysis.Reduce    `yaml:"reduce" doc:"how several series of an answer become one; default: several are an error" jsonschema:"enum=sum,enum=mean,enum=max,enum=min"`
	Kayenta   *kayentaFile       `yaml:"kayenta" doc:"settings of this metric for judge kayenta, with upstream's names and defaults"`

	By          []string `yaml:"by" doc:"labels whose values make segments, such as region and device; each segment is judged"`
	MaxSegments int      `yaml:"max_segments" doc:"with by: an answer with more is an error of the query" jsonschema:"minimum=1,maximum=1000"`
}

func (m *metricFile) setDefaults() {
	*m = metricFile{
		Kind: analysis.Gauge, Direction: analysis.Increase, Group: "default", Weight: 1,
		Tolerance: toleranceShape{Relative: 0.05}, MaxSegments: analysis.DefaultMaxSegments,
	}
	m.NoData.setDefaults()
}

// scoreFile are an analysis.Thresholds as they are written.
type scoreFile struct {
	Pass     float64 `yaml:"pass" doc:"a run passes from this score on" jsonschema:"minimum=0,maximum=100"`
	Marginal float64 `yaml:"marginal" doc:"below it a run fails; between the two it is marginal" jsonschema:"minimum=0,maximum=100"`
}

func (s *scoreFile) setDefaults() { *s = scoreFile{Pass: 95, Marginal: 75} }

// thresholdFile is an analysis.Threshold as it is written.
type thresholdFile struct {
	Max         *float64 `yaml:"max" doc:"larger is bad; of a ratio: a share"`
	Min         *float64 `yaml:"min" doc:"smaller is bad"`
	Consecutive int      `yaml:"consecutive" doc:"this many samples in a row must be beyond a limit" jsonschema:"minimum=1"`
}

func (t *thresholdFile) setDefaults() { t.Consecutive = 3 }

// scheduleFile is an analysis.Schedule as it is written.
type scheduleFile struct {
	Cron            string       `yaml:"cron" doc:"minute, hour, day of month, month, day of week; or @hourly, @every 6h" jsonschema:"required"`
	TimeZone        string       `yaml:"time_zone" doc:"of the cron expression, such as Europe/Berlin"`
	Version         *lookupShape `yaml:"version" doc:"the canary's version: literal, or looked up"`
	BaselineVersion *lookupShape `yaml:"baseline_version" doc:"the baseline's version: literal, or looked up"`
}

func (s *scheduleFile) setDefaults() { s.TimeZone = "UTC" }

// kayentaFile is an analysis.Kayenta as it is written.
type kayentaFile struct {
	NaNStrategy   string          `yaml:"nan_strategy" doc:"remove samples that are no number, or replace them by 0" jsonschema:"enum=remove,enum=replace"`
	MustHaveData  bool            `yaml:"must_have_data" doc:"upstream's mustHaveData"`
	Muted         bool            `yaml:"muted" doc:"judged and shown, but counts for nothing"`
	Outliers      string          `yaml:"outliers" doc:"keep or remove outliers" jsonschema:"enum=keep,enum=remove"`
	OutlierFactor *float64        `yaml:"outlier_factor" doc:"how far out an outlier is, in interquartile ranges"`
	EffectSize    *effectSizeFile `yaml:"effect_size" doc:"how large a change must be; factors of the mean, or of 1 for cles"`
}

// effectSizeFile is upstream's effectSize block.
type effectSizeFile struct {
	Measure          string   `yaml:"measure" doc:"what is measured" jsonschema:"enum=meanRatio,enum=cles"`
	AllowedIncrease  *float64 `yaml:"allowed_increase" doc:"an increase up to it passes"`
	AllowedDecrease  *float64 `yaml:"allowed_decrease" doc:"a decrease down to it passes"`
	CriticalIncrease *float64 `yaml:"critical_increase" doc:"of a critical metric: an increase from it on fails the run"`
	CriticalDecrease *float64 `yaml:"critical_decrease" doc:"of a critical metric: a decrease down to it fails the run"`
}
