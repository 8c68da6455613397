package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

type runCommand struct {
	Plan      string            `arg:"" help:"Name of the plan."`
	Version   string            `help:"What is released."`
	Baseline  string            `help:"What it is compared with and rolled back to."`
	Key       string            `help:"Makes repeating the command harmless; default: service/environment/version/baseline."`
	Release   string            `help:"Release that several runs belong to." name:"release-id"`
	Phase     string            `help:"Phase of the release."`
	Vars      map[string]string `help:"Values for {{.Vars.x}} in queries." name:"var" placeholder:"NAME=VALUE" mapsep:"none"`
	Links     map[string]string `help:"Addresses that alerts show." name:"link" placeholder:"NAME=URL" mapsep:"none"`
	StartedAt *time.Time        `help:"When the release began; default: now." placeholder:"2006-01-02T15:04:05Z"`
	Force     bool              `help:"Judge a version again that failed before."`
	Wait      bool              `help:"Wait for the outcome: 0 pass, 1 fail, 2 marginal or inconclusive, 3 anything else."`
	Timeout   time.Duration     `help:"With --wait: how long at most; default: until the run must have ended."`
}

// pollEvery is how often --wait asks.
const pollEvery = time.Second

// Run starts a run, and waits for it if asked to.
func (c runCommand) Run(ctx context.Context, s streams) error {
	cl, err := newClient(s.env)
	if err != nil {
		return err
	}
	if c.Wait && c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	var run analysis.Run
	if err := c.start(ctx, s, cl, &run); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "run %s: %s %s against %s, %s\n", run.ID, run.Service, run.Version, orNothing(run.BaselineVersion), run.URL)
	if !c.Wait {
		return nil
	}
	w := waiter{client: cl, run: run, out: s.out, terminal: isTerminal(s.out)}
	return w.wait(ctx)
}

func (c runCommand) start(ctx context.Context, s streams, cl *client, run *analysis.Run) error {
	body := struct {
		analysis.StartRequest
		Force bool `json:"force,omitempty"`
	}{analysis.StartRequest{
		Plan: c.Plan, Key: c.Key, Version: c.Version, BaselineVersion: c.Baseline, ReleaseID: c.Release, Phase: c.Phase,
		Variables: c.Vars, Links: c.Links, StartedAt: c.StartedAt,
	}, c.Force}
	// A key makes repeating this harmless, so a daemon that restarts just now does
	// not fail a deployment.
	for attempt := 0; ; attempt++ {
		err := cl.call(ctx, http.MethodPost, "/api/v1/runs", body, run)
		if err == nil || attempt == 5 || !temporary(err) {
			return err
		}
		wait := time.Second << attempt
		fmt.Fprintf(s.err, "haldane: %v; trying again in %s\n", err, wait)
		if pause(ctx, wait) != nil {
			return err
		}
	}
}

func orNothing(version string) string {
	if version == "" {
		return "no other version"
	}
	return version
}

// isTerminal reports whether a progress line can be overwritten.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// waiter follows a run to its end.
type waiter struct {
	client   *client
	run      analysis.Run
	out      io.Writer
	terminal bool
	said     string
}

func (w *waiter) wait(ctx context.Context) error {
	silent := time.Time{} // since when the daemon does not answer
	for !w.run.Status.Ended() {
		if err := pause(ctx, pollEvery); err != nil {
			return w.leave(err)
		}
		err := w.client.call(ctx, http.MethodGet, "/api/v1/runs/"+w.run.ID, nil, &w.run)
		switch {
		case err == nil:
			silent = time.Time{}
			w.progress()
		case ctx.Err() != nil:
			return w.leave(ctx.Err())
		case !temporary(err):
			return err
		case silent.IsZero():
			silent = time.Now()
		case time.Since(silent) > time.Minute:
			return fmt.Errorf("the daemon has not answered for a minute; run %s may go on: %w", w.run.ID, err)
		}
	}
	return w.conclude()
}

// leave stops waiting. The run goes on: whoever waits does not own it.
func (w *waiter) leave(err error) error {
	w.end()
	why := "interrupted"
	if errors.Is(err, context.DeadlineExceeded) {
		why = "the time is up"
	}
	return fmt.Errorf("%s; run %s goes on: %s", why, w.run.ID, w.run.URL)
}

// progress prints where the run stands: one line that is overwritten on a
// terminal, elsewhere a line whenever there is news.
func (w *waiter) progress() {
	line := fmt.Sprintf("%s, %3.0f %% judged, %d samples: %s", w.run.Status, 100*w.run.Progress.Fraction, w.run.Progress.Samples, w.run.Reason)
	switch {
	case w.terminal:
		fmt.Fprintf(w.out, "\r\x1b[K%.*s", 200, line)
	case w.run.Reason != w.said:
		fmt.Fprintln(w.out, line)
	}
	w.said = w.run.Reason
}

func (w *waiter) end() {
	if w.terminal && w.said != "" {
		fmt.Fprintln(w.out)
	}
}

// conclude prints the end and turns it into an exit status.
func (w *waiter) conclude() error {
	w.end()
	r := w.run
	if r.Outcome == nil {
		fmt.Fprintf(w.out, "%s: %s\n", r.Status, r.Reason)
		return exit(exitTrouble)
	}
	fmt.Fprintf(w.out, "%s: %s\n", *r.Outcome, r.Reason)
	if r.Rollback.State != analysis.RollbackNone {
		fmt.Fprintf(w.out, "rollback to %s: %s\n", r.Rollback.To, r.Rollback.State)
	}
	switch *r.Outcome {
	case analysis.OutcomePass:
		return nil
	case analysis.OutcomeFail:
		return exit(exitFail)
	}
	return exit(exitUndecided)
}
