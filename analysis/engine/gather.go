package engine

import (
	"context"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/store"
)

// gathered is everything a look has to judge.
type gathered struct {
	pairs   []analysis.Pair
	before  known         // from earlier looks
	fetched []store.Chunk // what this look got, to be recorded with it
	trouble string        // a sentence when a source failed

	temporary bool          // a source may be well again soon
	wait      time.Duration // a source asks not to be asked for so long: its limit is used up
}

// gather brings each pair up to the window: what earlier looks got comes from the
// store, only what is new is asked for. A source's failure is part of the result; the
// error is the store's.
func (e *Engine) gather(ctx context.Context, s *Setup, r *analysis.Run, w analysis.Window) (gathered, error) {
	have, err := e.recall(ctx, r)
	if err != nil {
		return gathered{}, err
	}
	parts := s.parts(r, w)
	if err := e.receive(ctx, r, w, parts); err != nil {
		return gathered{}, err
	}
	for _, p := range parts {
		p.recall(have.chunks)
	}
	s.ask(ctx, r.Snapshot.Step.Std(), parts)
	g := gathered{before: have}
	for _, p := range parts {
		if p.fresh != nil {
			g.fetched = append(g.fetched, *p.fresh)
		}
		if p.err != nil {
			g.note(p)
		}
	}
	g.pairs = pairUp(&r.Snapshot, w, parts)
	judge.Remember(g.pairs, have.noise)
	return g, nil
}

// recall returns what the looks before this one have got: from memory as far as it goes,
// the rest from the store.
func (e *Engine) recall(ctx context.Context, r *analysis.Run) (known, error) {
	k := e.memory.of(r.ID, r.NextLook-1)
	if k.looks == 0 {
		noise, err := e.knownNoise(ctx, r)
		if err != nil {
			return k, err
		}
		k.noise = noise
	}
	if k.looks < r.NextLook-1 {
		fetched, err := e.store.Samples(ctx, r.ID, k.looks, r.NextLook-1)
		if err != nil {
			return k, err
		}
		k = k.with(fetched)
		k.looks = r.NextLook - 1
	}
	return k, nil
}

// note takes up what went wrong with a part. A source whose limit is used up is not in
// trouble: its runs look less often.
func (g *gathered) note(p *part) {
	if p.err.Kind == analysis.Limited && p.err.RetryAfter > 0 {
		g.wait = max(g.wait, p.err.RetryAfter)
		return
	}
	g.temporary = g.temporary || retried(p.err.Kind)
	if g.trouble == "" {
		g.trouble = p.describe() + ": " + p.err.Message
	}
}

// ask asks for everything that the parts do not have yet, all sources at once.
func (s *Setup) ask(ctx context.Context, step time.Duration, parts []*part) {
	type posed struct {
		part  *part
		query analysis.Query
	}
	bySource := map[string][]posed{}
	for _, p := range parts {
		if p.pushed() {
			continue
		}
		if l, ok := s.Sources[p.metric.Source].Source.(analysis.Linker); ok {
			p.link = l.Link(analysis.Query{Text: p.query, Window: p.window, Step: step})
		}
		if q := p.question(step); p.err == nil && q.Window.Steps(step) > 0 {
			bySource[p.metric.Source] = append(bySource[p.metric.Source], posed{p, q})
		}
	}
	var wg sync.WaitGroup
	for name, questions := range bySource {
		wg.Go(func() {
			queries := make([]analysis.Query, len(questions))
			for i := range questions {
				queries[i] = questions[i].query
			}
			for i, a := range s.answers(ctx, name, queries) {
				questions[i].part.take(a, queries[i])
			}
		})
	}
	wg.Wait()
}

// answers asks a source, by its asker.
func (s *Setup) answers(ctx context.Context, source string, qs []analysis.Query) []analysis.Answer {
	if a, ok := s.askers[source]; ok {
		return a.ask(ctx, qs)
	}
	answers := make([]analysis.Answer, len(qs))
	for i := range answers {
		answers[i].Err = analysis.Errorf(analysis.Invalid, "source %q: not in the config any more", source)
	}
	return answers
}
