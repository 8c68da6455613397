// Package daemon puts the house together: it reads the config, opens the store,
// makes sources and actions of their sections, starts the engine, and serves API
// and pages; it stops all of that in the reverse order. It is the one place that
// knows every vendor. Only main and the demo import it.
//
// Start reading at daemon.go; setup.go makes what the engine needs of a config.
package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/cmd/haldane/api"
	"github.com/haldane-dev/haldane/cmd/haldane/ui"
	"github.com/haldane-dev/haldane/config"
)

// Options say how to run a Daemon.
type Options struct {
	Settings config.Settings
	Version  string
	Log      *slog.Logger
	Env      func(string) (string, bool) // for secrets in the config
	Poll     time.Duration               // how long a due delivery may wait to be noticed; default 100 ms
}

// Daemon is a running Haldane.
type Daemon struct {
	opts     Options
	log      *slog.Logger
	registry *prometheus.Registry
	reloads  *prometheus.CounterVec
	stale    prometheus.Gauge
	config   atomic.Pointer[config.Config]
	tokens   atomic.Pointer[[]api.Token]
	refused  atomic.Pointer[analysis.Error] // why the file on disk is not in force
	opened   atomic.Pointer[opened]
	shared   config.Shared // by sources and actions, over reloads

	handler      atomic.Pointer[http.Handler]   // what answers requests now
	notYet       atomic.Pointer[analysis.Error] // why it does not work yet
	working      atomic.Bool
	reloading    sync.Mutex    // guards certificates, too
	certificates *certificates // nil: plain HTTP
	store        *store.Store
	engine       *engine.Engine
	listener     net.Listener
	server       *http.Server
	profiles     *http.Server // nil without
	polling      context.CancelFunc
	listening    sync.WaitGroup // actions whose buttons people press
	done         sync.WaitGroup
}

// Start brings a Daemon up. When it returns, the daemon works and serves. While it waits
// for its database it serves already: alive, and not ready. Config mistakes come as
// *config.Mistakes.
func Start(ctx context.Context, o Options) (_ *Daemon, err error) {
	d := &Daemon{opts: o, log: withRequests(o.Log), registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			_ = d.close() // what went wrong first is what counts
		}
	}()
	d.instrument()
	c, err := d.load()
	if err != nil {
		return nil, err
	}
	if len(c.Tokens) == 0 && !o.Settings.Loopback() {
		return nil, analysis.Errorf(analysis.Invalid, "listen: %s can be reached from other machines, and the config has no tokens", o.Settings.Listen).
			WithHint("add tokens to %s, or set HALDANE_LISTEN=127.0.0.1:8080", o.Settings.Config)
	}
	if d.certificates, err = openTLS(o.Settings.TLS, d.log, d.registry); err != nil {
		return nil, err
	}
	if err := d.listen(ctx); err != nil {
		return nil, err
	}
	d.answer()
	replica := engine.NewReplica()
	if err := d.openStore(ctx, replica); err != nil {
		return nil, err
	}
	if err := d.profile(ctx); err != nil {
		return nil, err
	}
	parts, setup, err := d.open(c)
	if err != nil {
		return nil, err
	}
	d.engine = engine.New(engine.Options{
		Store: d.store, Log: d.log, Registerer: d.registry, Actions: engine.Switch(o.Settings.Actions),
		ExternalURL: d.external(), Version: o.Version, Replica: replica,
	}, setup)
	d.adopt(c, parts)
	if err := d.patiently(ctx, func() error { return d.engine.Work(ctx) }); err != nil {
		return nil, err
	}
	d.working.Store(true)
	d.serve()
	d.watch()
	d.log.Info("haldane is up", "version", o.Version, "listen", d.listener.Addr().String(), "tls", d.certificates != nil, "config", o.Settings.Config,
		"plans", len(c.Plans), "actions", o.Settings.Actions)
	return d, nil
}

func (d *Daemon) instrument() {
	d.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "haldane", Name: "build_info", Help: "1 for the version that runs.",
	}, []string{"version"})
	build.WithLabelValues(d.opts.Version).Set(1)
	d.reloads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "haldane", Name: "config_reloads_total", Help: "Times the config was read again, by outcome.",
	}, []string{"outcome"})
	d.stale = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "haldane", Name: "config_refused", Help: "1 while the config on disk is broken and the one before it is in force.",
	})
	d.registry.MustRegister(build, d.reloads, d.stale, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "haldane", Name: "ready", Help: "1 while work can be recorded, as /readyz says.",
	}, d.ready))
}

// ready is what /readyz says, for alerts where nobody watches the probe. A scrape
// must not hang with a database that does.
func (d *Daemon) ready() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if !d.working.Load() || d.engine.Ready(ctx) != nil {
		return 0
	}
	return 1
}

// listen takes the port before anything works, so that a second daemon does not
// start to do things.
func (d *Daemon) listen(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.opts.Settings.Listen)
	if err != nil {
		return analysis.Errorf(analysis.Unavailable, "listen: %s cannot be used", d.opts.Settings.Listen).
			WithHint("another program may have the port: set HALDANE_LISTEN").Because(err)
	}
	d.listener = l
	return nil
}

// external is the address under which people reach the daemon.
func (d *Daemon) external() string {
	if u := d.opts.Settings.ExternalURL; u != "" {
		return u
	}
	return d.URL()
}

// URL is the address of the API on this machine.
func (d *Daemon) URL() string {
	if d.certificates != nil {
		return "https://" + d.listener.Addr().String()
	}
	return "http://" + d.listener.Addr().String()
}

func (d *Daemon) serve() {
	people := ui.New(ui.Deps{Reader: d.engine, Samples: d.engine, Plans: d.engine, Banner: d.banner, Log: d.log, Version: d.opts.Version})
	handler := api.New(api.Deps{
		Reader: d.engine, Samples: d.engine, Writer: d.engine, Driller: d.engine, Plans: d.engine, Prober: d.engine, Reloader: d,
		Metrics: promhttp.HandlerFor(d.registry, promhttp.HandlerOpts{}), Log: d.log, Version: d.opts.Version,
		Tokens: d.currentTokens, MetricsAuth: d.opts.Settings.MetricsAuth, Hosts: d.hosts(),
		Interactions: d.interactions, Pages: people.Serve, RateLimit: d.opts.Settings.RateLimit,
		ClientCertificate: d.opts.Settings.TLS.RequireClient,
	})
	d.handler.Store(&handler)
}

func (d *Daemon) currentTokens() []api.Token { return *d.tokens.Load() }

// Stop ends the daemon: no new requests, and those and the deliveries at hand finish,
// until ctx ends.
func (d *Daemon) Stop(ctx context.Context) error {
	d.log.Info("stopping")
	if d.polling != nil {
		d.polling()
	}
	working := make(chan error, 1)
	go func() { working <- d.engine.Stop(ctx) }() // who keeps a request open keeps no look from being given back
	err := d.server.Shutdown(ctx)
	if err != nil {
		_ = d.server.Close()
	}
	d.stopListening(ctx)
	d.stopProfiling()
	err = errors.Join(err, <-working)
	d.done.Wait()
	err = errors.Join(err, d.close())
	d.log.Info("stopped")
	return err
}

// close lets go of what Start took.
func (d *Daemon) close() error {
	var errs []error
	stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d.stopListening(stop)
	d.stopProfiling()
	if d.server != nil {
		errs = append(errs, d.server.Close())
		d.done.Wait()
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if p := d.opened.Load(); p != nil {
		p.close()
	}
	return errors.Join(errs...)
}

// banner is what every page should say first: "" when all is well.
func (d *Daemon) banner() string {
	if e := d.refused.Load(); e != nil {
		text := "The config on disk is broken; the one before it is in force."
		if slices.ContainsFunc(d.currentTokens(), func(t api.Token) bool { return len(t.Plans) > 0 }) {
			return text + " The log says why." // not all who read this may know of all plans
		}
		return text + " " + e.Message
	}
	return d.engine.Mismatch()
}
