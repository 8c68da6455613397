package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

var (
	_ analysis.Reader = (*Engine)(nil)
	_ analysis.Writer = (*Engine)(nil)
	_ analysis.Plans  = (*Engine)(nil)
	_ analysis.Prober = (*Engine)(nil)

	_ analysis.SampleReader = (*Engine)(nil)
	_ analysis.Driller      = (*Engine)(nil)
)

// Run returns one run.
func (e *Engine) Run(ctx context.Context, id string) (analysis.Run, error) {
	r, err := e.store.Run(ctx, id)
	r.URL = e.page(r.ID)
	return r, err
}

// Runs returns a page of runs.
func (e *Engine) Runs(ctx context.Context, f analysis.RunFilter) ([]analysis.Run, string, error) {
	rs, next, err := e.store.Runs(ctx, f)
	for i := range rs {
		rs[i].URL = e.page(rs[i].ID)
	}
	return rs, next, err
}

// Looks returns a run's looks.
func (e *Engine) Looks(ctx context.Context, runID string) ([]analysis.Look, error) {
	return afterCheck(ctx, e, runID, e.store.Looks)
}

// Events returns a run's events.
func (e *Engine) Events(ctx context.Context, runID string) ([]analysis.Event, error) {
	return afterCheck(ctx, e, runID, e.store.Events)
}

// AllEvents returns a page of the events of all runs and of none.
func (e *Engine) AllEvents(ctx context.Context, f analysis.EventFilter) ([]analysis.Event, string, error) {
	return e.store.AllEvents(ctx, f)
}

// Note records what happened to everything rather than to a run or a service.
func (e *Engine) Note(ctx context.Context, typ analysis.EventType, by analysis.Cause, text string) error {
	return e.store.Write(ctx, func(tx *store.Tx) error {
		return tx.InsertEvent(ctx, &analysis.Event{ID: newID(), At: time.Now().Truncate(time.Millisecond).UTC(), Type: typ, Who: by, Text: text})
	})
}

// Deliveries returns a run's deliveries.
func (e *Engine) Deliveries(ctx context.Context, runID string) ([]analysis.Delivery, error) {
	return afterCheck(ctx, e, runID, e.store.Deliveries)
}

// Pairs returns the samples that a run's looks have judged so far. It asks no source.
func (e *Engine) Pairs(ctx context.Context, runID string) ([]analysis.Pair, error) {
	r, err := e.store.Run(ctx, runID)
	if err != nil {
		return nil, err
	}
	if r.EvidenceDeletedAt != nil {
		return pairsGone(&r), nil
	}
	known, err := e.store.Samples(ctx, runID, 0, r.NextLook)
	if err != nil {
		return nil, err
	}
	w := r.Whole()
	if !r.JudgedUntil.After(w.Start) {
		return nil, nil
	}
	w.End = r.JudgedUntil
	parts := e.setup.Load().parts(&r, w)
	if err := e.receive(ctx, &r, w, parts); err != nil {
		return nil, err
	}
	for _, p := range parts {
		p.recall(known)
	}
	return pairUp(&r.Snapshot, w, parts), nil
}

// pairsGone are the pairs of a run without evidence: they say why they are empty.
func pairsGone(r *analysis.Run) []analysis.Pair {
	gone := analysis.Samples{Err: analysis.Errorf(analysis.NoData, "deleted on %s, as old as keep in the config says", r.EvidenceDeletedAt.UTC().Format(time.DateOnly))}
	out := make([]analysis.Pair, len(r.Snapshot.Metrics))
	for i, m := range r.Snapshot.Metrics {
		out[i] = analysis.Pair{Metric: m.Name, Step: r.Snapshot.Step.Std(), Canary: gone, Baseline: gone}
	}
	return out
}

// afterCheck reads a run's rows; no rows of a run that does not exist are NotFound.
func afterCheck[T any](ctx context.Context, e *Engine, runID string, read func(context.Context, string) ([]T, error)) ([]T, error) {
	rows, err := read(ctx, runID)
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	_, err = e.store.Run(ctx, runID)
	return rows, err
}

// Holds returns the holds in force, and the freezes.
func (e *Engine) Holds(ctx context.Context) ([]analysis.Hold, error) {
	hs, err := e.store.Holds(ctx)
	now := time.Now()
	hs = slices.DeleteFunc(hs, func(h analysis.Hold) bool { return h.Until != nil && !now.Before(*h.Until) })
	return append(hs, e.setup.Load().Guards.freezes(now)...), err
}

// page is the address of a run's page.
func (e *Engine) page(runID string) string {
	if e.opts.ExternalURL == "" || runID == "" {
		return ""
	}
	return e.opts.ExternalURL + "/runs/" + runID
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
