package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// loadOptions are those of "load".
type loadOptions struct {
	runs, metrics, databases string // lists
	replicas                 int
	every, lasts, idle, warm time.Duration
	rollbacks                float64
	restarts                 int
	slow                     time.Duration
	binary, dir              string
	keep                     bool
	profile, json            string
	searching                bool
	table, plot              string
}

// loadCase is one measurement.
type loadCase struct {
	Database string `json:"database"`
	Replicas int    `json:"replicas"`
	Runs     int    `json:"runs"`
	Metrics  int    `json:"metrics"`
}

// loadPrometheusName is the command that load starts for itself.
const loadPrometheusName = "load-prometheus"

// loadCommand measures a real daemon while it watches many runs, each of a service of its
// own that holds an hour of data: is it on time, what does it need, do rollbacks get
// through.
func loadCommand(ctx context.Context, args []string, s streams) (int, error) {
	var o loadOptions
	f := flag.NewFlagSet("haldane-bench load", flag.ContinueOnError)
	f.SetOutput(s.err)
	f.StringVar(&o.runs, "runs", "1000", "runs at the same time; several numbers, with commas, are measured one after the other")
	f.StringVar(&o.metrics, "metrics", "5", "metrics of a run, of which two in five are ratios; several, with commas")
	f.StringVar(&o.databases, "database", "sqlite", "sqlite, postgres, or both with a comma")
	f.IntVar(&o.replicas, "replicas", 1, "daemons that share a PostgreSQL")
	f.DurationVar(&o.every, "every", 30*time.Second, "between looks, and between samples")
	f.DurationVar(&o.lasts, "for", 5*time.Minute, "how long to measure; cut to whole intervals")
	f.DurationVar(&o.warm, "warm-up", 10*time.Minute, "how long runs may take to look at their first hour")
	f.Float64Var(&o.rollbacks, "rollbacks", 1, "bad releases a second beside the good ones")
	f.IntVar(&o.restarts, "restarts", 0, "times to stop and start the daemon with all runs open, at the end")
	f.DurationVar(&o.slow, "slow", 100*time.Millisecond, "how long Prometheus takes to answer when the daemon is told to stop")
	f.DurationVar(&o.idle, "idle", 0, "how long to leave the daemon without runs at first, to see its memory")
	f.StringVar(&o.binary, "binary", "", "a haldane that is built; default: it is built from here")
	f.StringVar(&o.dir, "dir", "", "folder for the database, such as one on the disk in question; default: that for temporary files")
	f.BoolVar(&o.keep, "keep", false, "leave the folder with database and log behind")
	f.StringVar(&o.profile, "profile", "", "folder for profiles of CPU and memory during the measurement")
	f.StringVar(&o.json, "json", "", "file to which each result is added, as a line")
	f.BoolVar(&o.searching, "search", false, "look for the most runs with a lag below 2 s at p99 and no look missed, from those of -runs on")
	f.StringVar(&o.table, "table", "", "measure nothing: print the results in this file, of -json, in Markdown")
	f.StringVar(&o.plot, "plot", "", "with -table: draw them too, into this SVG file")
	if err := f.Parse(args); err != nil {
		return exitTrouble, err
	}
	if o.table != "" {
		return exitOK, o.show(s)
	}
	cases, err := o.cases()
	if err != nil {
		return exitTrouble, err
	}
	for _, c := range cases {
		if err := o.one(ctx, c, s); err != nil {
			return exitTrouble, err
		}
	}
	return exitOK, nil
}

// one measures a case, or searches from there.
func (o *loadOptions) one(ctx context.Context, c loadCase, s streams) error {
	if o.searching {
		return o.search(ctx, c, s)
	}
	r, err := o.measure(ctx, c, s)
	if err != nil {
		return err
	}
	return o.report(r, s)
}

// show prints and draws what was measured before.
func (o *loadOptions) show(s streams) error {
	all, err := readLoads(o.table)
	if err != nil {
		return err
	}
	if o.plot != "" {
		if err := loadPlot(o.plot, all); err != nil {
			return err
		}
	}
	return loadTable(s.out, all)
}

// cases are what is to be measured.
func (o *loadOptions) cases() ([]loadCase, error) {
	if o.plot != "" {
		return nil, errors.New("-plot: of which -table?")
	}
	if o.every <= 0 || o.lasts < o.every || o.replicas < 1 || o.rollbacks < 0 {
		return nil, errors.New("-for must be at least -every, -replicas at least 1, -rollbacks at least 0")
	}
	runs, err := numbers("-runs", o.runs)
	if err != nil {
		return nil, err
	}
	metrics, err := numbers("-metrics", o.metrics)
	if err != nil {
		return nil, err
	}
	var cases []loadCase
	for db := range strings.SplitSeq(o.databases, ",") {
		c := loadCase{Database: db, Replicas: o.replicas}
		switch {
		case db != "sqlite" && db != "postgres":
			return nil, fmt.Errorf("-database %s: neither sqlite nor postgres", db)
		case db == "sqlite" && c.Replicas > 1:
			return nil, fmt.Errorf("-replicas %d: SQLite has one", c.Replicas)
		}
		for _, c.Metrics = range metrics {
			for _, c.Runs = range runs {
				cases = append(cases, c)
			}
		}
	}
	return cases, nil
}

func numbers(name, list string) ([]int, error) {
	var out []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s %s: not a number above 0", name, text)
		}
		out = append(out, n)
	}
	return out, nil
}

// report prints a result, and keeps it.
func (o *loadOptions) report(r *loadResult, s streams) error {
	r.text(s.out)
	if o.json == "" {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(o.json, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// Services, and the version that fails, are told by their names.
const (
	goodPrefix = "good-"
	badPrefix  = "bad-"
	badVersion = "broken"
	undoPath   = "/undo"
)

// history is how much a run has behind it when it begins.
const history = time.Hour

// config is a plan for each service, all with the same metrics. No good release is
// decided while it is measured.
func (o *loadOptions) config(c loadCase, prom, hook string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `sources:
  prom: {type: prometheus, url: %q}
actions:
  undo: {type: webhook, url: %q}
  oncall: {type: webhook, url: "%s/oncall", changes_world: false}
guards: {max_rollbacks_per_hour: 0, many_services: {services: 0}}
defaults:
  every: %s
  step: %s
  duration: 5h
  min_duration: 5h
  verify: 0s
  on_fail: [undo]
  on_delivery_failed: [oncall]
  metrics:
`, prom, hook+undoPath, hook, o.every, o.every)
	for i := range c.Metrics {
		if i%5 == 0 || i%5 == 3 {
			fmt.Fprintf(&b, `    - name: errors-%d
      source: prom
      kind: ratio
      bad: sum(increase(http_requests_total{service="{{.Service}}",route="/%d",version="{{.Version}}",code=~"5.."}[{{.Step}}]))
      total: sum(increase(http_requests_total{service="{{.Service}}",route="/%d",version="{{.Version}}"}[{{.Step}}]))
`, i, i, i)
		} else {
			fmt.Fprintf(&b, `    - name: latency-%d
      source: prom
      query: histogram_quantile(0.99, sum by (le) (rate(http_duration_ms_bucket{service="{{.Service}}",route="/%d",version="{{.Version}}"}[{{.Step}}])))
`, i, i)
		}
	}
	b.WriteString("plans:\n")
	for _, name := range append(c.good(), o.bad()...) {
		fmt.Fprintf(&b, "  - name: %s\n", name)
	}
	return b.String()
}

// good are the plans of the load.
func (c loadCase) good() []string { return plansNamed(goodPrefix, c.Runs) }

// bad are the plans that have to be rolled back meanwhile.
func (o *loadOptions) bad() []string {
	return plansNamed(badPrefix, int(o.rollbacks*o.span().Seconds()))
}

// span is the time that is measured.
func (o *loadOptions) span() time.Duration { return o.lasts.Truncate(o.every) }

func plansNamed(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, prefix+strconv.Itoa(i))
	}
	return names
}
