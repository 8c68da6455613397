package config

import (
	"maps"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// query checks one query of a metric: that it renders, that the sides are asked
// different things, and that counters are read by the step.
func (m *metricCheck) query(q asked) {
	field := join(m.at, q.key)
	t, ok := m.template(field, q.text)
	if !ok {
		return
	}
	if m.plan.Schedule != nil {
		m.scheduledVersions(field, t)
	}
	asks := m.asks(t)
	if asks.same && m.plan.Baseline.Simultaneous() && m.metric.Threshold == nil {
		if q.value {
			m.mistake(q.key, "asks the same for canary and baseline").
				try("{{.Version}} in the query, or another baseline than version")
		} else {
			m.warn(q.key, "asks the same for canary and baseline: right only if both sides really share it").
				try("{{.Version}} in the query")
		}
	}
	for _, w := range asks.windows {
		if w.Window != m.plan.Step {
			m.warn(q.key, "%s reads %s, but a sample stands for %s", w.Function, w.Window, m.plan.Step).try("[{{.Step}}]")
		}
	}
}

// checkedQuery is a query with what is the same in every plan that asks it.
type checkedQuery struct {
	queryTemplate
	names []string // of the variables that it uses
	err   error

	quoted bool // the names that it uses stand in quotes: see quotesNames
	byStep map[analysis.Duration]asks
}

// asks is what a query asks in a plan.
type asks struct {
	same    bool            // of both sides
	windows []CounterWindow // of the canary
}

// checked parses and checks a query. Many plans ask the same, with other values.
func (l *loader) checked(text string) *checkedQuery {
	q, ok := l.queries[text]
	if !ok {
		q = &checkedQuery{}
		if q.queryTemplate, q.err = parseQuery(text); q.err == nil {
			q.names, q.err = q.vars(), q.check()
			q.quoted, q.byStep = q.quotesNames(), map[analysis.Duration]asks{}
		}
		l.queries[text] = q
	}
	return q
}

// template parses a query and checks that it renders, also when the clock starts
// the run.
func (c *planCheck) template(field, text string) (*checkedQuery, bool) {
	t := c.checked(text)
	if t.err != nil {
		e := analysis.AsError(t.err)
		c.mistake(field, "%s", e.Message).Hint = strings.TrimPrefix(e.Hint, "try: ")
		return t, false
	}
	if c.plan.Schedule != nil {
		for _, name := range t.names {
			if _, ok := c.plan.Vars[name]; !ok {
				c.mistake(field, "variable %s is not set, and runs of the schedule bring none", name).try("set it under vars")
			}
		}
	}
	return t, true
}

// scheduledVersions checks that a query of a metric uses no version that the
// schedule does not give.
func (c *planCheck) scheduledVersions(field string, t *checkedQuery) {
	s := c.plan.Schedule
	for _, v := range []struct {
		key   string
		known bool
		which release
	}{{"version", s.Version != nil, canaryRelease}, {"baseline_version", s.BaselineVersion != nil, baselineRelease}} {
		if !v.known && c.depends(t, v.which) {
			c.mistake(field, "uses a version that the schedule does not give").try("schedule.%s", v.key)
		}
	}
}

// release picks one of the versions that queries may use.
type release func(*analysis.QueryData) *analysis.Release

func canaryRelease(d *analysis.QueryData) *analysis.Release   { return &d.Canary }
func baselineRelease(d *analysis.QueryData) *analysis.Release { return &d.Baseline }

// depends reports whether a query, as this plan asks it, changes with a version.
func (c *planCheck) depends(t *checkedQuery, which release) bool {
	sides := []string{analysis.SideCanary, analysis.SideBaseline}
	if c.plan.Baseline.Kind == analysis.BaselineNone {
		sides = sides[:1]
	}
	for _, side := range sides {
		d := c.sample(t, side)
		before, _ := t.render(d)
		other := which(&d)
		if d.Version == other.Version {
			d.Version = "9.9.9-other"
		}
		other.Version = "9.9.9-other"
		if after, _ := t.render(d); after != before {
			return true
		}
	}
	return false
}

// asks finds out what a query asks in this plan. That hangs on nothing but the step when
// the plan's names stand in quotes and cannot end them.
func (c *planCheck) asks(t *checkedQuery) asks {
	common := t.quoted && c.harmless()
	if known, ok := t.byStep[c.plan.Step]; ok && common {
		return known
	}
	canary := c.rendered(t, analysis.SideCanary)
	a := asks{canary == c.rendered(t, analysis.SideBaseline), CounterWindows(canary)}
	if common {
		t.byStep[c.plan.Step] = a
	}
	return a
}

// harmless reports whether the names that queries of this plan may use mean nothing in
// quotes but themselves.
func (c *planCheck) harmless() bool {
	if !analysis.PlainName(c.plan.Service) || !analysis.PlainName(c.plan.Environment) {
		return false
	}
	for _, v := range c.plan.Vars {
		if !analysis.PlainName(v) {
			return false
		}
	}
	return true
}

// rendered renders a query that was checked for a side, with made-up versions.
func (c *planCheck) rendered(t *checkedQuery, side string) string {
	out, _ := t.render(c.sample(t, side))
	return out
}

// sample is made-up data of this plan, with every variable that a query uses.
func (c *planCheck) sample(t *checkedQuery, side string) analysis.QueryData {
	d := sample(side)
	d.Service, d.Environment, d.Step = c.plan.Service, c.plan.Environment, c.plan.Step
	for _, name := range t.names {
		d.Vars[name] = "sample"
	}
	maps.Copy(d.Vars, c.plan.Vars)
	return d
}
