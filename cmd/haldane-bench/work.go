package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// work is the whole of it: so many releases of each family before each judge. What
// comes out depends on the options alone, not on how many work at it.
type work struct {
	options
	families []judgetest.Family
	workers  int
	progress func(done, all int, since time.Duration)
}

// measure does the work.
func (w *work) measure() result {
	all := len(w.families) * w.Runs
	seen := make([][]watched, all) // by family and run, of each judge
	var next, done atomic.Int64
	var workers sync.WaitGroup
	finished := make(chan struct{})
	for range w.workers {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= all {
					return
				}
				seen[i] = w.one(&w.families[i/w.Runs], i%w.Runs)
				done.Add(1)
			}
		})
	}
	go func() {
		workers.Wait()
		close(finished)
	}()
	w.follow(&done, all, finished)
	r := result{Options: w.options}
	for i := range w.families {
		r.add(&w.families[i], seen[i*w.Runs:(i+1)*w.Runs], &w.options)
	}
	r.sum()
	return r
}

// one makes a release and has every judge watch it.
func (w *work) one(f *judgetest.Family, run int) []watched {
	r := f.Make(w.Seed<<32|uint64(run), judgetest.Options{Samples: w.Samples, History: w.History})
	out := make([]watched, len(w.Judges))
	for i, name := range w.Judges {
		out[i] = watch(&r, name, &w.options)
	}
	return out
}

// follow shows progress until all is done.
func (w *work) follow(done *atomic.Int64, all int, finished <-chan struct{}) {
	if w.progress == nil {
		<-finished
		return
	}
	begin := time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.progress(int(done.Load()), all, time.Since(begin))
		case <-finished:
			w.progress(all, all, time.Since(begin))
			return
		}
	}
}

// progressTo writes one line over and over on a terminal, and nothing elsewhere.
func progressTo(s streams) func(done, all int, since time.Duration) {
	if !s.terminal {
		return nil
	}
	return func(done, all int, since time.Duration) { writeProgress(s.err, done, all, since) }
}

func writeProgress(out io.Writer, done, all int, since time.Duration) {
	if done == all {
		fmt.Fprintf(out, "\r\x1b[K%d releases in %s\n", all, since.Round(time.Second))
		return
	}
	left := ""
	if done > 0 {
		rest := time.Duration(float64(since) / float64(done) * float64(all-done))
		left = ", about " + rest.Round(time.Second).String() + " left"
	}
	fmt.Fprintf(out, "\r\x1b[K%d of %d releases%s", done, all, left)
}
