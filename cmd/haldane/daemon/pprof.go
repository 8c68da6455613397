package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// profile serves Go's profiles at an address of their own, which only this machine can
// reach, if the settings have one. The API's address never serves them.
func (d *Daemon) profile(ctx context.Context) error {
	address := d.opts.Settings.Pprof
	if address == "" {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return analysis.Errorf(analysis.Unavailable, "profiles: %s cannot be used", address).
			WithHint("another program may have the port: set HALDANE_PPROF").Because(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	// Profiles are written for as long as was asked: there is no limit on that.
	d.profiles = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	d.log.Info("profiles are served", "listen", l.Addr().String())
	d.done.Go(func() {
		if err := d.profiles.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("the server of profiles stopped", "error", err)
		}
	})
	return nil
}

// stopProfiling ends profiles at hand: nobody's release depends on them.
func (d *Daemon) stopProfiling() {
	if d.profiles != nil {
		_ = d.profiles.Close()
	}
}
