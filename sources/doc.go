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
package sources
