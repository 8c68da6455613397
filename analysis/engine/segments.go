package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// segments sorts the series of an answer by the labels that make a metric's segments.
// A label that a series does not have is empty in its segment's name.
func segments(m *analysis.Metric, series []analysis.Series, n int) (map[string]analysis.Values, *analysis.Error) {
	found := map[string]analysis.Values{}
	labels := map[string]map[string]string{}
	for _, s := range series {
		if len(s.Labels) == 0 && !slices.ContainsFunc(s.Values, func(v float64) bool { return !analysis.IsMissing(v) }) {
			continue // it only carries a warning
		}
		name := segmentName(m.By, s.Labels)
		if _, twice := found[name]; twice {
			return nil, analysis.Errorf(analysis.Invalid, "two series of segment %s: they differ in %s", name, strings.Join(differing(labels[name], s.Labels), ", ")).
				WithHint("an aggregation by (%s) in the query, or more labels in by", strings.Join(m.By, ", "))
		}
		if len(found) == m.Segments() {
			return nil, tooManySegments(m, len(series))
		}
		found[name], labels[name] = padded(slices.Clone(s.Values), n), s.Labels
	}
	return found, nil
}

func tooManySegments(m *analysis.Metric, n int) *analysis.Error {
	return analysis.Errorf(analysis.Invalid, "%d segments by %s, more than max_segments %d", n, strings.Join(m.By, ", "), m.Segments()).
		WithHint("fewer labels in by, topk or a filter in the query, or a larger max_segments")
}

// segmentName is how a segment is called everywhere: "region=eu-west device=ios".
func segmentName(by []string, labels map[string]string) string {
	words := make([]string, len(by))
	for i, name := range by {
		words[i] = name + "=" + labels[name]
	}
	return strings.Join(words, " ")
}

// differing names the labels that are not the same in two series.
func differing(a, b map[string]string) []string {
	names := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for name := range m {
			if a[name] != b[name] {
				names[name] = true
			}
		}
	}
	if len(names) == 0 {
		return []string{"nothing"}
	}
	return sortedKeys(names)
}

// segmentsOf lists the segments that the parts of one metric have, sorted. A metric
// without any has one, which is the whole.
func segmentsOf(m *analysis.Metric, parts []*part) ([]string, *analysis.Error) {
	if len(m.By) == 0 {
		return []string{""}, nil
	}
	names := map[string]bool{}
	for _, p := range parts {
		for name := range p.samples {
			names[name] = true
		}
	}
	switch {
	case len(names) == 0:
		return []string{""}, nil
	case len(names) > m.Segments():
		return []string{""}, tooManySegments(m, len(names))
	}
	return sortedKeys(names), nil
}

// pairUp makes the judge's pairs of a run's parts: one for each metric and segment.
func pairUp(plan *analysis.Plan, w analysis.Window, parts []*part) []analysis.Pair {
	var pairs []analysis.Pair
	for i := range plan.Metrics {
		m := &plan.Metrics[i]
		var own []*part
		for _, p := range parts {
			if p.metric.Name == m.Name {
				own = append(own, p)
			}
		}
		names, err := segmentsOf(m, own)
		for _, segment := range names {
			pair := analysis.Pair{Metric: m.Name, Segment: segment, Start: w.Start, Step: plan.Step.Std()}
			for _, p := range own {
				side := &pair.Canary
				if p.side == analysis.SideBaseline {
					side = &pair.Baseline
				}
				p.addTo(side, segment)
				if err != nil && side.Err == nil {
					side.Err = err
				}
			}
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

// addTo fills in one side of a pair from a part.
func (p *part) addTo(side *analysis.Samples, segment string) {
	values := padded(p.samples[segment], p.steps)
	if p.total {
		side.Totals, side.Total = values, p.query
	} else {
		side.Values, side.Query, side.Link = values, p.query, p.link
	}
	if side.Err == nil {
		side.Err = p.err
	}
	for _, w := range p.warned {
		if !slices.Contains(side.Warnings, w) {
			side.Warnings = append(side.Warnings, w)
		}
	}
}

// describe names a part in a sentence.
func (p *part) describe() string { return fmt.Sprintf("metric %s, %s", p.metric.Name, p.side) }
