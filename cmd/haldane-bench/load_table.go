package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// readLoads reads the results that "load -json" kept: of each case the latest, in order.
func readLoads(file string) ([]loadResult, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	latest := map[loadCase]loadResult{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var r loadResult
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, n, err)
		}
		latest[r.loadCase] = r
	}
	var all []loadResult
	for _, r := range latest {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b loadResult) int {
		return cmp.Or(-cmp.Compare(a.Database, b.Database), cmp.Compare(a.Replicas, b.Replicas), cmp.Compare(a.Metrics, b.Metrics), cmp.Compare(a.Runs, b.Runs))
	})
	return all, lines.Err()
}

// loadColumns are those of the table.
var loadColumns = []struct {
	title string
	cell  func(r *loadResult) string
}{
	{"database", func(r *loadResult) string { return r.name() }},
	{"runs", func(r *loadResult) string { return grouped(r.Runs) }},
	{"metrics", func(r *loadResult) string { return strconv.Itoa(r.Metrics) }},
	{"lag p50 / p99 / max", func(r *loadResult) string { return seconds(r.Lag.P50, r.Lag.P99, r.Lag.Max) }},
	{"missed", func(r *loadResult) string { return grouped(r.Missed) + " of " + grouped(r.Expected) }},
	{"cores", func(r *loadResult) string { return r.cores() }},
	{"CPU a look", func(r *loadResult) string { return short(r.CPUPerLook*1000) + " ms" }},
	{"queries a look", func(r *loadResult) string { return short(r.QueriesPerLook) }},
	{"memory", func(r *loadResult) string { return short(r.MiB) + " MiB" }},
	{"written a look", func(r *loadResult) string { return short(r.WrittenPerLook/1024) + " KiB" }},
	{"growth a look", func(r *loadResult) string { return short(r.GrowthPerLook/1024) + " KiB" }},
	{"verdict to webhook p50 / p99", func(r *loadResult) string { return seconds(r.Rollbacks.Late.P50, r.Rollbacks.Late.P99) }},
	{"ready after", func(r *loadResult) string { return r.restarted(func(t *restartTimes) float64 { return t.Ready }) }},
	{"stopped after", func(r *loadResult) string { return r.restarted(func(t *restartTimes) float64 { return t.Stop }) }},
}

// name is that of the database in the table.
func (c loadCase) name() string {
	switch {
	case c.Database == "sqlite":
		return "SQLite"
	case c.Replicas > 1:
		return fmt.Sprintf("PostgreSQL, %d replicas", c.Replicas)
	}
	return "PostgreSQL"
}

// cores is what daemon and database keep busy.
func (r *loadResult) cores() string {
	if r.Database == "sqlite" {
		return short(r.Cores)
	}
	return short(r.Cores) + " + " + short(r.ServerCores)
}

// restarted is a time of a restart, if there was one.
func (r *loadResult) restarted(which func(*restartTimes) float64) string {
	if r.Restart == nil {
		return ""
	}
	return seconds(which(r.Restart))
}

// loadTable prints results in Markdown.
func loadTable(out io.Writer, all []loadResult) error {
	var titles, rule []string
	for _, c := range loadColumns {
		titles, rule = append(titles, c.title), append(rule, "---")
	}
	rows := [][]string{titles, rule}
	for i := range all {
		var row []string
		for _, c := range loadColumns {
			row = append(row, c.cell(&all[i]))
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | ")); err != nil {
			return err
		}
	}
	return nil
}

// seconds writes times that belong together.
func seconds(times ...float64) string {
	var texts []string
	for _, t := range times {
		texts = append(texts, short(t))
	}
	return strings.Join(texts, " / ") + " s"
}

// short writes a number with about two digits that count.
func short(v float64) string {
	digits := 0
	switch {
	case v == 0 || v >= 9.95:
	case v >= 0.995:
		digits = 1
	default:
		digits = 2
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// grouped writes 30,000.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
