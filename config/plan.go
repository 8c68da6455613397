package config

import (
	"cmp"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// maxPlans bounds the work that a file made of aliases can cause.
const maxPlans = 100_000

// readPlans reads the plans of all files over the defaults.
func (l *loader) readPlans() {
	l.readDefaults()
	total := 0
	for _, part := range l.shared {
		l.config.Plans = slices.Grow(l.config.Plans, min(len(part.file.Plans), maxPlans))
		if total += len(part.file.Plans); total > maxPlans {
			part.doc.mistake("plans", "more than %d plans", maxPlans)
			return
		}
		for i, raw := range part.file.Plans {
			if raw.node != nil {
				l.readPlan(part.doc, index("plans", i), raw.node)
			}
		}
	}
	if len(l.config.Plans) == 0 && len(l.notes.mistakes) == 0 {
		l.main.warn("plans", "no plans: nothing can be analysed")
	}
}

// readPlan reads one plan: its own keys over those of the defaults. Decoding changes no
// list or map that a value holds already, so plans may begin with the same.
func (l *loader) readPlan(doc *document, path string, n *yaml.Node) {
	file := l.base.file
	(&decoder{doc: doc}).value(n, reflect.ValueOf(&file).Elem(), path)
	if doc.broken[path] {
		return // no map at all
	}
	c := &planCheck{loader: l, doc: doc, path: path, file: &file}
	if onlyNamed(n) {
		c.plan = l.base.named(&file)
		c.allNamed()
	} else {
		c.plan = file.plan(l.tells)
		c.all()
	}
	l.config.Plans = append(l.config.Plans, *c.plan)
}

// tells reports whether an action is known and tells people, rather than changing
// the world.
func (l *loader) tells(action string) bool {
	s := l.actions[action]
	return s != nil && !s.ChangesWorld()
}

// changesWorld reports whether an action is known and changes the world.
func (l *loader) changesWorld(action string) bool {
	s := l.actions[action]
	return s != nil && s.ChangesWorld()
}

// kayentaSamples is how many samples judge kayenta wants when the plan does not say:
// what its authors recommend.
const kayentaSamples = 50

// plan makes the plan that was meant, with the defaults that depend on other keys.
func (f *planFile) plan(tells func(action string) bool) *analysis.Plan {
	p := &analysis.Plan{
		Vars:  f.Vars,
		Every: f.Every, Step: f.Step, Duration: f.Duration, MinDuration: f.Duration / 2, Warmup: f.Warmup,
		Judge: f.Judge, FalseRollbackRate: float64(f.FalseRollbackRate), Strict: f.Strict, MinSamples: f.MinSamples, MinTraffic: f.MinTraffic,
		AllowRollback: f.AllowRollback, Baseline: analysis.Baseline(f.Baseline),
		Groups: f.Groups, Score: analysis.Thresholds(f.Score),
		Concurrency: f.Concurrency, ReuseAfter: f.ReuseAfter, DryRun: f.DryRun, NamePattern: f.NamePattern,
		DeliverWithin: f.DeliverWithin, Schedule: f.Schedule.schedule(), On: f.reactions(tells),
	}
	f.name(p)
	if f.MinDuration != nil {
		p.MinDuration = *f.MinDuration
	}
	if p.Judge == "" {
		p.Judge = analysis.JudgeSequential
		if p.Baseline.Kind == analysis.BaselineNone {
			p.Judge = analysis.JudgeThreshold
		}
	}
	if p.Judge == analysis.JudgeKayenta && p.MinSamples == 0 {
		p.MinSamples = kayentaSamples
	}
	for _, m := range f.Metrics {
		p.Metrics = append(p.Metrics, m.metric())
	}
	switch {
	case f.Verify != nil:
		p.Verify = *f.Verify
	case slices.ContainsFunc(p.On.Fail, func(r analysis.Reaction) bool { return !tells(r.Action) }):
		p.Verify = minutes(10)
	}
	if f.Approval != nil {
		p.Approval = &analysis.Approval{Within: f.Approval.Within, Default: f.Approval.Default, People: f.Approval.People}
	}
	return p
}

// name says which plan it is.
func (f *planFile) name(p *analysis.Plan) {
	p.Name, p.Service, p.Environment = f.Name, cmp.Or(f.Service, f.Name), f.Environment
	p.Owner, p.Severity, p.Runbook, p.Labels = f.Owner, f.Severity, f.Runbook, f.Labels
}

// reactions fills in those that follow from on_fail: whoever is told of a failure
// is told of the rest, or, when a failure only changes the world, whoever is told
// that this went wrong.
func (f *planFile) reactions(tells func(action string) bool) analysis.Reactions {
	list := func(in []reactionShape) (out []analysis.Reaction) {
		for _, r := range in {
			out = append(out, r.reaction())
		}
		return out
	}
	telling := func(in []reactionShape) []analysis.Reaction {
		if in != nil {
			return list(in)
		}
		silent := func(r analysis.Reaction) bool { return !tells(r.Action) }
		if told := slices.DeleteFunc(list(f.OnFail), silent); len(told) > 0 {
			return told
		}
		return slices.DeleteFunc(list(f.OnDeliveryFailed), silent)
	}
	return analysis.Reactions{
		Start: list(f.OnStart), Pass: list(f.OnPass), Fail: list(f.OnFail),
		Marginal: telling(f.OnMarginal), Inconclusive: telling(f.OnInconclusive),
		DeliveryFailed: list(f.OnDeliveryFailed),
	}
}

func (m metricFile) metric() analysis.Metric {
	out := analysis.Metric{
		Name: m.Name, Source: m.Source, Kind: m.Kind, Query: m.Query,
		Direction: m.Direction, Critical: m.Critical, Group: m.Group, Weight: m.Weight,
		Tolerance: analysis.Tolerance(m.Tolerance), NoData: analysis.NoDataRule(m.NoData),
		Reduce: m.Reduce, Kayenta: m.Kayenta.settings(),
	}
	switch m.Kind {
	case analysis.Ratio:
		out.Query, out.Total = m.Bad, m.Total
	case analysis.Count:
		out.Query, out.Total = m.Events, m.Exposure
	}
	if len(m.By) > 0 {
		out.By, out.MaxSegments = slices.Clone(m.By), m.MaxSegments
	}
	if m.Threshold != nil {
		t := analysis.Threshold(*m.Threshold)
		out.Threshold = &t
	}
	return out
}

func (s *scheduleFile) schedule() *analysis.Schedule {
	if s == nil {
		return nil
	}
	return &analysis.Schedule{
		Cron: s.Cron, TimeZone: s.TimeZone,
		Version: (*analysis.Lookup)(s.Version), BaselineVersion: (*analysis.Lookup)(s.BaselineVersion),
	}
}

func (k *kayentaFile) settings() *analysis.Kayenta {
	if k == nil {
		return nil
	}
	return &analysis.Kayenta{
		NaNStrategy: k.NaNStrategy, MustHaveData: k.MustHaveData, Muted: k.Muted,
		Outliers: k.Outliers, OutlierFactor: k.OutlierFactor, EffectSize: (*analysis.KayentaEffectSize)(k.EffectSize),
	}
}
