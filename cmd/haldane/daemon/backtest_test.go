package daemon_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// TestBacktestRefuses: what cannot be played is said before anything is asked.
func TestBacktestRefuses(t *testing.T) {
	for want, change := range map[string]func(*daemon.Backtest){
		`plan "chop": not in the config (try: all, limits, only-pushed, pushed, shop, yesterday)`: func(b *daemon.Backtest) { b.Plan = "chop" },
		"the queries of plan shop ask for the canary's version (try: --canary)":                   func(b *daemon.Backtest) { b.Canary = "" },
		"the queries of plan shop ask for the baseline's version (try: --baseline)":               func(b *daemon.Backtest) { b.Baseline = "" },
		"--canary and --baseline are the same (try: --aa":                                         func(b *daemon.Backtest) { b.Canary = "1" },
		"--canary and --baseline are two (try: --baseline alone)":                                 func(b *daemon.Backtest) { b.AA = true },
		"the queries of plan shop ask for a version (try: --baseline":                             func(b *daemon.Backtest) { b.AA, b.Canary, b.Baseline = true, "", "" },
		"--split goes with --aa only":                                                             func(b *daemon.Backtest) { b.Split = "pod" },
		"plan yesterday compares no two versions at the same time": func(b *daemon.Backtest) {
			b.Plan, b.AA, b.Canary, b.Split = "yesterday", true, "", "pod"
		},
		"plan limits compares no two versions at the same time":      func(b *daemon.Backtest) { b.Plan, b.AA, b.Canary, b.Split = "limits", true, "", "pod" },
		"plan only-pushed: all of its samples are pushed":            func(b *daemon.Backtest) { b.Plan = "only-pushed" },
		"10080 runs, more than 10000 (try: a longer --every":         func(b *daemon.Backtest) { b.Every = time.Minute },
		"--every: not a time that passes":                            func(b *daemon.Backtest) { b.Every = -time.Hour },
		"--concurrency: not from 1 to 32":                            func(b *daemon.Backtest) { b.Concurrency = 0 },
		"no run of 1h fits between --from and --to":                  func(b *daemon.Backtest) { b.To = b.From.Add(59 * time.Minute) },
		"or its samples are not there yet (try: an earlier --from)":  func(b *daemon.Backtest) { b.Now = b.From },
		`version: does not match`:                                    func(b *daemon.Backtest) { b.Canary = `2"} or up{a="` },
		`variables: metric latency`:                                  func(b *daemon.Backtest) { b.Plan, b.Canary, b.Baseline = "all", "", "" },
		"variables.region: does not match [A-Za-z0-9._+:/@-]{1,200}": func(b *daemon.Backtest) { b.Plan, b.Variables = "all", map[string]string{"region": "{}"} },
	} {
		r, err := backtest(t, "http://127.0.0.1:1", change).Run(t.Context())
		if r != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// scripted is a source of an answer that a test gives. It needs no server, so that hours
// of waiting pass at once.
type scripted struct {
	config.SourceCommon `yaml:",inline"`

	answer func(q analysis.Query) error
}

func (s *scripted) Check() []config.Problem { return nil }

func (s *scripted) Open(config.Env) (analysis.Source, error) { return s, nil }

func (s *scripted) Fetch(_ context.Context, q analysis.Query) ([]analysis.Series, error) {
	one := analysis.Series{Start: q.Window.Start, Step: q.Step}
	for range q.Window.Steps(q.Step) {
		one.Values = append(one.Values, 0.1)
	}
	return []analysis.Series{one}, s.answer(q)
}

const scriptedPlan = `
sources: {own: {type: scripted}}
plans:
  - name: shop
    duration: 10m
    baseline: none
    metrics: [{name: errors, source: own, query: "{{.Version}}", threshold: {max: 0.5}}]
`

// overScripted is a backtest of a day in 144 windows.
func overScripted(t *testing.T, answer func(analysis.Query) error) *daemon.Backtest {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	if err := os.WriteFile(file, []byte(scriptedPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	types := daemon.Types(func(string) (string, bool) { return "", false })
	types.Sources = append(types.Sources, config.SourceType{Name: "scripted", New: func() config.SourceSettings {
		return &scripted{SourceCommon: config.SourceCommon{MaxConcurrent: 9, Timeout: analysis.Duration(time.Second)}, answer: answer}
	}})
	c, err := config.Load(file, types)
	if err != nil {
		t.Fatal(err)
	}
	return &daemon.Backtest{
		Config: c, Now: weekEnd, Plan: "shop", Canary: "1", From: weekStart, To: weekStart.Add(24 * time.Hour), Concurrency: 4,
	}
}

// TestBacktestWaits: a limit that is used up and a server that restarts are waited for; what
// stays away does not stop the rest for ever.
func TestBacktestWaits(t *testing.T) {
	limited := func(after time.Duration) error {
		e := analysis.Errorf(analysis.Limited, "the limit is used up")
		e.RetryAfter = after
		return e
	}
	down := analysis.Errorf(analysis.Unavailable, "connection refused")
	for name, c := range map[string]struct {
		answer func(n int, passed time.Duration) error // to the nth question
		want   string
		err    string
		waits  [2]int // at least and at most
		took   [2]time.Duration
	}{
		"well": {func(int, time.Duration) error { return nil }, "pass 144", "", [2]int{}, [2]time.Duration{}},
		"a limit for an hour": {func(n int, passed time.Duration) error {
			if n > 50 && passed < time.Hour {
				return limited(time.Hour - passed)
			}
			return nil
		}, "pass 144", "", [2]int{1, 1}, [2]time.Duration{time.Hour, time.Hour}},
		"a limit that does not say how long": {func(n int, passed time.Duration) error {
			if n > 50 && passed < time.Minute {
				return limited(0)
			}
			return nil
		}, "pass 144", "", [2]int{2, 2}, [2]time.Duration{time.Minute, time.Minute}},
		"a limit from the start": {func(_ int, passed time.Duration) error {
			if passed < time.Hour {
				return limited(10 * time.Minute)
			}
			return nil
		}, "pass 144", "", [2]int{6, 6}, [2]time.Duration{time.Hour, time.Hour}},
		"a limit for ever": {
			func(int, time.Duration) error { return limited(time.Hour) },
			"trouble 3", "nothing could be judged: metric errors, canary: the limit is used up",
			[2]int{6, 6},
			[2]time.Duration{6 * time.Hour, 6 * time.Hour},
		},
		"a restart": {func(n int, passed time.Duration) error {
			if n > 50 && passed < 2*time.Minute {
				return down
			}
			return nil
		}, "pass 14", "", [2]int{3, 9}, [2]time.Duration{2 * time.Minute, 4 * time.Minute}},
		"one window is too much": {
			func(n int, _ time.Duration) error { return nil },
			"pass 143, trouble 1", "",
			[2]int{},
			[2]time.Duration{35 * time.Second, 35 * time.Second},
		},
		"gone in the middle": {func(n int, _ time.Duration) error {
			if n > 50 {
				return down
			}
			return nil
		}, "pass 50, trouble 94", "", [2]int{5, 15}, [2]time.Duration{4 * time.Minute, 7 * time.Minute}},
		"down from the start": {
			func(int, time.Duration) error { return down },
			"trouble 3", "nothing could be judged: metric errors, canary: connection refused",
			[2]int{},
			[2]time.Duration{},
		},
		"no access": {
			func(int, time.Duration) error {
				return analysis.Errorf(analysis.Denied, "who are you").WithHint("check token")
			},
			"trouble 3", "nothing could be judged: metric errors, canary: who are you (try: check token)",
			[2]int{},
			[2]time.Duration{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var began time.Time
			n, waits := 0, 0
			b := overScripted(t, func(q analysis.Query) error {
				if name == "one window is too much" && q.Window.Start.Equal(weekStart.Add(10*time.Hour)) {
					return down
				}
				mu.Lock()
				defer mu.Unlock()
				n++
				return c.answer(n, time.Since(began))
			})
			b.Waiting = func(time.Duration, *analysis.Error) { waits++ }
			synctest.Test(t, func(t *testing.T) {
				began = time.Now()
				r, err := b.Run(t.Context())
				if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				if got := outcomes(r); !strings.HasPrefix(got, c.want) {
					t.Errorf("%s, want %s", got, c.want)
				}
				if took := time.Since(began); waits < c.waits[0] || waits > c.waits[1] || took < c.took[0] || took > c.took[1] {
					t.Errorf("waited %d times, and took %s", waits, took)
				}
			})
		})
	}
}

// TestBacktestIsPolite: never more windows at a time than it may, and as many.
func TestBacktestIsPolite(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	b := overScripted(t, func(analysis.Query) error {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-time.After(time.Second)
		mu.Lock()
		now--
		mu.Unlock()
		return nil
	})
	b.Concurrency = 3
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r, err := b.Run(t.Context())
		if err != nil || outcomes(r) != "pass 144" || most != 3 {
			t.Errorf("%s, %d at a time, %v", outcomes(r), most, err)
		}
		if took := time.Since(began); took != 48*time.Second {
			t.Errorf("144 windows took %s", took)
		}
	})
}

// TestBacktestStopsWhileWaiting: nobody has to wait for a limit to end.
func TestBacktestStopsWhileWaiting(t *testing.T) {
	b := overScripted(t, func(q analysis.Query) error {
		if q.Window.Start.Before(weekStart.Add(time.Hour)) {
			return nil
		}
		e := analysis.Errorf(analysis.Limited, "the limit is used up")
		e.RetryAfter = 5 * time.Hour
		return e
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		began := time.Now()
		r, err := b.Run(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if n := len(r.Windows); n < 3 || n > 6 || r.Totals.Outcomes[analysis.OutcomePass] != n { // one of the first may stand behind the first to be refused
			t.Errorf("%s", outcomes(r))
		}
	})
}
