package csvfile

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/answer"
)

// Source answers queries from files. It may be used by many at the same time.
type Source struct {
	who    string // for errors: "source exported"
	config *Config

	mu   sync.Mutex
	kept map[string]kept // by name of the file
}

var (
	_ analysis.Source  = (*Source)(nil)
	_ analysis.Checker = (*Source)(nil)
	_ analysis.Quoter  = (*Source)(nil)
)

// Fetch implements analysis.Source.
func (s *Source) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	got, err := answer.New(s.who, q, time.Microsecond)
	if err != nil {
		return nil, err
	}
	asked, wrong := parse(q.Text)
	if wrong != nil {
		return nil, s.named(wrong)
	}
	if ctx.Err() != nil {
		return nil, config.Unreachable(s.who, ctx.Err())
	}
	t, name, wrong := s.table(asked.file)
	if wrong != nil {
		return nil, s.named(wrong)
	}
	list, wrong := t.series(asked, q.Window)
	if wrong != nil {
		wrong.Message = "file " + name + ": " + wrong.Message
		return nil, s.named(wrong)
	}
	for _, one := range list {
		if err := got.Add(one.labels, got.Consolidated(one.samples, s.config.Consolidate)); err != nil {
			return nil, err
		}
	}
	return got.Series()
}

// series are the samples of rows that have the same labels.
type series struct {
	labels  map[string]string
	samples []answer.Sample
	lines   map[time.Time]int // of each moment
}

// series takes the rows of a window that a question asks for, sorted by their labels.
func (t *table) series(q question, w analysis.Window) ([]series, *analysis.Error) {
	column, wrong := t.column(q.column)
	if wrong != nil {
		return nil, wrong
	}
	if column == t.time {
		return nil, analysis.Errorf(analysis.Invalid, "column %s holds the times", q.column)
	}
	columns, wrong := t.filtered(q.filters)
	if wrong != nil {
		return nil, wrong
	}
	labels := slices.DeleteFunc(append(slices.Clone(t.labels), columns...), func(i int) bool { return i == column })
	byLabels := map[string]*series{}
	for _, r := range t.rows {
		if !r.at.After(w.Start) || r.at.After(w.End) || !r.passes(q.filters, columns) {
			continue
		}
		v, null, err := number(r.cells[column])
		if err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "line %d, column %s: %q is not a number", r.line, q.column, r.cells[column]).Because(err)
		}
		own := r.labels(t.columns, labels)
		k := answer.Key(own)
		if byLabels[k] == nil {
			byLabels[k] = &series{labels: own, lines: map[time.Time]int{}}
		}
		if line := byLabels[k].lines[r.at]; line > 0 {
			return nil, analysis.Errorf(analysis.Invalid, "lines %d and %d are of the same time and have the same labels", line, r.line).
				WithHint("labels: [...] with the column that tells them apart")
		}
		byLabels[k].lines[r.at] = r.line
		byLabels[k].samples = append(byLabels[k].samples, answer.Sample{At: r.at, Value: v, Null: null})
	}
	out := make([]series, 0, len(byLabels))
	for _, k := range slices.Sorted(maps.Keys(byLabels)) {
		out = append(out, *byLabels[k])
	}
	return out, nil
}

// filtered returns the columns of filters.
func (t *table) filtered(filters []filter) ([]int, *analysis.Error) {
	var columns []int
	for _, f := range filters {
		i, wrong := t.column(f.label)
		if wrong != nil {
			return nil, wrong
		}
		columns = append(columns, i)
	}
	return columns, nil
}

// passes reports whether a row fulfils all conditions.
func (r *row) passes(filters []filter, columns []int) bool {
	for n, f := range filters {
		if (r.cells[columns[n]] == f.value) == f.not {
			return false
		}
	}
	return true
}

// labels returns the cells of some columns; empty ones are not there.
func (r *row) labels(names []string, columns []int) map[string]string {
	labels := map[string]string{}
	for _, i := range columns {
		if r.cells[i] != "" {
			labels[names[i]] = r.cells[i]
		}
	}
	return labels
}

// Check implements analysis.Checker: the folder must be there, or the file in good
// order.
func (s *Source) Check(context.Context) error {
	if wrong := s.there(); wrong != nil {
		return s.named(wrong)
	}
	return nil
}

// Quote implements analysis.Quoter for a text in double quotes.
func (s *Source) Quote(name string) string { return answer.Quote(name) }

// named puts the source's name before an error.
func (s *Source) named(e *analysis.Error) error {
	e.Message = s.who + ": " + e.Message
	return e
}
