package prometheus

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/VictoriaMetrics/metricsql"

	"github.com/haldane-dev/haldane/analysis"
)

var _ analysis.Splitter = (*Source)(nil)

// Split implements analysis.Splitter. The values of the label are asked from the server,
// by "group by (label)" over every vector selector of the queries. In sorted order they go
// to one half and the other by turns, and each selector gets a matcher more for those of
// its half, such as pod=~"a|c".
//
// Queries are parsed, so what comes back may be written differently: with more brackets,
// say. Quoted names of metrics and labels, and what PromQL has had since Prometheus 3, are
// refused.
func (s *Source) Split(ctx context.Context, qs []analysis.Query, label string) []analysis.Halves {
	out := make([]analysis.Halves, len(qs))
	parsed := make([]*selectors, len(qs))
	for i := range qs {
		if parsed[i], out[i].Err = s.parse(qs[i].Text, label); out[i].Err != nil {
			parsed[i] = nil
		}
	}
	values := map[string]bool{}
	for i, found := range s.values(ctx, qs, parsed, label) {
		if out[i].Err == nil {
			out[i].Err = found.err
		}
		if out[i].Err == nil {
			for _, v := range found.values {
				values[v] = true
			}
		}
	}
	half := len(values) / 2
	a, b := deal(values)
	for i := range out {
		switch {
		case out[i].Err != nil:
		case half == 0:
			out[i].Err = analysis.Errorf(analysis.NoData, "%s: fewer than two replicas by %s in this time: nothing to split", s.web.Who(), label)
		default:
			out[i] = analysis.Halves{A: parsed[i].narrowed(label, a), B: parsed[i].narrowed(label, b), Replicas: half}
		}
	}
	return out
}

// deal gives sorted values to two halves by turns. An odd one is left out, so that sums
// over a half can be compared.
func deal(values map[string]bool) (a, b []string) {
	sorted := slices.Sorted(maps.Keys(values))
	for i := 0; i+1 < len(sorted); i += 2 {
		a, b = append(a, sorted[i]), append(b, sorted[i+1])
	}
	return a, b
}

// selectors are the vector selectors of a query, in the query, and their matchers as
// they were written.
type selectors struct {
	query   metricsql.Expr
	found   []*metricsql.MetricExpr
	written [][][]metricsql.LabelFilter
}

var plainName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// parse finds the selectors of a query.
func (s *Source) parse(query, label string) (*selectors, error) {
	if !plainName.MatchString(label) || strings.Contains(label, ":") {
		return nil, analysis.Errorf(analysis.Invalid, "%s: %q is not the name of a label", s.web.Who(), label)
	}
	expr, err := metricsql.Parse(query)
	if err != nil {
		return nil, s.unsplit("it is not understood").Because(err)
	}
	p := &selectors{query: expr}
	quoted := false
	metricsql.VisitAll(expr, func(e metricsql.Expr) {
		if m, ok := e.(*metricsql.MetricExpr); ok {
			p.found = append(p.found, m)
			p.written = append(p.written, m.LabelFilterss)
			quoted = quoted || slices.ContainsFunc(slices.Concat(m.LabelFilterss...), hasQuotedName)
		}
	})
	switch {
	case quoted:
		return nil, s.unsplit("it has names in quotes")
	case len(p.found) == 0:
		return nil, s.unsplit("it selects no series")
	}
	return p, nil
}

func (s *Source) unsplit(why string) *analysis.Error {
	return analysis.Errorf(analysis.Invalid, "%s: the query cannot be split: %s", s.web.Who(), why).
		WithHint("adjacent windows: --aa without --split")
}

// hasQuotedName reports whether a matcher names what needs quotes, which get lost when
// the query is written anew.
func hasQuotedName(f metricsql.LabelFilter) bool {
	ofMetric := f.Label == "__name__" && !f.IsRegexp && !f.IsNegative
	return !plainName.MatchString(f.Label) || ofMetric && !plainName.MatchString(f.Value)
}

// narrowed is the query with a matcher more in every selector.
func (p *selectors) narrowed(label string, values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	only := metricsql.LabelFilter{Label: label, Value: strings.Join(quoted, "|"), IsRegexp: true}
	for i, m := range p.found {
		m.LabelFilterss = nil
		for _, filters := range p.written[i] {
			m.LabelFilterss = append(m.LabelFilterss, append(slices.Clone(filters), only))
		}
	}
	return string(p.query.AppendString(nil))
}

// replicas are the values of the label behind one query.
type replicas struct {
	values []string
	err    error
}

// values asks for those behind each query; a selector that several have is asked once.
func (s *Source) values(ctx context.Context, qs []analysis.Query, parsed []*selectors, label string) []replicas {
	type question struct {
		text   string
		window analysis.Window
	}
	answers := map[question]*replicas{}
	of := func(i int, m *metricsql.MetricExpr) question {
		return question{fmt.Sprintf("group by (%s) (%s)", label, m.AppendString(nil)), qs[i].Window}
	}
	var asking sync.WaitGroup
	for i, p := range parsed {
		if p == nil {
			continue
		}
		for _, m := range p.found {
			k := of(i, m)
			if answers[k] != nil {
				continue
			}
			r := &replicas{}
			answers[k] = r
			q := analysis.Query{Text: k.text, Window: k.window, Step: qs[i].Step, Reduce: analysis.ReduceAll}
			asking.Go(func() { r.values, r.err = s.labelled(ctx, q, label) })
		}
	}
	asking.Wait()
	out := make([]replicas, len(qs))
	for i, p := range parsed {
		if p == nil {
			continue
		}
		for _, m := range p.found {
			r := answers[of(i, m)]
			out[i].values = append(out[i].values, r.values...)
			if out[i].err == nil {
				out[i].err = r.err
			}
		}
	}
	return out
}

// labelled asks which values a label has in the answer to a query.
func (s *Source) labelled(ctx context.Context, q analysis.Query, label string) ([]string, error) {
	series, err := s.Fetch(ctx, q)
	if err != nil {
		return nil, err
	}
	var values []string
	bare := false
	for _, one := range series {
		seen := slices.ContainsFunc(one.Values, analysis.IsFinite) // else it only carries a warning
		if v := one.Labels[label]; v != "" {
			values = append(values, v)
		} else {
			bare = bare || seen
		}
	}
	if bare && len(values) == 0 {
		return nil, analysis.Errorf(analysis.Invalid, "%s: the series of the query have no label %s", s.web.Who(), label).
			WithHint("the label by which your scrapes tell replicas apart: pod or instance")
	}
	return values, nil
}
