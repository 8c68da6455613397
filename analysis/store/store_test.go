package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func sampleRun() *analysis.Run {
	return &analysis.Run{
		ID: newID(), Plan: "p", Service: "s", Environment: "prod", Key: "k", Attempt: 1, Version: "2", BaselineVersion: "1",
		ReleaseID: "r1", Variables: map[string]string{"a": "b"}, Subject: analysis.Subject{Kind: "version"},
		CreatedAt: epoch, StartedAt: epoch, EndsAt: epoch.Add(time.Hour), JudgedUntil: epoch, Status: analysis.StatusRunning,
		Cause: analysis.Cause{Kind: "api", Who: "ci"}, Rollback: analysis.Rollback{State: analysis.RollbackNone},
		Verification: analysis.Verification{State: "none"},
		Snapshot:     analysis.Plan{Name: "p", Every: analysis.Duration(time.Minute), Groups: analysis.Weights{"g": 1}},
		NextLook:     1, NextLookAt: epoch.Add(time.Minute), BodyHash: "h",
	}
}

func insert(t *testing.T, s *store.Store, r *analysis.Run) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		ok, err := tx.InsertRun(t.Context(), r)
		if err == nil && !ok {
			err = errors.New("exists")
		}
		return err
	})
}

func write(t *testing.T, s *store.Store, do func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func TestRunComesBackAsItWas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		insert(t, s, r)
		got, err := s.Run(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, *r) {
			t.Errorf("got\n%+v\nwant\n%+v", got, *r)
		}
		fail, score, at := analysis.OutcomeFail, 12.5, epoch.Add(time.Minute)
		write(t, s, func(tx *store.Tx) error {
			locked, err := tx.FenceRun(t.Context(), r.ID, 1)
			if err != nil {
				return err
			}
			locked.Status, locked.Outcome, locked.Score, locked.FinishedAt = analysis.StatusFinished, &fail, &score, &at
			locked.Reason, locked.NextLookAt, locked.Progress.Fraction = "because", time.Time{}, 1
			locked.Rollback = analysis.Rollback{State: analysis.RollbackSending, From: "2", To: "1"}
			locked.Times = locked.Took()
			*r = locked
			return tx.UpdateRun(t.Context(), &locked)
		})
		if got, err = s.Run(t.Context(), r.ID); err != nil || !reflect.DeepEqual(got, *r) {
			t.Errorf("got\n%+v, %v\nwant\n%+v", got, err, *r)
		}
	})
}

func TestFenceLetsOneThrough(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		insert(t, s, r)
		var wg sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			wg.Go(func() {
				results[i] = s.Write(t.Context(), func(tx *store.Tx) error {
					locked, err := tx.FenceRun(t.Context(), r.ID, r.Rev)
					if err != nil {
						return err
					}
					return tx.UpdateRun(t.Context(), &locked)
				})
			})
		}
		wg.Wait()
		through := 0
		for _, err := range results {
			switch {
			case err == nil:
				through++
			case !errors.Is(err, analysis.Conflict):
				t.Errorf("got %v, want a conflict", err)
			}
		}
		if through != 1 {
			t.Errorf("%d commits went through with the same revision", through)
		}
	})
}

func TestErrorRollsEverythingBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		no := errors.New("no")
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.InsertRun(t.Context(), r); err != nil {
				return err
			}
			if _, err := tx.EnqueueLook(t.Context(), r.ID, 1, time.Time{}); err != nil {
				return err
			}
			return no
		})
		if !errors.Is(err, no) {
			t.Fatalf("got %v", err)
		}
		if _, err := s.Run(t.Context(), r.ID); !errors.Is(err, analysis.NotFound) {
			t.Errorf("the run is there: %v", err)
		}
	})
}

func TestKeyAndLookAreUnique(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		insert(t, s, r)
		twin := *r
		twin.ID = newID()
		write(t, s, func(tx *store.Tx) error {
			if ok, err := tx.InsertRun(t.Context(), &twin); ok || err != nil {
				t.Errorf("second run of a key: %v, %v", ok, err)
			}
			l := analysis.Look{Number: 1, DueAt: epoch, At: epoch, Verdict: analysis.Verdict{Outcome: analysis.OutcomeContinue}}
			for i, want := range []bool{true, false} {
				if ok, err := tx.InsertLook(t.Context(), r.ID, &l, nil); ok != want || err != nil {
					t.Errorf("look %d: %v, %v", i, ok, err)
				}
			}
			return nil
		})
	})
}

func TestSamplesKeepWhatIsNoNumber(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		insert(t, s, r)
		in := store.Chunk{Metric: "m", Side: "canary", Part: "value", First: 3, Values: analysis.Values{1.5, analysis.Missing(), math.NaN(), math.Inf(1), math.Inf(-1), 0}, Warnings: []string{"partial"}}
		write(t, s, func(tx *store.Tx) error {
			_, err := tx.InsertLook(t.Context(), r.ID, &analysis.Look{Number: 1}, []store.Chunk{in})
			return err
		})
		got, err := s.Samples(t.Context(), r.ID, 0, 100)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		for i, want := range in.Values {
			v := got[0].Values[i]
			if analysis.IsMissing(v) != analysis.IsMissing(want) || v != want && !(math.IsNaN(v) && math.IsNaN(want)) {
				t.Errorf("sample %d: got %v, want %v", i, v, want)
			}
		}
		got[0].Values, in.Values = nil, nil
		if !reflect.DeepEqual(got[0], in) {
			t.Errorf("got %+v, want %+v", got[0], in)
		}
	})
}

func TestPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		var want []string
		for i := range 7 {
			r := sampleRun()
			r.Attempt = i + 1
			insert(t, s, r)
			want = append([]string{r.ID}, want...)
		}
		var got []string
		f := analysis.RunFilter{Service: "s", Status: analysis.StatusRunning, Limit: 3}
		for {
			page, next, err := s.Runs(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page {
				got = append(got, r.ID)
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestQueueWorksJobsAndGivesThemBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), store.Options{URL: url, Poll: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		r := sampleRun()
		insert(t, s, r)
		write(t, s, func(tx *store.Tx) error {
			locked, err := tx.LockRun(t.Context(), r.ID)
			if err != nil {
				return err
			}
			locked.NextLookAt = time.Now().Add(50 * time.Millisecond)
			locked.JobID, err = tx.EnqueueLook(t.Context(), r.ID, 1, locked.NextLookAt)
			if err != nil {
				return err
			}
			return tx.UpdateRun(t.Context(), &locked)
		})
		if stuck, err := s.StuckRuns(t.Context(), epoch); err != nil || len(stuck) != 0 {
			t.Errorf("a run with a job is overdue: %v, %v", stuck, err)
		}
		tried := make(chan string, 4)
		times := 0
		work := store.Work{Look: func(_ context.Context, run string, n int) error {
			times++
			tried <- fmt.Sprint(run, " ", n)
			if times == 1 {
				return analysis.Errorf(analysis.Unavailable, "not now")
			}
			return nil
		}}
		if err := s.Serve(t.Context(), work); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, want := <-tried, r.ID+" 1"; got != want {
				t.Errorf("worked %s, not %s", got, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
		if stuck, err := s.StuckRuns(t.Context(), epoch); err != nil || len(stuck) != 1 {
			t.Errorf("a running run whose job is done must be overdue: %v, %v", stuck, err)
		}
	})
}

func TestNoiseOfGoodRunsIsLearnt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		var ids []string
		for i := range 4 {
			r := sampleRun()
			r.Key = r.ID
			outcome := analysis.OutcomePass
			if i == 2 {
				outcome = analysis.OutcomeFail
			}
			r.Status, r.Outcome, r.Rollback.State = analysis.StatusFinished, &outcome, analysis.RollbackNone
			insert(t, s, r)
			noise := []analysis.Noise{{Metric: "m", Samples: 10 * (i + 1), SD: 0.5, Correlations: []float64{0.25}}}
			write(t, s, func(tx *store.Tx) error { return tx.Learn(t.Context(), r.ID, "these queries", noise) })
			ids = append(ids, r.ID)
		}
		var got [][]analysis.Noise
		write(t, s, func(tx *store.Tx) (err error) {
			got, err = tx.Learnt(t.Context(), "these queries", 2)
			return err
		})
		if len(got) != 2 || got[0][0].Samples != 20 || got[1][0].Samples != 40 || got[1][0].Correlations[0] != 0.25 {
			t.Errorf("got %+v, want those of the last two good runs, oldest first", got)
		}
		write(t, s, func(tx *store.Tx) (err error) {
			if got, err = tx.Learnt(t.Context(), "others", 2); len(got) > 0 {
				t.Errorf("another question knows %+v", got)
			}
			return err
		})

		if known, err := s.Known(t.Context(), ids[3]); err != nil || known != nil {
			t.Errorf("before it knows anything: %+v, %v", known, err)
		}
		want := []analysis.Noise{{Metric: "m", Samples: 60}}
		write(t, s, func(tx *store.Tx) error { return tx.Know(t.Context(), ids[3], "these queries", want) })
		if known, err := s.Known(t.Context(), ids[3]); err != nil || !reflect.DeepEqual(known, want) {
			t.Errorf("known %+v, %v, want %+v", known, err, want)
		}
	})
}

func TestEventsStayInOrderWhenTheClockIsSetBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		insert(t, s, r)
		write(t, s, func(tx *store.Tx) error {
			for i, id := range []string{"c", "b", "a"} {
				e := analysis.Event{ID: id, RunID: r.ID, At: epoch.Add(-time.Duration(i) * time.Hour), Type: analysis.EventRunStarted, Text: fmt.Sprint(i)}
				if err := tx.InsertEvent(t.Context(), &e); err != nil {
					return err
				}
			}
			return nil
		})
		es, err := s.Events(t.Context(), r.ID)
		if err != nil || len(es) != 3 {
			t.Fatal(es, err)
		}
		for i, e := range es {
			if e.Text != fmt.Sprint(i) || i > 0 && !e.At.After(es[i-1].At) {
				t.Errorf("event %d is %s, at %s", i, e.Text, e.At)
			}
		}
	})
}
