package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// drillCommand makes a drill at a daemon, follows it to its end and says how each step
// went. drill_report.go finds the words.
type drillCommand struct {
	Plan        string        `arg:"" help:"Name of the plan."`
	ForReal     bool          `help:"Send everything: roll back, tell people. Default: every action is checked and nothing is sent."`
	Environment string        `help:"The plan's environment: with --for-real it must be typed." placeholder:"NAME"`
	Version     string        `help:"What is called bad; needed with --for-real." placeholder:"VERSION"`
	Baseline    string        `help:"What is rolled back to; needed with --for-real: the version that is live, or one that was good." placeholder:"VERSION"`
	Timeout     time.Duration `default:"15m" help:"How long the steps may take; default: ${default}."`
	Format      string        `enum:"text,json" default:"text" help:"${enum}."`
}

// drillPoll is how often the daemon is asked how the steps are going.
const drillPoll = 200 * time.Millisecond

// Run makes the drill. It exits 0 when every step was done (or, without --for-real, could
// have been), 1 when one was not, 3 when there was no drill.
func (c drillCommand) Run(ctx context.Context, s streams) error {
	if c.ForReal && c.Environment == "" {
		return analysis.Errorf(analysis.Invalid, "--environment: missing: a drill for real rolls back, so it wants the name of the place").
			WithHint("--environment NAME, as the plan has it")
	}
	cl, err := newClient(s.env)
	if err != nil {
		return err
	}
	r := newDrillReport(s.out, c)
	body := map[string]any{"for_real": c.ForReal, "environment": c.Environment, "version": c.Version, "baseline_version": c.Baseline}
	var run analysis.Run
	asked := time.Now()
	if err := cl.call(ctx, http.MethodPost, "/api/v1/plans/"+url.PathEscape(c.Plan)+"/drill", body, &run); err != nil {
		return err // not tried again: a second drill would roll back a second time
	}
	r.began(run, time.Since(asked))
	waiting, stop := context.WithTimeout(ctx, c.Timeout)
	defer stop()
	if err := c.follow(waiting, cl, r); err != nil {
		return err
	}
	return r.end()
}

// follow reports on the steps until none is open any more, or until the time is up. A
// daemon that is away for less than a minute is waited for: its steps survive a restart.
func (c drillCommand) follow(ctx context.Context, cl *client, r *drillReport) error {
	silent := time.Time{}
	for {
		var run analysis.Run
		var made struct{ Deliveries []analysis.Delivery }
		err := cl.call(ctx, http.MethodGet, "/api/v1/runs/"+r.Run+"/deliveries", nil, &made)
		if err == nil {
			err = cl.call(ctx, http.MethodGet, "/api/v1/runs/"+r.Run, nil, &run)
		}
		switch {
		case err == nil:
			silent = time.Time{}
			r.heard(run, made.Deliveries)
			if r.over() {
				return nil
			}
		case ctx.Err() != nil:
			return r.leave(ctx.Err())
		case !temporary(err):
			return err
		case silent.IsZero():
			silent = time.Now()
		case time.Since(silent) > time.Minute:
			return fmt.Errorf("the daemon has not answered for a minute; drill %s may go on: %w", r.Run, err)
		}
		if err := pause(ctx, drillPoll); err != nil {
			return r.leave(err)
		}
	}
}

// leave stops following. That the time is up is a result, with what is still open in it;
// an interruption is none.
func (r *drillReport) leave(why error) error {
	if errors.Is(why, context.DeadlineExceeded) {
		return nil
	}
	return fmt.Errorf("interrupted; drill %s goes on: %s", r.Run, r.URL)
}
