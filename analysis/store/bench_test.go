package store_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// BenchmarkLooks is what the database and the queue take for a look that leads to the
// next one: a job is fetched, the run is read, the look is recorded.
func BenchmarkLooks(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) { benchmarkLooks(b, url(b)) })
	}
}

func benchmarkLooks(b *testing.B, url string) {
	s, err := store.Open(b.Context(), store.Options{URL: url})
	if err != nil {
		b.Fatal(err)
	}
	verdict := analysis.Verdict{Outcome: analysis.OutcomeContinue, Reason: "no decision yet"}
	var fetched []store.Chunk
	for range 5 {
		verdict.Findings = append(verdict.Findings, analysis.Finding{
			Metric: "latency", Class: analysis.ClassPass, Reason: strings.Repeat("seen ", 40),
			Queries: &analysis.Queries{Canary: strings.Repeat("q", 120), Baseline: strings.Repeat("q", 120)},
		})
		for _, side := range []string{analysis.SideCanary, analysis.SideBaseline} {
			fetched = append(fetched, store.Chunk{Metric: "latency", Side: side, Part: "value", Values: analysis.Values{1.25}})
		}
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	over := make(chan struct{})
	once := sync.OnceFunc(func() { close(over) })
	look := func(ctx context.Context, id string, number int) error {
		r, err := s.Run(ctx, id)
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		return s.Write(ctx, func(tx *store.Tx) error {
			r, err := tx.FenceRun(ctx, r.ID, r.Rev)
			if err != nil {
				return err
			}
			if _, err := tx.InsertLook(ctx, r.ID, &analysis.Look{Number: number, DueAt: now, At: now, Verdict: verdict}, fetched); err != nil {
				return err
			}
			r.NextLook, r.NextLookAt = number+1, now
			if left.Add(-1) <= 0 {
				tx.AfterCommit(once)
				r.NextLookAt = time.Time{}
				return tx.UpdateRun(ctx, &r)
			}
			if r.JobID, err = tx.EnqueueLook(ctx, r.ID, r.NextLook, now); err != nil {
				return err
			}
			return tx.UpdateRun(ctx, &r)
		})
	}
	for range 200 {
		r := sampleRun()
		r.Key = r.ID
		if err := s.Write(b.Context(), func(tx *store.Tx) (err error) {
			if _, err := tx.InsertRun(b.Context(), r); err != nil {
				return err
			}
			_, err = tx.EnqueueLook(b.Context(), r.ID, 1, time.Time{})
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	if err := s.Serve(b.Context(), store.Work{Look: look}); err != nil {
		b.Fatal(err)
	}
	<-over
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "looks/s")
	if err := s.Stop(b.Context()); err != nil {
		b.Error(err)
	}
	_ = s.Close()
}
