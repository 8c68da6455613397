package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// exportOptions make the shop a service of its own, for a Prometheus that scrapes
// it: two versions serve side by side, and the newer one may be sick.
type exportOptions struct {
	listen         string
	stable, canary string
	stableErrors   float64
	canaryErrors   float64
	perMinute      float64 // requests to each
	secret         string  // of the webhooks that it receives; "": it receives none
}

// exportFlags adds what the shop alone needs to the flags of the demo.
func exportFlags(flags *flag.FlagSet) *exportOptions {
	o := &exportOptions{secret: os.Getenv("HOOK_SECRET")}
	flags.StringVar(&o.listen, "shop", "", "only serve the shop at this `address`, for a Prometheus of your own: /metrics,\nand with HOOK_SECRET also /rollback and /told")
	flags.StringVar(&o.stable, "stable", "1.4.2", "with --shop: the `version` that is known to be good")
	flags.StringVar(&o.canary, "canary", "1.5.0", "with --shop: the `version` beside it")
	flags.Float64Var(&o.stableErrors, "stable-errors", 0.002, "with --shop: `share` of failing requests of the one")
	flags.Float64Var(&o.canaryErrors, "canary-errors", 0.06, "with --shop: `share` of failing requests of the other")
	flags.Float64Var(&o.perMinute, "requests", 3000, "with --shop: requests to each, a minute")
	return o
}

func (o *exportOptions) check() error {
	for _, share := range []float64{o.stableErrors, o.canaryErrors} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("%g is not a share of requests, from 0 to 1", share)
		}
	}
	if !(o.perMinute >= 0 && o.perMinute <= 1e6) {
		return fmt.Errorf("--requests: %g is not a number from 0 to a million", o.perMinute)
	}
	if o.stable == o.canary {
		return fmt.Errorf("--stable and --canary are the same version, %s", o.stable)
	}
	return nil
}

// export serves the shop until ctx ends.
func export(ctx context.Context, o *exportOptions, out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	s := newShop(time.Minute, uint64(time.Now().UnixNano()))
	always := func(share float64) func(time.Duration) float64 { return func(time.Duration) float64 { return share } }
	s.deploy(o.stable, o.perMinute, 0.080, always(o.stableErrors))
	s.deploy(o.canary, o.perMinute, 0.080, always(o.canaryErrors))
	handler, err := exportHandler(s, o.secret, out)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "shop: %s and %s serve, metrics at http://%s/metrics\n", o.stable, o.canary, l.Addr())
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()

	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() { s.open(ctx) })
	err = srv.Serve(l)
	cancel()
	serving.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// open lets customers come until ctx ends; nobody scrapes but the Prometheus outside.
func (s *shop) open(ctx context.Context) {
	const every = 100 * time.Millisecond
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
