package prometheus

import (
	"testing"
	"time"

	"github.com/haldane-dev/haldane/sources/answer"
)

// TestAsked wants no request to be more than Prometheus answers, and none to leave a
// gap to the next.
func TestAsked(t *testing.T) {
	for n, requests := range map[int]int{1: 1, 11000: 1, 11001: 2, 25000: 3} {
		q := minutes(n)
		q.Step = time.Second
		q.Window.End = q.Window.Start.Add(time.Duration(n) * time.Second)
		c, err := answer.New("source prom", q, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		parts := c.Parts(maxPoints)
		if len(parts) != requests {
			t.Errorf("%d steps are asked in %d parts, want %d", n, len(parts), requests)
		}
		next := q.Window.Start
		for _, part := range parts {
			r := asked(part, q.Step)
			if !r.Start.Equal(next.Add(time.Second)) || r.End.Sub(r.Start)/r.Step > 11000 {
				t.Errorf("of %d steps, asked for %s to %s after %s", n, r.Start, r.End, next)
			}
			next = r.End
		}
		if !next.Equal(q.Window.End) {
			t.Errorf("the parts end at %s, the window at %s", next, q.Window.End)
		}
	}
}

// TestAskedStep checks that servers which read the step as a float get every
// millisecond of it, and that ordinary steps are sent as they are.
func TestAskedStep(t *testing.T) {
	for ms := range 200_000 {
		step := time.Duration(ms+1) * time.Millisecond
		asked := askedStep(step)
		seconds := asked.Seconds()
		if time.Duration(seconds*1e9).Milliseconds() != step.Milliseconds() || int64(seconds*1000) != step.Milliseconds() {
			t.Fatalf("step %s is asked as %s, which is cut", step, asked)
		}
		ordinary := step%time.Second == 0 || step < time.Second && step%(50*time.Millisecond) == 0
		if ordinary && asked != step {
			t.Errorf("step %s is asked as %s", step, asked)
		}
	}
}
