package graphite

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// maxTargets is how many targets one request has at most: Graphite works on them one
// after the other, within one timeout.
const maxTargets = 20

// FetchAll implements analysis.BatchSource: queries of the same window and step go out
// as one request, unless the buckets of some are longer than the step.
func (s *Source) FetchAll(ctx context.Context, qs []analysis.Query) []analysis.Answer {
	type shape struct {
		start, end  int64
		step, reach time.Duration
	}
	answers := make([]analysis.Answer, len(qs))
	groups := map[shape][]asking{}
	for i, q := range qs {
		p, err := s.pose(q)
		if err != nil {
			answers[i].Err = err
			continue
		}
		k := shape{p.window.Start.Unix(), p.window.End.Unix(), q.Step, p.reach}
		groups[k] = append(groups[k], asking{p, &answers[i]})
	}
	var wg sync.WaitGroup
	for _, group := range groups {
		for len(group) > 0 {
			some := group[:min(len(group), maxTargets)]
			group = group[len(some):]
			wg.Go(func() { s.together(ctx, some) })
		}
	}
	wg.Wait()
	return answers
}

// asking is a query of a batch and the place for its answer.
type asking struct {
	posed
	answer *analysis.Answer
}

// together asks queries of one window and step. Those that cannot be answered together
// with the others are asked alone.
func (s *Source) together(ctx context.Context, all []asking) {
	asked := ask(all[0].window, all[0].reach)
	var lists [][]rendered
	if len(all) > 1 {
		list, err := s.render(ctx, numbered(all), asked)
		if err != nil && analysis.KindOf(err) != analysis.Invalid {
			for _, a := range all {
				a.answer.Err = err
			}
			return
		}
		lists = apart(list, len(all))
	}
	var wg sync.WaitGroup
	for i, a := range all {
		wg.Go(func() {
			if lists == nil { // one of them is wrong: each gets an answer or an error of its own
				a.answer.Series, a.answer.Err = s.alone(ctx, a.posed)
			} else {
				a.answer.Series, a.answer.Err = s.read(ctx, a.posed, lists[i], asked)
			}
		})
	}
	wg.Wait()
}

// numbered returns targets that write a number before the name of each series: an
// answer does not say which target a series belongs to.
func numbered(all []asking) []string {
	targets := make([]string, len(all))
	for i, a := range all {
		targets[i] = `aliasSub(` + a.Text + `,"^","` + strconv.Itoa(i) + ` ")`
	}
	return targets
}

// apart sorts series by the numbers before their names, and takes those off. It returns
// nil unless every series has one.
func apart(list []rendered, n int) [][]rendered {
	if list == nil {
		return nil
	}
	lists := make([][]rendered, n)
	for _, r := range list {
		number, name, ok := strings.Cut(*r.Target, " ")
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i < 0 || i >= n {
			return nil
		}
		r.Target = &name
		lists[i] = append(lists[i], r)
	}
	return lists
}
