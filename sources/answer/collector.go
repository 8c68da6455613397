package answer

import (
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

const (
	// maxCells bounds the memory of an answer that is wanted with all its series.
	maxCells    = 1 << 22
	maxWarnings = 10
)

// Sample is one point of a server's answer. It belongs to the step that At lies in; a
// vendor whose samples are labelled by the start of their bucket passes its end.
type Sample struct {
	At    time.Time
	Value float64
	Null  bool // the server answered an explicit null; Value means nothing
}

// Collector puts the parts of an answer together.
type Collector struct {
	who      string
	query    analysis.Query
	whole    grid
	part     placement
	columns  map[string]*column // by key of their labels
	filled   int                // columns that have values
	fold     *fold              // takes the values when series are reduced to one
	rollup   time.Duration
	warnings []string
}

// column is one series on the grid.
type column struct {
	labels map[string]string
	values analysis.Values // nil: no value yet, or one series too many
	any    bool            // a value was added
	nulls  int
}

// New starts the answer to a query. who names the source before errors ("source
// prom"). unit is how finely the server counts time: steps must be whole units, and
// the start of the window is cut down to one, as it is when the server is asked. All
// errors of a Collector are *analysis.Error.
func New(who string, q analysis.Query, unit time.Duration) (*Collector, error) {
	g, err := newGrid(q, unit)
	if err != nil {
		return nil, named(who, err)
	}
	c := &Collector{who: who, query: q, whole: g, columns: map[string]*column{}}
	switch q.Reduce {
	case analysis.ReduceNone, analysis.ReduceAll:
	case analysis.ReduceSum, analysis.ReduceMean, analysis.ReduceMax, analysis.ReduceMin:
		c.fold = newFold(q.Reduce, g.n)
	default:
		return nil, named(who, analysis.Errorf(analysis.Invalid, "reduce %q: not known", q.Reduce).
			WithHint("sum, mean, max or min"))
	}
	c.part.begin(g)
	return c, nil
}

// Parts cuts the window into those that one request may ask for: at most n steps each.
// The first begins at the window's start, cut down to the unit.
func (c *Collector) Parts(n int) []analysis.Window {
	var parts []analysis.Window
	for done := 0; done < c.whole.n; done += n {
		parts = append(parts, c.whole.part(done, min(n, c.whole.n-done)).window())
	}
	return parts
}

// Part says that what is added next answers w, one of Parts; before it, everything
// answers the whole window. It ends the part before, and returns what was wrong with
// that, so that a hopeless question is not asked on.
func (c *Collector) Part(w analysis.Window) error {
	if err := c.end(); err != nil {
		return err
	}
	from := int(w.Start.Sub(c.whole.start) / c.whole.step)
	c.part.begin(c.whole.part(from, w.Steps(c.whole.step)))
	return nil
}

// Add places the samples of one series, in order of time and at most one a step. Those
// outside of the part are left out. The labels are kept as they are.
func (c *Collector) Add(labels map[string]string, samples []Sample) error {
	if len(samples) == 0 {
		return nil
	}
	k := Key(labels)
	if !c.part.sees(k) {
		return c.fail(analysis.Errorf(analysis.Unavailable, "it answers the same series twice"))
	}
	col := c.columns[k]
	if col == nil {
		col = &column{labels: labels}
		c.columns[k] = col
	}
	all := c.query.Reduce == analysis.ReduceAll
	if all && len(c.columns)*c.whole.n > maxCells {
		return c.fail(analysis.Errorf(analysis.Invalid, "the answer has %d series and more, of %d steps: too many to keep", len(c.columns), c.whole.n).
			WithHint("an aggregation in the query, or a shorter window"))
	}
	return c.fail(c.part.place(samples, func(i int, s Sample) { c.set(col, i, s) }))
}

// set keeps one sample of a series.
func (c *Collector) set(col *column, i int, s Sample) {
	switch {
	case s.Null && c.fold != nil:
		c.fold.null(i)
	case s.Null:
		col.nulls++
	case c.fold != nil:
		c.fold.add(i, s.Value)
	default:
		if !col.any && (c.query.Reduce == analysis.ReduceAll || c.filled == 0) {
			col.values = missing(c.whole.n)
			c.filled++
		}
		if col.values != nil { // nil: one too many, kept for its labels only
			col.values[i] = s.Value
		}
	}
	col.any = col.any || !s.Null
}

// Rollup says that the server answered in steps of d, longer than those asked for. Each
// sample must then be given with the end of its bucket as its time.
func (c *Collector) Rollup(d time.Duration) {
	if d > c.query.Step {
		c.rollup = max(c.rollup, d)
	}
}

// Warn keeps what the server said about its answer, each thing once. The words must be
// safe to show.
func (c *Collector) Warn(words string) {
	if words != "" && len(c.warnings) < maxWarnings && !slices.Contains(c.warnings, words) {
		c.warnings = append(c.warnings, words)
	}
}

// fail puts the source's name before an error; nil stays nil.
func (c *Collector) fail(err *analysis.Error) error {
	if err == nil {
		return nil
	}
	return named(c.who, err)
}

func named(who string, err *analysis.Error) error {
	err.Message = who + ": " + err.Message
	return err
}

// missing returns n steps without samples.
func missing(n int) analysis.Values {
	v := make(analysis.Values, n)
	for i := range v {
		v[i] = analysis.Missing()
	}
	return v
}
