// Package httpjson (type http) reads numbers from any API that answers JSON: a synthetic
// probe, business metrics, the number of support tickets, feedback scores. A query says
// what to ask and, in the language of expr-lang.org, what to take from the answer:
//
//	PATH | EXPRESSION
//
// The host is that of the source's section and no other; the path goes below its url.
//
// # Three examples
//
// A probe that answers {"p99_ms": 212, "errors": 3, "checks": 400}. Its number is one of
// now, so each look takes it once, for the newest step:
//
//	sources:
//	  probe: {type: http, url: "https://probe.example.com", headers: {X-Api-Key: "${env:PROBE_KEY}"}}
//	metrics:
//	  - {name: p99, source: probe, query: '/checks/shop?version={{.Version}} | body.p99_ms'}
//	  - {name: failed, source: probe, kind: ratio, bad: '/checks/shop?version={{.Version}} | body.errors',
//	     total: '/checks/shop?version={{.Version}} | body.checks'}
//
// The queries of one look that ask the same go out as one request, so the two parts of
// the ratio are of the same moment.
//
// Orders by the minute, which answer {"points": [{"ts": 1714564860, "orders": 17}, ...]}:
//
//	sources:
//	  business: {type: http, url: "https://bi.example.com/api", consolidate: sum,
//	             params: {from: "${start}", to: "${end}"}}
//	metrics:
//	  - {name: orders, source: business, kind: count, direction: decrease,
//	     query: '/orders?app={{.Version}} | map(body.points, [.ts, .orders])'}
//
// Tickets of the last minutes, searched by POST; the query is YAML with path, body and
// value:
//
//	sources:
//	  desk: {type: http, url: "https://desk.example.com", bearer_token: "${env:DESK_TOKEN}"}
//	metrics:
//	  - name: tickets
//	    source: desk
//	    query: |
//	      path: /search
//	      body: '{"query": "app_version:{{.Version}}", "since": "${start_rfc3339}"}'
//	      value: len(filter(body.tickets, .priority == "high"))
//
// # What to ask
//
// Paths, bodies and params may hold ${start}, ${end} and ${step} (seconds since 1970),
// ${start_ms}, ${end_ms}, ${step_ms}, ${start_rfc3339} and ${end_rfc3339}: the window that
// is asked about, which is (start, end].
//
// Versions and variables are percent-encoded wherever they stand: in a path or a
// parameter the API decodes them; in texts of the expression ("{{.Version}}") and of the
// body this source does. So a name is never more than a text, and %41 in such a text is
// an A (%25 is a percent sign).
//
// # What to take
//
// An expression sees body (the JSON; its numbers are float64), status, headers and
// window.start, .end and .step. It gives one of these:
//
//   - a number, or nil: the value of now. It belongs to the newest step of a window that
//     has just settled, the steps before it stay missing, and in a window of the past
//     there is none. So a plan's step should be as long as the time between looks, and
//     the delay at least that of the plan's slowest source.
//   - a list of [time, number] or [time, number, {"label": ...}], a list of such lists, or
//     an object whose names are times: samples. Of several in one step, consolidate makes
//     one. A sample at 12:01:00 is of the step that ends then; where the API labels
//     intervals by their start: [.ts + 60, .orders].
//   - {value, time, labels} instead of one or of many of them; without a time it is of now.
//
// Times are seconds or milliseconds since 1970 (told apart by their size, or time_unit)
// or RFC 3339. nil is null, which is missing and never 0. A field that is not there is an
// error, so that a typing mistake is not silence; body?.field and ?? are for fields that
// may be absent. A text is no number; float("12") is one, float("NaN") too. Expressions
// have no access to anything else, and end after three million rounds of a loop.
//
// error and warning in the source's section are expressions for APIs that answer 200 and
// an error inside, or that say when their answer is incomplete.
//
// It imports analysis, config, sources/web and sources/answer. Start reading at source.go;
// the settings are in config.go, the forms of a query in query.go, those of a result in values.go.
package httpjson
