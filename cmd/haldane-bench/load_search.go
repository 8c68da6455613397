package main

import (
	"context"
	"fmt"
)

// mostLag is how late the slowest of a hundred looks may begin, in seconds.
const mostLag = 2.0

// keepsUp reports whether a daemon bears a load: looks are on time, and none is missed.
func (r *loadResult) keepsUp() bool { return r.Missed == 0 && r.Lag.P99 < mostLag }

// search looks for the largest number of runs that a daemon bears, to a tenth: it doubles
// or halves until it knows one that it bears and one that it does not, and then takes the
// middle.
func (o *loadOptions) search(ctx context.Context, c loadCase, s streams) error {
	borne, not := 0, 0
	for not == 0 || not-borne > max(1, borne/10) {
		r, err := o.measure(ctx, c, s)
		if err != nil {
			return err
		}
		if err := o.report(r, s); err != nil {
			return err
		}
		if r.keepsUp() {
			borne = c.Runs
		} else {
			not = c.Runs
		}
		switch {
		case not == 0:
			c.Runs *= 2
		case borne == 0 && c.Runs > 1:
			c.Runs /= 2
		default:
			c.Runs = (borne + not) / 2
		}
		if c.Runs == borne || c.Runs == not {
			break
		}
	}
	_, err := fmt.Fprintf(s.out, "largest      %s bears %d runs of %d metrics, and not %d\n", c.name(), borne, c.Metrics, not)
	return err
}
