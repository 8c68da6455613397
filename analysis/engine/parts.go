package engine

import (
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// part is one of the questions behind a metric: a side's values or totals.
type part struct {
	metric *analysis.Metric
	side   string
	total  bool
	query  string          // rendered; "" for samples that are pushed
	window analysis.Window // of all its samples
	steps  int             // of them are known: answered, or known to be missing
	// Samples from the window's start on, by segment; of a metric without segments, by
	// "". They may be shorter than steps: the rest is missing.
	samples map[string]analysis.Values
	warned  []string
	err     *analysis.Error
	link    string
	fresh   *store.Chunk // what this look got
}

// parts lists the questions of a run, rendered.
func (s *Setup) parts(r *analysis.Run, w analysis.Window) []*part {
	parts := partsOf(&r.Snapshot)
	for _, p := range parts {
		p.window = w
		if p.side == analysis.SideBaseline {
			p.window = r.BaselineWindow(w)
		}
		if p.pushed() {
			continue
		}
		text, err := s.render(r, p, w.End)
		p.query, p.err = text, errorOf(err)
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
			out = append(out, &part{metric: m, side: side, samples: map[string]analysis.Values{}})
			if m.Kind.HasTotal() {
				out = append(out, &part{metric: m, side: side, total: true, samples: map[string]analysis.Values{}})
			}
		}
	}
	return out
}

// pushed reports whether the part's samples come by the API.
func (p *part) pushed() bool { return p.metric.Source == analysis.SourcePush }

func (p *part) name() string {
	if p.total {
		return "total"
	}
	return "value"
}

func (p *part) template() string {
	if p.total {
		return p.metric.Total
	}
	return p.metric.Query
}

// errorOf keeps a nil error nil.
func errorOf(err error) *analysis.Error {
	if err == nil {
		return nil
	}
	return analysis.AsError(err)
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

// recall takes over what earlier looks got.
func (p *part) recall(known []store.Chunk) {
	for _, c := range known {
		if c.Metric == p.metric.Name && c.Side == p.side && c.Part == p.name() && c.First == p.steps {
			p.add(&c)
		}
	}
}

// add appends the samples of a chunk to those that are known.
func (p *part) add(c *store.Chunk) {
	for segment, values := range c.All() {
		p.samples[segment] = append(padded(p.samples[segment], p.steps), values...)
	}
	p.steps += c.Steps()
	p.warned = append(p.warned, c.Warnings...)
}

// padded makes values as long as n, by missing ones.
func padded(values analysis.Values, n int) analysis.Values {
	for len(values) < n {
		values = append(values, analysis.Missing())
	}
	return values
}

// question asks for the samples that a part does not have yet.
func (p *part) question(step time.Duration) analysis.Query {
	w := p.window
	w.Start = w.Start.Add(time.Duration(p.steps) * step)
	q := analysis.Query{Text: p.query, Window: w, Step: step, Reduce: p.metric.Reduce}
	if len(p.metric.By) > 0 {
		q.Reduce = analysis.ReduceAll
	}
	return q
}

// take adds an answer to a part. Samples that a source itself calls incomplete
// are judged but not kept as settled while some are missing: the next look asks
// again.
func (p *part) take(a analysis.Answer, q analysis.Query) {
	if a.Err != nil {
		p.err = analysis.AsError(a.Err)
		return
	}
	c := store.Chunk{Metric: p.metric.Name, Side: p.side, Part: p.name(), First: p.steps}
	n := q.Window.Steps(q.Step)
	if len(p.metric.By) > 0 {
		if c.Segments, p.err = segments(p.metric, a.Series, n); p.err != nil {
			return
		}
		c.Count = n
	} else {
		c.Values = padded(nil, n)
		if len(a.Series) > 0 {
			copy(c.Values, a.Series[0].Values)
		}
	}
	partial := false
	for _, s := range a.Series {
		partial = partial || len(s.Warnings) > 0 && slices.ContainsFunc(s.Values, analysis.IsMissing)
		for _, w := range append(slices.Clone(s.Warnings), rollup(s)...) {
			if !slices.Contains(c.Warnings, w) {
				c.Warnings = append(c.Warnings, w)
			}
		}
	}
	p.add(&c)
	if !partial {
		p.fresh = &c
	}
}

// rollup says that a source answered in coarser steps than it was asked for.
func rollup(s analysis.Series) []string {
	if s.Rollup <= s.Step {
		return nil
	}
	return []string{"the source answers in steps of " + analysis.Duration(s.Rollup).String() + ", not of " + analysis.Duration(s.Step).String()}
}
