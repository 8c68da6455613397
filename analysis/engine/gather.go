package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/store"
)

// gathered is everything a look has to judge.
type gathered struct {
	pairs   []analysis.Pair
	fetched []store.Chunk // what this look got, to be recorded with it
	trouble string        // a sentence when a source failed

	temporary bool // one of them may be well again soon
}

// part is one of the queries behind a pair: a side's values or totals.
type part struct {
	metric *analysis.Metric
	side   string
	total  bool
	query  string          // rendered
	window analysis.Window // of all its samples
	values analysis.Values // those there are, from the window's start
	warned []string
	err    *analysis.Error
	link   string
	fresh  *store.Chunk
}

func (p *part) name() string {
	if p.total {
		return "total"
	}
	return "value"
}

// gather brings each pair up to the window: what earlier looks fetched comes from
// the store, only what is new is asked for. A source's failure is part of the
// result; the error is the store's.
func (e *Engine) gather(ctx context.Context, s *Setup, r *analysis.Run, w analysis.Window) (gathered, error) {
	known, err := e.store.Samples(ctx, r.ID)
	if err != nil {
		return gathered{}, err
	}
	noise, err := e.knownNoise(ctx, r)
	if err != nil {
		return gathered{}, err
	}
	parts := s.parts(r, w)
	for _, p := range parts {
		p.recall(known)
	}
	e.fetchAll(ctx, s, r, parts)
	var g gathered
	for _, p := range parts {
		if p.fresh != nil {
			g.fetched = append(g.fetched, *p.fresh)
		}
		g.temporary = g.temporary || p.err != nil && retried(p.err.Kind)
		if p.err != nil && g.trouble == "" {
			g.trouble = fmt.Sprintf("metric %s, %s: %s", p.metric.Name, p.side, p.err.Message)
		}
	}
	g.pairs = pairUp(&r.Snapshot, w, parts)
	judge.Remember(g.pairs, noise)
	return g, nil
}

// parts lists the queries of a run, rendered.
func (s *Setup) parts(r *analysis.Run, w analysis.Window) []*part {
	parts := partsOf(&r.Snapshot)
	for _, p := range parts {
		text, err := s.render(r, p, w.End)
		p.query, p.err, p.window = text, errorOf(err), sideWindow(r, p.side, w)
	}
	return parts
}

// partsOf lists what a plan asks for: each metric's sides, each side's values and
// totals. Thresholds need no baseline.
func partsOf(plan *analysis.Plan) []*part {
	var out []*part
	for i := range plan.Metrics {
		m := &plan.Metrics[i]
		sides := []string{analysis.SideCanary, analysis.SideBaseline}
		if m.Threshold != nil || plan.Baseline.Kind == analysis.BaselineNone {
			sides = sides[:1]
		}
		for _, side := range sides {
			out = append(out, &part{metric: m, side: side})
			if m.Kind.HasTotal() {
				out = append(out, &part{metric: m, side: side, total: true})
			}
		}
	}
	return out
}

// errorOf keeps a nil error nil.
func errorOf(err error) *analysis.Error {
	if err == nil {
		return nil
	}
	return analysis.AsError(err)
}

// sideWindow is where a side's samples lie when the canary's lie in w.
func sideWindow(r *analysis.Run, side string, w analysis.Window) analysis.Window {
	b := r.Snapshot.Baseline
	switch {
	case side == analysis.SideCanary:
	case b.Kind == analysis.BaselineOffset:
		return w.Shift(-b.Shift.Std())
	case b.Kind == analysis.BaselineBefore:
		step := r.Snapshot.Step.Std()
		n := analysis.Window{Start: r.StartedAt.Add(-b.Shift.Std()), End: r.StartedAt}.Steps(step)
		return analysis.Window{Start: r.StartedAt.Add(-time.Duration(n) * step), End: r.StartedAt}
	}
	return w
}

// render fills in a part's template.
func (s *Setup) render(r *analysis.Run, p *part, end time.Time) (string, error) {
	quote := func(name string) string { return name }
	if q, ok := s.Sources[p.metric.Source].Source.(analysis.Quoter); ok {
		quote = q.Quote
	}
	d := analysis.QueryData{
		Side: p.side, Version: quote(r.Version),
		Canary: analysis.Release{Version: quote(r.Version)}, Baseline: analysis.Release{Version: quote(r.BaselineVersion)},
		Service: quote(r.Service), Environment: quote(r.Environment), Step: r.Snapshot.Step,
		Start: r.StartedAt, End: end, Vars: map[string]string{},
	}
	if p.side == analysis.SideBaseline {
		d.Version = d.Baseline.Version
	}
	for k, v := range r.Snapshot.Vars {
		d.Vars[k] = quote(v)
	}
	for k, v := range r.Variables {
		d.Vars[k] = quote(v)
	}
	return s.Render(p.template(), d)
}

func (p *part) template() string {
	if p.total {
		return p.metric.Total
	}
	return p.metric.Query
}

// recall takes over what earlier looks fetched.
func (p *part) recall(known []store.Chunk) {
	for _, c := range known {
		if c.Metric != p.metric.Name || c.Side != p.side || c.Part != p.name() || c.First != len(p.values) {
			continue
		}
		p.values = append(p.values, c.Values...)
		p.warned = append(p.warned, c.Warnings...)
	}
}

// question asks for the samples that a part does not have yet.
func (p *part) question(step time.Duration) analysis.Query {
	w := p.window
	w.Start = w.Start.Add(time.Duration(len(p.values)) * step)
	return analysis.Query{Text: p.query, Window: w, Step: step, Reduce: p.metric.Reduce}
}

// fetchAll asks for everything that is new, all at once; sources keep their own
// limits. The same question is asked once.
func (e *Engine) fetchAll(ctx context.Context, s *Setup, r *analysis.Run, parts []*part) {
	step := r.Snapshot.Step.Std()
	type key struct {
		source string
		query  analysis.Query
	}
	asked := map[key][]*part{}
	for _, p := range parts {
		if src, ok := s.Sources[p.metric.Source]; ok {
			if l, ok := src.Source.(analysis.Linker); ok {
				p.link = l.Link(analysis.Query{Text: p.query, Window: p.window, Step: step})
			}
		}
		if q := p.question(step); p.err == nil && q.Window.Steps(step) > 0 {
			k := key{p.metric.Source, q}
			asked[k] = append(asked[k], p)
		}
	}
	var wg sync.WaitGroup
	for k, ps := range asked {
		wg.Go(func() {
			series, err := e.fetch(ctx, s, k.source, k.query)
			for _, p := range ps {
				p.take(series, err, k.query)
			}
		})
	}
	wg.Wait()
}

// fetch asks one source one question.
func (e *Engine) fetch(ctx context.Context, s *Setup, name string, q analysis.Query) ([]analysis.Series, error) {
	src, ok := s.Sources[name]
	if !ok {
		return nil, analysis.Errorf(analysis.Invalid, "source %q: not in the config any more", name)
	}
	began := time.Now()
	series, err := src.Fetch(ctx, q)
	e.metrics.fetched(name, time.Since(began), err)
	return series, err
}

// take adds an answer to a part. Samples that a source itself calls incomplete
// are judged but not kept as settled while some are missing: the next look asks
// again.
func (p *part) take(series []analysis.Series, err error, q analysis.Query) {
	if err != nil {
		p.err = analysis.AsError(err)
		return
	}
	n := q.Window.Steps(q.Step)
	c := store.Chunk{Metric: p.metric.Name, Side: p.side, Part: p.name(), First: len(p.values), Values: make(analysis.Values, n)}
	for i := range c.Values {
		c.Values[i] = analysis.Missing()
	}
	if len(series) > 0 {
		copy(c.Values, series[0].Values)
		c.Warnings = series[0].Warnings
	}
	p.values = append(p.values, c.Values...)
	p.warned = append(p.warned, c.Warnings...)
	if len(c.Warnings) == 0 || !slices.ContainsFunc(c.Values, analysis.IsMissing) {
		p.fresh = &c
	}
}

// pairUp makes the judge's pairs of a run's parts.
func pairUp(plan *analysis.Plan, w analysis.Window, parts []*part) []analysis.Pair {
	var pairs []analysis.Pair
	for i := range plan.Metrics {
		pair := analysis.Pair{Metric: plan.Metrics[i].Name, Start: w.Start, Step: plan.Step.Std()}
		for _, p := range parts {
			if p.metric.Name != pair.Metric {
				continue
			}
			side := &pair.Canary
			if p.side == analysis.SideBaseline {
				side = &pair.Baseline
			}
			p.addTo(side)
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// addTo fills in one side of a pair from a part.
func (p *part) addTo(side *analysis.Samples) {
	if p.total {
		side.Totals, side.Total = p.values, p.query
	} else {
		side.Values, side.Query, side.Link = p.values, p.query, p.link
	}
	if side.Err == nil {
		side.Err = p.err
	}
	for _, w := range p.warned {
		if !slices.Contains(side.Warnings, w) {
			side.Warnings = append(side.Warnings, w)
		}
	}
}
