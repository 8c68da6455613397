package engine

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// asker asks one source on behalf of all runs: a question that several runs have goes
// out once, and a source that does not answer is left alone for a while.
//
// Questions are about steps that have settled, so an answer stays true; it is kept for
// the runs that come a little later with the same question. Errors are not kept, nor
// are answers that the source itself calls incomplete.
type asker struct {
	name    string
	source  analysis.Source
	metrics *metrics
	circuit circuit

	mu    sync.Mutex
	kept  map[question]*shared
	order []question // oldest first; only those with an answer
	size  int        // bytes of them, about
}

// question is what makes two queries the same.
type question struct {
	text       string
	start, end int64 // in nanoseconds
	step       time.Duration
	reduce     analysis.Reduce
}

// shared is an answer that is on its way, or there.
type shared struct {
	done   chan struct{}
	answer analysis.Answer
	lost   bool // who asked gave up; somebody else has to ask
	at     time.Time
}

const (
	keepAnswers = 5 * time.Minute
	mostKept    = 16 << 20 // bytes, about, a source
)

func newAsker(name string, source analysis.Source, m *metrics, log *slog.Logger) *asker {
	a := &asker{name: name, source: source, metrics: m, kept: map[question]*shared{}}
	a.circuit.name = "source " + name
	a.circuit.turned = func(open bool, why string) {
		m.circuit(name, open)
		if open {
			log.Warn("a source does not answer; it is left alone for a while", "source", name, "reason", why)
		} else {
			log.Info("a source answers again", "source", name)
		}
	}
	return a
}

// ask answers queries, in their order. The answers belong to the caller together with
// all others who asked the same: they are read only.
func (a *asker) ask(ctx context.Context, qs []analysis.Query) []analysis.Answer {
	answers := make([]analysis.Answer, len(qs))
	open := make([]int, 0, len(qs)) // those without an answer yet
	for i := range qs {
		open = append(open, i)
	}
	for len(open) > 0 {
		mine, theirs := a.claim(qs, open)
		a.fetch(ctx, qs, mine)
		open = open[:0]
		for _, c := range append(mine, theirs...) {
			if !c.shared.wait(ctx) {
				answers[c.i].Err = analysis.AsError(ctx.Err())
				continue
			}
			if c.shared.lost && ctx.Err() == nil {
				open = append(open, c.i)
				continue
			}
			answers[c.i] = c.shared.answer
		}
	}
	return answers
}

// wait waits for the answer, and reports whether it is there: also when time is up, what
// came before counts.
func (s *shared) wait(ctx context.Context) bool {
	select {
	case <-s.done:
		return true
	default:
	}
	select {
	case <-s.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// claimed is a question with the answer that was promised for it.
type claimed struct {
	i      int // of the query
	shared *shared
}

// claim sorts queries into those that the caller has to ask and those that somebody
// asks or has asked.
func (a *asker) claim(qs []analysis.Query, open []int) (mine, theirs []claimed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(time.Now().Add(-keepAnswers))
	for _, i := range open {
		k := questionOf(&qs[i])
		s, ok := a.kept[k]
		if ok {
			a.metrics.questions.WithLabelValues(a.name, "shared").Inc()
			theirs = append(theirs, claimed{i, s})
			continue
		}
		a.metrics.questions.WithLabelValues(a.name, "asked").Inc()
		s = &shared{done: make(chan struct{})}
		a.kept[k] = s
		mine = append(mine, claimed{i, s})
	}
	return mine, theirs
}

func questionOf(q *analysis.Query) question {
	return question{q.Text, q.Window.Start.UnixNano(), q.Window.End.UnixNano(), q.Step, q.Reduce}
}

// fetch asks the source what was claimed, unless it is left alone, and gives each answer
// to all who wait for it as soon as it is there.
func (a *asker) fetch(ctx context.Context, qs []analysis.Query, mine []claimed) {
	if len(mine) == 0 {
		return
	}
	queries := make([]analysis.Query, len(mine))
	for n, c := range mine {
		queries[n] = qs[c.i]
	}
	answers := make([]analysis.Answer, len(mine))
	give := func(n int) { a.settle(questionOf(&queries[n]), mine[n].shared, answers[n], ctx.Err() != nil) }
	began := time.Now()
	defer func() { a.metrics.asked(a.name, time.Since(began), answers) }()
	if err := a.circuit.allow(began); err != nil {
		for n := range mine {
			answers[n].Err = err
			give(n)
		}
		return
	}
	requests := len(queries)
	if batch, ok := a.source.(analysis.BatchSource); ok {
		answers, requests = batch.FetchAll(ctx, queries), 1
		for n := range mine {
			give(n)
		}
	} else {
		var wg sync.WaitGroup
		for n := range queries {
			wg.Go(func() {
				answers[n].Series, answers[n].Err = a.source.Fetch(ctx, queries[n])
				give(n)
			})
		}
		wg.Wait()
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		a.circuit.unknown() // we are stopping: that says nothing about the source
		return
	}
	a.circuit.record(answers, requests, time.Now())
}

// settle gives an answer to those who wait for it, and keeps it if it is good.
func (a *asker) settle(k question, s *shared, answer analysis.Answer, gaveUp bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.answer, s.at = answer, time.Now()
	s.lost = gaveUp && answer.Err != nil
	partial := slices.ContainsFunc(answer.Series, func(s analysis.Series) bool { return len(s.Warnings) > 0 })
	n := weight(k, answer)
	if answer.Err != nil || partial || n > mostKept/4 {
		delete(a.kept, k)
	} else {
		a.order = append(a.order, k)
		a.size += n
		for a.size > mostKept {
			a.drop()
		}
	}
	close(s.done)
}

// forget drops the answers from before a time.
func (a *asker) forget(before time.Time) {
	for len(a.order) > 0 && a.kept[a.order[0]].at.Before(before) {
		a.drop()
	}
}

// drop lets the oldest answer go.
func (a *asker) drop() {
	k := a.order[0]
	a.size -= weight(k, a.kept[k].answer)
	delete(a.kept, k)
	a.order[0] = question{}
	a.order = a.order[1:]
}

// weight is about how many bytes an answer takes, with all that is kept about it.
func weight(k question, answer analysis.Answer) int {
	n := 400 + 2*len(k.text)
	for _, s := range answer.Series {
		n += 150 + 8*len(s.Values) + 50*len(s.Labels)
	}
	return n
}
