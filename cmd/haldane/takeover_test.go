package main

import (
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestKilledReplicaIsTakenOver kills one of two replicas over a look and a rollback, with
// nobody to restart it. until gives the other 60 seconds.
func TestKilledReplicaIsTakenOver(t *testing.T) {
	t.Parallel()
	atWork(t, func(a, b *replica, _ <-chan string, free func()) {
		a.end(syscall.SIGKILL)
		b.up()
		free()
	})
}

// TestPausedReplicaIsTakenOver pauses it instead, for longer than others wait for it, and
// lets it go on while they do its work: of what both have done one commits.
func TestPausedReplicaIsTakenOver(t *testing.T) {
	t.Parallel()
	atWork(t, func(a, b *replica, busy <-chan string, free func()) {
		a.signal(syscall.SIGSTOP)
		b.up()
		for again := map[string]bool{}; len(again) < 2; {
			again[<-busy] = true
		}
		a.signal(syscall.SIGCONT)
		free() // both are answered at once
	})
}

// atWork runs a story while replica a is in the middle of a look at one run and of the
// rollback of another, and b has been started beside it. busy hears of each further
// request of either kind; free answers all.
func atWork(t *testing.T, story func(a, b *replica, busy <-chan string, free func())) {
	t.Helper()
	o := newOutside(t)
	_, url := ownPostgres(t)
	busy, freed := make(chan string, 1000), make(chan struct{})
	free := sync.OnceFunc(func() { close(freed) })
	t.Cleanup(free)
	o.sick("1", "2")
	a := o.replica(url).up()
	o.answer(func(http.ResponseWriter, *http.Request) { busy <- "rollback"; <-freed })
	sent := a.at().begin("queued", "1")
	<-busy
	o.onAsk(func() { busy <- "look"; <-freed })
	looked := a.at().begin("shop", "2")
	<-busy
	b := o.replica(url)
	began := time.Now()
	story(a, b, busy, free)
	for _, r := range []analysis.Run{sent, looked} {
		if r := b.at().until(r.ID, "rolled back", accepted); *r.Outcome != analysis.OutcomeFail {
			t.Errorf("%s: %s", r.Plan, *r.Outcome)
		}
		oneStory(o, r.ID)
	}
	t.Logf("taken over and done within %s", time.Since(began).Round(time.Second))
	if ids := o.rollbacks(); len(ids) != 2 || o.received() != 3 {
		t.Errorf("the deploy tool was asked %d times for %v; want the one that was under way twice, with one id", o.received(), ids)
	}
}

// received counts the requests for rollbacks.
func (o *outside) received() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, times := range o.ids {
		n += times
	}
	return n
}

// oneStory checks that a run's history reads as one: its looks are numbered without a
// gap, and everything that happens once happened once.
func oneStory(o *outside, id string) {
	o.Helper()
	var looks struct{ Looks []analysis.Look }
	o.call("GET", "/api/v1/runs/"+id+"/looks", "", &looks)
	for i, l := range looks.Looks {
		if l.Number != i+1 {
			o.Errorf("look %d stands at place %d", l.Number, i+1)
		}
	}
	var events struct{ Events []analysis.Event }
	o.call("GET", "/api/v1/runs/"+id+"/events", "", &events)
	count := map[string]int{}
	for _, e := range events.Events {
		count[fmt.Sprint(e.Type, " ", e.Text)]++
	}
	for what, n := range count {
		if n > 1 {
			o.Errorf("%d times %s", n, what)
		}
	}
}
