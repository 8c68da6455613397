package datadog

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// form is the text of a query as the API wants it: queries with names, and a formula of
// those names.
type form struct {
	queries []query
	formula string
	rollup  time.Duration // of its own, when that is longer than the step
}

// query is one of a form's: a metric query, or any other data source's fields.
type query struct {
	name   string
	fields map[string]any
}

// dataSource says what a query reads: metrics, logs, spans, ...
func (q query) dataSource() string { s, _ := q.fields["data_source"].(string); return s }

// text is a metric query's own text.
func (q query) text() string { s, _ := q.fields["query"].(string); return s }

const metrics = "metrics"

// parse understands the text of a query: a metric query as Datadog's pages show it, or,
// when it begins with {, the API's own form in JSON or YAML.
func parse(text string, step time.Duration) (form, *analysis.Error) {
	f := form{}
	var err *analysis.Error
	switch text = strings.TrimSpace(text); {
	case text == "":
		return form{}, analysis.Errorf(analysis.Invalid, "the query is empty").WithHint("avg:system.cpu.user{version:{{.Version}}}")
	case strings.HasPrefix(text, "{"):
		f, err = parseObject(text)
	default:
		f = form{queries: []query{{"a", map[string]any{"data_source": metrics, "query": text}}}, formula: "a"}
	}
	if err != nil {
		return form{}, err
	}
	for _, q := range f.queries {
		for _, own := range q.rollups() {
			if own < step {
				return form{}, analysis.Errorf(analysis.Invalid, "the query's own roll-up of %s is shorter than the step of %s",
					analysis.Duration(own), analysis.Duration(step)).WithHint("without it: Datadog is asked for the step")
			}
			if own > step {
				f.rollup = max(f.rollup, own)
			}
		}
	}
	return f, nil
}

// rollups are the lengths of time that the query itself asks for.
func (q query) rollups() []time.Duration {
	if q.text() != "" {
		return ownRollups(q.text())
	}
	compute, _ := q.fields["compute"].(map[string]any)
	switch ms := compute["interval"].(type) {
	case json.Number:
		if n, err := ms.Int64(); err == nil {
			return []time.Duration{time.Duration(n) * time.Millisecond}
		}
	case int:
		return []time.Duration{time.Duration(ms) * time.Millisecond}
	}
	return nil
}

const shapes = `{"data_source": "logs", "search": {"query": "..."}, "compute": {"aggregation": "count"}}, or {"queries": [{"name": "a", ...}, ...], "formula": "a / b"}`

// parseObject understands the API's own form.
func parseObject(text string) (form, *analysis.Error) {
	object, err := decode(text)
	if err != nil {
		return form{}, err
	}
	_, single := object["data_source"]
	list, several := object["queries"].([]any)
	switch {
	case single && object["queries"] == nil && object["formula"] == nil:
		q, err := parseQuery(object, "a")
		return form{queries: []query{q}, formula: "a"}, err
	case !single && several && len(list) > 0:
		return parseFormula(object, list)
	case object["formulas"] != nil:
		return form{}, wrong(`"formulas": a metric has one`).WithHint(`"formula": "a / b"`)
	}
	return form{}, wrong("it has neither a data_source nor queries").WithHint("%s", shapes)
}

// parseQuery wants what every query has. What else there must be depends on the data
// source, and Datadog says it best.
func parseQuery(fields map[string]any, name string) (query, *analysis.Error) {
	q := query{name, fields}
	switch {
	case q.dataSource() == "":
		return query{}, wrong("query %s: no data_source", name).WithHint(`"data_source": "metrics"`)
	case q.dataSource() == metrics && q.text() == "":
		return query{}, wrong("query %s: no query", name).WithHint(`"query": "avg:system.cpu.user{*}"`)
	}
	return q, nil
}

func wrong(format string, args ...any) *analysis.Error {
	e := analysis.Errorf(analysis.Invalid, format, args...)
	e.Message = "the query is not understood: " + e.Message
	return e
}
