package datadog

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

// TestThreeHundredRuns: 300 runs want to look every 30 seconds and once more at their
// end. That is 18,300 looks, and 100 requests an hour.
func TestThreeHundredRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		<-time.After(20 * time.Minute)
		f := hourlyFleet(1)
		f.live(300)
		if longest := f.check(t, 300); longest > 4*time.Hour { // some look twice before the last arrives
			t.Errorf("longest wait %s: 300 in turn take 3.2 hours", longest)
		}
		for start, n := range f.server.counts {
			if n > 95 {
				t.Errorf("%d requests in the hour of %s: the reserve is not kept", n, start.Format(time.TimeOnly))
			}
		}
		if why := f.unfair(); why != "" {
			t.Error(why)
		}
	})
}

// TestRunsThatLookSeldom come back minutes later than told, and are not overtaken for
// ever by those that come at once.
func TestRunsThatLookSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := hourlyFleet(1)
		f.every, f.late = 5*time.Minute, 5*time.Minute
		f.live(200)
		if longest := f.check(t, 200); longest > 4*time.Hour {
			t.Errorf("longest wait %s: 200 in turn take 2.1 hours", longest)
		}
	})
}

// TestSeveralProcesses share a limit without knowing of each other, but for what the
// server says.
func TestSeveralProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := hourlyFleet(3)
		f.live(150)
		f.check(t, 150)
	})
}

// TestOthersUseTheLimit: somebody else, a dashboard perhaps, takes half of it. Runs wait
// longer, and none is forgotten.
func TestOthersUseTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := hourlyFleet(1)
		over := make(chan struct{})
		go func() {
			for {
				select {
				case <-over:
					return
				case <-time.After(72 * time.Second):
					f.server.take(time.Now())
				}
			}
		}()
		f.live(100)
		close(over)
		if longest := f.check(t, 100); longest > 5*time.Hour {
			t.Errorf("longest wait %s: 100 in turn take 2.2 hours", longest)
		}
	})
}

// TestPlentyIsNotSpacedOut: with a limit that suffices nobody waits at all.
func TestPlentyIsNotSpacedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := hourlyFleet(1)
		f.server.most = 1600
		f.live(9) // 1,080 looks an hour
		if f.check(t, 9); f.told != 0 {
			t.Errorf("%d were told to wait", f.told)
		}
	})
}

// TestPlacesThatNobodyClaims are given on: 80 runs are cancelled while they wait, and
// the one behind them does not wait for their turns.
func TestPlacesThatNobodyClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := hourlyFleet(1)
		b := f.budgets[0]
		for range 80 { // until little is left
			status, h := f.server.take(time.Now())
			b.hear(status, h, time.Now())
		}
		refused := 0
		for i := range 80 {
			if done, err := b.admit(callerOf([]string{fmt.Sprint("gone", i)}), 1, time.Now()); err != nil {
				refused++
			} else {
				done()
			}
		}
		if refused != 79 {
			t.Fatalf("%d were told to wait, want all but the first", refused)
		}
		began := time.Now()
		f.live(1)
		f.check(t, 1)
		if waited := f.served[0][0].Sub(began); waited > atMost+grace+15*time.Minute {
			t.Errorf("served after %s; those before it were given up after %s", waited, atMost+grace)
		}
	})
}

// TestFleetOfSources is the same through sources, with four queries a look: several
// sections of one organisation, a server that limits them together, and no look fails.
func TestFleetOfSources(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		synctest.Test(t, func(t *testing.T) {
			f := hourlyFleet(1)
			shared := &config.Shared{}
			var sources []*Source
			for range 3 {
				s, err := newSource(settings(api), web.Server{Env: config.Env{Name: "dd", Shared: shared}, Transport: wire(func(*http.Request) (*http.Response, error) {
					status, h := f.server.take(time.Now())
					if status != http.StatusOK {
						f.count(&f.hit)
					}
					resp := says(status, body(api, time.Minute))
					resp.Header = h
					return resp, nil
				})})
				if err != nil {
					t.Fatal(err)
				}
				sources = append(sources, s)
			}
			f.budgets[0] = sources[0].budget
			f.look = func(i int) *analysis.Error {
				var qs []analysis.Query
				for _, metric := range []string{"errors", "hits"} {
					qs = append(qs, minutes(10, fmt.Sprintf("sum:%s{version:%d}", metric, i)), minutes(10, fmt.Sprintf("sum:%s{version:base}", metric)))
				}
				var refused *analysis.Error
				for _, a := range sources[i%3].FetchAll(t.Context(), qs) {
					refused = analysis.AsError(a.Err)
				}
				if refused != nil && refused.Kind != analysis.Limited {
					t.Errorf("a look failed: %v", refused)
				}
				return refused
			}
			f.live(120)
			f.check(t, 120)
			if why := f.unfair(); why != "" {
				t.Error(why)
			}
		})
	})
}

// TestTinyLimits: even one request a minute is used.
func TestTinyLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, most := range []int{1, 2, 5} {
			f := hourlyFleet(1)
			f.server = newServer(most, time.Minute)
			f.live(10)
			f.check(t, 10)
		}
	})
}
