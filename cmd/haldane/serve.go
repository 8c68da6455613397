package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

type serveCommand struct {
	Config string `arg:"" optional:"" help:"The config file; default: HALDANE_CONFIG, or haldane.yaml." type:"path"`
}

// stopWithin is how long deliveries and requests at hand may take to finish after
// SIGTERM; what they have not done by then is given back, and done again with the same
// id. With what comes after, stopping takes less than 10 s; Kubernetes kills after 30 s.
const stopWithin = 6 * time.Second

// Run serves until the context ends.
func (c serveCommand) Run(ctx context.Context, s streams) error {
	settings, err := config.ReadSettings(ctx, lookuper(s.env))
	if err != nil {
		return err
	}
	if c.Config != "" {
		settings.Config = c.Config
	}
	log := logger(s, settings)
	for _, w := range config.Misspelt(s.environ) {
		log.Warn(w)
	}
	hup := make(chan os.Signal, 1) // one that comes while it waits for its database is kept
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	d, err := daemon.Start(ctx, daemon.Options{Settings: settings, Version: version(), Log: log, Env: s.env})
	if err != nil {
		var mistakes *config.Mistakes
		if errors.As(err, &mistakes) {
			printMistakes(s.err, mistakes)
			return exit(exitFail)
		}
		if ctx.Err() != nil { // asked to stop before it could begin
			return nil
		}
		return err
	}
	for {
		select {
		case <-hup:
			_ = d.Reload(ctx, analysis.Cause{Kind: "signal", Who: "SIGHUP"}) // says itself what is wrong
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
			defer cancel()
			return d.Stop(stop)
		}
	}
}

func lookuper(env func(string) (string, bool)) envconfig.Lookuper {
	return envconfig.LookuperFunc(env)
}

func logger(s streams, settings config.Settings) *slog.Logger {
	o := &slog.HandlerOptions{Level: settings.LogLevel}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(s.err, o))
	}
	return slog.New(slog.NewTextHandler(s.err, o))
}
