// Package sources is the table of all kinds of sources: the eyes of Haldane, one
// folder a vendor. It imports config and the vendors' packages, which import
// analysis and config and never each other. Start reading at sources.go, then at
// prometheus/source.go.
//
// # How to add one
//
// Three places, no more:
//
//  1. A folder of its own. config.go: the settings, with yaml and doc tags and
//     config.SourceCommon inlined; New with the defaults; Check for what decoding
//     cannot find; Open, which does not reach out. source.go: Fetch by the contract
//     of analysis.Source, and as many of analysis.BatchSource, Checker, Quoter and
//     Linker as the vendor allows, with compile-time guards. A test that calls
//     sourcetest.Exercise, and recorded answers in testdata.
//  2. One line in Types.
//  3. Its settings in config/reference.yaml.
//
// And a column of the table below. What a source must do is what Exercise checks;
// what a window is stands at analysis.Query: (start, end], sample i belongs to the
// step that ends at start+(i+1)*step. Vendors that label buckets by their start are
// shifted by their source, never by anybody else.
//
// # The sources
//
//	                      prometheus
//	no data looks like    no series, or series without samples; never an error
//	                      with warnings: one series without samples carries them
//	missing samples       left out by the server; there are no nulls
//	NaN, +Inf, -Inf       kept as they are
//	units                 the query's own; times in milliseconds since 1970, UTC
//	step                  whole milliseconds; exactly as asked for
//	window                one evaluation at the end of each step; a server that
//	                      aligns ranges to the step makes a warning
//	several series        an error, or reduce
//	limits                11,000 steps a request (longer windows are split), 1,048,576
//	                      a window; max_response 16MiB; max_concurrent 20; timeout 20s
//	delay                 30s
//	asked again           up to 3 tries, about 0.25 and 0.5 s apart, while the caller
//	                      has time: lost connections, timeouts, 408, 425, 499, 5xx,
//	                      cut-off answers; 429 when Retry-After fits into that time
//	not asked again       400, 401, 403, 404, 422 and other 4xx, redirects,
//	                      certificates, answers too large or not Prometheus's
package sources
