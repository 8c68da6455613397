package store_test

import (
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// TestDrillsAreNotCounted: the same run counts when it judged something, and does not when
// it is a drill; what users name cannot make one of the other.
func TestDrillsAreNotCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		for name, c := range map[string]struct {
			drill, counts bool
		}{"a run": {false, true}, "a drill": {true, false}} {
			before := sampleRun()
			before.Service, before.Key, before.Version = name, name+"/before", "1"
			insert(t, s, before)
			r := sampleRun()
			outcome := analysis.OutcomeFail
			r.Service, r.Key, r.BaselineVersion, r.Drill, r.ForReal = name, name, "0.9", c.drill, c.drill
			r.Status, r.Outcome, r.FinishedAt = analysis.StatusFinished, &outcome, &epoch
			r.Variables = map[string]string{"drill": "true", "x": `"drill":true`}
			insert(t, s, r)
			if got, err := s.Run(t.Context(), r.ID); err != nil || got.Drill != c.drill || got.ForReal != c.drill {
				t.Errorf("%s comes back as %+v, %v", name, got, err)
			}
			write(t, s, func(tx *store.Tx) error {
				_, newer, err := tx.NewerRun(t.Context(), before)
				if err != nil || newer != c.counts {
					t.Errorf("%s is newer: %v, %v", name, newer, err)
				}
				good, err := tx.WasGood(t.Context(), name, "prod", "0.9")
				if err != nil || good != c.counts {
					t.Errorf("the baseline of %s is good: %v, %v", name, good, err)
				}
				return err
			})
			sent(t, s, r)
			write(t, s, func(tx *store.Tx) error {
				n, err := tx.RollbacksSince(t.Context(), name, "prod", "another", epoch.Add(-time.Hour))
				if err != nil || n == 1 != c.counts {
					t.Errorf("%s counts as %d rollbacks, %v", name, n, err)
				}
				failed, err := tx.FailedServices(t.Context(), epoch)
				if want := 1; err != nil || c.counts && failed != want {
					t.Errorf("%d services failed with %s, %v", failed, name, err)
				}
				return err
			})
		}
		write(t, s, func(tx *store.Tx) error {
			failed, err := tx.FailedServices(t.Context(), epoch)
			if err != nil || failed != 1 {
				t.Errorf("%d services failed, want 1, %v", failed, err)
			}
			return err
		})
	})
}

// sent records that a run's rollback was tried.
func sent(t *testing.T, s *store.Store, r *analysis.Run) {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		ev := &analysis.Event{ID: newID(), RunID: r.ID, Service: r.Service, Environment: r.Environment, At: epoch, Type: analysis.EventRunFailed}
		if err := tx.InsertEvent(t.Context(), ev); err != nil {
			return err
		}
		d := &analysis.Delivery{
			ID: newID(), RunID: r.ID, EventID: ev.ID, EventType: ev.Type, Step: "0/undo", Action: "undo", ChangesWorld: true,
			State: analysis.DeliveryDone, Service: r.Service, Environment: r.Environment, CreatedAt: epoch, ExpiresAt: epoch,
		}
		if _, err := tx.InsertDelivery(t.Context(), d); err != nil {
			return err
		}
		return tx.MarkTried(t.Context(), d.ID, epoch)
	})
}
