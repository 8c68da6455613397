package datadog

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// maxPoints is how many buckets of a series one request asks for: "a series can have up
// to 1500 points", beyond them Datadog rolls up
// (https://docs.datadoghq.com/dashboards/functions/rollup/, "Rollup interval: enforced
// vs custom"). Longer windows are cut.
const maxPoints = 1500

// batches sorts queries into those that can go out together: of the same window and
// step and, when the window is cut, with the same roll-up, which says where.
func (s *Source) batches(items []*item) [][]*item {
	type kind struct {
		start, end int64
		step       time.Duration
		rollup     time.Duration
	}
	var order []kind
	open := map[kind][]*item{}
	var full [][]*item
	for _, it := range items {
		if it.err != nil {
			continue
		}
		k := kind{it.query.Window.Start.UnixNano(), it.query.Window.End.UnixNano(), it.query.Step, 0}
		if it.query.Window.Steps(it.query.Step) > maxPoints {
			k.rollup = it.form.rollup
		}
		if have, ok := open[k]; !ok {
			order = append(order, k)
		} else if !s.api.fits(formsOf(have), it.form) {
			full, open[k] = append(full, have), nil
		}
		open[k] = append(open[k], it)
	}
	for _, k := range order {
		full = append(full, open[k])
	}
	return full
}

func formsOf(items []*item) []form {
	forms := make([]form, len(items))
	for i, it := range items {
		forms[i] = it.form
	}
	return forms
}

func textsOf(items []*item) []string {
	texts := make([]string, len(items))
	for i, it := range items {
		texts[i] = it.query.Text
	}
	return texts
}

// ask asks a batch. Queries that were refused a moment ago are not asked again together
// with others.
func (s *Source) ask(ctx context.Context, batch []*item) {
	if len(batch) > 1 {
		kept := batch[:0:0]
		for _, it := range batch {
			if it.err = s.bad.recall(it.query.Text, time.Now()); it.err == nil {
				kept = append(kept, it)
			}
		}
		batch = kept
	}
	if len(batch) == 0 {
		return
	}
	err := s.request(ctx, batch)
	switch {
	case err == nil:
	case errors.Is(err, errRefused) && len(batch) > 1:
		s.apart(ctx, batch, err)
	default:
		for _, it := range batch {
			it.err = err
		}
	}
}

// apart finds the query for which a batch was refused. The server's words may quote it;
// else the batch is asked in halves, as long as the budget allows.
func (s *Source) apart(ctx context.Context, batch []*item, refused error) {
	words := squeezed(analysis.AsError(refused).Message)
	var blamed, rest []*item
	for _, it := range batch {
		if slices.ContainsFunc(it.form.queries, func(q query) bool { return q.text() != "" && strings.Contains(words, squeezed(q.text())) }) {
			blamed = append(blamed, it)
		} else {
			rest = append(rest, it)
		}
	}
	halves := [][]*item{rest}
	if len(blamed) == 1 {
		blamed[0].err = refused
		s.bad.keep(blamed[0].query.Text, refused, time.Now())
	} else {
		halves = [][]*item{batch[:len(batch)/2], batch[len(batch)/2:]}
	}
	for _, half := range halves {
		s.ask(ctx, half)
		if len(half) == 1 && errors.Is(half[0].err, errRefused) {
			s.bad.keep(half[0].query.Text, half[0].err, time.Now())
		}
	}
}

// squeezed leaves out white space, in which the server's words and ours may differ.
func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }

// request asks for the window of a batch, in as many requests as it takes, and gives the
// answers to its queries.
func (s *Source) request(ctx context.Context, batch []*item) error {
	parts := cuts(batch[0])
	who := callerOf(textsOf(batch))
	done, refused := s.budget.admit(who, len(parts), time.Now())
	if refused != nil {
		return s.web.Named(refused)
	}
	defer done()
	forms, step := formsOf(batch), batch[0].query.Step
	for _, part := range parts {
		var answers [][]series
		err := s.get(ctx, s.api.request(forms, asked(part, step), step), func(a web.Answer) (err error) {
			answers, err = s.api.read(s, a, forms)
			return err
		})
		if errors.Is(err, analysis.Limited) {
			done()
			return s.web.Named(s.budget.refuse(who, len(parts), time.Now()))
		}
		if err != nil {
			return err
		}
		for i, it := range batch {
			if it.err == nil {
				it.err = it.place(part, answers[i])
			}
		}
	}
	return nil
}

// get asks with the keys.
func (s *Source) get(ctx context.Context, r web.Request, read func(web.Answer) error) error {
	r.Header = s.keys
	return s.web.Ask(ctx, r, read)
}

// asked is a window moved back onto whole multiples of the step since 1970, where
// Datadog's buckets begin. Those of runs lie there already.
func asked(w analysis.Window, step time.Duration) analysis.Window {
	return w.Shift(-time.Duration(w.Start.UnixNano() % int64(step)))
}

// cuts are the windows of an item's requests. Where a roll-up of its own is known, no
// bucket is cut in two.
func cuts(it *item) []analysis.Window {
	step, rollup := it.query.Step, it.form.rollup
	whole := it.got.Parts(it.query.Window.Steps(step))[0]
	if rollup <= step || rollup%step != 0 || asked(whole, step) != whole {
		return it.got.Parts(maxPoints)
	}
	var parts []analysis.Window
	for w := whole; w.Start.Before(whole.End); w.Start = w.End {
		if w.End = asked(w, rollup).Start.Add(maxPoints * rollup); w.End.After(whole.End) {
			w.End = whole.End
		}
		parts = append(parts, w)
	}
	return parts
}
