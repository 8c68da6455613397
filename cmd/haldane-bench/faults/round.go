package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// round is one world while its faults go on.
type round struct {
	*world
	ctx    context.Context
	seed   uint64
	faults []*fault
	server sync.Mutex // PostgreSQL is started and stopped by one at a time

	mu     sync.Mutex
	broken []string
}

// trouble is something that the harness itself could not do.
func (r *round) trouble(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = append(r.broken, "the harness: "+err.Error())
}

// play lives through one round and returns what there is to tell of it. An error is
// the harness's own.
func play(ctx context.Context, o *Options, seed uint64, dir, binary string, postgres bool) (*story, error) {
	rng := rand.New(rand.NewPCG(seed, 0x48616c64616e65))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	planned := schedule(rng, o, postgres)
	w, err := build(ctx, o, dir, binary, postgres, rng)
	if err != nil {
		return nil, err
	}
	defer w.close()
	w.releases = draw(rng, o.Runs, o.Pace, !ahead(planned))
	if err := w.configure(); err != nil {
		return nil, err
	}
	r := &round{world: w, ctx: ctx, seed: seed, faults: planned}
	if err := r.writeSchedule(); err != nil {
		return nil, err
	}
	if err := r.firstStart(rng); err != nil {
		return nil, err
	}
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	seen := w.watch(watching, o.Pace.Every/3)
	began := time.Now()
	r.suffer()
	quiet := time.Now()
	known, err := w.settle(ctx, quiet, !ahead(planned))
	if err != nil {
		r.trouble(fmt.Errorf("reading the end of it: %w", err))
	}
	settled := time.Since(quiet)
	stopWatching()
	for _, p := range w.replicas {
		p.stop(30 * time.Second)
	}
	return r.told(known, &story{Changed: seen.changes(), Began: began, Quiet: quiet, Settled: settled})
}

// writeSchedule leaves a note of what is going to happen beside the logs.
func (r *round) writeSchedule() error {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\n", r.seed)
	for _, f := range r.faults {
		fmt.Fprintln(&b, f)
	}
	for _, x := range r.releases {
		fmt.Fprintf(&b, "%6.2f s  release %s of %s, version %s, bad %t (%s after its start)\n", x.After.Seconds(), x.Key, x.Plan, x.Version, x.Bad, x.BadAfter)
	}
	return os.WriteFile(filepath.Join(r.dir, "schedule.txt"), []byte(b.String()), 0o600)
}

// firstStart starts the replicas on an empty database. Some are killed while the tables
// are made.
func (r *round) firstStart(rng *rand.Rand) error {
	away := func() time.Duration { return 50*time.Millisecond + rand.N(300*time.Millisecond) }
	for _, p := range r.replicas {
		if err := p.keepUp(r.ctx, away); err != nil {
			return err
		}
		r.closing(func() { p.stop(time.Second) })
	}
	if len(r.opts.Only) == 0 {
		for range rng.IntN(4) {
			f := &fault{Kind: KillMigrating, Replica: rng.IntN(len(r.replicas)), Lasts: 20*time.Millisecond + upTo(rng, 600*time.Millisecond)}
			_ = pause(r.ctx, f.Lasts)
			r.kill(f)
			r.faults = append(r.faults, f)
		}
	}
	for deadline := time.Now().Add(time.Minute); r.any() == ""; {
		if time.Now().After(deadline) {
			return fmt.Errorf("no replica came up; see %s", r.dir)
		}
		if err := pause(r.ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// suffer starts the releases and does the faults, each at its time, and returns when all
// of that is over.
func (r *round) suffer() {
	var all sync.WaitGroup
	began := time.Now()
	for _, x := range r.releases {
		all.Go(func() {
			_ = pause(r.ctx, time.Until(began.Add(x.After)))
			if x.Bad {
				r.metrics.turnsBad(x.Version, time.Now().Add(x.BadAfter))
			}
			if err := r.begin(r.ctx, x); err != nil {
				r.trouble(err)
			}
		})
	}
	for _, f := range r.faults {
		if f.do == nil {
			continue // done at the first start
		}
		all.Go(func() {
			_ = pause(r.ctx, time.Until(began.Add(f.At)))
			f.do(r, f)
		})
	}
	all.Wait()
	r.sources.set(weather{})
	for i := range r.replicas {
		r.hooks[i].set(weather{})
		if r.postgres != nil {
			r.bases[i].set(weather{})
		}
	}
	r.receiver.set(kind)
}

// told adds what the round knows to its story.
func (r *round) told(known map[string]chapter, s *story) (*story, error) {
	s.Releases, s.Requests, s.Broken = r.releases, r.receiver.all(), r.broken
	for _, c := range known {
		s.Runs = append(s.Runs, c)
	}
	for _, f := range r.faults {
		if f.Done {
			s.Faults = append(s.Faults, f)
		}
	}
	for _, p := range r.replicas {
		s.Broken = append(s.Broken, p.misdeeds()...)
	}
	if err := r.keepPostgresLog(); err != nil {
		return nil, err
	}
	leaked, read, err := r.secrets.leaks(r.dir)
	s.Leaked, s.Bytes = leaked, read
	return s, err
}
