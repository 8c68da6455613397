package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// step is one try of a question: what the server does, and after how long.
type step struct {
	answer *http.Response
	err    error
	takes  time.Duration
}

// script answers try after try; the last step is repeated.
func script(tries *int, steps ...step) wire {
	return func(r *http.Request) (*http.Response, error) {
		s := steps[min(*tries, len(steps)-1)]
		*tries++
		select {
		case <-time.After(s.takes):
			return s.answer, s.err
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// TestTries runs in a bubble of time: the waits are those of the real clock, and
// take none.
func TestTries(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	hang := step{takes: time.Hour}
	const pause = 250 * time.Millisecond
	for name, c := range map[string]struct {
		steps    []step
		deadline time.Duration // of the caller, 0 for none
		tries    int
		kind     analysis.Kind // "" for success
		after    time.Duration // that the server asks for
		min, max time.Duration // that it takes
	}{
		"at once":                    {steps: []step{{answer: says(200, two)}}, tries: 1},
		"503, then well":             {steps: []step{{answer: says(503, "")}, {answer: says(200, two)}}, tries: 2, min: pause / 2, max: pause * 3 / 2},
		"refused, reset, then well":  {steps: []step{{err: refused}, {err: syscall.ECONNRESET}, {answer: says(200, two)}}, tries: 3, min: 3 * pause / 2, max: 9 * pause / 2},
		"always 500":                 {steps: []step{{answer: says(500, "")}}, tries: 3, kind: analysis.Unavailable, min: 3 * pause / 2, max: 9 * pause / 2},
		"always refused":             {steps: []step{{err: refused}}, tries: 3, kind: analysis.Unavailable, min: 3 * pause / 2, max: 9 * pause / 2},
		"400":                        {steps: []step{{answer: says(400, "")}}, tries: 1, kind: analysis.Invalid},
		"503, then 400":              {steps: []step{{answer: says(503, "")}, {answer: says(400, "")}}, tries: 2, kind: analysis.Invalid, min: pause / 2, max: pause * 3 / 2},
		"hangs":                      {steps: []step{hang}, deadline: time.Hour, tries: 3, kind: analysis.Unavailable, min: 60 * time.Second, max: 62 * time.Second},
		"hangs, without a deadline":  {steps: []step{hang}, tries: 1, kind: analysis.Unavailable, min: 20 * time.Second, max: 20 * time.Second},
		"hangs, then well":           {steps: []step{hang, {answer: says(200, two)}}, deadline: time.Minute, tries: 2, min: 20 * time.Second, max: 21 * time.Second},
		"hangs, with a deadline":     {steps: []step{hang}, deadline: 30 * time.Second, tries: 2, kind: analysis.Unavailable, min: 30 * time.Second, max: 30 * time.Second},
		"no time for another try":    {steps: []step{{answer: says(500, ""), takes: 9950 * time.Millisecond}}, deadline: 10 * time.Second, tries: 1, kind: analysis.Unavailable, min: 9950 * time.Millisecond, max: 9950 * time.Millisecond},
		"429 that fits":              {steps: []step{{answer: says(429, "", "Retry-After", "7")}, {answer: says(200, two)}}, deadline: 10 * time.Second, tries: 2, min: 7 * time.Second, max: 7*time.Second + 2*pause},
		"429 that does not fit":      {steps: []step{{answer: says(429, "", "Retry-After", "7")}}, deadline: 7 * time.Second, tries: 1, kind: analysis.Limited, after: 7 * time.Second},
		"429 without a deadline":     {steps: []step{{answer: says(429, "", "Retry-After", "7")}, {answer: says(200, two)}}, tries: 2, min: 7 * time.Second, max: 7*time.Second + 2*pause},
		"429 for an hour":            {steps: []step{{answer: says(429, "", "Retry-After", "3600")}}, tries: 1, kind: analysis.Limited, after: time.Hour},
		"429 without a time":         {steps: []step{{answer: says(429, "")}}, tries: 1, kind: analysis.Limited},
		"429 at a date":              {steps: []step{{answer: says(429, "", "Retry-After", "Sat, 01 Jan 2000 00:00:09 GMT")}}, deadline: 5 * time.Second, tries: 1, kind: analysis.Limited, after: 9 * time.Second},
		"503 that asks for patience": {steps: []step{{answer: says(503, "", "Retry-After", "3")}, {answer: says(200, two)}}, tries: 2, min: 3 * time.Second, max: 3*time.Second + 2*pause},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := context.Background()
				if c.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				tries, start := 0, time.Now()
				got, err := price(ctx, over(script(&tries, c.steps...)))
				took := time.Since(start)
				if analysis.KindOf(err) != c.kind || c.kind == "" && got != 2 {
					t.Errorf("price %v, error %v, want %q", got, err, c.kind)
				}
				if e := analysis.AsError(err); e != nil && e.RetryAfter != c.after {
					t.Errorf("retry after %s, want %s", e.RetryAfter, c.after)
				}
				if tries != c.tries {
					t.Errorf("%d tries, want %d", tries, c.tries)
				}
				if took < c.min || took > c.max {
					t.Errorf("it took %s, want %s to %s", took, c.min, c.max)
				}
			})
		})
	}
}

// TestPausesAreRandom keeps many callers from coming back at the same moment.
func TestPausesAreRandom(t *testing.T) {
	s, last := over(nil), analysis.Errorf(analysis.Unavailable, "it answers 503")
	seen := map[time.Duration]bool{}
	for range 20 {
		wait, _ := s.pauses(t.Context(), &last).Next()
		seen[wait] = true
	}
	if len(seen) < 10 {
		t.Errorf("%d different pauses of 20", len(seen))
	}
}

// TestCancelledWhileWaiting gives up between two tries.
func TestCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		tries := 0
		_, err := price(ctx, over(script(&tries, step{answer: says(503, "", "Retry-After", "10")})))
		if analysis.KindOf(err) != analysis.Unavailable || !errors.Is(err, context.Canceled) || tries != 1 {
			t.Errorf("error %v after %d tries, want it interrupted after 1", err, tries)
		}
	})
}

// TestDeadlineInTheQueue says what to do about it.
func TestDeadlineInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := over(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		s.slots = make(chan struct{}, 1)
		first, stop := context.WithCancel(context.Background())
		defer stop() // and the bubble waits for it
		go func() { _, _ = price(first, s) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := price(ctx, s)
		want := "source prom: its 1 requests at a time are all taken (try: a larger max_concurrent, or fewer looks)"
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

// TestSlotsAreGivenBack makes sure that nothing that goes wrong keeps one.
func TestSlotsAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		s := over(script(&tries, step{answer: says(500, "")}, step{err: io.ErrUnexpectedEOF}, step{takes: time.Hour},
			step{answer: says(200, "<html>")}, step{answer: says(200, two)}))
		s.slots = make(chan struct{}, 1)
		for range 3 {
			_, _ = price(context.Background(), s)
		}
		if len(s.slots) != 0 || tries != 5 {
			t.Errorf("%d slots are still taken after %d tries, want none after 5", len(s.slots), tries)
		}
	})
}
