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
// It imports analysis, config, web and answer. Start reading at source.go and range.go; the settings
// are in config.go, and what Prometheus's own errors mean is in errors.go.
//
// # Servers and their settings
//
// The sections below have examples of the same names in config/reference.yaml, and a test
// sends a query by each. Prometheus 2.42 and VictoriaMetrics 1.79 of Debian are run in
// the tests. The others are not run against: what stands here is from their
// documentation, and recorded or hand-made answers are in testdata.
//
// # Thanos
//
//	params: {dedup: "true", max_source_resolution: "0", partial_response: "false"}
//
// dedup makes one series of those of several replicas, where the querier knows their
// label (--query.replica-label); otherwise each replica is a series, which is an error
// without reduce, and counts twice with reduce: sum. max_source_resolution keeps roll-ups
// of five minutes and an hour out of the answer. partial_response says what happens when
// a store does not answer: with "false" the query fails, is asked again, and the look
// waits; with "true", which is what queriers do unless told otherwise, what is there is
// answered with a warning, and the finding carries that.
//
// Its query frontend may move ranges to whole steps (--query-range.align-range-with-step).
// Windows of runs start at whole steps, so nothing moves; others get a warning.
//
// # Mimir and Cortex
//
//	url: "https://mimir.example.com/prometheus"
//	headers: {X-Scope-OrgID: "shop"}
//
// The prefix is that of -http.prometheus-http-prefix. The header names the tenant, or
// several with a | between them where federation is on; without one the answer is 401
// "no org id".
//
// # VictoriaMetrics
//
//	url: "http://victoria-metrics:8428"                # a single node; /prometheus may follow
//	url: "http://vmselect:8481/select/0/prometheus"    # a cluster; 0 is the tenant
//	params: {nocache: "1"}
//	delay: 1m
//
// Without nocache, answers of 50 steps and more are moved to whole multiples of the step;
// with it, samples are of exactly the moments asked for. The delay has to be longer than
// its -search.latencyOffset (30s): at steps below a minute, what is newer is answered as
// a copy of the value before, which looks like data and is none.
//
// It leaves NaN out: 0/0 is a missing sample, not a NaN; the infinities are there. After
// a missed scrape it repeats the last value only as long as scrapes are usually apart,
// not five minutes as Prometheus does, and rate() and increase() also count from the
// sample before their window. All errors of queries have status 422, time-outs too; those
// are known by their words, and asked again.
//
// A cluster that lacks a vmstorage answers what it has, and says "isPartial": that
// becomes a warning. With deny_partial_response: "1" among the params it is an error.
//
// # Grafana Cloud
//
//	url: "https://prometheus-prod-01-eu-west-0.grafana.net/api/prom"
//	basic_auth: {username: "123456", password: "${env:GRAFANA_CLOUD_TOKEN}"}
//
// Address and user name, which is a number, stand on the page of the stack's Prometheus;
// the password is a token of an access policy with the scope metrics:read. It is a Mimir
// without the header.
//
// # Managed by Amazon and Google
//
// Amazon's wants requests signed by AWS Signature Version 4, which Haldane does not do:
// run aws-sigv4-proxy beside it, and give its address followed by /workspaces/ and the
// workspace's id as url.
//
// Google's takes bearer tokens of a service account, which last an hour. Either run the
// frontend of Google's prometheus-engine, which fetches them, and give its address as
// url. Or let something write a fresh one into a file in time, with
//
//	url: "https://monitoring.googleapis.com/v1/projects/my-project/location/global/prometheus"
//	bearer_token: "${file:/run/secrets/google-token}"
//
// The setting oauth2 does not help there: service accounts sign a request for a token
// where client credentials send a secret. Managed servers of others that do take client
// credentials (Azure Monitor) work with it, as the section managed shows.
package prometheus
