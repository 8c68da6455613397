package prometheus

import (
	"slices"

	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
)

const (
	// maxCells bounds the memory of an answer that is wanted with all its series.
	maxCells    = 1 << 22
	maxWarnings = 10
)

// collector puts the parts of an answer together.
type collector struct {
	query    analysis.Query
	grid     grid
	columns  map[string]*column // by labels, as printed
	fold     *fold              // instead of columns when series are reduced to one
	warnings []string
}

// column is one series on the grid.
type column struct {
	metric model.Metric
	values analysis.Values
}

func newCollector(q analysis.Query, g grid) *collector {
	c := &collector{query: q, grid: g, columns: map[string]*column{}}
	if q.Reduce != analysis.ReduceNone && q.Reduce != analysis.ReduceAll {
		c.fold = newFold(q.Reduce, g.n)
	}
	return c
}

// add places the samples of one part.
func (c *collector) add(part grid, m model.Matrix) *analysis.Error {
	if err := c.examine(m); err != nil {
		return err
	}
	p := placement{part: part}
	seen := make(map[string]bool, len(m))
	for _, stream := range m {
		if len(stream.Values) == 0 {
			continue
		}
		key := stream.Metric.String()
		if seen[key] {
			return analysis.Errorf(analysis.Unavailable, "it answers the same series twice")
		}
		seen[key] = true
		set, err := c.target(key, stream.Metric)
		if err != nil {
			return err
		}
		if err := p.place(stream.Values, set); err != nil {
			return err
		}
	}
	if c.query.Reduce == analysis.ReduceNone && len(c.columns) > 1 {
		return c.several()
	}
	if p.inside == 0 && p.outside > 0 {
		return analysis.Errorf(analysis.Unavailable, "its samples are of another time than the one asked for")
	}
	if p.shifted {
		c.note("samples are not of the moments asked for, but up to a step older: the server aligns them")
	}
	return nil
}

// examine refuses what is no number and what is no answer.
func (c *collector) examine(m model.Matrix) *analysis.Error {
	switch c.query.Reduce {
	case analysis.ReduceNone, analysis.ReduceSum, analysis.ReduceMean, analysis.ReduceMax, analysis.ReduceMin, analysis.ReduceAll:
	default:
		return analysis.Errorf(analysis.Invalid, "reduce %q: not known", c.query.Reduce).
			WithHint("sum, mean, max or min")
	}
	for _, stream := range m {
		if stream == nil {
			return analysis.Errorf(analysis.Unavailable, "its answer is not Prometheus's")
		}
		if len(stream.Histograms) > 0 {
			return analysis.Errorf(analysis.Invalid, "the answer holds native histograms, not numbers").
				WithHint("histogram_quantile(0.99, ...) or histogram_avg(...) around the query")
		}
	}
	return nil
}

// target returns where the samples of a series go.
func (c *collector) target(key string, metric model.Metric) (func(i int, v float64), *analysis.Error) {
	if c.fold != nil {
		return c.fold.add, nil
	}
	col := c.columns[key]
	if col == nil {
		col = &column{metric: metric}
		c.columns[key] = col
		all := c.query.Reduce == analysis.ReduceAll
		if all && len(c.columns)*c.grid.n > maxCells {
			return nil, analysis.Errorf(analysis.Invalid, "the answer has %d series and more, of %d steps: too many to keep", len(c.columns), c.grid.n).
				WithHint("an aggregation in the query, or a shorter window")
		}
		if all || len(c.columns) == 1 {
			col.values = missing(c.grid.n)
		}
	}
	return func(i int, v float64) {
		if col.values != nil { // nil: one too many, kept for its labels only
			col.values[i] = v
		}
	}, nil
}

// missing returns n steps without samples.
func missing(n int) analysis.Values {
	v := make(analysis.Values, n)
	for i := range v {
		v[i] = analysis.Missing()
	}
	return v
}

// warn keeps what the server said about its answer, each thing once.
func (c *collector) warn(hide secrets, warnings []string) {
	for _, w := range warnings {
		c.note(hide.clean(w, 300))
	}
}

func (c *collector) note(w string) {
	if w != "" && len(c.warnings) < maxWarnings && !slices.Contains(c.warnings, w) {
		c.warnings = append(c.warnings, w)
	}
}

// series returns the answer, sorted by labels.
func (c *collector) series() []analysis.Series {
	var out []analysis.Series
	for _, key := range sortedKeys(c.columns) {
		out = append(out, c.one(c.columns[key].metric, c.columns[key].values))
	}
	if c.fold != nil && c.fold.any {
		out = append(out, c.one(nil, c.fold.values()))
	}
	if len(out) == 0 && len(c.warnings) > 0 {
		out = append(out, c.one(nil, missing(c.grid.n))) // not silence: nobody knows
	}
	return out
}

func (c *collector) one(metric model.Metric, values analysis.Values) analysis.Series {
	s := analysis.Series{
		Start: c.query.Window.Start, Step: c.query.Step, Values: values, Warnings: slices.Clone(c.warnings),
	}
	if len(metric) > 0 {
		s.Labels = make(map[string]string, len(metric))
		for name, value := range metric {
			s.Labels[string(name)] = string(value)
		}
	}
	return s
}
