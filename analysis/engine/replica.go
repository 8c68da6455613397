package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// How replicas that share a database know of each other. A killed one has written a
// heartbeat at most heartbeatEvery before it died; unseenFor later the others take it
// for dead; they look every takeOverEvery; a look's job is found within half a second.
// Together less than 36 seconds. A replica that was cut off from the database itself
// takes nobody for dead until it has been back for steadyFor: the others were cut off
// too, and say so within beatAgain. When all were killed, the first to come back takes
// over steadyFor and takeOverEvery after its start: 20 seconds.
const (
	heartbeatEvery = 10 * time.Second
	beatAgain      = 2 * time.Second // after one that failed
	unseenFor      = 30 * time.Second
	steadyFor      = 15 * time.Second
	takeOverEvery  = 5 * time.Second
	// clocksApart is how far our clock and the database's may be from each other before
	// somebody should know.
	clocksApart = 10 * time.Second
)

// beat is what this replica's last heartbeat found.
type beat struct {
	sync.Mutex
	at     time.Time
	since  time.Time // since when they have succeeded one after the other; zero: the last has not
	err    error
	others []string  // the configs of the other replicas, by their hashes
	told   time.Time // when the log was last told of trouble
	clock  time.Time // when it was last told of the clock
}

// Heartbeat records that this replica is alive, and notices what it can learn of the
// others. Conflict when a newer Haldane has changed the database: then this one stops
// working for good.
func (e *Engine) Heartbeat(ctx context.Context) error {
	r := e.self
	r.ConfigHash = e.setup.Load().Hash
	ctx, cancel := context.WithTimeout(ctx, heartbeatEvery)
	defer cancel()
	ahead, err := e.store.Heartbeat(ctx, r)
	var all []store.Replica
	if err == nil {
		all, err = e.store.Replicas(ctx, unseenFor)
	}
	e.note(all, ahead, err)
	return err
}

// note keeps what a heartbeat found, and logs what has changed.
func (e *Engine) note(all []store.Replica, ahead time.Duration, err error) {
	now := time.Now()
	b := &e.beat
	b.Lock()
	defer b.Unlock()
	b.at, b.err = now, err
	if err != nil {
		b.since = time.Time{}
		if now.Sub(b.told) >= unseenFor && analysis.KindOf(err) != analysis.Conflict {
			b.told = now
			e.log.Warn("the database cannot be written to; work waits for it", "error", err)
		}
		return
	}
	if b.since.IsZero() {
		b.since = now
		if !b.told.IsZero() {
			b.told = time.Time{}
			e.log.Info("the database can be written to again")
		}
	}
	b.others = nil
	for _, r := range all {
		if r.ID != e.self.ID {
			b.others = append(b.others, r.ConfigHash)
		}
	}
	e.metrics.configMismatch.Set(float64(b.apart(e.setup.Load().Hash)))
	e.metrics.clockAhead.Set(-ahead.Seconds())
	if ahead.Abs() > clocksApart && now.Sub(b.clock) >= 10*time.Minute {
		b.clock = now
		e.log.Warn("this machine's clock and the database's are apart; looks and deadlines go by this machine's", "database_ahead", ahead.Round(time.Second).String())
	}
}

// apart counts the other replicas with another config than this.
func (b *beat) apart(hash string) (n int) {
	for _, other := range b.others {
		if other != hash {
			n++
		}
	}
	return n
}

// Mismatch says that other replicas run with another config: "" when none does.
func (e *Engine) Mismatch() string {
	e.beat.Lock()
	defer e.beat.Unlock()
	n := e.beat.apart(e.setup.Load().Hash)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d replicas run with another config than this one: what starts there follows other plans.", n, len(e.beat.others)+1)
}

// beating beats until the engine stops.
func (e *Engine) beating(ctx context.Context) {
	for {
		wait := heartbeatEvery
		switch err := e.Heartbeat(ctx); {
		case analysis.KindOf(err) == analysis.Conflict:
			e.retire(ctx, err)
			return
		case err != nil:
			wait = beatAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// takeOver gives back the jobs of replicas that are gone.
func (e *Engine) takeOver(ctx context.Context) error {
	e.beat.Lock()
	steady := !e.beat.since.IsZero() && time.Since(e.beat.since) >= steadyFor
	e.beat.Unlock()
	if !steady {
		return nil
	}
	n, err := e.store.TakeOver(ctx, e.self.ID, unseenFor)
	if n > 0 {
		e.metrics.repaired.WithLabelValues("job").Add(float64(n))
		e.log.Warn("jobs of a replica that is gone, or whose end could not be recorded, are due again", "jobs", n)
	}
	return err
}

// retire stops working with a database that a newer Haldane has made its own. The
// process stays, not ready, until it is replaced.
func (e *Engine) retire(ctx context.Context, why error) {
	e.log.Error("this replica works no more, the newer ones do", "error", why)
	e.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeatEvery)
	defer cancel()
	if err := e.store.Stop(ctx); err != nil {
		e.log.Warn("the queue did not stop", "error", err)
	}
}

// Ready reports whether something can be recorded: nil, or what is wrong. It is
// cheap enough for a probe.
func (e *Engine) Ready(ctx context.Context) error {
	e.beat.Lock()
	at, err := e.beat.at, e.beat.err
	e.beat.Unlock()
	if time.Since(at) > heartbeatEvery+5*time.Second || err != nil && time.Since(at) > beatAgain {
		ctx, cancel := context.WithTimeout(ctx, readyWithin)
		defer cancel()
		return e.Heartbeat(ctx)
	}
	return err
}

// readyWithin is less than what probes wait, so that they hear why.
const readyWithin = 4 * time.Second
