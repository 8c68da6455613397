package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// text writes the whole table.
func (r *result) text(out io.Writer) error {
	o := &r.Options
	fmt.Fprintf(out, "%d runs of each family, seed %d", o.Runs, o.Seed)
	for _, name := range o.Judges {
		first, stride := schedule(name, o.Looks)
		often := "every sample"
		if stride > 1 {
			often = fmt.Sprintf("every %dth", stride)
		}
		fmt.Fprintf(out, "; %s looks from sample %d on, at %s", name, first, often)
	}
	if o.History > 0 {
		fmt.Fprintf(out, "; %d samples of history", o.History)
	}
	fmt.Fprint(out, "\nfailed: of bad releases, at the onset or later; bound: good ones fail more often than that, with 95 % confidence\n\n")
	rows := [][]string{{
		"family", "judge", "truth", "failed %", "bound", "before %", "median", "p90",
		"early pass %", "inconcl. %", "x Wald", "µs", "verdict",
	}}
	for i := range r.Families {
		f := &r.Families[i]
		for k := range f.Judges {
			rows = append(rows, f.row(&f.Judges[k]))
		}
	}
	if err := align(out, rows, "lllrrrrrrrrrl"); err != nil {
		return err
	}
	return r.totals(out)
}

// row is one line of the table.
func (f *familyResult) row(t *tally) []string {
	bound, before, median, p90, wald := "", "", "", "", ""
	if f.Truth == judgetest.Good {
		bound = ">" + percent(t.Failed.Low)
	} else {
		before = percent(t.Before.Share)
	}
	if t.Median > 0 {
		median, p90 = strconv.Itoa(t.Median), strconv.Itoa(t.P90)
	}
	if t.Wald != nil {
		wald = strconv.FormatFloat(*t.Wald, 'f', 1, 64)
		if t.WaldOpen {
			wald = ">" + wald
		}
	}
	return []string{
		f.Name, string(t.Judge), string(f.Truth), percent(t.Failed.Share), bound, before, median, p90,
		percent(t.PassedEarly.Share), percent(t.Inconclusive.Share), wald, strconv.FormatFloat(t.Micros, 'f', 0, 64), t.Verdict,
	}
}

// totals writes precision and recall.
func (r *result) totals(out io.Writer) error {
	rows := [][]string{{"over all", "judge", "good", "wrong %", "bad", "found %", "precision %", "recall %"}}
	for _, t := range r.Totals {
		scope := "families"
		if t.Scope == "promised" {
			scope = "families of the promise"
		}
		rows = append(rows, []string{
			scope, string(t.Judge), strconv.Itoa(t.Good), part(t.Wrong, t.Good+t.Bad), strconv.Itoa(t.Bad), part(t.Found, t.Bad),
			percent(t.Precision), percent(t.Recall),
		})
	}
	fmt.Fprintln(out)
	if err := align(out, rows, "llrrrrrr"); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "wrong: of all releases, good ones failed, and bad ones before their onset; precision: of all failures, those of bad releases after it")
	if err == nil && len(r.Broken) > 0 {
		_, err = fmt.Fprintf(out, "above their limit: %s\n", strings.Join(r.Broken, ", "))
	}
	return err
}

// percent writes a share without its sign.
func percent(v float64) string { return strconv.FormatFloat(v*100, 'f', 1, 64) }

func part(k, n int) string {
	if n == 0 {
		return ""
	}
	return percent(float64(k) / float64(n))
}

// align writes columns: l is to the left, r to the right.
func align(out io.Writer, rows [][]string, sides string) error {
	widths := make([]int, len(sides))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if sides[i] == 'r' {
				cell = gap + cell
			} else {
				cell += gap
			}
			b.WriteString(cell)
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
