package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func accepted(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackAccepted }
func over(r analysis.Run) bool     { return r.Status.Ended() }

// TestKilledAtAnyMoment kills the daemon with SIGKILL in every state that a run
// can be in. After the restart each must come to the end it would have had: a bad
// release rolled back under one id, a good one not at all.
func TestKilledAtAnyMoment(t *testing.T) {
	for name, story := range map[string]func(o *outside) (bad analysis.Run){
		"while a run waits in the queue": func(o *outside) analysis.Run {
			o.sick("3")
			first, second := o.begin("queued", "2"), o.begin("queued", "3")
			if second.Status != analysis.StatusPending {
				o.Fatalf("the second run is %s", second.Status)
			}
			o.crash()
			if r := o.until(first.ID, "over", over); *r.Outcome != analysis.OutcomePass {
				o.Errorf("the good release: %s", r.Reason)
			}
			return second
		},
		"between two looks": func(o *outside) analysis.Run {
			o.sick("2")
			r := o.begin("shop", "2")
			o.until(r.ID, "looked at", func(r analysis.Run) bool { return r.Progress.Looks >= 1 })
			o.crash()
			return r
		},
		"in the middle of a look": func(o *outside) analysis.Run {
			var once sync.Once
			asked, free := make(chan struct{}), make(chan struct{})
			o.onAsk(func() { once.Do(func() { close(asked); <-free }) })
			o.sick("2")
			r := o.begin("shop", "2")
			<-asked
			o.crash()
			close(free)
			return r
		},
		"while the rollback is being received": func(o *outside) analysis.Run {
			var once sync.Once
			received, free := make(chan struct{}), make(chan struct{})
			o.answer(func(http.ResponseWriter, *http.Request) { once.Do(func() { close(received); <-free }) })
			o.sick("2")
			r := o.begin("shop", "2")
			<-received
			if r := o.run(r.ID); r.Rollback.State != analysis.RollbackSending {
				o.Errorf("while it is received the rollback is %s", r.Rollback.State)
			}
			o.crash()
			close(free)
			return r
		},
		"right after the rollback was answered": func(o *outside) analysis.Run {
			received := make(chan struct{})
			var once sync.Once
			o.answer(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(w).Flush()
				once.Do(func() { _ = o.cmd.Process.Signal(syscall.SIGKILL); close(received) })
			})
			o.sick("2")
			r := o.begin("shop", "2")
			<-received
			o.crash()
			return r
		},
		"between two attempts": func(o *outside) analysis.Run {
			tried := make(chan struct{}, 100)
			o.answer(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
				tried <- struct{}{}
			})
			o.sick("2")
			r := o.begin("shop", "2")
			<-tried
			o.until(r.ID, "noted", func(r analysis.Run) bool { return strings.Contains(r.Rollback.Reason, "500") })
			o.crash()
			o.answer(nil)
			return r
		},
		"while the rollback is held": func(o *outside) analysis.Run {
			var h analysis.Hold
			o.call("POST", "/api/v1/holds", `{"reason":"freeze"}`, &h)
			o.sick("2")
			r := o.begin("shop", "2")
			o.until(r.ID, "held", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackHeld })
			o.crash()
			if r := o.run(r.ID); r.Rollback.State != analysis.RollbackHeld || len(o.rollbacks()) != 0 {
				o.Errorf("after the restart it is %s", r.Rollback.State)
			}
			o.call("DELETE", "/api/v1/holds/"+h.ID, "", nil)
			return r
		},
		"after everything": func(o *outside) analysis.Run {
			o.sick("2")
			r := o.begin("shop", "2")
			o.until(r.ID, "rolled back", accepted)
			o.crash()
			return r
		},
		"again and again": func(o *outside) analysis.Run {
			o.sick("2")
			r := o.begin("shop", "2")
			for range 8 {
				o.crash()
			}
			return r
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutside(t)
			o.start()
			good := o.begin("shop", "good")
			o.until(good.ID, "over", over)
			bad := story(o)
			r := o.until(bad.ID, "rolled back", accepted)
			if *r.Outcome != analysis.OutcomeFail {
				t.Errorf("outcome %s", *r.Outcome)
			}
			if ids := o.rollbacks(); len(ids) != 1 {
				t.Errorf("rollbacks %v", ids)
			}
			if r := o.run(good.ID); *r.Outcome != analysis.OutcomePass || r.Rollback.State != analysis.RollbackNone {
				t.Errorf("the good release changed: %+v", r)
			}
		})
	}
}

func TestTermFinishesTheLookAtHand(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	o.start()
	var once sync.Once
	asked, free := make(chan struct{}), make(chan struct{})
	o.onAsk(func() { once.Do(func() { close(asked); <-free }) })
	r := o.begin("shop", "2")
	<-asked
	if err := o.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, "stopping", func() (string, bool) { l := o.log(); return l, strings.Contains(l, `"msg":"stopping"`) })
	close(free)
	if status := o.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d", status)
	}
	stopped := time.Now()
	o.start()
	var looks struct{ Looks []analysis.Look }
	o.call("GET", "/api/v1/runs/"+r.ID+"/looks", "", &looks)
	if len(looks.Looks) == 0 || looks.Looks[0].At.After(stopped) {
		t.Errorf("the look at hand was lost: %+v", looks.Looks)
	}
	if r := o.until(r.ID, "over", over); *r.Outcome != analysis.OutcomePass {
		t.Error(r.Reason)
	}
}

// onSmallDisk gives the daemon a disk of its own, which can be filled and be made
// read-only.
func onSmallDisk(t *testing.T, o *outside) (remount func(options string)) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("HALDANE_CI") != "" {
			t.Fatal("mounting a small disk needs root")
		}
		t.Skip("mounting a small disk needs root")
	}
	o.dir = filepath.Join(o.dir, "disk")
	if err := os.Mkdir(o.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", o.dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		o.stop(syscall.SIGKILL)
		if err := syscall.Unmount(o.dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return func(options string) {
		t.Helper()
		flags := uintptr(syscall.MS_REMOUNT)
		if options == "ro" {
			flags |= syscall.MS_RDONLY
		}
		if err := syscall.Mount("tmpfs", o.dir, "tmpfs", flags, ""); err != nil {
			t.Fatalf("remount: %v", err)
		}
	}
}

func TestDiskThatIsFull(t *testing.T) {
	o := newOutside(t)
	onSmallDisk(t, o)
	o.start()
	o.sick("2")
	r := o.begin("shop", "2")
	filler := filepath.Join(o.dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); err == nil {
		t.Fatal("the disk takes more than it should")
	}
	until(t, "not ready", func() (int, bool) {
		s := o.call("GET", "/readyz", "", nil)
		return s, s == http.StatusServiceUnavailable
	})
	if s := o.call("POST", "/api/v1/runs", `{"plan":"shop","version":"3","baseline_version":"1"}`, nil); s != http.StatusServiceUnavailable {
		t.Errorf("a run began on a full disk: %d", s)
	}
	if ids := o.rollbacks(); len(ids) != 0 {
		t.Errorf("rolled back without a record: %v", ids)
	}
	if !strings.Contains(o.log(), "the disk is full") {
		t.Error("the log does not say that the disk is full")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	o.until(r.ID, "rolled back", accepted)
	if ids := o.rollbacks(); len(ids) != 1 {
		t.Errorf("rollbacks %v", ids)
	}
	until(t, "ready", func() (int, bool) { s := o.call("GET", "/readyz", "", nil); return s, s == http.StatusOK })
}

func TestDiskThatIsReadOnly(t *testing.T) {
	o := newOutside(t)
	remount := onSmallDisk(t, o)
	o.start()
	o.stop(syscall.SIGKILL)
	remount("ro")
	again := exec.Command(o.cmd.Path, o.cmd.Args[1:]...)
	again.Env = o.cmd.Env
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "read-only") {
		t.Errorf("started on a read-only disk: %v %s", err, out)
	}
	remount("rw")
	o.start()
	r := o.begin("shop", "2")
	if r := o.until(r.ID, "over", over); *r.Outcome != analysis.OutcomePass {
		t.Error(r.Reason)
	}
}
