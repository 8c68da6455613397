// Package prometheus reads metrics from Prometheus and from what speaks its HTTP
// API: Thanos, Mimir, Cortex, VictoriaMetrics and others.
//
// A window (start, end] is asked for as a range query from start+step to end: one
// evaluation a step, each at the end of the step that it is about. Steps are whole
// milliseconds, because Prometheus counts in them; more than 11,000 of them go out
// as several requests. Values are what PromQL makes of them; a step without a
// sample stays missing, NaN and the infinities stay what they are, and an empty
// answer gives no series. What the server warns about (a partial answer) goes with
// the series; when such an answer is empty, one series without samples carries the
// warnings, so that it does not look like silence. Its infos are remarks on style,
// not on the answer, and go to the log at level debug.
//
// It imports analysis, config, web and answer. Start reading at source.go; the settings
// are in config.go, and what Prometheus's own errors mean is in errors.go.
package prometheus
