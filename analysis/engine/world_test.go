package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

// world is an engine over a real SQLite file under a made-up clock. Nothing in it
// moves by itself: jobs are worked by run, in the order in which they are due.
type world struct {
	t      *testing.T
	e      *engine.Engine
	s      *store.Store
	raw    *sql.DB // a second way into the file: for reading jobs, and for damage
	setup  *engine.Setup
	source *source
	undo   *action // changes the world
	chat   *action // tells, and keeps a thread
	page   *action // tells
}

// inWorld runs a test in a world of its own.
func inWorld(t *testing.T, test func(w *world)) { inWorldWith(t, engine.Options{}, test) }

func inWorldWith(t *testing.T, o engine.Options, test func(w *world)) {
	t.Helper()
	url := storetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := store.Open(t.Context(), store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		raw.SetMaxIdleConns(0)
		defer func() { _, _ = raw.Close(), s.Close() }()
		w := &world{t: t, s: s, raw: raw, source: &source{}, undo: &action{}, chat: &action{}, page: &action{}}
		w.setup = &engine.Setup{
			Hash: "h", Plans: map[string]*analysis.Plan{},
			Sources: map[string]engine.Source{"prom": {Source: w.source, Delay: 30 * time.Second}},
			Actions: map[string]engine.Action{
				"undo": {Action: w.undo, ChangesWorld: true}, "chat": {Action: w.chat, Threads: true}, "page": {Action: w.page},
			},
			Render: func(text string, d analysis.QueryData) (string, error) {
				return strings.NewReplacer("{{v}}", d.Version, "{{side}}", d.Side).Replace(text), nil
			},
		}
		o.Store, o.ExternalURL = s, "http://haldane.test"
		w.e = engine.New(o, w.setup)
		test(w)
	})
}

// plan adds a plan that fails when its metric is above 0.5 twice in a row.
func (w *world) plan(name string, change ...func(*analysis.Plan)) *analysis.Plan {
	limit := 0.5
	p := &analysis.Plan{
		Name: name, Service: "shop", Environment: "prod", Severity: "critical", Runbook: "https://runbooks.test/" + name,
		Every: analysis.Duration(30 * time.Second), Step: analysis.Duration(time.Minute), Duration: analysis.Duration(10 * time.Minute),
		Judge: analysis.JudgeThreshold, Baseline: analysis.Baseline{Kind: analysis.BaselineNone}, AllowRollback: true,
		Metrics: []analysis.Metric{{
			Name: "errors", Source: "prom", Kind: analysis.Gauge, Query: "errors of {{v}}", Direction: analysis.Increase, Group: "g", Weight: 1,
			Threshold: &analysis.Threshold{Max: &limit, Consecutive: 2},
			NoData:    analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(5 * time.Minute)},
		}},
		Score: analysis.Thresholds{Pass: 95, Marginal: 75}, Concurrency: analysis.Supersede,
		ReuseAfter: analysis.Duration(time.Hour), DeliverWithin: analysis.Duration(10 * time.Minute),
		On: analysis.Reactions{
			Start: []analysis.Reaction{{Action: "chat"}}, Pass: []analysis.Reaction{{Action: "chat"}},
			Fail: []analysis.Reaction{{Action: "undo"}, {Action: "chat"}}, Inconclusive: []analysis.Reaction{{Action: "chat"}},
			DeliveryFailed: []analysis.Reaction{{Action: "page"}},
		},
	}
	for _, c := range change {
		c(p)
	}
	w.setup.Plans[name] = p
	return p
}

func (w *world) start(plan, version string, change ...func(*analysis.StartRequest)) analysis.Run {
	w.t.Helper()
	req := analysis.StartRequest{Plan: plan, Version: version, BaselineVersion: "1", Cause: analysis.Cause{Kind: "api", Who: "ci"}}
	for _, c := range change {
		c(&req)
	}
	r, _, err := w.e.Start(w.t.Context(), req)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) run(id string) analysis.Run {
	w.t.Helper()
	r, err := w.e.Run(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// job is a job of the queue, as the world works it.
type job struct {
	id         int64
	kind, args string
	at         time.Time
}

// jobTime is how River writes times on SQLite.
const jobTime = "2006-01-02 15:04:05.999"

// next returns the job that is due first.
func (w *world) next() (j job, ok bool) {
	w.t.Helper()
	// Jobs for "now" carry the database's own time, which is not made up.
	var at string
	err := w.raw.QueryRow(`SELECT id, kind, json(args), CASE WHEN substr(scheduled_at, 1, 4) > '2020' THEN ? ELSE scheduled_at END AS at
		FROM river_job WHERE state = 'available' ORDER BY at, id`, time.Now().UTC().Format(jobTime)).
		Scan(&j.id, &j.kind, &j.args, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return j, false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if j.at, err = time.Parse(jobTime, at); err != nil {
		w.t.Fatal(err)
	}
	return j, true
}

// work works one job at its time, as a worker of the queue would.
func (w *world) work(j job) error {
	w.t.Helper()
	if d := time.Until(j.at); d > 0 {
		time.Sleep(d)
	}
	w.exec(`UPDATE river_job SET state = 'completed', finalized_at = datetime('now') WHERE id = ?`, j.id)
	switch j.kind {
	case "look":
		run, n := field(j.args, "run"), 0
		if _, err := fmt.Sscan(field(j.args, "look"), &n); err != nil {
			w.t.Fatal(err)
		}
		return w.e.Look(w.t.Context(), run, n)
	default:
		return w.e.Deliver(w.t.Context(), field(j.args, "delivery"))
	}
}

// until works jobs until something is so.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	for range 500 {
		if so() {
			return
		}
		j, ok := w.next()
		if !ok {
			w.t.Fatalf("nothing left to do, and not %s", what)
		}
		if err := w.work(j); err != nil {
			w.t.Fatalf("%s %s: %v", j.kind, j.args, err)
		}
	}
	w.t.Fatalf("never %s", what)
}

// finish works jobs until a run has its outcome, then whatever is due because of it.
func (w *world) finish(id string) analysis.Run {
	w.t.Helper()
	w.until("finished", func() bool { return w.run(id).Status.Ended() })
	w.settle(0)
	return w.run(id)
}

// settle works what is due within a time.
func (w *world) settle(within time.Duration) {
	w.t.Helper()
	end := time.Now().Add(within)
	for {
		j, ok := w.next()
		if !ok || j.at.After(end) {
			return
		}
		if err := w.work(j); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) exec(text string, args ...any) {
	w.t.Helper()
	if _, err := w.raw.Exec(text, args...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) events(id string) string {
	w.t.Helper()
	es, err := w.e.Events(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, e := range es {
		names = append(names, string(e.Type))
	}
	return strings.Join(names, " ")
}

func field(args, name string) string {
	_, rest, _ := strings.Cut(args, `"`+name+`":`)
	return strings.Trim(strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == '}' })[0], `"`)
}

// source answers what the test says, and remembers what it was asked.
type source struct {
	mu     sync.Mutex
	asked  []analysis.Query
	answer func(q analysis.Query) ([]analysis.Series, error)
}

func (s *source) Fetch(_ context.Context, q analysis.Query) ([]analysis.Series, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, q)
	if s.answer == nil {
		return level(q, 0.1), nil
	}
	return s.answer(q)
}

// level answers one value at every step.
func level(q analysis.Query, v float64) []analysis.Series {
	return series(q, func(time.Time) float64 { return v })
}

func series(q analysis.Query, at func(time.Time) float64) []analysis.Series {
	s := analysis.Series{Start: q.Window.Start, Step: q.Step}
	for i := range q.Window.Steps(q.Step) {
		s.Values = append(s.Values, at(q.Window.Start.Add(time.Duration(i+1)*q.Step)))
	}
	return []analysis.Series{s}
}

// action does what the test says, and remembers what it was given.
type action struct {
	mu   sync.Mutex
	got  []analysis.Delivery
	does func(n int, d analysis.Delivery) error
}

func (a *action) Perform(_ context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, d)
	if a.does != nil {
		if err := a.does(len(a.got), d); err != nil {
			return analysis.Receipt{}, err
		}
	}
	return analysis.Receipt{At: time.Now(), Text: "ok", Refs: map[string]string{"n": fmt.Sprint(len(a.got))}}, nil
}

// types lists the events that the action was told of.
func (a *action) types() string {
	var names []string
	for _, d := range a.got {
		names = append(names, string(d.EventType))
	}
	return strings.Join(names, " ")
}
