package judge

import "github.com/haldane-dev/haldane/analysis"

// check finds what decoding cannot.
func (l *line) check() error {
	bad := func(format string, args ...any) error {
		return analysis.Errorf(analysis.Invalid, "line: "+format, args...)
	}
	switch {
	case l.StepSeconds != nil && !(*l.StepSeconds > 0 && *l.StepSeconds <= maxStepSeconds):
		return bad("step_seconds must be above 0, and at most a year")
	case l.FirstLook != nil && *l.FirstLook < 1:
		return bad("first_look must be at least 1")
	case l.LookEvery != nil && *l.LookEvery < 1:
		return bad("look_every must be at least 1")
	case l.FalseRollbackRate != nil && !(*l.FalseRollbackRate > 0 && *l.FalseRollbackRate < 1):
		return bad("false_rollback_rate must be between 0 and 1")
	case len(l.Metrics) == 0:
		return bad("metrics is empty")
	}
	names := map[string]bool{}
	for i := range l.Metrics {
		m := &l.Metrics[i]
		if m.Name == "" {
			return bad("metrics[%d]: name is missing", i)
		}
		if names[m.Name] {
			return bad("metric %q: there are two of this name", m.Name)
		}
		names[m.Name] = true
		if why := m.check(); why != "" {
			return bad("metric %q: %s", m.Name, why)
		}
	}
	return nil
}

const maxStepSeconds = 366 * 24 * 60 * 60

// check says what is wrong with a metric, and fills in its kind and direction.
func (m *lineMetric) check() string {
	switch m.Kind {
	case "":
		m.Kind = analysis.Gauge
	case analysis.Gauge, analysis.Ratio, analysis.Count:
	default:
		return "kind " + string(m.Kind) + " is not gauge, ratio or count"
	}
	switch m.Direction {
	case "":
		m.Direction = analysis.Either
	case analysis.Increase, analysis.Decrease, analysis.Either:
	default:
		return "direction " + string(m.Direction) + " is not increase, decrease or either"
	}
	if m.Weight != nil && !(*m.Weight > 0) {
		return "weight must be above 0"
	}
	switch t := m.Tolerance; {
	case t == nil:
	case t.Relative < 0 || t.Absolute < 0:
		return "tolerance must not be below 0"
	case t.Relative > 0 && t.Absolute > 0:
		return "tolerance is either relative or absolute"
	}
	if why := m.Threshold.check(); why != "" {
		return why
	}
	if why := m.lineSeries.check(m.Kind, m.Threshold == nil); why != "" {
		return why
	}
	if m.History != nil {
		if why := m.History.check(m.Kind, false); why != "" {
			return "history: " + why
		}
	}
	return ""
}

func (t *lineThreshold) check() string {
	switch {
	case t == nil:
	case t.Max == nil && t.Min == nil:
		return "threshold has neither max nor min"
	case t.Max != nil && t.Min != nil && *t.Min > *t.Max:
		return "threshold: min is above max"
	case t.Consecutive != nil && *t.Consecutive < 1:
		return "threshold: consecutive must be at least 1"
	}
	return ""
}

// check says what is wrong with the series; compared ones need a baseline.
func (s *lineSeries) check(kind analysis.MetricKind, compared bool) string {
	if why := checkSide(kind, s.Canary, s.CanaryTotal, "canary", true); why != "" {
		return why
	}
	return checkSide(kind, s.Baseline, s.BaselineTotal, "baseline", compared)
}

func checkSide(kind analysis.MetricKind, values, totals analysis.Values, side string, needed bool) string {
	switch {
	case values == nil && totals == nil && !needed:
		return ""
	case values == nil:
		return side + " is missing"
	case !kind.HasTotal() && totals != nil:
		return side + "_total does not belong to a gauge"
	case kind.HasTotal() && totals == nil:
		return side + "_total is missing: it is a " + string(kind)
	case kind.HasTotal() && len(totals) != len(values):
		return side + " has " + plural(len(values), "value") + ", " + side + "_total has " + plural(len(totals), "value")
	}
	return ""
}
