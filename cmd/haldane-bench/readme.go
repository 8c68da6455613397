package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// readmeRow is one line of the short table.
type readmeRow struct {
	release  string
	families []string
}

// readmeRows are what the README shows.
func readmeRows() []readmeRow {
	return []readmeRow{
		{"good; autocorrelation 0 / 0.5 / 0.8 / 0.95", []string{"gauge/ar0", "gauge/ar0.5", "gauge/ar0.8", "gauge/ar0.95"}},
		{"good; autocorrelation 0.8, the canary's host 2 % slower", []string{"gauge/host2-ar0.8"}},
		{"good; volatility that clusters", []string{"gauge/clustered"}},
		{"latency x1.2 from the start", []string{"gauge/x1.2-start"}},
		{"latency x1.5 from minute 30", []string{"gauge/x1.5-half"}},
		{"latency x2 from minute 30, autocorrelation 0.8", []string{"gauge/x2-half-ar0.8"}},
		{"errors 0.2 % of 2,000 a minute, x2 from minute 30", []string{"ratio/x2-half"}},
		{"the same, x5 from minute 30", []string{"ratio/x5-half"}},
		{"errors 0.02 % of 500 a minute, x10 from the start", []string{"ratio/sparse-x10-start"}},
		{"the same, from minute 30", []string{"ratio/sparse-x10-half"}},
	}
}

// readmeFamilies is the pattern for all of them.
func readmeFamilies() string {
	var names []string
	for _, r := range readmeRows() {
		names = append(names, r.families...)
	}
	return strings.Join(names, ",")
}

// readme writes the short table in Markdown.
func (r *result) readme(out io.Writer) error {
	head, rule := "| release |", "|---|"
	for _, name := range r.Options.Judges {
		head += " " + title(name) + " fails it | found after |"
		rule += "---|---|"
	}
	if _, err := fmt.Fprintf(out, "%s\n%s\n", head, rule); err != nil {
		return err
	}
	for _, row := range readmeRows() {
		line := "| " + row.release + " |"
		for i := range r.Options.Judges {
			failed, after := r.readmeCells(row.families, i)
			line += " " + failed + " | " + after + " |"
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// title names a judge to those who do not know its name in a plan.
func title(name analysis.JudgeName) string {
	if name == analysis.JudgeKayenta {
		return "Kayenta"
	}
	return "Haldane"
}

// readmeCells are what the i-th judge made of a row's families.
func (r *result) readmeCells(names []string, i int) (failed, after string) {
	var shares []string
	after = "-"
	for _, name := range names {
		f := r.family(name)
		t := &f.Judges[i]
		text := rounded(t.Failed.Share)
		if t.Before.Count > 0 {
			text += " (and " + rounded(t.Before.Share) + " before)"
		}
		shares = append(shares, text)
		if f.Truth == judgetest.Bad && t.Median > 0 {
			after = strconv.Itoa(t.Median) + " min" // the families have a sample a minute
		}
	}
	return strings.Join(shares, " / "), after
}

func (r *result) family(name string) *familyResult {
	for i := range r.Families {
		if r.Families[i].Name == name {
			return &r.Families[i]
		}
	}
	panic("no family " + name) // readmeFamilies names them all
}

// rounded writes a share: whole percent, but small ones with a decimal.
func rounded(v float64) string {
	digits := 0
	if v > 0 && v < 0.1 || v > 0.99 && v < 1 {
		digits = 1
	}
	return strings.TrimSuffix(strconv.FormatFloat(v*100, 'f', digits, 64), ".0") + " %"
}
