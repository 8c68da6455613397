package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// exportOptions make the shop a service of its own, for a Prometheus that scrapes
// it: two versions serve, and the newer one may be sick from the start.
type exportOptions struct {
	listen         string
	stable, canary string
	stableErrors   float64
	canaryErrors   float64
	minute         time.Duration
	secret         string // of the webhooks it receives; "": it receives none
}

// exportFlags adds what the shop alone needs to the flags of the demo.
func exportFlags(flags *flag.FlagSet) *exportOptions {
	o := &exportOptions{secret: os.Getenv("HOOK_SECRET")}
	flags.StringVar(&o.listen, "shop", "", "only serve the shop at this address, for a Prometheus of your own: /metrics,\nand with HOOK_SECRET also /rollback and /told")
	flags.StringVar(&o.stable, "stable", "1.4.2", "with --shop: the version that everybody knows")
	flags.StringVar(&o.canary, "canary", "1.5.0", "with --shop: the version beside it")
	flags.Float64Var(&o.stableErrors, "stable-errors", 0.002, "with --shop: share of failing requests of the one")
	flags.Float64Var(&o.canaryErrors, "canary-errors", 0.06, "with --shop: and of the other")
	return o
}

func (o *exportOptions) check() error {
	for _, share := range []float64{o.stableErrors, o.canaryErrors} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("%g is not a share of requests, from 0 to 1", share)
		}
	}
	if o.stable == o.canary {
		return fmt.Errorf("--stable and --canary are the same version, %s", o.stable)
	}
	return nil
}

// export serves the shop until ctx ends. minute is how long a minute of it lasts:
// one, unless the demo's --pace says otherwise.
func export(ctx context.Context, o *exportOptions, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	s := newShop(o.minute, 1)
	always := func(share float64) func(time.Duration) float64 { return func(time.Duration) float64 { return share } }
	s.deploy(o.stable, 3000, 0.080, always(o.stableErrors))
	s.deploy(o.canary, 3000, 0.080, always(o.canaryErrors))
	handler, err := o.handler(s, out)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "shop: %s and %s serve, metrics at http://%s/metrics\n", o.stable, o.canary, l.Addr())
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stopped()
	var open sync.WaitGroup
	open.Go(func() { s.open(ctx) })
	err = srv.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	open.Wait()
	return err
}

// open lets customers come until ctx ends; nobody scrapes but the Prometheus outside.
func (s *shop) open(ctx context.Context) {
	every := s.minute / 60
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			s.customers(now, float64(every)/float64(s.minute))
		}
	}
}

// handler serves the metrics and, like a deploy tool and a chat, receives
// webhooks: a rollback ends the version that it names.
func (o *exportOptions) handler(s *shop, out io.Writer) (http.Handler, error) {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(exporter{s}); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if o.secret == "" {
		return mux, nil
	}
	lines := &lineWriter{out: out}
	tool, err := newDeployTool(o.secret, func(r rollback) {
		s.remove(r.From)
		lines.printf("deploy tool: rolled %s back from %s to %s: %s\n", r.Service, r.From, r.To, r.Reason)
	})
	if err != nil {
		return nil, fmt.Errorf("HOOK_SECRET: %w", err)
	}
	mux.Handle("POST /rollback", tool)
	mux.HandleFunc("POST /told", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = tool.verifier.Verify(body, r.Header)
		}
		if err != nil {
			http.Error(w, "signature: "+err.Error(), http.StatusUnauthorized)
			return
		}
		var event struct {
			Type string `json:"type"`
			Data struct {
				Reason string `json:"reason"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		lines.printf("told: %s: %s\n", event.Type, event.Data.Reason)
	})
	return mux, nil
}

// lineWriter lets handlers print side by side.
type lineWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (l *lineWriter) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, format, args...)
}
