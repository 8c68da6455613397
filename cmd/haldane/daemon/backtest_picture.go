package daemon

import (
	"fmt"
	"io"

	"github.com/haldane-dev/haldane/analysis/chart"
)

// Picture draws a report as "svg" or "png": of several windows how each went, of a single
// one its worst metrics.
func (r *BacktestReport) Picture(w io.Writer, format string) error {
	if r.only != nil {
		return chart.Grid(w, chart.Format(format), chart.Choose(&r.only.Run, r.only.Pairs, r.Windows[0].Findings, "", ""))
	}
	t := chart.Timeline{Title: r.Plan + ", " + r.Method.Text, Length: r.Duration.Std()}
	if n := r.Totals.NoData; n > 0 {
		t.Title += fmt.Sprintf(" (%d without data)", n)
	}
	for i := range r.Windows {
		past := &r.Windows[i]
		t.Past = append(t.Past, chart.Past{Start: past.Start, Outcome: past.Outcome, After: past.DecidedAfter.Std()})
	}
	return chart.DrawTimeline(w, chart.Format(format), t)
}

// PictureFormats are those that Picture knows.
func PictureFormats() []string { return []string{string(chart.SVG), string(chart.PNG)} }
