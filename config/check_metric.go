package config

import (
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

func (c *planCheck) metrics() {
	if len(c.plan.Metrics) == 0 {
		c.mistake("metrics", "a plan needs metrics")
	}
	seen := map[string]int{}
	for i := range c.plan.Metrics {
		m := &metricCheck{
			planCheck: c, at: index("metrics", i), file: &c.file.Metrics[i], metric: &c.plan.Metrics[i],
		}
		m.all()
		name := m.metric.Name
		if first, twice := seen[name]; twice && name != "" {
			m.mistake("name", "metric %q: already defined in %s", name, index("metrics", first))
		} else {
			seen[name] = i
		}
	}
}

// metricCheck finds what is wrong with one metric of a plan.
type metricCheck struct {
	*planCheck
	at     string
	file   *metricFile
	metric *analysis.Metric
}

func (m *metricCheck) mistake(field, format string, args ...any) *Mistake {
	return m.planCheck.mistake(join(m.at, field), format, args...)
}

func (m *metricCheck) warn(field, format string, args ...any) *Mistake {
	return m.planCheck.warn(join(m.at, field), format, args...)
}

func (m *metricCheck) all() {
	if m.metric.Name == "" {
		m.mistake("name", "a metric needs a name")
	} else if !analysis.PlainName(m.metric.Name) {
		m.mistake("name", "metric %q: not a usable name", m.metric.Name).try(nameHint)
	}
	if !analysis.PlainName(m.metric.Group) {
		m.mistake("group", "group %q: not a usable name", m.metric.Group).try(nameHint)
	}
	if !m.pushed() {
		checkName(m.sources, m.metric.Source, m.mistake, "source", "source", "a metric needs a source")
	}
	m.values()
	m.segments()
	m.threshold()
	m.kayenta()
	switch {
	case m.pushed():
		m.nothingAsked()
	case m.readable(join(m.at, "kind")):
		m.queries()
	}
}

// checkName checks that something configured has a name.
func checkName[V any](known map[string]V, name string, mistake func(field, format string, args ...any) *Mistake, field, kind, needs string) {
	if name == "" {
		mistake(field, "%s", needs).try("%s", meant("", names(known)))
	} else if _, ok := known[name]; !ok {
		mistake(field, "no such %s: %q", kind, name).try("%s", meant(name, names(known)))
	}
}

func (m *metricCheck) values() {
	if m.metric.Weight <= 0 {
		m.mistake("weight", "must be more than 0")
	}
	switch t := m.metric.Tolerance; {
	case t.Relative < 0 || t.Absolute < 0:
		m.mistake("tolerance", "must not be negative")
	case t.Relative > 1:
		m.warn("tolerance", "%g%% of the baseline is much", t.Relative*100).try("%g%%, if percent were meant", t.Relative)
	}
	if m.metric.NoData.After < 0 {
		m.mistake("no_data.after", "must not be negative")
	}
}

func (m *metricCheck) threshold() {
	t := m.metric.Threshold
	if t == nil {
		switch {
		case m.plan.Baseline.Kind == analysis.BaselineNone:
			m.mistake("threshold", "without a baseline a metric needs a threshold").try("threshold: {max: 0.05}")
		case m.plan.Judge == analysis.JudgeThreshold:
			m.mistake("threshold", "with judge threshold a metric needs a threshold").try("threshold: {max: 0.05}")
		}
		return
	}
	switch {
	case t.Max == nil && t.Min == nil:
		m.mistake("threshold", "want max, min or both").try("{max: 0.05}")
	case t.Max != nil && t.Min != nil && *t.Min > *t.Max:
		m.mistake("threshold", "min %g is larger than max %g", *t.Min, *t.Max)
	}
	if t.Consecutive < 1 {
		m.mistake("threshold.consecutive", "must be at least 1")
	} else if n := m.plan.Samples(); n > 0 && t.Consecutive > n {
		m.mistake("threshold.consecutive", "%d samples in a row, but a run has only %d", t.Consecutive, n)
	}
}

func (m *metricCheck) kayenta() {
	k := m.metric.Kayenta
	if k == nil {
		return
	}
	if m.plan.Judge != analysis.JudgeKayenta && m.doc.has(join(join(m.path, m.at), "kayenta")) {
		m.warn("kayenta", "has no effect: the judge is %s", m.plan.Judge)
	}
	if k.OutlierFactor != nil && *k.OutlierFactor <= 0 {
		m.mistake("kayenta.outlier_factor", "must be more than 0").try("3")
	}
}

// asked is one query of a metric.
type asked struct {
	key, text string
	value     bool // what is judged; the other is what it is a part of
}

// needs lists the keys of the queries that a kind has.
func needs(k analysis.MetricKind) []string {
	switch k {
	case analysis.Ratio:
		return []string{"bad", "total"}
	case analysis.Count:
		return []string{"events", "exposure"}
	}
	return []string{"query"}
}

// asked lists the keys of queries.
func (m *metricFile) asked() []asked {
	return []asked{
		{"query", m.Query, true},
		{"bad", m.Bad, true},
		{"total", m.Total, false},
		{"events", m.Events, true},
		{"exposure", m.Exposure, false},
	}
}

// queries checks that the kind has its queries and no others, and each of them.
func (m *metricCheck) queries() {
	wanted := needs(m.metric.Kind)
	for _, q := range m.file.asked() {
		want := slices.Contains(wanted, q.key)
		switch {
		case want && q.text == "":
			m.mistake(q.key, "kind %s needs %s", m.metric.Kind, strings.Join(wanted, " and "))
		case !want && q.text != "":
			m.mistake(q.key, "kind %s has no %s, it has %s", m.metric.Kind, q.key, strings.Join(wanted, " and ")).
				try("kind: %s", kindWith(q.key))
		case want:
			m.query(q)
		}
	}
}

// kindWith returns the kind that has a key.
func kindWith(key string) analysis.MetricKind {
	for _, k := range []analysis.MetricKind{analysis.Ratio, analysis.Count} {
		for _, has := range needs(k) {
			if has == key {
				return k
			}
		}
	}
	return analysis.Gauge
}
