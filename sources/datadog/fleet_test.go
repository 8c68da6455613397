package datadog

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// server counts requests in periods of the calendar, and says so in its headers.
type server struct {
	mu     sync.Mutex
	most   int
	period time.Duration
	counts map[time.Time]int // by the period's start
}

func newServer(most int, period time.Duration) *server {
	return &server{most: most, period: period, counts: map[time.Time]int{}}
}

// take answers one request.
func (s *server) take(now time.Time) (int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	start := now.Truncate(s.period)
	status, h := http.StatusOK, http.Header{}
	if s.counts[start]++; s.counts[start] > s.most {
		status = http.StatusTooManyRequests
	}
	h.Set("X-RateLimit-Name", "query")
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.most))
	h.Set("X-RateLimit-Period", strconv.Itoa(int(s.period/time.Second)))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, s.most-s.counts[start])))
	h.Set("X-RateLimit-Reset", strconv.Itoa(int((start.Add(s.period).Sub(now)+time.Second-1)/time.Second)))
	return status, h
}

// fleet is many runs that look through one budget, or through one each of several
// processes.
type fleet struct {
	server  *server
	budgets []*budget
	every   time.Duration
	length  time.Duration
	late    time.Duration                 // how much later than told a run comes back, at most
	look    func(run int) *analysis.Error // nil: through its process's budget

	mu     sync.Mutex
	served map[int][]time.Time // by run
	asked  map[int][]time.Time // when a wait that was served began
	told   int                 // how often somebody was told to wait
	hit    int                 // how often the server refused
}

// run lives like a run: a look every so often, and one when it is over.
func (f *fleet) run(i int) {
	look := f.look
	if look == nil {
		look = f.throughBudget
	}
	end := time.Now().Add(f.length)
	since := time.Time{}
	for {
		final := !time.Now().Before(end)
		if since.IsZero() {
			since = time.Now()
		}
		refused := look(i)
		wait := f.every
		if refused != nil {
			wait = max(wait, refused.RetryAfter)
		}
		f.mu.Lock()
		if refused != nil {
			f.told++
		} else {
			f.served[i], f.asked[i] = append(f.served[i], time.Now()), append(f.asked[i], since)
			since = time.Time{}
		}
		f.mu.Unlock()
		if final && refused == nil {
			return
		}
		if left := time.Until(end); left > 0 && refused == nil {
			wait = min(wait, left)
		}
		<-time.After(wait + rand.N(f.late))
	}
}

// throughBudget is one look that makes one request.
func (f *fleet) throughBudget(i int) *analysis.Error {
	b, who := f.budgets[i%len(f.budgets)], callerOf([]string{fmt.Sprintf("avg:latency{version:%d}", i)})
	done, refused := b.admit(who, 1, time.Now())
	if refused != nil {
		return refused
	}
	defer done()
	status, h := f.server.take(time.Now())
	b.hear(status, h, time.Now())
	if status == http.StatusTooManyRequests {
		f.count(&f.hit)
		return b.refuse(who, 1, time.Now())
	}
	return nil
}

func (f *fleet) count(n *int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*n++
}

func (f *fleet) live(runs int) {
	f.served, f.asked = map[int][]time.Time{}, map[int][]time.Time{}
	var all sync.WaitGroup
	for i := range runs {
		all.Go(func() {
			<-time.After(time.Duration(i) * 100 * time.Millisecond)
			f.run(i)
		})
	}
	all.Wait()
}

// unfair finds a run that was served twice while another waited, and was not just an
// interval late.
func (f *fleet) unfair() string {
	for a, times := range f.served {
		for k := 1; k < len(times); k++ {
			for b := range f.served {
				for m, at := range f.served[b] {
					if a != b && f.asked[b][m].Before(times[k-1]) && at.After(times[k].Add(f.every+f.late)) {
						return fmt.Sprintf("run %d was served at %s and %s, and run %d waited from %s until %s",
							a, times[k-1].Format(time.TimeOnly), times[k].Format(time.TimeOnly), b, f.asked[b][m].Format(time.TimeOnly), at.Format(time.TimeOnly))
					}
				}
			}
		}
	}
	return ""
}

func (f *fleet) longest() (longest time.Duration, served int) {
	for i := range f.served {
		for k := range f.served[i] {
			longest = max(longest, f.served[i][k].Sub(f.asked[i][k]))
			served++
		}
	}
	return longest, served
}

// hourlyFleet has a limit of 100 requests an hour, and runs of half an hour.
func hourlyFleet(processes int) *fleet {
	f := &fleet{server: newServer(100, time.Hour), every: 30 * time.Second, length: 30 * time.Minute, late: 1500 * time.Millisecond}
	for range processes {
		f.budgets = append(f.budgets, newBudget("query"))
	}
	return f
}

// check wants what must hold in every fleet: nothing above the limit, everybody served,
// and nobody left in the queue.
func (f *fleet) check(t *testing.T, runs int) time.Duration {
	t.Helper()
	longest, served := f.longest()
	t.Logf("%d looks served, %d told to wait, longest wait %s, requests an hour %v", served, f.told, longest, f.server.counts)
	if f.hit != 0 {
		t.Errorf("%d requests above the limit", f.hit)
	}
	if len(f.served) != runs {
		t.Errorf("%d of %d runs were served", len(f.served), runs)
	}
	for _, b := range f.budgets {
		if len(b.queue) != 0 || b.pledged != 0 {
			t.Errorf("%d tickets and %d requests are left", len(b.queue), b.pledged)
		}
	}
	return longest
}
