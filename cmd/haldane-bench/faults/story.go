package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// story is all that is known of a round when it is over: what the promises are checked
// against.
type story struct {
	Releases []release
	Runs     []chapter
	Requests []request
	Faults   []*fault      // those that were done
	Changed  []string      // final words that changed, as they were seen
	Began    time.Time     // the first release
	Quiet    time.Time     // when the last fault was over
	Settled  time.Duration // how long after that everything was
	Leaked   []string      // secrets in logs
	Broken   []string      // what was broken before anything was compared
	Bytes    int64         // of logs that were read for secrets
}

// chapter is one run with everything that belongs to it.
type chapter struct {
	analysis.Run
	Looks      []analysis.Look
	Events     []analysis.Event
	Deliveries []analysis.Delivery
}

// settled reports whether nothing is to come any more in this hour.
func (c *chapter) settled() bool {
	if !c.Status.Ended() && c.StartedAt.Before(time.Now().Add(clockSkew/2)) || c.verifying() {
		return false
	}
	for i := range c.Deliveries {
		if c.Deliveries[i].State.Open() {
			return false
		}
	}
	return true
}

// verifying reports whether its rollback is still watched: not one that was done while a
// clock was an hour ahead, which is watched in that hour.
func (c *chapter) verifying() bool {
	v := c.Verification
	return v.State == analysis.VerificationWatching && (v.Until == nil || v.Until.Before(time.Now().Add(clockSkew/2)))
}

// chapter reads everything that belongs to a run. It is asked for in four requests: torn
// says that the run moved on meanwhile.
func (w *world) chapter(ctx context.Context, id string) (c chapter, torn bool, err error) {
	var before analysis.Run
	at := "/api/v1/runs/" + id
	for _, part := range []struct {
		path string
		into any
	}{{"", &before}, {"/looks", &c}, {"/events", &c}, {"/deliveries", &c}, {"", &c.Run}} {
		if err := w.get(ctx, at+part.path, part.into); err != nil {
			return c, true, err
		}
	}
	moved := func(r analysis.Run) string {
		return fmt.Sprint(r.Status, r.Rollback.State, r.Verification.State, r.Progress.Looks)
	}
	return c, moved(before) != moved(c.Run), nil
}

// watcher polls the API while everything fails, and remembers what was final.
type watcher struct {
	mu      sync.Mutex
	final   map[string]string
	changed []string
	polls   int
}

// watch polls until the context ends.
func (w *world) watch(ctx context.Context, every time.Duration) *watcher {
	seen := &watcher{final: map[string]string{}}
	go func() {
		for pause(ctx, every) == nil {
			if runs, err := w.list(ctx); err == nil {
				seen.note(runs)
			}
		}
	}()
	return seen
}

// note compares what is final with what was final before.
func (s *watcher) note(runs []analysis.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls++
	now := map[string]bool{}
	for i := range runs {
		r := &runs[i]
		now[r.ID] = true
		words := string(r.Status)
		if r.Outcome != nil {
			words += " " + string(*r.Outcome)
		}
		if before, known := s.final[r.ID]; known && before != words {
			s.changed = append(s.changed, fmt.Sprintf("run %s: was %s, then %s", r.ID, before, words))
		}
		if r.Status.Ended() {
			s.final[r.ID] = words
		}
	}
	for id, before := range s.final {
		if !now[id] {
			s.changed = append(s.changed, fmt.Sprintf("run %s: was %s, then it was gone", id, before))
			delete(s.final, id)
		}
	}
}

func (s *watcher) changes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// settle waits until every release has come to its end, and schedules tick. What has not by
// then is for the promises to say. When a clock was ahead, what it has put off for that hour
// is not waited for: ticking is false.
func (w *world) settle(ctx context.Context, quiet time.Time, ticking bool) (map[string]chapter, error) {
	ctx, cancel := context.WithTimeout(ctx, w.opts.Pace.Settle)
	defer cancel()
	known := map[string]chapter{}
	for {
		runs, err := w.list(ctx)
		open, ticked := err != nil, !ticking
		for i := range runs {
			id := runs[i].ID
			if c, ok := known[id]; ok && c.settled() {
				ticked = ticked || ticks(&c.Run, quiet)
				continue
			}
			c, torn, e := w.chapter(ctx, id)
			if e != nil || torn {
				open = true
				continue
			}
			known[id] = c
			if c.Plan == cronPlan {
				ticked = ticked || c.settled() && ticks(&c.Run, quiet)
				open = open || !c.settled() && c.StartedAt.Before(quiet)
				continue
			}
			open = open || !c.settled() && !(c.Status == analysis.StatusRunning && !ticking && time.Since(quiet) > time.Minute)
		}
		if !open && ticked {
			return known, nil
		}
		if pause(ctx, 300*time.Millisecond) != nil {
			return known, err
		}
	}
}

// otherHour reports whether a run began while a clock was wrong: its samples lie, or will
// lie, in that hour.
func (s *story) otherHour(c *chapter) bool {
	return s.clockWrong(0) && (c.StartedAt.Before(s.Began.Add(-clockSkew/2)) || c.StartedAt.After(s.Quiet.Add(clockSkew/2)))
}

// ticks reports whether a run was started by the clock after a moment, in our time.
func ticks(r *analysis.Run, after time.Time) bool {
	return r.Plan == cronPlan && r.StartedAt.After(after) && r.StartedAt.Before(after.Add(clockSkew/2))
}

// write leaves everything that is known of a round in its folder.
func (s *story) write(dir string, r *report) error {
	text, err := json.MarshalIndent(struct {
		Broken map[promise][]string
		Story  *story
	}{r.broken, s}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "story.json"), text, 0o600)
}
