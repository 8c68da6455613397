package main

import (
	"context"
	"fmt"
)

// mostLag is how late the slowest of a hundred looks may begin, in seconds.
const mostLag = 2.0

// keepsUp reports whether a daemon bears a load: looks are on time, and none is missed.
func (r *loadResult) keepsUp() bool { return r.Missed == 0 && r.Lag.P99 < mostLag }

// search looks for the most runs that a daemon bears.
func (o *loadOptions) search(ctx context.Context, c loadCase, s streams) error {
	borne, not, err := largest(c.Runs, func(runs int) (bool, error) {
		c.Runs = runs
		r, err := o.measure(ctx, c, s)
		if err != nil {
			return false, err
		}
		return r.keepsUp(), o.report(r, s)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "largest      %s bears %d runs of %d metrics, and not %d\n", c.name(), borne, c.Metrics, not)
	return err
}

// largest finds, to a tenth, the largest number that is borne, and one that is not: it
// doubles or halves until it knows one of each, and then tries the middle.
func largest(n int, bears func(n int) (bool, error)) (borne, not int, err error) {
	for n > borne && (not == 0 || n < not) {
		ok, err := bears(n)
		if err != nil {
			return 0, 0, err
		}
		if ok {
			borne = n
		} else {
			not = n
		}
		switch {
		case not == 0:
			n = 2 * borne
		case borne == 0:
			n = not / 2
		case not-borne > borne/10:
			n = (borne + not) / 2
		}
	}
	return borne, not, nil
}
