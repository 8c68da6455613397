package store_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// ended adds a run that passed an hour after the epoch, with so many looks.
func ended(t *testing.T, s *store.Store, key string, looks int) *analysis.Run {
	t.Helper()
	r := sampleRun()
	r.Key = key
	insert(t, s, r)
	write(t, s, func(tx *store.Tx) error {
		for n := range looks {
			if err := lookAt(t.Context(), tx, r.ID, n+1); err != nil {
				return err
			}
		}
		total := 2.0
		for i := range 20 {
			p := &analysis.PushedSample{Metric: "smoke", Side: "canary", Time: epoch.Add(time.Duration(i) * time.Second), Value: 1, Total: &total}
			if _, err := tx.Push(t.Context(), r.ID, p, r.Cause); err != nil {
				return err
			}
		}
		if err := tx.Know(t.Context(), r.ID, "about", []analysis.Noise{{Metric: "errors"}}); err != nil {
			return err
		}
		if err := tx.Learn(t.Context(), r.ID, "about", []analysis.Noise{{Metric: "errors"}}); err != nil {
			return err
		}
		locked, err := tx.LockRun(t.Context(), r.ID)
		if err != nil {
			return err
		}
		pass, at := analysis.OutcomePass, epoch.Add(time.Hour)
		locked.Status, locked.Outcome, locked.FinishedAt, locked.NextLookAt = analysis.StatusFinished, &pass, &at, time.Time{}
		*r = locked
		return tx.UpdateRun(t.Context(), &locked)
	})
	return r
}

// withEvidence lists the runs that ended before a time and have their evidence.
func withEvidence(t *testing.T, s *store.Store, before time.Time) []string {
	t.Helper()
	ids, err := s.WithEvidence(t.Context(), before, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestReplicasDeleteTogether lets several delete the same evidence at once, in batches
// that are smaller than a run has rows.
func TestReplicasDeleteTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		for i := range 6 {
			ended(t, s, strconv.Itoa(i), 12)
		}
		running := sampleRun()
		running.Key = "running"
		insert(t, s, running)
		before := epoch.Add(2 * time.Hour)
		ids := withEvidence(t, s, before)
		if len(ids) != 6 || len(withEvidence(t, s, epoch.Add(time.Hour))) != 0 {
			t.Fatalf("runs with evidence: %v", ids)
		}
		now := epoch.Add(100 * 24 * time.Hour)
		var marked atomic.Int64
		var done sync.WaitGroup
		for range 3 {
			done.Go(func() {
				for _, id := range ids {
					for how := store.DeletedSome; how == store.DeletedSome; {
						err := s.Write(t.Context(), func(tx *store.Tx) (err error) {
							how, err = tx.DeleteEvidence(t.Context(), id, now, 15)
							return err
						})
						if err != nil {
							t.Error(err)
							return
						}
						if how == store.DeletedAll {
							marked.Add(1)
						}
					}
				}
			})
		}
		done.Wait()
		if n := marked.Load(); n != 6 {
			t.Errorf("%d runs were marked, want 6, each once", n)
		}
		if left := withEvidence(t, s, before); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		for _, id := range ids {
			r, err := s.Run(t.Context(), id)
			if err != nil || r.EvidenceDeletedAt == nil || !r.EvidenceDeletedAt.Equal(now) || r.Progress.Looks != 12 {
				t.Errorf("%+v %v", r, err)
			}
			looks, _ := s.Looks(t.Context(), id)
			chunks, _ := s.Samples(t.Context(), id, 0, 1000000)
			pushed, _ := s.Pushed(t.Context(), id)
			known, err := s.Known(t.Context(), id)
			if len(looks)+len(chunks)+len(pushed)+len(known) > 0 || err != nil {
				t.Errorf("left: %d looks, %d samples, %d pushed, %d known, %v", len(looks), len(chunks), len(pushed), len(known), err)
			}
		}
	})
}

func TestNoiseIsKeptWhileItIsUsed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		var last *analysis.Run
		for i := range 60 {
			last = ended(t, s, strconv.Itoa(i), 0)
		}
		learnt := func() (n int) {
			write(t, s, func(tx *store.Tx) error {
				all, err := tx.Learnt(t.Context(), "about", 1000)
				n = len(all)
				return err
			})
			return n
		}
		if n := learnt(); n != 60 {
			t.Fatalf("%d runs taught something", n)
		}
		write(t, s, func(tx *store.Tx) error {
			how, err := tx.DeleteEvidence(t.Context(), last.ID, epoch, 1000)
			if how != store.DeletedAll {
				t.Errorf("deleted %s", how)
			}
			return err
		})
		if n := learnt(); n != 50 {
			t.Errorf("the noise of %d runs is kept, want that of the newest 50", n)
		}
	})
}

func TestNoticesGoWhenNobodyTellsThem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := ended(t, s, "k", 1)
		told := map[analysis.DeliveryState]string{}
		write(t, s, func(tx *store.Tx) error {
			for _, state := range []analysis.DeliveryState{analysis.DeliveryDone, analysis.DeliveryPending, analysis.DeliveryHeld, analysis.DeliveryFollowing} {
				ev := analysis.Event{ID: newID(), RunID: r.ID, At: epoch, Type: analysis.EventRunPassed, Text: "passed", Notice: &analysis.Notice{Reason: "passed"}}
				d := analysis.Delivery{ID: newID(), RunID: r.ID, EventID: ev.ID, Step: "0/x", Action: "x", State: state, CreatedAt: epoch, ExpiresAt: epoch}
				told[state] = d.ID
				if err := tx.InsertEvent(t.Context(), &ev); err != nil {
					return err
				}
				if _, err := tx.InsertDelivery(t.Context(), &d); err != nil {
					return err
				}
			}
			return nil
		})
		clear := func(before time.Time, want int) {
			t.Helper()
			write(t, s, func(tx *store.Tx) error {
				n, err := tx.DeleteNotices(t.Context(), before, 10)
				if n != want {
					t.Errorf("%d notices were deleted, want %d", n, want)
				}
				return err
			})
		}
		clear(epoch, 0)
		clear(epoch.Add(time.Hour), 1)
		clear(epoch.Add(time.Hour), 0)
		for state, id := range told {
			write(t, s, func(tx *store.Tx) error {
				d, err := tx.LockDelivery(t.Context(), id)
				if (d.Event.Notice != nil) != state.Open() || d.Event.Text != "passed" {
					t.Errorf("%s: %+v", state, d.Event)
				}
				return err
			})
		}
	})
}

func TestThinnedLooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := ended(t, s, "k", 30)
		long := func() []store.LongRun {
			t.Helper()
			all, err := s.LongRuns(t.Context(), 10, epoch)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if got := long(); len(got) != 1 || got[0] != (store.LongRun{ID: r.ID, Looks: 30}) {
			t.Fatalf("long runs %+v", got)
		}
		if none, err := s.LongRuns(t.Context(), 10, epoch.Add(2*time.Hour)); err != nil || len(none) > 0 {
			t.Errorf("ended long ago: %v %v", none, err)
		}
		write(t, s, func(tx *store.Tx) error { return tx.ThinLooks(t.Context(), r.ID, []int{3, 4, 6}, 6) })
		write(t, s, func(tx *store.Tx) error { return tx.ThinLooks(t.Context(), r.ID, nil, 5) }) // of a slower replica
		if got := long(); len(got) != 1 || got[0].Thinned != 6 {
			t.Errorf("long runs %+v", got)
		}
		looks, err := s.Verdicts(t.Context(), r.ID, 6, 20, 3)
		if err != nil || len(looks) != 4 || looks[0].Number != 5 || looks[1].Number != 7 || looks[3].Number != 9 || looks[0].Verdict.Reason == "" {
			t.Errorf("%+v %v", looks, err)
		}
		if all, err := s.Looks(t.Context(), r.ID); err != nil || len(all) != 27 {
			t.Errorf("%d looks %v", len(all), err)
		}
		if chunks, err := s.Samples(t.Context(), r.ID, 0, 1000000); err != nil || len(chunks) != 30 {
			t.Errorf("%d samples %v", len(chunks), err)
		}
	})
}
