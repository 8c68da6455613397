package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// asked counts the questions with a text that reached the source.
func (s *source) count(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, q := range s.asked {
		if q.Text == text {
			n++
		}
	}
	return n
}

// TestSameQuestionGoesOutOnce: runs of different plans and services that ask the same are
// answered by one request, also when they begin at different moments.
func TestSameQuestionGoesOutOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		const services = 8
		var ids []string
		for i := range services {
			name := fmt.Sprintf("p%d", i)
			w.plan(name, func(p *analysis.Plan) { p.Service, p.Metrics[0].Query = name, "errors of the platform" })
			ids = append(ids, w.start(name, "2").ID)
			time.Sleep(time.Second)
		}
		looks := 0
		for _, id := range ids {
			if r := w.finish(id); *r.Outcome != analysis.OutcomePass || r.Progress.Samples != 10 {
				t.Errorf("%s after %d samples: %s", *r.Outcome, r.Progress.Samples, r.Reason)
			}
			looks += w.run(id).Progress.Looks
		}
		// Each of ten steps once; the first look of some is later and asks for two at once.
		if n := w.source.count("errors of the platform"); n > 20 || n < 10 {
			t.Errorf("%d requests for %d looks of %d runs", n, looks, services)
		}
	})
}

// TestAnswersAreNotMixedUp: the same text in another window, step or reduction is another
// question, and what one run does with an answer does not reach the next.
func TestAnswersAreNotMixedUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			return series(q, func(at time.Time) float64 { return q.Step.Seconds() / 1000 }), nil
		}
		w.plan("minutes")
		w.plan("halves", func(p *analysis.Plan) { p.Service, p.Step = "other", analysis.Duration(30*time.Second) })
		w.plan("sums", func(p *analysis.Plan) { p.Service, p.Metrics[0].Reduce = "third", analysis.ReduceSum })
		seen := map[string]string{}
		for _, plan := range []string{"minutes", "halves", "sums"} {
			r := w.finish(w.start(plan, "2").ID)
			ls, err := w.e.Looks(w.t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			last := ls[len(ls)-1].Verdict.Findings[0]
			seen[plan] = fmt.Sprintf("%d at %g", last.Samples.Canary, float64(*last.Seen))
		}
		want := map[string]string{"minutes": "10 at 0.06", "halves": "20 at 0.03", "sums": "10 at 0.06"}
		if fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("saw %v, want %v", seen, want)
		}
	})
}

// TestDeadSourceIsLeftAlone: after several failures the source is not asked at every
// look; every run says so; and all goes on when it is back.
func TestDeadSourceIsLeftAlone(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now()
		back := began.Add(6 * time.Minute)
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if time.Now().Before(back) {
				return nil, analysis.Errorf(analysis.Unavailable, "source prom: connection refused")
			}
			return level(q, 0.1), nil
		}
		var ids []string
		for i := range 4 {
			name := fmt.Sprintf("p%d", i)
			w.plan(name, func(p *analysis.Plan) {
				p.Service, p.Every, p.Metrics[0].Query = name, analysis.Duration(10*time.Second), "errors of "+name
			})
			ids = append(ids, w.start(name, "2").ID)
		}
		w.until("left alone", func() bool { return strings.Contains(w.run(ids[3]).Reason, "requests failed, it is asked again in") })
		w.until("back", func() bool { return time.Now().After(back) })
		// About 27 looks of each run had something to ask for by then.
		if n := len(w.source.asked); n > 40 || n < 5 {
			t.Errorf("a source that is down was asked %d times in six minutes, by 4 runs", n)
		}
		for _, id := range ids {
			if r := w.finish(id); *r.Outcome != analysis.OutcomePass || r.Progress.Samples != 10 {
				t.Errorf("%s after %d samples: %s", *r.Outcome, r.Progress.Samples, r.Reason)
			}
		}
	})
}

// TestUsedUpLimitSpacesLooks: a source that asks to wait is waited for, however long, and
// the run ends as it would have, only later.
func TestUsedUpLimitSpacesLooks(t *testing.T) {
	inWorld(t, func(w *world) {
		w.sick(time.Now().Add(2 * time.Minute))
		well := w.source.answer
		free := time.Now().Add(3 * time.Hour)
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if wait := time.Until(free); wait > 0 {
				e := analysis.Errorf(analysis.Limited, "source prom: its limit of 100 requests an hour is used up")
				e.RetryAfter = min(wait, 40*time.Minute)
				return nil, e
			}
			return well(q)
		}
		w.plan("p")
		id := w.start("p", "2").ID
		w.until("waiting", func() bool { return strings.Contains(w.run(id).Reason, "limit of 100 requests an hour is used up") })
		r := w.finish(id)
		if *r.Outcome != analysis.OutcomeFail || r.Rollback.State != analysis.RollbackAccepted || time.Now().Before(free) {
			t.Errorf("%s, rollback %s: %s", *r.Outcome, r.Rollback.State, r.Reason)
		}
		if n := len(w.source.asked); n > 10 {
			t.Errorf("%d requests within a limit that is used up", n)
		}
		if got := w.events(id); strings.Contains(got, "source.troubled") {
			t.Errorf("events %s: a limit is no trouble", got)
		}
	})
}

// TestLimitThatNeverEndsIsInconclusive: nobody is rolled back for it, and the run does not
// wait for ever.
func TestLimitThatNeverEndsIsInconclusive(t *testing.T) {
	inWorld(t, func(w *world) {
		w.source.answer = func(analysis.Query) ([]analysis.Series, error) {
			e := analysis.Errorf(analysis.Limited, "source prom: its limit is used up")
			e.RetryAfter = time.Hour
			return nil, e
		}
		w.plan("p")
		began := time.Now()
		r := w.finish(w.start("p", "2").ID)
		if *r.Outcome != analysis.OutcomeInconclusive || !strings.Contains(r.Reason, "limit is used up") {
			t.Errorf("%s: %s", *r.Outcome, r.Reason)
		}
		if took := time.Since(began); took < 6*time.Hour || took > 8*time.Hour {
			t.Errorf("it waited %s", took)
		}
	})
}

// TestGivingUpIsNotShared: a caller that stops does not spoil the answer of the others
// that wait for the same question.
func TestGivingUpIsNotShared(t *testing.T) {
	asked, answer := make(chan int, 2), make(chan struct{})
	n := 0
	src := fetcher(func(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
		n++
		asked <- n
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-answer:
			return level(q, 7), nil
		}
	})
	ask := engine.AskerOf(src)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	q := analysis.Query{Text: "x", Step: time.Minute, Window: analysis.Window{Start: at, End: at.Add(3 * time.Minute)}}
	first, giveUp := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if a := ask(first, q); a.Err == nil {
			t.Error("the first gave up and has an answer")
		}
	})
	<-asked
	wg.Go(func() {
		if a := ask(t.Context(), q); a.Err != nil || a.Series[0].Values[2] != 7 {
			t.Errorf("the second has %v", a)
		}
	})
	giveUp()
	<-asked // the second asks for itself
	close(answer)
	wg.Wait()
}

type fetcher func(ctx context.Context, q analysis.Query) ([]analysis.Series, error)

func (f fetcher) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	return f(ctx, q)
}
