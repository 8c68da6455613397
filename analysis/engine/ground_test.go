package engine_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// ground is an engine over a real database of either kind, in real time. Jobs are
// worked by drain only.
type ground struct {
	t                *testing.T
	s                *store.Store
	e                *engine.Engine
	setup            *engine.Setup
	raw              *sql.DB // for reading, and for damage
	postgres         bool
	undo, chat, page *action
}

// onGround runs a test on both kinds of database.
func onGround(t *testing.T, test func(g *ground)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { test(newGround(t, url)) })
}

func newGround(t *testing.T, url string) *ground {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	g := &ground{t: t, s: s, postgres: strings.HasPrefix(url, "postgres"), undo: &action{}, chat: &action{}, page: &action{}}
	if g.postgres {
		g.raw, err = sql.Open("pgx", url)
	} else {
		g.raw, err = sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_pragma=busy_timeout(5000)")
	}
	if err != nil {
		t.Fatal(err)
	}
	if !g.postgres { // one that is kept may keep the file locked
		g.raw.SetMaxIdleConns(0)
	}
	t.Cleanup(func() { _, _ = g.raw.Close(), s.Close() })
	bad := &source{answer: func(q analysis.Query) ([]analysis.Series, error) { return level(q, 0.9), nil }}
	g.setup = &engine.Setup{
		Hash: "h", Plans: map[string]*analysis.Plan{},
		Sources: map[string]engine.Source{"prom": {Source: bad}},
		Actions: map[string]engine.Action{
			"undo": {Action: g.undo, ChangesWorld: true}, "chat": {Action: g.chat, Threads: true}, "page": {Action: g.page},
		},
		Render: func(text string, _ analysis.QueryData) (string, error) { return text, nil },
	}
	limit := 0.5
	g.setup.Plans["p"] = &analysis.Plan{
		Name: "p", Service: "shop", Environment: "prod", Every: analysis.Duration(30 * time.Second), Step: analysis.Duration(time.Minute),
		Duration: analysis.Duration(10 * time.Minute), Judge: analysis.JudgeThreshold, Baseline: analysis.Baseline{Kind: analysis.BaselineNone},
		AllowRollback: true, Concurrency: analysis.Queue, ReuseAfter: analysis.Duration(time.Hour), DeliverWithin: analysis.Duration(10 * time.Minute),
		Metrics: []analysis.Metric{{
			Name: "errors", Source: "prom", Kind: analysis.Gauge, Query: "errors", Direction: analysis.Increase, Group: "g", Weight: 1,
			Threshold: &analysis.Threshold{Max: &limit, Consecutive: 2},
			NoData:    analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(5 * time.Minute)},
		}},
		Score: analysis.Thresholds{Pass: 95, Marginal: 75}, Verify: analysis.Duration(10 * time.Minute),
		On: analysis.Reactions{
			Start: []analysis.Reaction{{Action: "chat"}}, Fail: []analysis.Reaction{{Action: "undo"}, {Action: "chat"}},
			DeliveryFailed: []analysis.Reaction{{Action: "page"}},
		},
	}
	g.e = engine.New(engine.Options{Store: s, ExternalURL: "http://haldane.test"}, g.setup)
	return g
}

// start begins a run of a bad release, five minutes ago.
func (g *ground) start(version string) analysis.Run {
	g.t.Helper()
	began := time.Now().Add(-5 * time.Minute)
	r, _, err := g.e.Start(g.t.Context(), analysis.StartRequest{
		Plan: "p", Version: version, BaselineVersion: "1", StartedAt: &began, Cause: analysis.Cause{Kind: "api", Who: "ci"},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

func (g *ground) run(id string) analysis.Run {
	g.t.Helper()
	r, err := g.e.Run(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	return r
}

func (g *ground) reconcile() {
	g.t.Helper()
	if err := g.e.Reconcile(g.t.Context()); err != nil {
		g.t.Error(err)
	}
}

// sql runs statements. JSON(text) and the times NOW, YEAR (a year from now) and LONG (a
// year ago) are written as each database wants them.
func (g *ground) sql(statements ...string) {
	g.t.Helper()
	for _, text := range statements {
		text = g.dialect(text)
		if _, err := g.raw.Exec(text); err != nil {
			g.t.Fatalf("%s: %v", text, err)
		}
	}
}

func (g *ground) dialect(text string) string {
	if g.postgres {
		return strings.NewReplacer("JSON(", "(", "YEAR", "now() + interval '1 year'", "LONG", "now() - interval '1 year'", "NOW", "now()").Replace(text)
	}
	return strings.NewReplacer("JSON(", "jsonb(", "YEAR", "strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 year')", "LONG", "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 year')", "NOW", "strftime('%Y-%m-%d %H:%M:%f', 'now')").Replace(text)
}

// work works what is due of one kind of job, and returns how much there was.
func (g *ground) work(kind string) int {
	g.t.Helper()
	rows, err := g.raw.Query(g.dialect(`SELECT id, CAST(args->>'run' AS TEXT), CAST(args->>'look' AS TEXT), CAST(args->>'delivery' AS TEXT) FROM river_job
		WHERE state = 'available' AND queue <> 'nobody' AND kind = '` + kind + `' AND scheduled_at <= NOW ORDER BY id`))
	if err != nil {
		g.t.Fatal(err)
	}
	type due struct {
		id                  int64
		run, look, delivery sql.NullString
	}
	var all []due
	for rows.Next() {
		var j due
		if err := rows.Scan(&j.id, &j.run, &j.look, &j.delivery); err != nil {
			g.t.Fatal(err)
		}
		all = append(all, j)
	}
	_ = rows.Close()
	for _, j := range all {
		g.sql(fmt.Sprintf(`UPDATE river_job SET state = 'completed', finalized_at = NOW WHERE id = %d`, j.id))
		n := 0
		_, _ = fmt.Sscan(j.look.String, &n)
		if kind == "look" {
			err = g.e.Look(g.t.Context(), j.run.String, n)
		} else {
			err = g.e.Deliver(g.t.Context(), j.delivery.String)
		}
		if err != nil {
			g.t.Errorf("%s %d: %v", kind, j.id, err)
		}
	}
	return len(all)
}

// drain works all that is due.
func (g *ground) drain() {
	g.t.Helper()
	for n := 1; n > 0; {
		n = g.work("look") + g.work("deliver")
	}
}

// quiet checks that nothing is left that nobody would go on with.
func (g *ground) quiet() {
	g.t.Helper()
	now := time.Now()
	for what, find := range map[string]func(context.Context, time.Time) ([]string, error){
		"runs": g.s.StuckRuns, "deliveries": g.s.StuckDeliveries, "rollbacks": g.s.StuckRollbacks,
		"waiting runs": func(ctx context.Context, _ time.Time) ([]string, error) { return g.s.WaitingRuns(ctx) },
	} {
		if stuck, err := find(g.t.Context(), now); err != nil || len(stuck) > 0 {
			g.t.Errorf("%s are stuck: %v %v", what, stuck, err)
		}
	}
}

func (g *ground) tickAtOnce(engines ...*engine.Engine) {
	g.t.Helper()
	var all sync.WaitGroup
	for _, e := range engines {
		all.Go(func() {
			if err := e.Tick(g.t.Context()); err != nil {
				g.t.Error(err)
			}
		})
	}
	all.Wait()
}
