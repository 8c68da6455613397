package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// keepLooking adds looks to runs until stop is called, each with its samples and the
// run's progress in one transaction, as the engine does.
func keepLooking(t *testing.T, s *store.Store, runs int) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	for i := range runs {
		r := sampleRun()
		r.Key = strconv.Itoa(i)
		insert(t, s, r)
		done.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				err := s.Write(ctx, func(tx *store.Tx) error { return lookAt(ctx, tx, r.ID, n) })
				if err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	return func() { cancel(); done.Wait() }
}

// lookAt records look n of a run.
func lookAt(ctx context.Context, tx *store.Tx, id string, n int) error {
	r, err := tx.LockRun(ctx, id)
	if err != nil {
		return err
	}
	look := analysis.Look{Number: n, DueAt: epoch, At: epoch, Verdict: analysis.Verdict{
		Outcome: analysis.OutcomeContinue, Reason: strings.Repeat("so far it is fine ", 50),
		Findings: []analysis.Finding{{Metric: "errors", Class: analysis.ClassPass}},
	}}
	chunk := store.Chunk{Metric: "errors", Side: "canary", Part: "value", First: n - 1, Values: analysis.Values{float64(n)}}
	if _, err := tx.InsertLook(ctx, id, &look, []store.Chunk{chunk}); err != nil {
		return err
	}
	if _, err := tx.EnqueueLook(ctx, id, n+1, epoch); err != nil {
		return err
	}
	r.Progress.Looks, r.Progress.Samples = n, n
	return tx.UpdateRun(ctx, &r)
}

func TestBackupOfABusyDatabase(t *testing.T) {
	url := storetest.SQLite(t)
	s := open(t, url)
	stop := keepLooking(t, s, 4)
	defer stop()
	dir := t.TempDir()
	seen := 0
	for i := range 5 {
		file := filepath.Join(dir, strconv.Itoa(i)+".db")
		b, err := store.BackUp(t.Context(), url, file, false)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(file); err != nil || st.Mode() != 0o600 || st.Size() != b.Bytes || b.Bytes == 0 {
			t.Errorf("%+v: %v %v", b, st, err)
		}
		if b.Runs != 4 || b.Open != 4 || !b.Last.Equal(epoch) {
			t.Errorf("it holds %+v", b)
		}
		copied := open(t, "sqlite:"+file) // tables, migrations and queue are there
		runs, _, err := copied.Runs(t.Context(), analysis.RunFilter{})
		if err != nil || len(runs) != 4 {
			t.Fatal(runs, err)
		}
		for _, r := range runs {
			looks, err := copied.Looks(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			chunks, err := copied.Samples(t.Context(), r.ID, 0, 1000000)
			if err != nil {
				t.Fatal(err)
			}
			if len(looks) != r.Progress.Looks || len(chunks) != r.Progress.Looks {
				t.Errorf("copy %d: %d looks, %d samples and %d in the run's progress", i, len(looks), len(chunks), r.Progress.Looks)
			}
			seen = max(seen, len(looks))
		}
	}
	if seen == 0 {
		t.Error("nothing was written meanwhile")
	}
	if got := hidden(t, dir); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// hidden lists the files of a folder that were to be there for a moment only.
func hidden(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, " ")
}

func TestBackupOfADatabaseThatRests(t *testing.T) {
	url := storetest.SQLite(t)
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if b, err := store.BackUp(t.Context(), url, filepath.Join(dir, "b.db"), false); err != nil || b.Runs != 0 || !b.Last.IsZero() {
		t.Errorf("%+v %v", b, err)
	}
	if es, err := os.ReadDir(dir); err != nil || len(es) != 1 {
		t.Errorf("left behind: %v %v", es, err)
	}
}

func TestBackupThatIsRefused(t *testing.T) {
	url := storetest.SQLite(t)
	s := open(t, url)
	insert(t, s, sampleRun())
	source := strings.TrimPrefix(url, "sqlite:")
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken := file("taken.db", "precious")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(source, link); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx       context.Context
		url, file string
		force     bool
		kind      analysis.Kind
		says      string
	}{
		"a file that is there":    {url: url, file: taken, kind: analysis.Conflict, says: "exists already"},
		"the database":            {url: url, file: source, force: true, kind: analysis.Invalid, says: "is the database itself"},
		"its log":                 {url: url, file: source + "-wal", force: true, kind: analysis.Invalid, says: "is the database itself"},
		"a link to the database":  {url: url, file: link, force: true, kind: analysis.Invalid, says: "is the database itself"},
		"a folder":                {url: url, file: dir, force: true, kind: analysis.Invalid, says: "no ordinary file"},
		"a folder that is not":    {url: url, file: filepath.Join(dir, "x", "b.db"), kind: analysis.Invalid, says: "does not exist"},
		"PostgreSQL":              {url: "postgres://u:hush@h/d", file: filepath.Join(dir, "b.db"), kind: analysis.Invalid, says: "pg_dump"},
		"memory":                  {url: "sqlite::memory:", file: filepath.Join(dir, "b.db"), kind: analysis.Invalid, says: "memory"},
		"no database":             {url: "sqlite:" + filepath.Join(dir, "none.db"), file: filepath.Join(dir, "b.db"), kind: analysis.NotFound, says: "no database"},
		"something else":          {url: "sqlite:" + taken, file: filepath.Join(dir, "b.db"), kind: analysis.Unavailable, says: "no SQLite database"},
		"an empty file":           {url: "sqlite:" + file("empty.db", ""), file: filepath.Join(dir, "b.db"), kind: analysis.Invalid, says: "no database of Haldane"},
		"somebody who interrupts": {ctx: over, url: url, file: filepath.Join(dir, "b.db"), kind: analysis.Unavailable, says: "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			_, err := store.BackUp(c.ctx, c.url, c.file, c.force)
			if e := analysis.AsError(err); err == nil || e.Kind != c.kind || !strings.Contains(e.Error(), c.says) || strings.Contains(e.Error(), "hush") {
				t.Errorf("got %v (%s)", err, analysis.KindOf(err))
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "b.db")); err == nil || hidden(t, dir) != "" {
		t.Errorf("something was left behind: %v %s", err, hidden(t, dir))
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "precious" {
		t.Errorf("%q %v", text, err)
	}
	if b, err := store.BackUp(t.Context(), url, taken, true); err != nil || b.Runs != 1 {
		t.Errorf("by force: %+v %v", b, err)
	}
	if st, err := os.Stat(taken); err != nil || st.Mode() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
}

// TestBackupInTheMiddleOfAWrite wants the copy not to wait for the writer, and to have
// nothing of what is not committed.
func TestBackupInTheMiddleOfAWrite(t *testing.T) {
	url := storetest.SQLite(t)
	s := open(t, url)
	r := sampleRun()
	insert(t, s, r)
	write(t, s, func(tx *store.Tx) error {
		second := sampleRun()
		second.Key = "second"
		if _, err := tx.InsertRun(t.Context(), second); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		b, err := store.BackUp(ctx, url, filepath.Join(t.TempDir(), "b.db"), false)
		if err == nil && b.Runs != 1 {
			t.Errorf("the copy has %d runs", b.Runs)
		}
		return err
	})
}
