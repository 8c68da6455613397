package faults

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// lasting has a fault in force for as long as it lasts.
func (r *round) lasting(f *fault, begin, end func()) {
	from := time.Now()
	begin()
	_ = pause(r.ctx, f.Lasts)
	end()
	f.was(from, true)
}

// kill kills a replica; it is started again by itself.
func (r *round) kill(f *fault) {
	f.was(time.Now(), r.replicas[f.Replica].signal(syscall.SIGKILL))
}

// killStarting kills a replica, and again within 300 ms of its next start.
func (r *round) killStarting(f *fault) {
	victim := r.replicas[f.Replica]
	before, from := victim.started(), time.Now()
	victim.signal(syscall.SIGKILL)
	for victim.started() == before {
		if pause(r.ctx, 5*time.Millisecond) != nil {
			return
		}
	}
	_ = pause(r.ctx, f.Lasts%(300*time.Millisecond))
	f.was(from, victim.signal(syscall.SIGKILL))
}

// killBefore kills a replica between a transaction and the delivery that it made: when
// its connection is taken.
func (r *round) killBefore(f *fault) {
	sprung := make(chan struct{})
	hook := r.hooks[f.Replica]
	hook.trap(func() {
		f.was(time.Now(), r.replicas[f.Replica].signal(syscall.SIGKILL))
		close(sprung)
	})
	r.await(sprung)
	hook.trap(nil)
}

// killDuring kills whoever sends a rollback that was received, and not answered.
func (r *round) killDuring(f *fault) { r.killSender(f, dead) }

// killAfter kills whoever sent a rollback, right after it was answered.
func (r *round) killAfter(f *fault) { r.killSender(f, late) }

func (r *round) killSender(f *fault, m mood) {
	sprung := make(chan struct{})
	r.receiver.trap(func(replica int) (mood, func()) {
		kill := func() {
			f.was(time.Now(), r.replicas[replica].signal(syscall.SIGKILL))
			close(sprung)
		}
		if m == dead {
			kill()
			return m, func() {}
		}
		return m, kill
	})
	r.await(sprung)
	r.receiver.trap(nil)
}

// await waits until a trap was sprung, for a third of the time that faults go on.
func (r *round) await(sprung chan struct{}) {
	select {
	case <-sprung:
	case <-r.ctx.Done():
	case <-time.After(r.opts.Pace.Faults / 3):
	}
}

// pause stops a replica in mid-air.
func (r *round) pause(f *fault) {
	victim := r.replicas[f.Replica]
	r.lasting(f, func() { victim.signal(syscall.SIGSTOP) }, func() { victim.signal(syscall.SIGCONT) })
}

func through(pick func(*round, *fault) *proxy, bad weather) func(*round, *fault) {
	return func(r *round, f *fault) {
		p := pick(r, f)
		r.lasting(f, func() { p.set(bad) }, func() { p.set(weather{}) })
	}
}

func database(bad weather) func(*round, *fault) {
	return through(func(r *round, f *fault) *proxy { return r.bases[f.Replica] }, bad)
}

func sources(bad weather) func(*round, *fault) {
	return through(func(r *round, _ *fault) *proxy { return r.sources }, bad)
}

func hook(bad weather) func(*round, *fault) {
	return through(func(r *round, f *fault) *proxy { return r.hooks[f.Replica] }, bad)
}

func receives(m mood) func(*round, *fault) {
	return func(r *round, f *fault) {
		r.lasting(f, func() { r.receiver.set(m) }, func() { r.receiver.set(kind) })
	}
}

// restartFast restarts PostgreSQL as an upgrade does, restartCrashed as a crash.
func (r *round) restartFast(f *fault) { r.restart(f, syscall.SIGINT) }

func (r *round) restartCrashed(f *fault) { r.restart(f, syscall.SIGQUIT) }

func (r *round) restart(f *fault, how syscall.Signal) {
	r.server.Lock()
	defer r.server.Unlock()
	r.lasting(f, func() { r.postgres.Down(how) }, func() {
		if err := r.postgres.Launch(postgresSettings...); err != nil {
			r.trouble(err)
		}
	})
}

// fillDisk fills the disk of the database, and frees it again.
func (r *round) fillDisk(f *fault) {
	if os.Geteuid() != 0 {
		return // the disk would be the machine's
	}
	filler := filepath.Join(r.sqlite, "filler")
	r.lasting(f, func() {
		out, err := os.Create(filler)
		if err != nil {
			return // full already
		}
		defer func() { _ = out.Close() }()
		for block := make([]byte, 64<<10); ; {
			if _, err := out.Write(block); err != nil {
				return // that is the purpose
			}
		}
	}, func() { _ = os.Remove(filler) })
}

// skewed makes a replica's wall clock wrong.
func skewed(by time.Duration) func(*round, *fault) {
	return func(r *round, f *fault) {
		r.wrong.Add(1)
		defer r.wrong.Add(-1)
		r.lasting(f, func() { r.setClock(f.Replica, by) }, func() {
			r.setClock(f.Replica, 0)
			_ = pause(r.ctx, 5*clockPoll) // until the replica has seen it
		})
	}
}

func (w *world) setClock(replica int, by time.Duration) {
	name := w.clocks[replica]
	// Renamed into place: a reader sees the whole of it.
	_ = os.WriteFile(name+".new", []byte(strconv.Itoa(int(by.Seconds()))), 0o600)
	_ = os.Rename(name+".new", name)
}
