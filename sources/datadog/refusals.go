package datadog

import (
	"sync"
	"time"
)

// refusals remembers queries that were refused, so that a wrong one in a plan does not
// cost several requests at each look.
type refusals struct {
	mu   sync.Mutex
	kept map[string]refusal
}

type refusal struct {
	err error
	at  time.Time
}

const (
	keepRefusals = 5 * time.Minute
	mostRefusals = 1000
)

func (r *refusals) keep(text string, err error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil || len(r.kept) >= mostRefusals {
		r.kept = map[string]refusal{}
	}
	r.kept[text] = refusal{err, now}
}

func (r *refusals) recall(text string, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, ok := r.kept[text]
	if !ok || now.Sub(one.at) > keepRefusals {
		return nil
	}
	return one.err
}
