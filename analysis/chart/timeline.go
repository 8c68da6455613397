package chart

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gonum.org/v1/plot/vg"

	"github.com/haldane-dev/haldane/analysis"
)

// Timeline is what a plan would have said of past windows, each judged as if a run had
// begun then.
type Timeline struct {
	Title  string        // what was judged: "checkout, 1.9.4 against itself"
	Length time.Duration // of a window
	Past   []Past        // in the order in which they are shown, from the top
}

// Past is one window and its verdict.
type Past struct {
	Start   time.Time
	Outcome analysis.Outcome
	After   time.Duration // from the start to the verdict
}

// Sizes of a timeline, in points.
const (
	rowMost  = 13.  // height of a row where there is room
	rowLeast = 1.5  // and where there is none
	rowsHigh = 620. // what all rows share from then on
	maxRows  = 800  // more windows share rows
	rowHead  = 37.  // above the rows, without the title
	rowTitle = 16.  // a line of it
	rowFoot  = 38.  // below
)

// DrawTimeline draws one row a window: a bar from its start to its verdict, coloured
// and marked by the outcome. Where there are more windows than rows, neighbours share
// one, which shows the worst of them.
func DrawTimeline(w io.Writer, format Format, t Timeline) error {
	if len(t.Past) == 0 {
		return analysis.Errorf(analysis.Invalid, "picture: there are no past windows to draw")
	}
	rows, shared := t.rows()
	row := min(rowMost, max(rowLeast, rowsHigh/float64(len(rows))))
	title := wrap(bold(titleSize), plain(t.title()), cellWide-2*margin, 3)
	head := rowHead + rowTitle*float64(len(title))
	high := vg.Length(max(row*float64(len(rows)), 4*rowMost) + head + rowFoot)
	return write(w, format, cellWide, high, func(s sheet) {
		d := history{sheet: s, Timeline: &t, rows: rows, shared: shared, row: vg.Length(row)}
		d.draw(title, vg.Length(head))
	})
}

// rows puts windows together until there is room for all.
func (t *Timeline) rows() (rows []Past, shared int) {
	shared = (len(t.Past) + maxRows - 1) / maxRows
	for i := 0; i < len(t.Past); i += shared {
		worst := t.Past[i]
		for _, p := range t.Past[i+1 : min(i+shared, len(t.Past))] {
			if badness(p.Outcome) > badness(worst.Outcome) {
				worst.Outcome, worst.After = p.Outcome, p.After
			}
		}
		rows = append(rows, worst)
	}
	return rows, shared
}

// outcomes in the order of the legend, from good to bad.
var outcomes = [...]analysis.Outcome{
	analysis.OutcomePass, analysis.OutcomeMarginal, analysis.OutcomeInconclusive, analysis.OutcomeFail,
}

// badness orders outcomes; what is none counts as inconclusive.
func badness(o analysis.Outcome) int {
	for i, known := range outcomes {
		if o == known {
			return i
		}
	}
	return 2
}

// title is "checkout: 40 windows of 30m - 37 pass, 2 inconclusive, 1 fail".
func (t *Timeline) title() string {
	var counts [len(outcomes)]int
	for _, p := range t.Past {
		counts[badness(p.Outcome)]++
	}
	var words []string
	for i, n := range counts {
		if n > 0 || outcomes[i] == analysis.OutcomePass || outcomes[i] == analysis.OutcomeFail {
			words = append(words, fmt.Sprintf("%d %s", n, outcomes[i]))
		}
	}
	noun := "windows"
	if len(t.Past) == 1 {
		noun = "window"
	}
	return fmt.Sprintf("%s: %d %s of %s - %s", t.Title, len(t.Past), noun, analysis.Duration(t.Length), strings.Join(words, ", "))
}
