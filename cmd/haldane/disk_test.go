package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestFullDiskLosesNoSample fills the disk in the middle of a good run and makes room
// after the run's end: what could not be recorded is asked for again, the look that was
// late says so, and the verdict rests on every sample.
func TestFullDiskLosesNoSample(t *testing.T) {
	o := newOutside(t)
	onSmallDisk(t, o)
	o.start()
	r := o.begin("shop", "2")
	o.until(r.ID, "looked at", func(r analysis.Run) bool { return r.Progress.Looks >= 2 })
	filler := filepath.Join(o.dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); err == nil {
		t.Fatal("the disk takes more than it should")
	}
	var problem struct{ Detail string }
	until(t, "not ready", func() (int, bool) {
		s := o.call("GET", "/readyz", "", nil)
		return s, s == http.StatusServiceUnavailable && time.Now().After(r.EndsAt)
	})
	if o.call("GET", "/readyz", "", &problem); problem.Detail != "database: cannot write: the disk is full" {
		t.Errorf("not ready, because %q", problem.Detail)
	}
	if meanwhile := o.run(r.ID); meanwhile.Status != analysis.StatusRunning {
		t.Errorf("without a record it is %s: %s", meanwhile.Status, meanwhile.Reason)
	}
	room := time.Now()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	r = o.until(r.ID, "over", over)
	if *r.Outcome != analysis.OutcomePass || len(o.rollbacks()) > 0 {
		t.Errorf("%s: %s, rollbacks %v", *r.Outcome, r.Reason, o.rollbacks())
	}
	var said struct{ Looks []analysis.Look }
	o.call("GET", "/api/v1/runs/"+r.ID+"/looks", "", &said)
	if len(said.Looks) != r.Progress.Looks {
		t.Fatalf("%d looks of %d", len(said.Looks), r.Progress.Looks)
	}
	last := said.Looks[len(said.Looks)-1]
	if steps := last.Window.Steps(100 * time.Millisecond); last.Verdict.Findings[0].Samples.Canary != steps || steps < 18 {
		t.Errorf("the verdict rests on %d samples of %d", last.Verdict.Findings[0].Samples.Canary, steps)
	}
	if last.DueAt.After(room) || last.At.Before(room) || !strings.Contains(o.log(), "the disk is full") {
		t.Errorf("the look that was due at %v says that it began at %v, with room since %v; or the log says nothing", last.DueAt, last.At, room)
	}
}
