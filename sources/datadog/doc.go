// Package datadog reads metrics from Datadog, and whatever else its endpoint for time
// series knows: logs, spans, RUM, SLOs and more.
//
// # Queries
//
// A query is a metric query as Datadog's own pages show it,
//
//	p99:trace.http.request{service:checkout,version:{{.Version}}}
//
// or, when it begins with a brace, the API's own form in JSON or YAML: one query of any
// data source, or several with a formula:
//
//	{"data_source": "logs", "search": {"query": "service:checkout version:{{.Version}} status:error"},
//	 "compute": {"aggregation": "count"}}
//
//	{queries: [{name: bad, data_source: metrics, query: "sum:http.errors{version:{{.Version}}}.as_count()"},
//	           {name: all, data_source: metrics, query: "sum:http.hits{version:{{.Version}}}.as_count()"}],
//	 formula: "bad / all"}
//
// Counters want as_count(), in both parts of a ratio. Versions and other names go in as
// Datadog has stored them, see Quote. Silence is never 0: where no errors are logged the
// count of errors has no value, unless the formula says default_zero(...), and then it
// is 0 also when nobody sends logs any more.
//
// # Samples
//
// Datadog labels a bucket by its start, and begins buckets at whole multiples of their
// length since 1970, as the grid of runs does. The bucket of 12:00 is the step that ends
// at 12:01. A window (start, end] is asked for as from start, included, to end, excluded;
// what the answer holds besides, and what is not over at its end, is left out. Datadog
// answers up to 1,500 buckets of a series, so longer windows are cut. A roll-up that is
// longer than the step, of the query's own or of the server's choice, is recorded with
// the series: each value stands in the step in which its bucket ends.
//
// Nulls stay nulls. Datadog knows no NaN and keeps one value a second, so steps are
// whole seconds. Tags by which a query groups are labels: region:eu is region=eu, a tag
// without a value is an empty label, several values of one key stand side by side with
// commas between.
//
// # One budget
//
// Datadog limits how many requests an organisation makes. All runs, and all sections of
// the config with the same API key, share one budget, steered by the headers of every
// answer, see budget.go. The queries of a look that have the same window go out in one
// request. When little is left looks are spaced out: an error of kind limited says when
// to come back, and who does so is served in turn. One process knows nothing of another
// but by those headers.
//
// # Errors
//
// Datadog's errors stand in the body with any status, 200 included, at the top or
// inside: as a text, a list, or objects. 400 is about a query, and is found out without
// taking the other queries of its request down. 401 and 403 are keys and permissions;
// Check says which of the two it is. 429 waits. Lost connections and 5xx are tried again.
//
// It imports analysis, config, sources/web and sources/answer. Start reading at
// source.go, then at ask.go.
package datadog
