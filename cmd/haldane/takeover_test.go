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

// TestKilledReplicaIsTakenOver kills one of two replicas over a look and over a
// rollback, with nobody to restart it. until gives the other 60 seconds.
func TestKilledReplicaIsTakenOver(t *testing.T) {
	t.Parallel()
	atWork(t, func(o *outside, a, b *replica, busy <-chan struct{}, free func()) {
		a.end(syscall.SIGKILL)
		b.up()
		free()
	})
}

// TestPausedReplicaIsTakenOver pauses it instead, for longer than others wait for it, and
// lets it go on when its work has been done: what it then commits is thrown away.
func TestPausedReplicaIsTakenOver(t *testing.T) {
	t.Parallel()
	atWork(t, func(o *outside, a, b *replica, busy <-chan struct{}, free func()) {
		a.signal(syscall.SIGSTOP)
		b.up()
		<-busy // the other one does the same
		a.signal(syscall.SIGCONT)
		free() // both are answered at once
	})
}

// atWork runs a story while replica a is in the middle of something and b has been
// started beside it. busy hears of each further request of that kind; free answers all.
func atWork(t *testing.T, story func(o *outside, a, b *replica, busy <-chan struct{}, free func())) {
	for _, what := range []string{"look", "rollback"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := newOutside(t)
			_, url := ownPostgres(t)
			busy, freed := make(chan struct{}, 100), make(chan struct{})
			free := sync.OnceFunc(func() { close(freed) })
			t.Cleanup(free)
			wait := func() { busy <- struct{}{}; <-freed }
			if what == "look" {
				o.onAsk(wait)
			} else {
				o.answer(func(http.ResponseWriter, *http.Request) { wait() })
			}
			o.sick("2")
			a := o.replica(url).up()
			run := a.at().begin("shop", "2")
			<-busy
			b := o.replica(url)
			began := time.Now()
			story(o, a, b, busy, free)
			r := b.at().until(run.ID, "rolled back", accepted)
			t.Logf("taken over within %s", time.Since(began).Round(time.Second))
			if *r.Outcome != analysis.OutcomeFail || len(o.rollbacks()) != 1 {
				t.Errorf("%s, rollbacks %v", *r.Outcome, o.rollbacks())
			}
			if n := o.received(); what == "rollback" && n != 2 {
				t.Errorf("the deploy tool was asked %d times, want by each once, with one id", n)
			}
			oneStory(o, run.ID)
		})
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
