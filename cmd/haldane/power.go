package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// powerCommand says how long a run must be. It is thin: power_input.go reads what is
// known of a metric, power_model.go is the metric with the formulas for it,
// power_simulate.go asks the judge itself, power_show.go prints.
type powerCommand struct {
	File      string        `arg:"" optional:"" help:"What the metric was like: numbers or JSON arrays of them, null for a gap, or a line as for haldane judge; - is standard input." type:"existingfile"`
	Change    factor        `required:"" placeholder:"CHANGE" help:"Of the canary to the baseline: x1.2, 20%, or --change=-30%."`
	Metric    string        `help:"Of a line with several metrics: which one."`
	Rate      float64       `help:"Instead of a file: bad events of all events, 0.002, or with --kind count events in a unit of exposure."`
	Traffic   float64       `help:"With --rate: events a step, or exposure, of both sides together."`
	Share     fraction      `default:"50%" help:"The canary's share of the traffic."`
	Kind      string        `enum:"ratio,count" default:"ratio" help:"With --rate: ${enum}."`
	Step      time.Duration `default:"1m" help:"Between samples."`
	Tolerance fraction      `default:"5%" help:"As in the plan: the smallest change that matters."`
	Rollbacks fraction      `name:"false-rollback-rate" default:"1%" help:"As in the plan."`
	History   int           `help:"Samples of earlier good runs that the judge has learnt the noise from; gauges only."`
	Runs      int           `default:"400" help:"Releases that are simulated."`
	Longest   int           `default:"1000" help:"Samples of the longest run that is tried."`
	Seed      uint64        `default:"1" help:"Of the simulation: the same seed gives the same answer."`
	JSON      bool          `help:"Print JSON."`
}

// Run prints how many samples it takes.
func (c powerCommand) Run(ctx context.Context, s streams) error {
	if err := c.check(); err != nil {
		return err
	}
	m, err := c.model(s)
	if err != nil {
		return err
	}
	answer := m.formulas()
	if err := m.simulate(ctx, &answer); err != nil {
		return err
	}
	if c.JSON {
		return answer.json(s.out)
	}
	return answer.text(s.out)
}

func (c powerCommand) check() error {
	bad := func(format string, args ...any) *analysis.Error {
		return analysis.Errorf(analysis.Invalid, format, args...)
	}
	change, tolerance := float64(c.Change), float64(c.Tolerance)
	switch {
	case c.File == "" && c.Rate == 0:
		return bad("nothing is known of the metric").WithHint("a file of its samples, or --rate 0.002 --traffic 2000")
	case c.File != "" && (c.Rate != 0 || c.Traffic != 0):
		return bad("a file and --rate or --traffic: one of them")
	case c.File == "" && !(c.Rate > 0 && (c.Rate < 1 || c.Kind == string(analysis.Count)) && c.Rate < 1e12):
		return bad("--rate %v: not a rate", c.Rate).WithHint("--rate 0.002 is two of a thousand")
	case c.File == "" && !(c.Traffic > 0 && c.Traffic <= 1e12):
		return bad("--traffic is missing, or no number of events").WithHint("--traffic 2000")
	case change < 1+tolerance && change > 1-tolerance || change == 1:
		return bad("--change is within the tolerance of %s: it is none that counts", percentOf(tolerance)).WithHint("a larger change, or a smaller --tolerance")
	case !(c.Share > 0 && c.Share < 1):
		return bad("--share must be between 0 and 100 %%")
	case !(tolerance >= 0 && tolerance < 1):
		return bad("--tolerance must be from 0 to below 100 %%")
	case !(c.Rollbacks > 0 && c.Rollbacks < 1):
		return bad("--false-rollback-rate must be between 0 and 100 %%")
	case c.Step < time.Second || c.Step > 366*24*time.Hour:
		return bad("--step must be from a second to a year")
	case c.Runs < 20 || c.Runs > 100_000:
		return bad("--runs must be from 20 to 100000")
	case c.Longest < 20 || c.Longest > 100_000:
		return bad("--longest must be from 20 to 100000")
	case c.History < 0 || c.History > 100_000:
		return bad("--history must be from 0 to 100000")
	}
	return nil
}

// factor is a change: x1.2, 20% and +20% are 1.2, -30% is 0.7.
type factor float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *factor) UnmarshalText(b []byte) error {
	text := string(b)
	if times, ok := strings.CutPrefix(text, "x"); ok {
		v, err := strconv.ParseFloat(times, 64)
		if err != nil || !(v > 0 && v < 1e6) {
			return analysis.Errorf(analysis.Invalid, "%q is no change", text).WithHint("x1.2, 20%% or -30%%")
		}
		*f = factor(v)
		return nil
	}
	var part fraction
	if !strings.HasSuffix(text, "%") || part.UnmarshalText(b) != nil || part <= -1 || part > 1e6 {
		return analysis.Errorf(analysis.Invalid, "%q is no change", text).WithHint("x1.2, 20%% or -30%%")
	}
	*f = 1 + factor(part)
	return nil
}

// fraction is 5% or 0.05.
type fraction float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *fraction) UnmarshalText(b []byte) error {
	text, per := strings.CutSuffix(string(b), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !analysis.IsFinite(v) {
		return analysis.Errorf(analysis.Invalid, "%q is no share", b).WithHint("5%%, or 0.05")
	}
	if per {
		v /= 100
	}
	*f = fraction(v)
	return nil
}
