package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// crowd lets many write at once: the first holds the transaction until the others wait.
func crowd(t *testing.T, s *store.Store, n int, do func(i int, tx *store.Tx) error) []error {
	t.Helper()
	holds, wait := make(chan struct{}), make(chan struct{})
	var wg, begun sync.WaitGroup
	begun.Add(n)
	wg.Go(func() {
		if err := s.Write(t.Context(), func(*store.Tx) error { close(holds); <-wait; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-holds
	errs := make([]error, n)
	for i := range errs {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panicked: %v", p)
				}
			}()
			begun.Done()
			errs[i] = s.Write(t.Context(), func(tx *store.Tx) error { return do(i, tx) })
		})
	}
	begun.Wait()
	close(wait)
	wg.Wait()
	return errs
}

// Who gives up, breaks or runs out of time takes nothing of the others with him, and
// leaves nothing of his own.
func TestWritersDoNotHarmEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		refused := errors.New("no")
		ids := make([]string, 100)
		errs := crowd(t, s, len(ids), func(i int, tx *store.Tx) error {
			r := sampleRun()
			r.Key, ids[i] = r.ID, r.ID
			if ok, err := tx.InsertRun(t.Context(), r); err != nil || !ok {
				return fmt.Errorf("%v, %w", ok, err)
			}
			switch i % 10 {
			case 3:
				return refused
			case 5:
				panic("of its own doing")
			}
			return nil
		})
		for i, err := range errs {
			_, missing := s.Run(t.Context(), ids[i])
			switch i % 10 {
			case 3:
				if !errors.Is(err, refused) {
					t.Errorf("%d: %v", i, err)
				}
			case 5:
				if err == nil || !strings.Contains(err.Error(), "of its own doing") {
					t.Errorf("%d: %v", i, err)
				}
			default:
				if err != nil || missing != nil {
					t.Errorf("%d: %v, %v", i, err, missing)
				}
				continue
			}
			if !errors.Is(missing, analysis.NotFound) {
				t.Errorf("%d: what came to nothing was written: %v", i, missing)
			}
		}
	})
}

// A statement that is wrong is one writer's own affair.
func TestWrongStatementIsOnesOwnAffair(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		r := sampleRun()
		insert(t, s, r)
		errs := crowd(t, s, 20, func(i int, tx *store.Tx) error {
			if i == 7 { // no event of this id, which a foreign key wants
				_, err := tx.InsertDelivery(t.Context(), &analysis.Delivery{ID: "d", RunID: r.ID, EventID: "none", Step: "0"})
				return err
			}
			locked, err := tx.LockRun(t.Context(), r.ID)
			if err == nil {
				err = tx.UpdateRun(t.Context(), &locked)
			}
			return err
		})
		for i, err := range errs {
			if (err != nil) != (i == 7) {
				t.Errorf("%d: %v", i, err)
			}
		}
		if got, err := s.Run(t.Context(), r.ID); err != nil || got.Rev != 1+19 {
			t.Errorf("revision %d after 19 changes, %v", got.Rev, err)
		}
	})
}

// Who has no more time does not wait for the others.
func TestWriterLeavesWhenItsTimeIsUp(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite(t))
	holds, wait := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.Write(t.Context(), func(*store.Tx) error { close(holds); <-wait; return nil })
	})
	<-holds
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	ran := false
	if err := s.Write(ctx, func(*store.Tx) error { ran = true; return nil }); analysis.KindOf(err) != analysis.Unavailable || ran {
		t.Errorf("%v, ran %v", err, ran)
	}
	close(wait)
	wg.Wait()
	if err := s.Write(t.Context(), func(*store.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}
