package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Run plays rounds, one after the other or some at the same time, prints what they
// amount to, and reports whether every promise was kept.
func Run(ctx context.Context, o Options) (kept bool, err error) {
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "haldane-faults"); err != nil {
			return false, err
		}
	}
	binary := o.Binary
	if binary == "" {
		if binary, err = buildHaldane(ctx, o.Dir, o.Clock); err != nil {
			return false, err
		}
	}
	fmt.Fprintf(o.Out, "seeds %d to %d; what is broken is left in %s\n", o.Seed, o.Seed+uint64(o.Rounds)-1, o.Dir)
	if os.Geteuid() != 0 {
		fmt.Fprintf(o.Out, "left out: %s, as mounting a small disk needs root\n", DiskFull)
	}
	var (
		mu    sync.Mutex
		all   sync.WaitGroup
		t     = newTally()
		turns = make(chan uint64)
		began = time.Now()
	)
	for range max(1, o.Parallel) {
		all.Go(func() {
			for seed := range turns {
				base := o.base(seed)
				dir := filepath.Join(o.Dir, fmt.Sprintf("seed-%d-%s", seed, base))
				s, r, err := o.one(ctx, seed, dir, binary, base)
				mu.Lock()
				o.note(t, seed, dir, base, s, r, err)
				mu.Unlock()
			}
		})
	}
	for i := range o.Rounds {
		if ctx.Err() != nil || o.For > 0 && time.Since(began) > o.For {
			break
		}
		turns <- o.Seed + uint64(i)
	}
	close(turns)
	all.Wait()
	fmt.Fprintf(o.Out, "\n%s\n\n", time.Since(began).Round(time.Second))
	t.print(o.Out)
	if t.kept() {
		return true, os.RemoveAll(o.Dir)
	}
	return false, ctx.Err()
}

// base is the database of a seed: what was asked for, or both in turn.
func (o *Options) base(seed uint64) string {
	switch {
	case o.Database == "sqlite" || o.Database == "postgres":
		return o.Database
	case seed%2 == 0:
		return "sqlite"
	}
	return "postgres"
}

// one plays one round and checks it. Its folder goes when all is well.
func (o *Options) one(ctx context.Context, seed uint64, dir, binary, base string) (*story, *report, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, nil, err
	}
	s, err := play(ctx, o, seed, dir, binary, base == "postgres")
	if err != nil {
		return nil, nil, err
	}
	r := check(s)
	if r.kept() {
		return s, r, os.RemoveAll(dir)
	}
	return s, r, s.write(dir, r)
}

// note adds a round, and says how it went.
func (o *Options) note(t *Tally, seed uint64, dir, base string, s *story, r *report, err error) {
	if err != nil {
		t.failures = append(t.failures, fmt.Sprintf("seed %d (%s) could not be played: %v\n  see %s", seed, base, err, dir))
		fmt.Fprintf(o.Log, "seed %d %s: %v\n", seed, base, err)
		return
	}
	t.add(base, s, r)
	word := "kept"
	if !r.kept() {
		word = "BROKEN"
		var b strings.Builder
		fmt.Fprintf(&b, "seed %d (%s), see %s", seed, base, dir)
		for _, p := range promises {
			for i, what := range r.broken[p] {
				if i == 5 {
					fmt.Fprintf(&b, "\n  ... and %d more of these", len(r.broken[p])-i)
					break
				}
				fmt.Fprintf(&b, "\n  not so: %s\n    %s", p, what)
			}
		}
		t.failures = append(t.failures, b.String())
	}
	fmt.Fprintf(o.Log, "seed %d %s: %s, %d runs, %d faults, over %s after the last\n", seed, base, word, len(s.Runs), len(s.Faults), s.Settled.Round(time.Second))
}
