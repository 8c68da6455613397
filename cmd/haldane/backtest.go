package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// backtestCommand plays a plan over the past. It is thin: package daemon plays,
// backtest_time.go reads the times, backtest_show.go prints.
type backtestCommand struct {
	Plan        string            `arg:"" help:"Name of the plan."`
	From        moment            `required:"" placeholder:"TIME" help:"When the first run starts: 2026-11-20T14:00:00Z, \"2026-11-20 14:00\" in local time, or -7d."`
	To          moment            `default:"now" placeholder:"TIME" help:"When the last run has ended; default: ${default}."`
	Canary      string            `placeholder:"VERSION" help:"What was released."`
	Baseline    string            `placeholder:"VERSION" help:"What it is compared with."`
	AA          bool              `name:"aa" help:"Compare one version with itself: how often would a good release fail?"`
	Split       string            `placeholder:"LABEL" help:"With --aa: split the replicas, told apart by this label, in two halves; default: compare each run's time with the one before."`
	Every       analysis.Duration `placeholder:"DURATION" help:"Between the starts of runs; default: the plan's duration."`
	Vars        map[string]string `help:"Values for {{.Vars.x}} in queries." name:"var" placeholder:"NAME=VALUE" mapsep:"none"`
	Concurrency int               `default:"4" help:"Runs whose samples are read at the same time."`
	Config      string            `help:"The config file; default: HALDANE_CONFIG, or haldane.yaml." type:"path" placeholder:"FILE"`
	Format      string            `enum:"text,json" default:"text" help:"${enum}."`
	Picture     string            `type:"path" placeholder:"FILE" help:"Also draw it: a file that ends in .svg or .png."`
}

// Run plays, and prints what would have been said.
func (c backtestCommand) Run(ctx context.Context, s streams) error {
	now := time.Now()
	b, err := c.backtest(ctx, s, now)
	if err != nil {
		return err
	}
	show := newBacktestShow(s, c.Format == "json", now.Location())
	b.Planned, b.Played, b.Waiting = show.planned, show.played, show.waiting
	report, err := b.Run(ctx)
	if report == nil {
		return err
	}
	if shown := show.report(report); shown != nil {
		return shown
	}
	return errors.Join(err, c.draw(report))
}

// backtest checks the flags, and the config.
func (c backtestCommand) backtest(ctx context.Context, s streams, now time.Time) (*daemon.Backtest, error) {
	b := &daemon.Backtest{
		Version: version(), Now: now, Plan: c.Plan, Canary: c.Canary, Baseline: c.Baseline, AA: c.AA, Split: c.Split,
		Variables: c.Vars, Every: c.Every.Std(), Concurrency: c.Concurrency,
	}
	if c.Picture != "" && !slices.Contains(daemon.PictureFormats(), c.pictureFormat()) {
		return nil, analysis.Errorf(analysis.Invalid, "--picture %s: neither .svg nor .png", filepath.Base(c.Picture))
	}
	var err error
	if b.From, err = c.From.at("--from", now); err != nil {
		return nil, err
	}
	if b.To, err = c.To.at("--to", now); err != nil {
		return nil, err
	}
	if !b.From.Before(b.To) {
		return nil, analysis.Errorf(analysis.Invalid, "--from: not before --to")
	}
	if c.Config == "" {
		settings, err := config.ReadSettings(ctx, lookuper(s.env))
		if err != nil {
			return nil, err
		}
		c.Config = settings.Config
	}
	b.Config, err = config.Load(c.Config, daemon.Types(s.env))
	var mistakes *config.Mistakes
	if errors.As(err, &mistakes) {
		printMistakes(s.err, mistakes)
		return nil, exit(exitTrouble)
	}
	return b, err
}

func (c backtestCommand) pictureFormat() string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(c.Picture), "."))
}

// draw writes the picture, if one is wanted and there is something to draw.
func (c backtestCommand) draw(r *daemon.BacktestReport) error {
	if c.Picture == "" || len(r.Windows) == 0 {
		return nil
	}
	var drawn bytes.Buffer
	if err := r.Picture(&drawn, c.pictureFormat()); err != nil {
		return err
	}
	return os.WriteFile(c.Picture, drawn.Bytes(), 0o644) //nolint:gosec // a picture for others to see
}
