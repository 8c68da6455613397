package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// restartTimes are the medians of several restarts with all runs open, in seconds.
type restartTimes struct {
	Times int     `json:"times"`
	Stop  float64 `json:"stop"`  // from SIGTERM until the process was gone
	Ready float64 `json:"ready"` // from its start until /readyz said yes
	Look  float64 `json:"look"`  // and until it had taken a look
}

func (t *restartTimes) String() string {
	return fmt.Sprintf("%d times, median: gone after %.2f s, ready after %.3f s, first look after %.3f s", t.Times, t.Stop, t.Ready, t.Look)
}

// restart stops and starts the first daemon. Answers are slow when it is told to stop, so
// that looks are under way.
func (o *loadOptions) restart(ctx context.Context, w *loadWorld, r *loadResult, s streams) error {
	if o.restarts == 0 {
		return nil
	}
	var stops, readies, looks []float64
	d := w.daemons[0]
	for i := range o.restarts {
		s.say("restart %d of %d", i+1, o.restarts)
		if err := w.slowDown(ctx, o.slow); err != nil {
			return err
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
		stopped, err := d.stop()
		if err != nil {
			return fmt.Errorf("stop: %w", err)
		}
		if err := w.slowDown(ctx, 0); err != nil {
			return err
		}
		began := time.Now()
		ready, err := d.start(ctx)
		if err != nil {
			return err
		}
		if err := d.firstLook(ctx); err != nil {
			return err
		}
		stops, readies, looks = append(stops, stopped.Seconds()), append(readies, ready.Seconds()), append(looks, time.Since(began).Seconds())
	}
	r.Restart = &restartTimes{o.restarts, median(stops), median(readies), median(looks)}
	return nil
}

// firstLook waits until the daemon has taken a look.
func (f face) firstLook(ctx context.Context) error {
	for {
		n, err := f.counter(ctx, "haldane_looks_total")
		if err != nil || n > 0 {
			return err
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}
