package store_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

func openAs(t *testing.T, url, replica string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Poll: 10 * time.Millisecond, Replica: replica})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func beat(t *testing.T, s *store.Store, id string) {
	t.Helper()
	if ahead, err := s.Heartbeat(t.Context(), store.Replica{ID: id, StartedAt: time.Now()}); err != nil || ahead.Abs() > time.Minute {
		t.Fatalf("heartbeat: %s ahead, %v", ahead, err)
	}
}

func do(t *testing.T, url, text string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

func TestReplicasSeeEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		beat(t, s, "a")
		beat(t, s, "b")
		if all, err := s.Replicas(t.Context(), time.Minute); err != nil || len(all) != 2 {
			t.Errorf("%+v, %v", all, err)
		}
		if err := s.Leave(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if all, err := s.Replicas(t.Context(), time.Minute); err != nil || len(all) != 1 || all[0].ID != "b" {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// TestJobsOfTheDeadAreTakenOver: only theirs, and at once.
func TestJobsOfTheDeadAreTakenOver(t *testing.T) {
	url := storetest.Postgres(t)
	a, b := openAs(t, url, "a"), openAs(t, url, "b")
	write(t, a, func(tx *store.Tx) error {
		_, err := tx.EnqueueLook(t.Context(), "run", 1, time.Time{})
		return err
	})
	busy, free := make(chan struct{}), make(chan struct{})
	hang := store.Work{Look: func(context.Context, string, int) error {
		close(busy)
		<-free
		return nil
	}}
	if err := a.Serve(t.Context(), hang); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Stop(t.Context()) }()
	defer close(free)
	<-busy
	beat(t, a, "a")
	beat(t, b, "b")
	takeOver := func(want int64, when string) {
		t.Helper()
		if n, err := b.TakeOver(t.Context(), "b", 30*time.Second); err != nil || n != want {
			t.Errorf("%s: %d taken over, want %d: %v", when, n, want, err)
		}
	}
	takeOver(0, "while it lives")
	do(t, url, `UPDATE replicas SET seen_at = seen_at - 29000 WHERE id = 'a'`)
	takeOver(0, "before it is missed")
	do(t, url, `UPDATE replicas SET seen_at = seen_at - 2000 WHERE id = 'a'`)
	takeOver(1, "when it is dead")
	taken := make(chan string, 1)
	if err := b.Serve(t.Context(), store.Work{Look: func(_ context.Context, run string, _ int) error {
		taken <- run
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Stop(t.Context()) }()
	if run := <-taken; run != "run" {
		t.Errorf("taken over is a look at %s", run)
	}
}

// TestAJobThatCouldNotBeEndedIsGivenBack: its replica lives, and has long been done.
func TestAJobThatCouldNotBeEndedIsGivenBack(t *testing.T) {
	url := storetest.Postgres(t)
	s := openAs(t, url, "a")
	beat(t, s, "a")
	write(t, s, func(tx *store.Tx) error {
		for range 2 {
			if _, err := tx.EnqueueLook(t.Context(), "run", 1, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
	do(t, url, `UPDATE river_job SET state = 'running', attempted_by = '{b,a}', attempted_at = now() - make_interval(secs => CASE WHEN id = (SELECT min(id) FROM river_job) THEN 51 ELSE 20 END)`)
	if n, err := s.TakeOver(t.Context(), "a", 30*time.Second); err != nil || n != 1 {
		t.Errorf("%d given back, want the one that took too long: %v", n, err)
	}
}

// TestAPausedWriteLetsGo: a replica that stops in the middle of a write holds the lock of
// its rows; the server gives the write up, and others go on.
func TestAPausedWriteLetsGo(t *testing.T) {
	url := storetest.Postgres(t)
	paused := openAs(t, url+"&idle_in_transaction_session_timeout=1s", "a")
	other := openAs(t, url+"&lock_timeout=100ms", "b")
	lock := func(s *store.Store, then func()) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.LockService(t.Context(), "shop", "prod"); err != nil {
				return err
			}
			then()
			return tx.LockService(t.Context(), "shop", "prod")
		})
	}
	locked, over := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := lock(paused, sync.OnceFunc(func() { close(locked); <-over }))
		if !errors.Is(err, analysis.Unavailable) {
			t.Errorf("the paused one: %v", err)
		}
	})
	<-locked
	if err := lock(other, func() {}); !errors.Is(err, analysis.Unavailable) || !strings.Contains(err.Error(), "another replica holds") {
		t.Errorf("the other one: %v", err)
	}
	for lock(other, func() {}) != nil { //nolint:revive // until the server has had enough
	}
	close(over)
	wg.Wait()
	if err := lock(paused, func() {}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestOneMigratesTheOthersSayThatTheyWait: who does not get the lock is told why.
func TestOneMigratesTheOthersSayThatTheyWait(t *testing.T) {
	url := storetest.Postgres(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock(20337994141617733)`); err != nil { // "HALDANE"
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), store.Options{URL: url + "&lock_timeout=50ms"})
	if !errors.Is(err, analysis.Unavailable) || !strings.Contains(err.Error(), "another replica is updating its tables") {
		t.Errorf("got %v", err)
	}
}

func TestTablesOfANewerReleaseAreRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, url)
		for _, version := range []int{999, 1001} {
			var want error
			if version > 1000 {
				want = analysis.Conflict
			}
			write(t, s, func(tx *store.Tx) error {
				return store.Exec(t.Context(), tx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, version, true)
			})
			if _, err := s.Heartbeat(t.Context(), store.Replica{ID: "a"}); !errors.Is(err, want) {
				t.Errorf("a heartbeat beside version %d: %v, want %v", version, err, want)
			}
			if err := s.Write(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, want) {
				t.Errorf("a write beside version %d: %v, want %v", version, err, want)
			}
		}
	})
}

func TestWhatTheURLLeavesOpen(t *testing.T) {
	url := storetest.Postgres(t)
	for more, want := range map[string]string{
		"":                                       "30s 10s 1min haldane",
		"&lock_timeout=3s&application_name=mine": "30s 3s 1min mine",
	} {
		s := openAs(t, url+more, "a")
		var got string
		write(t, s, func(tx *store.Tx) (err error) {
			got, err = store.Text(t.Context(), tx, `SELECT concat_ws(' ', current_setting('idle_in_transaction_session_timeout'),
				current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('application_name'))`)
			return err
		})
		if got != want {
			t.Errorf("%q: got %q, want %q", more, got, want)
		}
	}
	for _, wrong := range []string{"postgres://user:secret-word@[bad/db", "postgres:///db?pool_max_conns=many&password=secret-word"} {
		_, err := store.Open(t.Context(), store.Options{URL: wrong})
		if !errors.Is(err, analysis.Invalid) || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestTheSameTroubleIsSaidSeldom(t *testing.T) {
	var out bytes.Buffer
	log := store.Seldom(slog.New(slog.NewTextHandler(&out, nil)))
	for range 1000 {
		log.With("queue", "looks").Error("cannot fetch")
		log.Info("housekeeping")
	}
	log.Warn("something else")
	if n := strings.Count(out.String(), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
}
