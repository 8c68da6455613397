// Package sources is the table of all kinds of sources: the eyes of Haldane, one
// folder a vendor. It imports config and the vendors' packages, which import
// analysis, config, and what is written once for all of them: web (reaching a server)
// and answer (putting samples onto the grid of a query); never each other. Start reading
// at sources.go, then at prometheus/source.go.
//
// # How to add one
//
// Three places, no more: a folder of its own, one line in Types, and the settings in
// config/reference.yaml. And a column of the table below.
//
// In the folder, prometheus being the model:
//
//   - config.go: the settings, with yaml and doc tags. config.SourceCommon is inlined,
//     and for a vendor over HTTP what fits of web.Login (headers, basic_auth,
//     bearer_token, oauth2) and web.Reach (tls, proxy_url, max_response). Keys and tokens
//     are of type config.Secret. New returns the defaults. Check finds what decoding
//     cannot, with web.Problems. Open begins with web.Usable, and does not reach out.
//   - source.go: the type Source, with compile-time guards for what it implements:
//     analysis.Source, and as many of analysis.BatchSource, Checker, Quoter and Linker as
//     the vendor allows.
//   - errors.go, when the vendor has errors of its own: what they mean.
//   - a test that calls sourcetest.Exercise with the vendor's protocol, errors included;
//     recorded answers in testdata; and the real server, where there is one to be had.
//
// A Fetch over HTTP has three steps, each of which is written already:
//
//  1. answer.New checks the window, the step and the rule for several series. Its unit is
//     how finely the server counts time. Parts cuts a long window into requests.
//  2. web.Client.Ask sends a request, in its turn, and again when that may help. What the
//     vendor adds is a function that reads the answer: Client.Decode for JSON,
//     Client.Fail with a web.Rule for an error inside an answer with status 200,
//     Client.Strange for what is not the vendor's. For other statuses web has a table;
//     Vendor.Words finds the server's own words, and may change what they mean. Limits
//     that are told in headers are seen by Vendor.After and kept by Vendor.Before.
//  3. Collector.Add places each series: labels and samples in order of time. Series gives
//     the answer, or the error.
//
// The rules that go wrong most easily:
//
//   - A window is (start, end], and sample i belongs to the step that ends at
//     start+(i+1)*step (analysis.Query). A vendor that labels buckets by their start is
//     shifted by its source, which passes the end of each bucket to Add.
//   - The server is asked for the step of the query. When it answers in longer ones all
//     the same, Collector.Rollup says so.
//   - Missing, null, NaN, infinite, empty and zero are six things. A null is added as a
//     Sample with Null set; what the server left out is left out.
//   - An error is never an empty answer, and an empty answer never an error.
//   - Words of the server are shown only through Client.Clean; Fail does it by itself.
//
// What a source must do is what Exercise checks. A case that the vendor's protocol cannot
// have is listed in Without, with the reason.
//
// # The sources
//
//	                      prometheus
//	no data looks like    no series, or series without samples; never an error
//	                      with warnings: one series without samples carries them
//	missing samples       left out by the server; there are no nulls
//	NaN, +Inf, -Inf       kept as they are; VictoriaMetrics has no NaN
//	units                 the query's own; times in milliseconds since 1970, UTC
//	step                  whole milliseconds; exactly as asked for
//	window                one evaluation at the end of each step; a server that
//	                      aligns ranges to the step makes a warning
//	several series        an error, or reduce
//	limits                11,000 steps a request (longer windows are split), 1,048,576
//	                      a window; max_response 16MiB; max_concurrent 20; timeout 20s
//	delay                 30s; VictoriaMetrics needs 1m
//	asked again           up to 3 tries, about 0.25 and 0.5 s apart, while the caller
//	                      has time: lost connections, timeouts, 408, 425, 499, 5xx,
//	                      cut-off answers; 429 when Retry-After fits into that time
//	not asked again       400, 401, 403, 404, 422 and other 4xx, redirects,
//	                      certificates, answers too large or not Prometheus's
//	                      datadog
//	no data looks like    no series; never an error. Nothing but nulls: one series
//	                      without samples counts them
//	missing samples       left out by the server, or nulls; events (logs, RUM, ...)
//	                      have no bucket where nothing happened
//	NaN, +Inf, -Inf       there are none; Datadog answers null
//	units                 the query's own; times in milliseconds (v1: from and to in
//	                      seconds) since 1970, UTC
//	step                  whole seconds; asked for as interval (v1: as .rollup in the
//	                      query); longer buckets are recorded as a roll-up
//	window                buckets from its start, included, to its end, excluded,
//	                      labelled by their start and shifted to their end; those that
//	                      are cut by the window are left out
//	several series        an error, or reduce; tags are labels
//	limits                1,500 steps a request (longer windows are split), 1,048,576 a
//	                      window; 50 queries a request; max_response 16MiB;
//	                      max_concurrent 5; timeout 30s; one budget for each API key,
//	                      steered by the X-RateLimit headers: looks are spaced out
//	delay                 2m
//	asked again           as prometheus, but for 429: that waits for its turn
//	not asked again       as prometheus; a query of a batch that is refused is found out
//	                      graphite
//	no data looks like    an empty list, or series of nulls; a target that Graphite has
//	                      dropped because it cannot read it looks the same, and is told
//	                      apart by a second question
//	missing samples       nulls, one for each bucket
//	NaN, +Inf, -Inf       NaN is null; the infinities are kept
//	units                 the query's own; times in whole seconds since 1970, UTC
//	step                  whole seconds; the retention decides: finer samples are
//	                      consolidated, coarser ones recorded as a roll-up
//	window                buckets, labelled by their start, that end in it; a bucket that
//	                      began before the window is asked for as a whole, one that ends
//	                      after it is left out
//	several series        an error, or reduce; tags are labels, and target is the name
//	limits                1,048,576 steps a window, in one request; 20 targets a request;
//	                      max_response 16MiB; max_concurrent 5; timeout 20s
//	delay                 1m
//	asked again           as prometheus; a batch of which one target is refused: each
//	                      alone; buckets longer than the step: once more, from earlier on
//	not asked again       as prometheus; 500 with an exception that a query has caused
//	                      (TypeError, ParseException, ...)
//	                      http
//	no data looks like    an empty list; nil; a number of now in a window of the past
//	missing samples       left out, or nil, which is a null; a field that is not there is
//	                      an error
//	NaN, +Inf, -Inf       float("NaN") and so on, and divisions by zero; kept as they are
//	units                 the API's own; times in s, ms, us or ns since 1970, or RFC 3339
//	step                  any, to the microsecond; several samples in one are consolidated
//	window                what lies in it; a number without a time belongs to its newest
//	                      step if that has just settled
//	several series        an error, or reduce; labels as the expression gives them
//	limits                1,048,576 steps a window, in one request; max_response 16MiB;
//	                      3,000,000 rounds of loops an expression; max_concurrent 5;
//	                      timeout 20s
//	delay                 10s; for numbers of now, that of the plan's slowest source
//	asked again           as prometheus; POST too
//	not asked again       as prometheus; answers that are errors by the error expression,
//	                      or that the expression does not fit
//	                      csv
//	no data looks like    no rows
//	missing samples       rows that are not there; an empty cell is a null
//	NaN, +Inf, -Inf       kept as they are
//	units                 the file's own; times in s, ms, us or ns since 1970, or RFC 3339
//	step                  any, to the microsecond; several samples in one are consolidated
//	window                rows whose time, and shift, lies in it
//	several series        an error, or reduce; columns with other cells than numbers are
//	                      labels
//	limits                64 MiB a file; 1,048,576 steps a window
//	delay                 10s
//	asked again           never; a file is read anew when it has changed
//	not asked again       all of it
package sources
