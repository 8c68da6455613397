package chart

import (
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Picture is what is drawn of one metric and segment of a run: both sides over time,
// what was tolerated, and what the judge said. The warm-up is not in a Pair, and so
// not in the picture.
type Picture struct {
	Service  string
	Canary   string // versions
	Baseline string
	Metric   analysis.Metric
	Against  analysis.Baseline // where the baseline's samples come from
	Pair     analysis.Pair
	// Before is when the baseline's samples begin, if they lie before the run.
	Before time.Time
	// Tolerance is drawn as a band at the baseline, when it is not zero.
	Tolerance analysis.Tolerance
	Finding   *analysis.Finding // nil before the first verdict
	Marks     []Mark
}

// Mark is a moment that matters: a line with a word and its time.
type Mark struct {
	At   time.Time
	Text string // "failed"
	Firm bool   // a fact; else an estimate, drawn dashed
}

// Of makes the picture of a run's pair. f is the latest word on it, or nil.
func Of(run *analysis.Run, pair analysis.Pair, f *analysis.Finding) Picture {
	plan := &run.Snapshot
	p := Picture{
		Service: run.Service, Canary: run.Version, Baseline: run.BaselineVersion,
		Against: plan.Baseline, Pair: pair, Finding: f,
	}
	p.Metric, _ = plan.Metric(pair.Metric)
	if p.Metric.Name == "" {
		p.Metric.Name, p.Metric.Kind = pair.Metric, kindOf(&pair)
	}
	if plan.Judge == analysis.JudgeSequential && p.compared() {
		p.Tolerance = p.Metric.Tolerance
	}
	if p.Against.Kind == analysis.BaselineBefore {
		p.Before = run.BaselineWindow(run.Whole()).Start
	}
	if f != nil && f.Since > 1 && !pair.Start.IsZero() {
		began := pair.Start.Add(time.Duration(f.Since-1) * pair.Step)
		p.Marks = append(p.Marks, Mark{At: began, Text: "change began"})
	}
	if run.FinishedAt != nil {
		p.Marks = append(p.Marks, Mark{At: *run.FinishedAt, Text: ending(run, f), Firm: true})
	}
	return p
}

// kindOf guesses the kind of a metric that the plan does not have (any more).
func kindOf(p *analysis.Pair) analysis.MetricKind {
	if p.Canary.Totals != nil || p.Baseline.Totals != nil {
		return analysis.Ratio
	}
	return analysis.Gauge
}

// ending is the word at the mark of a run's end. Of a failed run it says "failed" only
// where the metric has its part in it.
func ending(run *analysis.Run, f *analysis.Finding) string {
	if run.Outcome == nil {
		return "run " + string(run.Status)
	}
	switch *run.Outcome {
	case analysis.OutcomePass:
		return "passed"
	case analysis.OutcomeFail:
		if f != nil && f.Bad {
			return "failed"
		}
		return "run failed"
	}
	return "run " + string(*run.Outcome)
}

// compared reports whether the picture has a baseline at all.
func (p *Picture) compared() bool {
	return p.Metric.Threshold == nil && p.Against.Kind != analysis.BaselineNone
}

// title is "checkout: p99 (region=eu) - canary 2.0.1 against 1.9.4".
func (p *Picture) title() string {
	t := p.Service + ": " + p.Metric.Name
	if p.Pair.Segment != "" {
		t += " (" + p.Pair.Segment + ")"
	}
	if t += " - canary"; p.Canary != "" {
		t += " " + p.Canary
	}
	switch {
	case p.Metric.Threshold != nil:
		return t + " against its limit"
	case p.compared() && p.Baseline != "":
		return t + " against " + p.Baseline
	case p.compared():
		return t + " against " + p.where()
	}
	return t
}

// where says which baseline it is, if not just the other version.
func (p *Picture) where() string {
	switch p.Against.Kind {
	case analysis.BaselineOffset:
		return p.Against.Shift.String() + " earlier"
	case analysis.BaselineBefore:
		return "before the run"
	}
	return "the baseline"
}

// sides names the two sides for the legend, with what is missing.
func (p *Picture) sides(canary, baseline int) (string, string) {
	c, b := "canary", "baseline"
	if p.Against.Kind == analysis.BaselineOffset || p.Against.Kind == analysis.BaselineBefore {
		b += ", " + p.where()
	}
	if canary == 0 {
		c += ": no samples"
	}
	if baseline == 0 {
		b += ": no samples"
	}
	return c, b
}

// unit says what the values are.
func (p *Picture) unit() string {
	per := ""
	if step := p.Pair.Step; step > 0 {
		per = " per " + analysis.Duration(step).String()
	}
	switch p.Metric.Kind {
	case analysis.Ratio:
		return p.Metric.Name + ": share of events" + per
	case analysis.Count:
		return p.Metric.Name + ": events per unit of exposure" + per
	}
	return p.Metric.Name
}

// tolerated names the band.
func (p *Picture) tolerated() string {
	text := p.amount(p.Tolerance.Absolute)
	if p.Tolerance.Relative > 0 {
		text = significant(100*p.Tolerance.Relative) + " %"
	}
	switch p.Metric.Direction {
	case analysis.Increase:
		return "tolerance: " + text + " above"
	case analysis.Decrease:
		return "tolerance: " + text + " below"
	}
	return "tolerance: " + text
}

// amount writes a value of the metric.
func (p *Picture) amount(v float64) string {
	if p.Metric.Kind == analysis.Ratio {
		return significant(100*v) + " %"
	}
	return significant(v)
}

// significant writes a number with at most four digits that matter.
func significant(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// band is what is tolerated at a level of the baseline.
func (p *Picture) band(level float64) (lo, hi float64) {
	size := p.Tolerance.Absolute
	if p.Tolerance.Relative > 0 {
		size = p.Tolerance.Relative * max(level, -level)
	}
	if !(size <= far) {
		size = far
	}
	lo, hi = level, level
	if p.Metric.Direction != analysis.Decrease {
		hi += size
	}
	if p.Metric.Direction != analysis.Increase {
		lo -= size
	}
	return lo, hi
}
