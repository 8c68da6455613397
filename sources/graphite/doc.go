// Package graphite reads metrics from Graphite's render API: graphite-web, and what
// speaks as it does (carbonapi, Metrictank, Grafana Cloud's Graphite). Its tests run
// against graphite-web 1.1.8 and carbon 1.1.7, and not against the others.
//
//	sources:
//	  graphite: {type: graphite, url: "http://graphite:8080"}
//	plans:
//	  - metrics:
//	      - {name: p99, source: graphite, query: 'shop.{{.Version}}.latency.p99'}
//	      - {name: errors, source: graphite, kind: count,
//	         query: 'summarize(sumSeries(shop.{{.Version}}.*.errors), "1min", "sum")'}
//
// A query is one target: one expression, with as many series as it matches.
//
// # Time
//
// Graphite keeps one value for each bucket of its retention, and labels it by the
// bucket's START: with a retention of 60s, what arrives from 12:00:00 to 12:00:59 is the
// value of 12:00:00. This source shifts: that value belongs to the step that ends at
// 12:01:00. Graphite's from is exclusive and its until inclusive, so (start, end] is
// asked for as from=start-1s, until=end-1s, and a little more before it: see place.go.
// Times are whole seconds. A bucket that ends after the window is not in the answer, nor
// is one that a function such as summarize has made of less than all its samples.
//
// The retention decides how far apart samples are, not the step. Where they are closer,
// consolidate says what becomes of several in one step: mean by default, which is wrong
// for counts: they want consolidate: sum, or summarize(..., "1min", "sum") in the query.
// Where they are further apart than the step, each stands in the step in which its
// bucket ends, the steps before it are missing, and Series.Rollup says so.
// maxDataPoints, with which Graphite would thin out an answer, is never sent.
//
// # What else to know
//
// A bucket without a value is null. There is no NaN: Graphite answers null for it.
//
// A name in a path must not hold dots, which separate its parts: dots become
// underscores ({{.Version}} is 1_4_2), as most clients of Graphite write them. With tags,
// seriesByTag('version={{.Version}}'), dots are as good as any character: dots: keep.
// Whatever else could mean something to Graphite becomes an underscore too.
//
// Labels of a series are its tags, and as target its name as Graphite prints it, aliases
// included, where the tags do not say the same. by: [target] makes segments of the
// series of a path with wildcards.
//
// Graphite answers a target that it cannot parse with nothing at all and status 200. So
// that this does not pass for silence, brackets and quotes are checked before, and a
// target without an answer is asked once more inside fallbackSeries(..., constantLine(0)).
//
// Functions whose values depend on where a window begins (integral, constantLine) make
// no sense here, because looks ask for what is new only; with them, fallbackSeries does
// not turn silence into zeros.
//
// A cluster of Graphites remembers for some minutes (FIND_CACHE_DURATION) which paths
// there are. A new version whose path is new, too, may be silent for as long.
//
// It imports analysis, config, sources/web and sources/answer. Start reading at source.go;
// the settings are in config.go.
package graphite
