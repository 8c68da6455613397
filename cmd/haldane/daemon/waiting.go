package daemon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/cmd/haldane/api"
)

// How a daemon waits for a server that is not there yet, and how often it says so.
const (
	askFirst = 500 * time.Millisecond
	askMost  = 3 * time.Second
	sayEvery = 10 * time.Second
)

// openStore opens the database. A server may come later than we do, and may let us in
// later: it is waited for until ctx ends. What does not get better by itself is an
// error at once: a URL that is not understood, tables of a newer Haldane, and all that
// is wrong with a file on this machine.
func (d *Daemon) openStore(ctx context.Context, replica string) error {
	o := store.Options{URL: d.opts.Settings.Database.Reveal(), Log: d.log, Poll: d.opts.Poll, Replica: replica}
	return d.patiently(ctx, func() (err error) {
		d.store, err = store.Open(ctx, o)
		return err
	})
}

// patiently does something that needs the database until it works.
func (d *Daemon) patiently(ctx context.Context, do func() error) error {
	server := !strings.HasPrefix(d.opts.Settings.Database.Reveal(), "sqlite:")
	var said string
	var at time.Time
	for wait := askFirst; ; wait = min(2*wait, askMost) {
		err := do()
		if err == nil || !server || analysis.KindOf(err) != analysis.Unavailable || ctx.Err() != nil {
			return err
		}
		d.notYet.Store(analysis.AsError(err))
		if err.Error() != said || time.Since(at) >= sayEvery {
			said, at = err.Error(), time.Now()
			d.log.Warn("the database cannot be used yet; waiting for it", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// whyNotYet is what a daemon that does not work yet says.
func (d *Daemon) whyNotYet() error {
	if e := d.notYet.Load(); e != nil {
		return e
	}
	return analysis.Errorf(analysis.Unavailable, "haldane: is starting")
}

// answer begins to serve: first only that we wait, later what d.handler is set to.
func (d *Daemon) answer() {
	waiting := api.Waiting(d.whyNotYet, d.log)
	d.handler.Store(&waiting)
	d.server = newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*d.handler.Load()).ServeHTTP(w, r) }), d.log)
	serve := d.server.Serve
	if d.certificates != nil {
		d.server.TLSConfig = d.certificates.server()
		serve = func(l net.Listener) error { return d.server.ServeTLS(l, "", "") }
	}
	d.done.Go(func() {
		if err := serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("the server stopped", "error", err)
		}
	})
}
