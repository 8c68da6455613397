package engine

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func gone(n int) []analysis.Answer {
	out := make([]analysis.Answer, n)
	for i := range out {
		out[i].Err = analysis.Errorf(analysis.Unavailable, "source prom: connection refused")
	}
	return out
}

// TestCircuitCountsRequests: a batch that fails is one request that failed, however much it
// asked; an answer of any kind mends; the words do not say the name twice.
func TestCircuitCountsRequests(t *testing.T) {
	turned := 0
	c := circuit{name: "source prom", turned: func(bool, string) { turned++ }}
	now := time.Now()
	for range mostFailures - 1 {
		c.record(gone(12), 1, now)
		if err := c.allow(now); err != nil {
			t.Fatalf("left alone too early: %v", err)
		}
	}
	c.record(gone(12), 1, now)
	err := c.allow(now)
	const want = "^source prom: its last 5 requests failed, it is asked again in [56]s: connection refused$"
	if err == nil || !regexp.MustCompile(want).MatchString(err.Message) || turned != 1 {
		t.Fatalf("%v, want %s", err, want)
	}
	later := now.Add(2 * firstBreak)
	if err := c.allow(later); err != nil {
		t.Fatalf("the trial: %v", err)
	}
	c.record([]analysis.Answer{gone(1)[0], {Err: analysis.Errorf(analysis.Invalid, "source prom: parse error")}}, 2, later)
	if err := c.allow(later); err != nil || turned != 2 {
		t.Errorf("after an answer: %v", err)
	}
}

// TestCircuitBreaksOnceForThoseUnderWay: what was asked before the break and fails after it
// does not make the break longer; only a trial that fails does.
func TestCircuitBreaksOnceForThoseUnderWay(t *testing.T) {
	c := circuit{turned: func(bool, string) {}}
	now := time.Now()
	for range 20 {
		c.record(gone(1), 1, now)
	}
	if c.pause != firstBreak {
		t.Errorf("a break of %s", c.pause)
	}
	for want := 2 * firstBreak; want < 4*longestBreak; want *= 2 {
		now = now.Add(2 * longestBreak)
		if err := c.allow(now); err != nil {
			t.Fatal(err)
		}
		c.record(gone(1), 1, now)
		if c.pause != min(want, longestBreak) {
			t.Errorf("a break of %s, want %s", c.pause, min(want, longestBreak))
		}
	}
}

// stalls answers at once, but for questions that hang until they are given up.
type stalls struct{}

func (stalls) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	if strings.HasPrefix(q.Text, "hangs") {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return []analysis.Series{{Values: analysis.Values{1}}}, nil
}

// TestOneSlowQuestionHoldsUpNoOther: not those of the same look when time is up, nor another
// run that waits for an answer which is there.
func TestOneSlowQuestionHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker("prom", stalls{}, newMetrics(nil), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		first := make(chan []analysis.Answer)
		qs := []analysis.Query{{Text: "hangs"}, {Text: "a"}, {Text: "b"}, {Text: "c"}}
		go func() { first <- a.ask(ctx, qs) }()
		synctest.Wait()
		began := time.Now()
		if got := a.ask(t.Context(), []analysis.Query{{Text: "b"}}); got[0].Err != nil || time.Since(began) != 0 {
			t.Errorf("another run waited %s: %v", time.Since(began), got[0].Err)
		}
		for i, got := range <-first {
			if hung := i == 0; hung != (got.Err != nil) {
				t.Errorf("%s: %v", qs[i].Text, got.Err)
			}
		}
	})
}
