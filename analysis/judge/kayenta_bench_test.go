package judge

import "testing"

// BenchmarkKayenta judges the 600 recorded runs, already decoded: the time that
// judging takes. Upstream's judge needs about 2,000 microseconds of CPU a metric.
func BenchmarkKayenta(b *testing.B) {
	var reqs []KayentaRequest
	metrics := 0
	for _, r := range kayentaRuns(b) {
		var req KayentaRequest
		decode(b, r.Input, &req)
		reqs = append(reqs, req)
		metrics += len(req.MetricSetPairList)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, req := range reqs {
			if _, err := Kayenta(req); err != nil {
				b.Fatal(err)
			}
		}
	}
	perMetric(b, metrics)
}

// BenchmarkKayentaLine does what `haldane judge` does: from a line of JSON to a
// line of JSON.
func BenchmarkKayentaLine(b *testing.B) {
	runs := kayentaRuns(b)
	metrics := 0
	for _, r := range runs {
		metrics += len(judgeRaw(b, r.Input).Results)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range runs {
			if _, err := Line(r.Input, LineOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	perMetric(b, metrics)
}

func perMetric(b *testing.B, metrics int) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(metrics), "us/metric")
}
