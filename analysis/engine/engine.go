package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Engine is the whole machinery over one store.
type Engine struct {
	store   *store.Store
	log     *slog.Logger
	metrics *metrics
	setup   atomic.Pointer[Setup]
	opts    Options
	self    store.Replica
	memory  *memory

	beat beat
	stop context.CancelFunc // of the loops
	done sync.WaitGroup
	halt context.Context // ends when looks are to be given back
	give context.CancelFunc
}

// Options say how to make an Engine.
type Options struct {
	Store       *store.Store
	Log         *slog.Logger
	Registerer  prometheus.Registerer
	Actions     Switch // default on
	ExternalURL string // where people reach the daemon's pages, without a slash at the end
	Version     string // of Haldane
	Replica     string // this daemon's own id, as its store knows it
}

// New makes an Engine that does nothing by itself until Work.
func New(o Options, setup *Setup) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Actions == "" {
		o.Actions = ActionsOn
	}
	if o.Replica == "" {
		o.Replica = NewReplica()
	}
	e := &Engine{store: o.Store, log: o.Log, metrics: newMetrics(o.Registerer), opts: o, memory: newMemory(mostRemembered)}
	e.halt, e.give = context.WithCancel(context.Background()) //nolint:gosec // Stop calls it
	e.self = store.Replica{ID: o.Replica, StartedAt: time.Now(), Version: o.Version}
	e.Use(setup)
	return e
}

// NewReplica makes an id for a daemon, a new one at each start.
func NewReplica() string { return newID() }

// Use replaces the config in force. Runs that have started keep their plans;
// sources and actions are always those of the config in force.
func (e *Engine) Use(s *Setup) {
	s.prepare(e.metrics, e.log)
	e.setup.Store(s)
	e.metrics.config(s)
}

// Work begins to do what is due: jobs, schedules and the reconciler.
func (e *Engine) Work(ctx context.Context) error {
	if err := e.Heartbeat(ctx); err != nil {
		return err
	}
	if err := e.store.Serve(ctx, store.Work{Look: e.Look, Deliver: e.Deliver}); err != nil {
		return err
	}
	loops, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.done.Go(func() { e.beating(loops) })
	e.every(loops, takeOverEvery, e.takeOver)
	e.every(loops, reconcileEvery, e.Reconcile)
	e.every(loops, time.Second, e.Tick)
	e.every(loops, heartbeatEvery, e.observe)
	e.done.Go(func() {
		if pause(loops, retainFirst) == nil { // starting has more urgent work to do
			e.every(loops, retainEvery, e.Retain)
		}
	})
	return nil
}

const reconcileEvery = 30 * time.Second

// giveBackAfter is how long looks may still wait for their sources when we stop: most
// answer within a moment.
const giveBackAfter = 3 * time.Second

// Stop ends the loops, lets looks finish that have their answers soon, and gives back
// those that still wait for their sources then. It lets deliveries at hand, and looks that
// are recorded, finish until ctx ends; what is cut off is done again, by another replica
// or after the next start.
func (e *Engine) Stop(ctx context.Context) error {
	defer time.AfterFunc(giveBackAfter, e.give).Stop()
	if e.stop == nil {
		return nil
	}
	e.stop()
	err := e.store.Stop(ctx)
	e.done.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err == nil {
		_ = e.store.Leave(last, e.self.ID) // those who see it no more find out by themselves
		return nil
	}
	if away := e.Heartbeat(last); away != nil {
		// Only the queue's own notes are missing: what was done is in our rows, or is done
		// again under the same id.
		e.log.Warn("stopped while the database was away; its jobs are looked at again by another replica, or after the next start", "error", away)
		return nil
	}
	return err
}

// every calls do now and then at each interval. An error is logged, the same one once
// in a while; the next call comes all the same.
func (e *Engine) every(ctx context.Context, interval time.Duration, do func(context.Context) error) {
	e.done.Go(func() {
		t := time.NewTicker(interval)
		defer t.Stop()
		var said string
		var at time.Time
		for {
			if err := do(ctx); err != nil && ctx.Err() == nil && (err.Error() != said || time.Since(at) >= unseenFor) {
				said, at = err.Error(), time.Now()
				e.log.Warn("will be tried again", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	})
}

// Plans returns the plans of the config in force, by name.
func (e *Engine) Plans() []analysis.Plan {
	s := e.setup.Load()
	out := make([]analysis.Plan, 0, len(s.Plans))
	for _, name := range sortedKeys(s.Plans) {
		out = append(out, *s.Plans[name])
	}
	return out
}

// Plan returns a plan of the config in force.
func (e *Engine) Plan(name string) (analysis.Plan, bool) {
	p, ok := e.setup.Load().Plans[name]
	if !ok {
		return analysis.Plan{}, false
	}
	return *p, true
}

// newID returns a UUIDv7: ids sort by the time they were made.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
