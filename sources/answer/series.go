package answer

import (
	"maps"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// end finds what can be wrong with a part when all of it is there.
func (c *Collector) end() error {
	if have := c.real(); c.query.Reduce == analysis.ReduceNone && len(have) > 1 {
		return c.fail(several(have))
	}
	if c.part.inside == 0 && c.part.outside > 0 {
		return c.fail(analysis.Errorf(analysis.Unavailable, "its samples are of another time than the one asked for"))
	}
	if c.part.shifted {
		c.Warn("samples are not of the moments asked for, but up to a step older: the server aligns them")
	}
	return nil
}

// real returns the series that have values, sorted by labels.
func (c *Collector) real() []*column {
	var have []*column
	for _, k := range slices.Sorted(maps.Keys(c.columns)) {
		if col := c.columns[k]; col.any {
			have = append(have, col)
		}
	}
	return have
}

// Series returns the answer, sorted by labels; series that were reduced have none. A
// series without a single value is left out. When nothing is left but the server
// warned, or answered nulls, one series without values says so: that is not silence.
func (c *Collector) Series() ([]analysis.Series, error) {
	if err := c.end(); err != nil {
		return nil, err
	}
	var out []analysis.Series
	if c.fold == nil {
		for _, col := range c.real() {
			out = append(out, c.one(col.labels, col.values, col.nulls))
		}
	} else if c.fold.any {
		out = append(out, c.one(nil, c.fold.values(), c.fold.nulls()))
	}
	if len(out) > 0 {
		return out, nil
	}
	if nulls := c.onlyNulls(); nulls > 0 || len(c.warnings) > 0 {
		out = append(out, c.one(nil, missing(c.whole.n), nulls))
	}
	return out, nil
}

// onlyNulls counts the steps that were null in an answer without values.
func (c *Collector) onlyNulls() int {
	if c.fold != nil {
		return c.fold.nulls()
	}
	most := 0
	for _, col := range c.columns {
		most = max(most, col.nulls)
	}
	return most
}

func (c *Collector) one(labels map[string]string, values analysis.Values, nulls int) analysis.Series {
	s := analysis.Series{
		Start: c.query.Window.Start, Step: c.query.Step, Values: values,
		Nulls: nulls, Rollup: c.rollup, Warnings: slices.Clone(c.warnings),
	}
	if len(labels) > 0 {
		s.Labels = labels
	}
	return s
}
