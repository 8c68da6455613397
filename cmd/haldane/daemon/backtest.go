package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/config"
)

// Backtest plays a plan over windows of the past, against its real sources: each window
// as if a run had started then. It stores nothing and sends nothing.
//
// It begins here; backtest_plan.go makes the plan that is played, backtest_play.go
// plays, backtest_report.go is what comes of it.
type Backtest struct {
	Config  *config.Config
	Version string // of Haldane
	Now     time.Time

	Plan             string
	Canary, Baseline string            // versions
	AA               bool              // one version against itself: how often would a good release fail?
	Split            string            // with AA: the label of the replicas, which are split in two; else two times are compared
	Variables        map[string]string // of the queries

	From, To    time.Time     // the first run starts at From, the last has ended by To
	Every       time.Duration // between starts; 0: the plan's duration
	Concurrency int           // windows that are read at the same time

	Planned func(*BacktestReport)                // if set: told once, before the first window is read
	Played  func(BacktestWindow)                 // if set: told of each window, in their order
	Waiting func(time.Duration, *analysis.Error) // if set: told that a source asks to wait; perhaps while Played is running
}

// Limits of a backtest.
const (
	mostWindows     = 10_000
	mostConcurrency = 32
)

// Run plays all windows. When ctx ends, it returns what there is so far. A report comes
// with an error when nothing in it was judged.
func (b *Backtest) Run(ctx context.Context) (*BacktestReport, error) {
	if b.Concurrency < 1 || b.Concurrency > mostConcurrency {
		return nil, analysis.Errorf(analysis.Invalid, "--concurrency: not from 1 to %d", mostConcurrency)
	}
	plan, report, err := b.prepare()
	if err != nil {
		return nil, err
	}
	opened, err := b.open(plan)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	if err := b.canSplit(plan, opened); err != nil {
		return nil, err
	}
	replay := engine.NewReplay(&engine.Setup{
		Plans: map[string]*analysis.Plan{plan.Name: plan}, Sources: opened.sources, Render: config.NewQueries().Render,
	}, slog.New(slog.DiscardHandler))
	replay.Split = b.Split
	report.Delay = analysis.Duration(replay.Delay(plan))
	runs, err := b.runs(replay, plan, report)
	if err != nil {
		return nil, err
	}
	if b.Planned != nil {
		b.Planned(report)
	}
	p := player{Backtest: b, replay: replay, report: report, learns: report.Method.Name != MethodAdjacent}
	p.gate.waiting = b.Waiting
	return report, p.play(ctx, runs)
}

// open opens the sources of a plan, as the daemon does. Nothing is reached out to.
func (b *Backtest) open(plan *analysis.Plan) (*opened, error) {
	o := &opened{sources: map[string]engine.Source{}}
	env := config.Env{Log: slog.New(slog.DiscardHandler), Version: b.Version, Egress: b.Config.Egress, Shared: &config.Shared{}}
	for _, name := range plan.Sources() {
		s, ok := b.Config.Source(name)
		if !ok {
			continue // the config was checked
		}
		env.Name = name
		src, err := s.Settings.Open(env)
		if err != nil {
			o.close()
			return nil, err
		}
		o.sources[name] = engine.Source{Source: src, Delay: s.Settings.Common().Delay.Std()}
	}
	return o, nil
}

// canSplit says at once when a source cannot split.
func (b *Backtest) canSplit(plan *analysis.Plan, o *opened) error {
	if b.Split == "" {
		return nil
	}
	for _, m := range plan.Metrics {
		if _, ok := o.sources[m.Source].Source.(analysis.Splitter); !ok && m.Threshold == nil {
			return engine.CannotSplit(m.Source)
		}
	}
	return nil
}

// runs makes the run of each window.
func (b *Backtest) runs(replay *engine.Replay, plan *analysis.Plan, report *BacktestReport) ([]analysis.Run, error) {
	every := report.Every.Std()
	if n := b.To.Sub(b.From) / every; n > mostWindows {
		return nil, analysis.Errorf(analysis.Invalid, "%d runs, more than %d", n, mostWindows).
			WithHint("a longer --every, or a shorter time")
	}
	var runs []analysis.Run
	early := 0
	for start := b.From.UTC(); !start.Add(plan.Duration.Std()).After(b.To); start = start.Add(every) {
		r, err := replay.PastRun(analysis.StartRequest{
			Plan: plan.Name, Version: report.Version, BaselineVersion: report.BaselineVersion, Variables: b.Variables, StartedAt: &start,
		})
		switch {
		case err != nil:
			return nil, err
		case r.Whole().End.Add(report.Delay.Std()).After(b.Now):
			early++
		default:
			runs = append(runs, r)
		}
	}
	if early > 0 && len(runs) > 0 {
		report.note("the last %d of %d runs are left out: their samples are not all there yet", early, early+len(runs))
	}
	if len(runs) == 0 {
		return nil, analysis.Errorf(analysis.Invalid, "no run of %s fits between --from and --to, or its samples are not there yet", plan.Duration).
			WithHint("an earlier --from")
	}
	report.Planned = len(runs)
	return runs, nil
}
