package engine_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// BenchmarkLook is one look at a run of five metrics that has 120 samples a side and gets
// one more, on SQLite, without the queue. Its parts: gather is what the store knows and the
// source answers, judge the judge, commit the rest. Each look is at a run of its own.
func BenchmarkLook(b *testing.B) {
	const step, hour = 30 * time.Second, time.Hour
	s, err := store.Open(b.Context(), store.Options{URL: storetest.SQLite(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	setup := func(delay time.Duration) *engine.Setup {
		return &engine.Setup{
			Hash: "h", Plans: fivePlans(b.N, step),
			Sources: map[string]engine.Source{"prom": {Source: cheap{}, Delay: delay}},
			Render: func(text string, d analysis.QueryData) (string, error) {
				return strings.NewReplacer("{{service}}", d.Service, "{{v}}", d.Version).Replace(text), nil
			},
		}
	}
	registry := prometheus.NewRegistry()
	e := engine.New(engine.Options{Store: s, Registerer: registry}, setup(2*step))
	runs := make([]string, b.N)
	began := time.Now().Add(-hour - 2*step)
	for i := range runs {
		r, _, err := e.Start(b.Context(), analysis.StartRequest{
			Plan: planName(i), Version: "2", BaselineVersion: "1", StartedAt: &began, Cause: analysis.Cause{Kind: "api", Who: "ci"},
		})
		if err == nil {
			err = e.Look(b.Context(), r.ID, 1)
		}
		if err != nil {
			b.Fatal(err)
		}
		runs[i] = r.ID
	}
	e.Use(setup(step)) // a sample more has settled
	before := sums(b, registry)
	b.ReportAllocs()
	b.ResetTimer()
	for _, id := range runs {
		if err := e.Look(b.Context(), id, 2); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	after := sums(b, registry)
	part := func(name string) float64 { return (after[name] - before[name]) * 1e6 / float64(b.N) }
	looked, judged := part("haldane_look_duration_seconds"), part("haldane_judge_duration_seconds")
	b.ReportMetric(looked-judged, "gather-us/op")
	b.ReportMetric(judged, "judge-us/op")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)-looked, "commit-us/op")
	if r, err := e.Run(b.Context(), runs[0]); err != nil || r.Progress.Looks != 2 || r.Progress.Samples < 120 || r.Status.Ended() {
		b.Fatalf("%d looks, %d samples, %s: %v", r.Progress.Looks, r.Progress.Samples, r.Status, err)
	}
}

func planName(i int) string { return fmt.Sprintf("service-%d", i) }

// fivePlans are plans of two ratios and three gauges, each of a service of its own.
func fivePlans(n int, step time.Duration) map[string]*analysis.Plan {
	metrics := make([]analysis.Metric, 5)
	for i := range metrics {
		m := analysis.Metric{
			Name: fmt.Sprintf("m%d", i), Source: "prom", Kind: analysis.Gauge, Query: fmt.Sprintf("latency %d of {{service}} {{v}}", i),
			Direction: analysis.Increase, Group: "g", Weight: 1, NoData: analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(time.Hour)},
		}
		if i < 2 {
			m.Kind, m.Query, m.Total = analysis.Ratio, strings.Replace(m.Query, "latency", "errors", 1), strings.Replace(m.Query, "latency", "requests", 1)
		}
		metrics[i] = m
	}
	plans := map[string]*analysis.Plan{}
	for i := range n {
		plans[planName(i)] = &analysis.Plan{
			Name: planName(i), Service: planName(i), Environment: "prod", Every: analysis.Duration(step), Step: analysis.Duration(step),
			Duration: analysis.Duration(5 * time.Hour), MinDuration: analysis.Duration(5 * time.Hour), Judge: analysis.JudgeSequential,
			FalseRollbackRate: 0.01, Baseline: analysis.Baseline{Kind: analysis.BaselineVersion}, Metrics: metrics,
			Score: analysis.Thresholds{Pass: 95, Marginal: 75}, Concurrency: analysis.Supersede,
			ReuseAfter: analysis.Duration(time.Hour), DeliverWithin: analysis.Duration(10 * time.Minute),
		}
	}
	return plans
}

// cheap is a source at no cost: numbers that depend on query and time alone.
type cheap struct{}

func (cheap) Fetch(_ context.Context, q analysis.Query) ([]analysis.Series, error) {
	h := fnv.New64a()
	h.Write([]byte(q.Text))
	seed := h.Sum64()
	return series(q, func(at time.Time) float64 {
		x := (seed ^ uint64(at.Unix())) * 0x9e3779b97f4a7c15
		noise := float64(x>>40) / (1 << 24) // even, from 0 to 1
		switch {
		case strings.HasPrefix(q.Text, "errors"):
			return float64(int(8 * noise))
		case strings.HasPrefix(q.Text, "requests"):
			return 2000 + float64(int(100*noise))
		}
		return 90 + 20*noise
	}), nil
}

// sums are those of all histograms.
func sums(b *testing.B, registry *prometheus.Registry) map[string]float64 {
	b.Helper()
	families, err := registry.Gather()
	if err != nil {
		b.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			all[f.GetName()] += m.GetHistogram().GetSampleSum()
		}
	}
	return all
}
