package engine_test

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
)

// smallDisk is a folder on a disk of its own.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("HALDANE_CI") != "" {
			t.Fatal("mounting a small disk needs root")
		}
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// oldRun adds a run that ended long ago, with so many looks of 8 kB.
func oldRun(ctx context.Context, s *store.Store, key string, looks int) error {
	at := time.Now().Add(-100 * day)
	pass := analysis.OutcomePass
	r := &analysis.Run{
		ID: uuid.Must(uuid.NewV7()).String(), Plan: "p", Service: "s", Environment: "prod", Key: key, Attempt: 1, Version: "2",
		CreatedAt: at, StartedAt: at, EndsAt: at, JudgedUntil: at, FinishedAt: &at, Status: analysis.StatusFinished, Outcome: &pass, Reason: "fine",
		Rollback: analysis.Rollback{State: analysis.RollbackNone}, Verification: analysis.Verification{State: analysis.VerificationNone},
	}
	return s.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.InsertRun(ctx, r); err != nil {
			return err
		}
		for n := range looks {
			look := &analysis.Look{Number: n + 1, DueAt: at, At: at, Verdict: analysis.Verdict{Outcome: analysis.OutcomeContinue, Reason: noise(n)}}
			if _, err := tx.InsertLook(ctx, r.ID, look, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// noise is a text that takes 8 kB when it is compressed.
func noise(n int) string {
	b := make([]byte, 6000)
	g := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return hex.EncodeToString(b)
}

// TestRetentionOnADiskThatIsNearlyFull deletes where there is less room than a batch would
// like to have. What it deletes must be enough to go on.
func TestRetentionOnADiskThatIsNearlyFull(t *testing.T) {
	dir := smallDisk(t)
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(dir, "haldane.db")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := oldRun(t.Context(), s, strconv.Itoa(i), 250); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // its log goes into the file
		t.Fatal(err)
	}
	if s, err = store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(dir, "haldane.db")}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	e := engine.New(engine.Options{Store: s}, &engine.Setup{Keep: 90 * day})
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 16<<20), 0o600); err == nil {
		t.Fatal("the disk takes more than it should")
	}
	room(t, filler, 96<<10)
	if err := oldRun(t.Context(), s, "too much", 40); !errors.Is(err, analysis.Unavailable) || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("a whole run has room: %v", err)
	}
	if err := e.Retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids, err := s.WithEvidence(t.Context(), time.Now(), 1); err != nil || len(ids) > 0 {
		t.Errorf("left: %v %v", ids, err)
	}
	room(t, filler, 64<<10)
	for i := range 100 { // 1 MB, in the room of what was deleted
		if err := oldRun(t.Context(), s, "later "+strconv.Itoa(i), 1); err != nil {
			t.Fatal(err)
		}
	}
}

// room makes a file that fills a disk smaller.
func room(t *testing.T, filler string, bytes int64) {
	t.Helper()
	st, err := os.Stat(filler)
	if err == nil {
		err = os.Truncate(filler, st.Size()-bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
}
