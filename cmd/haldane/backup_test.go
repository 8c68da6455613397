package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// command runs haldane beside the daemon, with its settings; it returns what was said and
// the exit status.
func (o *outside) command(args ...string) (said string, status int) {
	o.Helper()
	c := exec.CommandContext(o.Context(), os.Args[0], args...)
	c.Env = o.cmd.Env
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// TestBackupIsPutBack copies the database of a daemon at work and puts the copy back
// later: the daemon goes on with the runs that were open then.
func TestBackupIsPutBack(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	o.start()
	var hold analysis.Hold
	o.call("POST", "/api/v1/holds", `{"reason":"freeze"}`, &hold)
	o.sick("2")
	bad := o.begin("queued", "2")
	o.until(bad.ID, "held", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackHeld })
	good := o.begin("shop", "3")
	o.until(good.ID, "looked at", func(r analysis.Run) bool { return r.Progress.Looks >= 2 })

	file := filepath.Join(o.dir, "copy.db")
	if said, status := o.command("backup", file); status != 0 || !strings.Contains(said, "2 runs (1 open") {
		t.Fatalf("exit status %d: %s", status, said)
	}
	if said, status := o.command("backup", file); status != exitTrouble || !strings.Contains(said, "exists already") {
		t.Errorf("again: exit status %d: %s", status, said)
	}
	o.until(good.ID, "over", over)
	later := o.begin("shop", "4")
	o.until(later.ID, "over", over)

	o.stop(syscall.SIGKILL)
	database := filepath.Join(o.dir, "haldane.db")
	text, err := os.ReadFile(file)
	if err == nil {
		err = errors.Join(os.WriteFile(database, text, 0o600), os.Remove(database+"-wal"), os.Remove(database+"-shm"))
	}
	if err != nil {
		t.Fatal(err)
	}
	o.start()
	if s := o.call("GET", "/api/v1/runs/"+later.ID, "", nil); s != 404 {
		t.Errorf("what came after the copy is still there: %d", s)
	}
	if r := o.until(good.ID, "over", over); *r.Outcome != analysis.OutcomePass {
		t.Error(r.Reason)
	}
	if r := o.run(bad.ID); r.Rollback.State != analysis.RollbackHeld || len(o.rollbacks()) != 0 {
		t.Errorf("the rollback that is held is %s", r.Rollback.State)
	}
	o.call("DELETE", "/api/v1/holds/"+hold.ID, "", nil)
	o.until(bad.ID, "rolled back", accepted)
	if ids := o.rollbacks(); len(ids) != 1 {
		t.Errorf("rollbacks %v", ids)
	}
}

func TestBackupOntoAFullDisk(t *testing.T) {
	o := newOutside(t)
	elsewhere := o.dir
	onSmallDisk(t, o)
	o.start("HALDANE_DATABASE=sqlite:" + filepath.Join(elsewhere, "haldane.db"))
	filler := filepath.Join(o.dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); err == nil {
		t.Fatal("the disk takes more than it should")
	}
	file := filepath.Join(o.dir, "copy.db")
	if said, status := o.command("backup", file); status != exitTrouble || !strings.Contains(said, "the disk is full") {
		t.Errorf("exit status %d: %s", status, said)
	}
	if left, _ := filepath.Glob(filepath.Join(o.dir, "*copy.db*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if hidden, _ := filepath.Glob(filepath.Join(o.dir, ".*")); len(hidden) > 0 {
		t.Errorf("left behind: %v", hidden)
	}
	r := o.begin("shop", "2") // the daemon has noticed nothing
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if said, status := o.command("backup", file); status != 0 {
		t.Errorf("exit status %d: %s", status, said)
	}
	if r := o.until(r.ID, "over", over); *r.Outcome != analysis.OutcomePass {
		t.Error(r.Reason)
	}
}
