package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Probe tries a config against the world (check --online): it reaches every source
// and action, and asks every metric once. It changes nothing anywhere.
type Probe struct {
	Config            *config.Config
	Version, Baseline string // to ask for; queries that need one which is not given are not asked
	Out               io.Writer
	Now               time.Time

	failed bool
}

// Run prints a line for everything it tried and reports whether all went well.
func (p *Probe) Run(ctx context.Context) bool {
	env := config.Env{Log: slog.New(slog.DiscardHandler), Version: "check", Egress: p.Config.Egress}
	open := map[string]analysis.Source{}
	delays := map[string]time.Duration{}
	for _, s := range p.Config.Sources {
		env.Name = s.Name
		src, err := s.Settings.Open(env)
		if err == nil {
			open[s.Name], delays[s.Name] = src, s.Settings.Common().Delay.Std()
			err = check(ctx, src)
		}
		p.line("source "+s.Name, "reached and authorised", err)
	}
	for _, a := range p.Config.Actions {
		env.Name = a.Name
		act, err := a.Settings.Open(env)
		if err == nil {
			err = check(ctx, act)
		}
		p.line("action "+a.Name, "reached; nothing was sent", err)
	}
	for i := range p.Config.Plans {
		plan := &p.Config.Plans[i]
		for j := range plan.Metrics {
			p.metric(ctx, plan, &plan.Metrics[j], open, delays)
		}
	}
	return !p.failed
}

func check(ctx context.Context, v any) error {
	c, ok := v.(analysis.Checker)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return c.Check(ctx)
}

func (p *Probe) line(what, fine string, err error) {
	if err != nil {
		p.failed = true
		fmt.Fprintf(p.Out, "FAIL  %s: %s\n", what, analysis.AsError(err).Error())
		return
	}
	fmt.Fprintf(p.Out, "ok    %s: %s\n", what, fine)
}

// metric asks a metric's queries for the last ten steps of each side.
func (p *Probe) metric(ctx context.Context, plan *analysis.Plan, m *analysis.Metric, open map[string]analysis.Source, delays map[string]time.Duration) {
	src := open[m.Source]
	if src == nil {
		return // said above
	}
	step := plan.Step.Std()
	end := p.Now.Add(-delays[m.Source]).Truncate(step)
	w := analysis.Window{Start: end.Add(-10 * step), End: end}
	texts := []string{m.Query}
	if m.Kind.HasTotal() {
		texts = append(texts, m.Total)
	}
	sides := []string{analysis.SideCanary, analysis.SideBaseline}
	if m.Threshold != nil || plan.Baseline.Kind == analysis.BaselineNone {
		sides = sides[:1]
	}
	for _, side := range sides {
		for _, text := range texts {
			what := fmt.Sprintf("plan %s, metric %s, %s", plan.Name, m.Name, side)
			query, err := p.render(plan, src, text, side, w)
			if err != nil {
				p.line(what, "", err)
				continue
			}
			if query == "" {
				fmt.Fprintf(p.Out, "-     %s: not asked (try: --version and --baseline): %s\n", what, text)
				continue
			}
			series, err := src.Fetch(ctx, analysis.Query{Text: query, Window: w, Step: step, Reduce: m.Reduce})
			p.line(what, describe(query, plan.Step, series), err)
			if s, ok := p.Config.Source(m.Source); ok && s.Type == "prometheus" && err == nil {
				p.scrapes(ctx, what, src, query, end)
			}
		}
	}
}

// fewScrapes is how many samples of a counter a window should hold: with two or
// three, one late scrape changes a rate by a third.
const fewScrapes = 4

// scrapes warns of counters that are scraped too seldom for the window over which
// they are read.
func (p *Probe) scrapes(ctx context.Context, what string, src analysis.Source, query string, end time.Time) {
	for _, c := range config.CounterWindows(query) {
		if c.Selector == "" {
			continue
		}
		series, err := src.Fetch(ctx, analysis.Query{
			Text:   fmt.Sprintf("min(count_over_time(%s[%s]))", c.Selector, c.Window),
			Window: analysis.Window{Start: end.Add(-time.Minute), End: end}, Step: time.Minute,
		})
		if err != nil || len(series) == 0 || len(series[0].Values) == 0 {
			continue
		}
		if n := series[0].Values[0]; n < fewScrapes {
			fmt.Fprintf(p.Out, "warn  %s: %s holds %g scrapes of %s; a rate wants at least %d (try: a longer step, or a shorter scrape interval)\n",
				what, c.Window, n, c.Selector, fewScrapes)
		}
	}
}

// render fills in a query, or returns "" when it needs a version that was not given.
func (p *Probe) render(plan *analysis.Plan, src analysis.Source, text, side string, w analysis.Window) (string, error) {
	quote := func(s string) string { return s }
	if q, ok := src.(analysis.Quoter); ok {
		quote = q.Quote
	}
	needed := func(version string) string {
		if version == "" {
			return unknownVersion
		}
		return quote(version)
	}
	d := analysis.QueryData{
		Side: side, Canary: analysis.Release{Version: needed(p.Version)}, Baseline: analysis.Release{Version: needed(p.Baseline)},
		Service: quote(plan.Service), Environment: quote(plan.Environment), Step: plan.Step, Start: w.Start, End: w.End, Vars: map[string]string{},
	}
	d.Version = d.Canary.Version
	if side == analysis.SideBaseline {
		d.Version = d.Baseline.Version
	}
	for k, v := range plan.Vars {
		d.Vars[k] = quote(v)
	}
	query, err := config.Query(text, d)
	if err == nil && strings.Contains(query, unknownVersion) {
		return "", nil
	}
	return query, err
}

// unknownVersion marks in a rendered query where a version would stand.
const unknownVersion = "haldane-unknown-version"

// describe says what a query answered.
func describe(query string, step analysis.Duration, series []analysis.Series) string {
	if len(series) == 0 {
		return "no series; is there traffic? " + query
	}
	samples, last := 0, math.NaN()
	for _, v := range series[0].Values {
		if !analysis.IsMissing(v) {
			samples, last = samples+1, v
		}
	}
	out := fmt.Sprintf("%d of %d samples at step %s", samples, len(series[0].Values), step)
	if samples > 0 {
		out += ", last " + strconv.FormatFloat(last, 'g', 4, 64)
	}
	for _, w := range series[0].Warnings {
		out += "; warning: " + w
	}
	return out + "; " + query
}
