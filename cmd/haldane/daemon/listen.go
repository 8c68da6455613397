package daemon

import (
	"context"
	"net/http"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// How long an action that cannot listen is left alone before it tries again: longer each
// time, until it has listened for a while.
const (
	listenAgain = time.Second
	listenMost  = 5 * time.Minute
)

// hear lets every action that has buttons, or the like, hear of them, until hush.
func (d *Daemon) hear(o *opened) {
	ctx, cancel := context.WithCancel(context.Background())
	o.hush = cancel
	for name, a := range o.actions {
		if l, ok := a.Action.(analysis.Listener); ok {
			d.listening.Go(func() { d.keepListening(ctx, name, l) })
		}
	}
}

// keepListening starts a listener again whenever it fails. One that ends by itself has
// nothing to listen to.
func (d *Daemon) keepListening(ctx context.Context, name string, l analysis.Listener) {
	wait := listenAgain
	for {
		began := time.Now()
		err := l.Listen(ctx, d.engine)
		if err == nil || ctx.Err() != nil {
			return
		}
		if time.Since(began) > listenMost {
			wait = listenAgain
		}
		e := analysis.AsError(err)
		d.log.Error("an action does not hear of its buttons", "action", name, "error", e.Message, "hint", e.Hint, "again_in", wait.String())
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		wait = min(2*wait, listenMost)
	}
}

// interactions finds what answers to the buttons of an action in force.
func (d *Daemon) interactions(name string) http.Handler {
	if o := d.opened.Load(); o != nil {
		if a, ok := o.actions[name].Action.(interface{ Interactions() http.Handler }); ok {
			return a.Interactions()
		}
	}
	return nil
}

// stopListening ends all listeners and waits for what they have at hand, until ctx ends.
func (d *Daemon) stopListening(ctx context.Context) {
	if o := d.opened.Load(); o != nil {
		o.hush()
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		d.listening.Wait()
	}()
	select {
	case <-over:
	case <-ctx.Done():
	}
}
