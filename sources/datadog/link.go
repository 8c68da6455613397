package datadog

import (
	"net/url"
	"regexp"
	"strconv"

	"github.com/haldane-dev/haldane/analysis"
)

// explorer is a page that shows what a data source holds, with the names that its
// parameters for the window have.
type explorer struct{ path, from, to string }

// explorerOf returns the page of a data source. Metrics have theirs, see Link.
func explorerOf(dataSource string) (explorer, bool) {
	switch dataSource {
	case "logs":
		return explorer{"logs", "from_ts", "to_ts"}, true
	case "rum":
		return explorer{"rum/sessions", "from_ts", "to_ts"}, true
	case "spans":
		return explorer{"apm/traces", "start", "end"}, true
	}
	return explorer{}, false
}

// simple is a metric query that the metric explorer can show: aggregation, metric, scope
// and group.
var simple = regexp.MustCompile(`(?:([a-z0-9]+):)?([A-Za-z][A-Za-z0-9_.]*)\{([^{}]*)\}(?:\s*by\s*\{([^{}]*)\})?`)

// Link implements analysis.Linker: the explorer of what the query reads, over the
// window. Of a formula it shows the first query. The metric explorer knows aggregation,
// metric, scope and group only; the whole text stands in the parameter q, which it
// ignores.
func (s *Source) Link(q analysis.Query) string {
	f, err := parse(q.Text, q.Step)
	if s.page == nil || err != nil {
		return ""
	}
	from, to := strconv.FormatInt(q.Window.Start.UnixMilli(), 10), strconv.FormatInt(q.Window.End.UnixMilli(), 10)
	first := f.queries[0]
	if e, ok := explorerOf(first.dataSource()); ok {
		return s.below(e.path, url.Values{"query": {first.search()}, e.from: {from}, e.to: {to}, "live": {"false"}})
	}
	m := simple.FindStringSubmatch(first.text())
	if first.dataSource() != metrics || m == nil {
		return ""
	}
	v := url.Values{"exp_metric": {m[2]}, "exp_row_type": {"metric"}, "from_ts": {from}, "to_ts": {to}, "live": {"false"}, "q": {q.Text}}
	for name, value := range map[string]string{"exp_agg": m[1], "exp_scope": m[3], "exp_group": m[4]} {
		if value != "" && value != "*" {
			v.Set(name, value)
		}
	}
	return s.below("metric/explorer", v)
}

// search is the text by which a query of events finds them.
func (q query) search() string {
	search, _ := q.fields["search"].(map[string]any)
	text, _ := search["query"].(string)
	return text
}

func (s *Source) below(path string, v url.Values) string {
	page := s.page.JoinPath(path)
	page.RawQuery = v.Encode()
	return page.String()
}
