package daemon

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// prepare finds the plan, makes of it the one that is played, and begins the report.
func (b *Backtest) prepare() (*analysis.Plan, *BacktestReport, error) {
	i := slices.IndexFunc(b.Config.Plans, func(p analysis.Plan) bool { return p.Name == b.Plan })
	if i < 0 {
		return nil, nil, b.unknownPlan()
	}
	plan := b.Config.Plans[i]
	plan.On = analysis.Reactions{} // nothing is done, so nothing is asked for to do it with
	report := &BacktestReport{
		Plan: plan.Name, Service: plan.Service, Environment: plan.Environment, Judge: plan.Judge, AA: b.AA,
		From: b.From.UTC(), To: b.To.UTC(), Every: analysis.Duration(b.Every), Duration: plan.Duration,
		Notes: []string{}, Windows: []BacktestWindow{},
	}
	if plan.KeepsPromise() {
		report.FalseRollbackRate = plan.FalseRollbackRate
	}
	if b.Every == 0 {
		report.Every = plan.Duration
	}
	if report.Every <= 0 {
		return nil, nil, analysis.Errorf(analysis.Invalid, "--every: not a time that passes")
	}
	if err := leavePushed(&plan, report); err != nil {
		return nil, nil, err
	}
	if err := b.versions(&plan, report); err != nil {
		return nil, nil, err
	}
	if err := b.method(&plan, report); err != nil {
		return nil, nil, err
	}
	if b.AA && report.Every < plan.Duration {
		report.note("the runs overlap, as --every is shorter than %s: they are not independent, and the interval is too narrow", plan.Duration)
	}
	return &plan, report, nil
}

func (b *Backtest) unknownPlan() error {
	names := make([]string, 0, len(b.Config.Plans))
	for i := range b.Config.Plans {
		names = append(names, b.Config.Plans[i].Name)
	}
	err := analysis.Errorf(analysis.NotFound, "plan %q: not in the config", b.Plan)
	if len(names) == 0 {
		return err
	}
	slices.Sort(names)
	return err.WithHint("%s", strings.Join(names[:min(10, len(names))], ", "))
}

// leavePushed takes out the metrics whose samples no source keeps.
func leavePushed(plan *analysis.Plan, report *BacktestReport) error {
	kept := make([]analysis.Metric, 0, len(plan.Metrics))
	for _, m := range plan.Metrics {
		if m.Source == analysis.SourcePush {
			report.note("metric %s is left out: its samples are pushed, and no source can be asked for those of the past", m.Name)
		} else {
			kept = append(kept, m)
		}
	}
	if len(kept) == 0 {
		return analysis.Errorf(analysis.Invalid, "plan %s: all of its samples are pushed, and no source can be asked for those of the past", plan.Name)
	}
	plan.Metrics = kept
	return nil
}

// versions settles what is compared with what.
func (b *Backtest) versions(plan *analysis.Plan, report *BacktestReport) error {
	report.Version, report.BaselineVersion = b.Canary, b.Baseline
	if b.AA {
		v := b.Baseline
		switch {
		case v == "":
			v = b.Canary
		case b.Canary != "" && b.Canary != v:
			return analysis.Errorf(analysis.Invalid, "--aa compares a version with itself, and --canary and --baseline are two").
				WithHint("--baseline alone")
		}
		report.Version, report.BaselineVersion = v, v
	}
	canary, baseline := b.asked(plan)
	switch {
	case b.AA && (canary || baseline) && report.Version == "":
		return analysis.Errorf(analysis.Invalid, "the queries of plan %s ask for a version", plan.Name).WithHint("--baseline, a version that was good")
	case canary && report.Version == "":
		return analysis.Errorf(analysis.Invalid, "the queries of plan %s ask for the canary's version", plan.Name).WithHint("--canary")
	case baseline && report.BaselineVersion == "":
		return analysis.Errorf(analysis.Invalid, "the queries of plan %s ask for the baseline's version", plan.Name).WithHint("--baseline")
	case !b.AA && plan.Baseline.Simultaneous() && report.Version != "" && report.Version == report.BaselineVersion:
		return analysis.Errorf(analysis.Invalid, "--canary and --baseline are the same").WithHint("--aa, to compare a version with itself")
	}
	return nil
}

// asked reports whether the queries of a plan ask for either version: whether it shows
// in them. Queries that cannot be rendered say so when the first run is made.
func (b *Backtest) asked(plan *analysis.Plan) (canary, baseline bool) {
	const forCanary, forBaseline = unknownVersion + ".canary", unknownVersion + ".baseline"
	d := analysis.QueryData{
		Canary: analysis.Release{Version: forCanary}, Baseline: analysis.Release{Version: forBaseline},
		Service: plan.Service, Environment: plan.Environment, Step: plan.Step, Start: b.From, End: b.To, Vars: map[string]string{},
	}
	for _, vars := range []map[string]string{plan.Vars, b.Variables} {
		for k, v := range vars {
			d.Vars[k] = v
		}
	}
	see := func(text string) {
		query, err := config.Query(text, d)
		query = strings.ReplaceAll(query, `\`, "") // as a regular expression it is quoted
		canary = canary || err == nil && strings.Contains(query, forCanary)
		baseline = baseline || err == nil && strings.Contains(query, forBaseline)
	}
	for _, m := range plan.Metrics {
		d.Side, d.Version = analysis.SideCanary, forCanary
		see(m.Query)
		see(m.Total)
		if m.Threshold == nil && plan.Baseline.Kind != analysis.BaselineNone {
			d.Side, d.Version = analysis.SideBaseline, forBaseline
			see(m.Query)
			see(m.Total)
		}
	}
	return canary, baseline
}

// method settles how the two sides come about, and says what that can show.
func (b *Backtest) method(plan *analysis.Plan, report *BacktestReport) error {
	m := &report.Method
	compares := plan.Baseline.Kind != analysis.BaselineNone &&
		slices.ContainsFunc(plan.Metrics, func(m analysis.Metric) bool { return m.Threshold == nil })
	canary := named(report.Version, "the service")
	switch {
	case b.Split != "" && !b.AA:
		return analysis.Errorf(analysis.Invalid, "--split goes with --aa only")
	case b.Split != "" && (!compares || !plan.Baseline.Simultaneous()):
		return analysis.Errorf(analysis.Invalid, "plan %s compares no two versions at the same time: there is nothing to split", plan.Name).
			WithHint("--aa without --split")
	case !compares:
		m.Name, m.Text = MethodAlone, canary+" by fixed limits, without a baseline"
	case b.AA:
		b.againstItself(plan, m, canary)
	case plan.Baseline.Simultaneous():
		m.Name, m.Text = MethodVersions, named(report.Version, "the canary")+" against "+named(report.BaselineVersion, "the baseline")
	default:
		m.Name, m.Text = MethodVersions, canary+" against "+named(report.BaselineVersion, "itself")+" "+elsewhen(plan.Baseline)
	}
	return nil
}

// againstItself settles where the other side of one version comes from.
func (b *Backtest) againstItself(plan *analysis.Plan, m *BacktestMethod, who string) {
	switch {
	case b.Split != "":
		m.Name, m.Label = MethodSplit, b.Split
		m.Text = fmt.Sprintf("%s against itself at the same time, its replicas in two halves by %s", who, b.Split)
		m.Limits = "the halves share load, time and version, all but the replicas; what a roll-out itself does to new ones, such as cold caches, is not in it"
	case plan.Baseline.Simultaneous():
		step := plan.Step.Std()                                 // the baseline's samples are on whole steps, too
		shift := (plan.Duration.Std() + step - 1) / step * step //nolint:durationcheck // a number of steps, times one
		plan.Baseline = analysis.Baseline{Kind: analysis.BaselineOffset, Shift: analysis.Duration(shift)}
		m.Name, m.Text = MethodAdjacent, who+" against itself "+elsewhen(plan.Baseline)
		m.Limits = "two times differ in more than two versions at the same time do, such as the load of the day: an upper bound; and each run's canary is the next one's baseline"
	default:
		m.Name, m.Text = MethodOwn, who+" against itself "+elsewhen(plan.Baseline)+", as the plan has it"
		m.Limits = "whatever was released or broke in the meantime counts as a good release"
	}
}

// elsewhen says in words when a baseline was.
func elsewhen(b analysis.Baseline) string {
	if b.Kind == analysis.BaselineBefore {
		return "in the " + b.Shift.String() + " before"
	}
	return b.Shift.String() + " earlier"
}

func named(version, otherwise string) string {
	if version == "" {
		return otherwise
	}
	return version
}
