package engine

import (
	"context"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

const (
	retainFirst = time.Minute // after the start
	retainEvery = time.Hour
	// retainRows is how many rows a transaction deletes at most.
	retainRows = 500
)

// What is kept of a long run's looks: the newest ones (an hour of them, by default), one
// in so many of those before, and each that said something new.
const (
	looksKeptWhole = 120
	looksKeptEvery = 10
)

// Retain deletes what is older than the config wants it kept, and thins the looks of long
// runs. It works in small transactions and leaves the database to others between them.
// Doing it twice, or on several replicas at once, does no harm.
func (e *Engine) Retain(ctx context.Context) error {
	now := time.Now().UTC()
	deleted := map[string]int{}
	err := e.thinLooks(ctx, now, deleted)
	keep := e.setup.Load().Keep
	if before := now.Add(-keep); err == nil && keep > 0 {
		if err = e.deleteEvidence(ctx, before, deleted); err == nil {
			err = e.sweep(ctx, "notices", deleted, func(tx *store.Tx, most int) (int, error) { return tx.DeleteNotices(ctx, before, most) })
		}
		if err == nil {
			err = e.sweep(ctx, "holds", deleted, func(tx *store.Tx, most int) (int, error) { return tx.DeleteHolds(ctx, before, most) })
		}
	}
	if len(deleted) > 0 {
		args := []any{"keep", analysis.Duration(keep).String()}
		for _, what := range sortedKeys(deleted) {
			args = append(args, what, deleted[what])
			e.metrics.deleted.WithLabelValues(what).Add(float64(deleted[what]))
		}
		e.log.Info("what was old was deleted", args...)
	}
	return err
}

// deleteEvidence deletes what runs that ended before a time were judged by.
func (e *Engine) deleteEvidence(ctx context.Context, before time.Time, deleted map[string]int) error {
	for {
		ids, err := e.store.WithEvidence(ctx, before, 100)
		if err != nil {
			return err
		}
		progress := false
		for _, id := range ids {
			how := store.DeletedSome
			for how == store.DeletedSome {
				err := e.batch(ctx, func(tx *store.Tx, most int) (err error) {
					how, err = tx.DeleteEvidence(ctx, id, time.Now(), most)
					return err
				})
				if err != nil {
					return err
				}
			}
			if how == store.DeletedAll {
				deleted["runs"]++
				progress = true
			}
		}
		if !progress {
			return nil
		}
	}
}

// sweep deletes until there is nothing left.
func (e *Engine) sweep(ctx context.Context, what string, deleted map[string]int, do func(tx *store.Tx, most int) (int, error)) error {
	for {
		n, tried := 0, 0
		err := e.batch(ctx, func(tx *store.Tx, most int) (err error) {
			tried = most
			n, err = do(tx, most)
			return err
		})
		if n > 0 {
			deleted[what] += n
		}
		if err != nil || n < tried {
			return err
		}
	}
}

// batch is one transaction, and the pause after it: four times as long as it took, so that
// four fifths of the time are left to those who write more urgently. On a full disk it is
// tried with less: deleting needs a little room before it makes some.
func (e *Engine) batch(ctx context.Context, do func(tx *store.Tx, most int) error) error {
	for most := retainRows; ; most /= 8 {
		began := time.Now()
		err := e.store.Write(ctx, func(tx *store.Tx) error { return do(tx, most) })
		if err == nil {
			return pause(ctx, max(10*time.Millisecond, 4*time.Since(began)))
		}
		if analysis.KindOf(err) != analysis.Unavailable || most < 8 || ctx.Err() != nil {
			return err
		}
	}
}

// pause waits, unless ctx ends.
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

// thinLooks thins the looks of runs that have many.
func (e *Engine) thinLooks(ctx context.Context, now time.Time, deleted map[string]int) error {
	runs, err := e.store.LongRuns(ctx, looksKeptWhole+looksKeptWhole/2, now.Add(-3*retainEvery))
	if err != nil {
		return err
	}
	for _, r := range runs {
		for until, end := r.Thinned, r.Looks-looksKeptWhole; until < end; {
			looks, err := e.store.Verdicts(ctx, r.ID, until, end, retainRows)
			if err != nil {
				return err
			}
			numbers := saidNothingNew(looks, until)
			if until = end; len(looks) > retainRows {
				until = looks[len(looks)-1].Number
			}
			if err := e.batch(ctx, func(tx *store.Tx, _ int) error { return tx.ThinLooks(ctx, r.ID, numbers, until) }); err != nil {
				return err
			}
			if len(numbers) > 0 {
				deleted["looks"] += len(numbers)
			}
		}
	}
	return nil
}

// saidNothingNew picks the looks that a run's story can do without: those after a number
// which said what the one before said, but for every tenth.
func saidNothingNew(looks []analysis.Look, after int) (numbers []int) {
	for i := range looks {
		l := &looks[i]
		if i > 0 && l.Number > after && l.Number%looksKeptEvery != 0 && sameWord(&looks[i-1].Verdict, &l.Verdict) {
			numbers = append(numbers, l.Number)
		}
	}
	return numbers
}

// sameWord reports whether two verdicts say the same of the run and of each metric, apart
// from their numbers.
func sameWord(a, b *analysis.Verdict) bool {
	return a.Outcome == b.Outcome && slices.EqualFunc(a.Findings, b.Findings, func(x, y analysis.Finding) bool {
		return x.Metric == y.Metric && x.Segment == y.Segment && x.Class == y.Class && x.Bad == y.Bad
	})
}
