package config

import (
	"slices"
	"strings"
	"unicode"

	"github.com/haldane-dev/haldane/analysis"
)

// mostSegments bounds the work of a look: every segment is judged at each.
const mostSegments = 1000

// segments checks by and max_segments.
func (m *metricCheck) segments() {
	by := m.metric.By
	if len(by) == 0 {
		if m.doc.has(join(join(m.path, m.at), "max_segments")) {
			m.warn("max_segments", "has no effect without by").try("by: [region]")
		}
		return
	}
	if m.metric.Reduce != "" {
		m.mistake("reduce", "by keeps the series apart that reduce puts together").try("either by or reduce")
	}
	if n := m.metric.MaxSegments; n < 1 || n > mostSegments {
		m.mistake("max_segments", "must be at least 1 and at most %d", mostSegments)
	}
	usable := true
	for i, label := range by {
		at := index("by", i)
		switch {
		case !segmentLabel(label):
			m.mistake(at, "%q: not a usable label", label).try("a name without spaces and =, such as region")
		case slices.Contains(by[:i], label):
			m.mistake(at, "label %q stands there twice", label)
		default:
			continue
		}
		usable = false
	}
	if usable {
		m.mentioned()
	}
}

// segmentLabel reports whether a label can make segments: their names are
// "region=eu-west device=ios", for people and for pushed samples.
func segmentLabel(s string) bool {
	return s != "" && oneLine(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '=' })
}

// mentioned warns when a query in PromQL does not know a label: most often it
// aggregates the label away.
func (m *metricCheck) mentioned() {
	if !m.promQL(m.metric.Source) {
		return
	}
	for _, q := range m.file.asked() {
		for _, label := range m.metric.By {
			if q.text != "" && slices.Contains(needs(m.metric.Kind), q.key) && !strings.Contains(q.text, label) {
				m.warn(q.key, "does not mention the label %s that by names: its series may not have it", label).
					try("sum by (%s) (...)", strings.Join(m.metric.By, ", "))
			}
		}
	}
}

// promQL reports whether a source is one that is asked in PromQL.
func (l *loader) promQL(source string) bool {
	s, ok := l.config.Source(source)
	return ok && s.Type == "prometheus"
}

// pushed reports whether the metric's samples are sent to the API.
func (m *metricCheck) pushed() bool { return m.metric.Source == analysis.SourcePush }

// nothingAsked checks that a metric whose samples are sent has no queries.
func (m *metricCheck) nothingAsked() {
	for _, q := range m.file.asked() {
		if q.text != "" {
			m.mistake(q.key, "source %s takes no queries: its samples are sent to the API", analysis.SourcePush)
		}
	}
	if m.metric.Reduce != "" {
		m.warn("reduce", "has no effect: the source is %s", analysis.SourcePush)
	}
}
