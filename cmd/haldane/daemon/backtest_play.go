package daemon

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/judge"
)

// player reads windows, several at a time, and judges them one after the other.
type player struct {
	*Backtest
	replay *engine.Replay
	report *BacktestReport
	gate   gate
	learns bool     // earlier windows that passed teach the noise, as earlier runs do
	passed []lesson // in the order of their starts
}

// lesson is what a run taught, and from when on.
type lesson struct {
	at    time.Time
	noise []analysis.Noise
}

const (
	// readTimeout is that of one window, with all the tries of its sources.
	readTimeout = time.Minute
	// giveUpAfter is how many windows in a row, from the first on, no source may answer.
	giveUpAfter = 3
	// lessons is how many earlier runs teach at most, as in the daemon.
	lessons = 20
)

// play plays runs in their order. It returns an error when that ended early or came to
// nothing; the report holds what there is.
func (p *player) play(outer context.Context, runs []analysis.Run) error {
	ctx, stop := context.WithCancel(outer)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer stop()
	// As many windows are on their way as the queue holds, and the one that is waited for.
	queue := make(chan chan engine.Past, p.Concurrency-1)
	reading.Go(func() {
		defer close(queue)
		for _, r := range runs {
			read := make(chan engine.Past, 1)
			select {
			case queue <- read:
				reading.Go(func() { read <- p.read(ctx, r) })
			case <-ctx.Done():
				return
			}
		}
	})
	for read := range queue {
		past := <-read
		if outer.Err() != nil {
			break
		}
		w := p.judge(&past)
		p.report.add(w)
		if len(runs) == 1 {
			p.report.only = &past
		}
		if p.Played != nil {
			p.Played(w)
		}
		if p.hopeless() {
			break
		}
	}
	p.report.finish()
	return p.report.trouble(outer.Err())
}

// read asks for the samples of a window until they are there, or asking does not help.
func (p *player) read(ctx context.Context, r analysis.Run) engine.Past {
	for tries := 1; ; {
		if p.gate.pass(ctx) != nil {
			return engine.Past{Run: r}
		}
		asking, done := context.WithTimeout(ctx, readTimeout)
		past := p.replay.Read(asking, r)
		done()
		if ctx.Err() != nil {
			return past
		}
		again, wait := p.gate.again(&past, tries)
		if !again || pause(ctx, wait) != nil {
			return past
		}
		if wait > 0 {
			tries++
		}
	}
}

// judge plays a run that has been read, and makes the window of it.
func (p *player) judge(past *engine.Past) BacktestWindow {
	r := &past.Run
	var known []analysis.Noise
	if p.learns {
		known = p.recall(r.StartedAt)
	}
	played := p.replay.Play(past, known)
	last := played.Looks[len(played.Looks)-1]
	if p.learns && len(played.Learnt) > 0 {
		p.passed = append(p.passed, lesson{last.At, played.Learnt})
	}
	w := BacktestWindow{
		Start: r.StartedAt, End: r.EndsAt, Outcome: last.Verdict.Outcome, DecidedAt: last.At,
		DecidedAfter: analysis.Duration(last.At.Sub(r.StartedAt)), Reason: last.Verdict.Reason,
		Looks: len(played.Looks), Replicas: past.Replicas, Trouble: past.Trouble, Findings: last.Verdict.Findings,
	}
	for _, l := range played.Looks {
		if l.Verdict.Score != nil {
			w.Score = l.Verdict.Score
		}
	}
	if w.Class = classOf(&w, past); w.Class == WindowNoData && past.Silence != nil {
		w.Reason = past.Silence.Message
	}
	outcome, at := w.Outcome, last.At
	r.Status, r.Outcome, r.FinishedAt, r.Reason = analysis.StatusFinished, &outcome, &at, w.Reason
	return w
}

// recall is what the runs taught that had passed before a time.
func (p *player) recall(at time.Time) []analysis.Noise {
	var before [][]analysis.Noise
	for _, l := range p.passed {
		if !l.at.After(at) {
			before = append(before, l.noise)
		}
	}
	return judge.Pool(before[max(0, len(before)-lessons):]...)
}

// classOf says what a window counts for.
func classOf(w *BacktestWindow, past *engine.Past) WindowClass {
	switch {
	case w.Outcome != analysis.OutcomeInconclusive:
		return WindowJudged
	case past.Trouble != nil:
		return WindowTrouble
	case !slices.ContainsFunc(past.Pairs, func(pair analysis.Pair) bool { return hasSamples(&past.Run.Snapshot, &pair) }):
		return WindowNoData
	}
	return WindowJudged
}

// hasSamples reports whether a pair has anything to judge.
func hasSamples(plan *analysis.Plan, pair *analysis.Pair) bool {
	m, _ := plan.Metric(pair.Metric)
	alone := m.Threshold != nil || plan.Baseline.Kind == analysis.BaselineNone
	return pair.Canary.Count() > 0 && (alone || pair.Baseline.Count() > 0)
}

// hopeless reports whether no source has answered anything for too long to go on.
func (p *player) hopeless() bool {
	n := p.report.Totals.Trouble
	return n >= giveUpAfter && n == len(p.report.Windows) && !p.gate.hasAnswered()
}
