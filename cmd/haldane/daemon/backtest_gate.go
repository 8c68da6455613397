package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// gate keeps all windows from asking while a source asks to wait.
type gate struct {
	waiting func(time.Duration, *analysis.Error)

	mu    sync.Mutex
	until time.Time // nothing passes before
	reads int       // windows that were read well
	since time.Time // of the first refusal after the last of them
}

// For how long windows wait for sources in trouble. From then on these are asked once for
// each window, so that a backtest comes to its end.
const (
	limitPatience = 6 * time.Hour // a limit of a few requests an hour
	downPatience  = 5 * time.Minute
)

// A window whose source fails without a word on waiting is read again a few times, after
// pauses that double: the source may have had a moment, or the window may be too much for it.
const (
	mostTries  = 4
	firstPause = 5 * time.Second
)

// pass returns when a question may go out, or when ctx ends.
func (g *gate) pass(ctx context.Context) error {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		g.mu.Unlock()
		if err := pause(ctx, wait); err != nil || wait <= 0 {
			return err
		}
	}
}

// again reports whether a window should be read again, and after which pause of its own.
// tries counts its reads, but for those after which a source asked to wait: then the gate
// closes for all.
func (g *gate) again(past *engine.Past, tries int) (again bool, pause time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	patience := downPatience
	switch {
	case past.Trouble == nil:
		g.reads, g.since = g.reads+1, time.Time{}
		return false, 0
	case past.Trouble.Kind == analysis.Limited:
		patience = limitPatience
	case past.Trouble.Kind != analysis.Unavailable || g.reads == 0:
		return false, 0 // it will not mend, or the address may be wrong
	}
	if past.Wait == 0 {
		return tries < mostTries, firstPause << (tries - 1)
	}
	if g.since.IsZero() {
		g.since = now
	}
	if now.Add(past.Wait).Sub(g.since) > patience {
		return false, 0
	}
	news := !g.until.After(now) // windows that were refused together say so once
	if until := now.Add(past.Wait); until.After(g.until) {
		g.until = until
	}
	if news && g.waiting != nil {
		g.waiting(past.Wait, past.Trouble)
	}
	return true, 0
}

// hasAnswered reports whether a window was ever read well.
func (g *gate) hasAnswered() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reads > 0
}

// pause waits, or returns when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
