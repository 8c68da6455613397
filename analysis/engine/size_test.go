package engine_test

import (
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/analysis/store/storetest"
)

var size = flag.Bool("size", false, "TestSizeOfARun: as many runs as it takes for figures to publish, and one of 24 hours")

// TestSizeOfARun measures what runs take in a database, and what is left of them when
// their evidence has gone. The figures of the README and of reference.yaml come from:
//
//	go test ./analysis/engine -run SizeOfARun -v -size
func TestSizeOfARun(t *testing.T) {
	lengths := map[time.Duration]int{30 * time.Minute: 2}
	if *size {
		lengths = map[time.Duration]int{30 * time.Minute: 40, day: 1}
	}
	storetest.Each(t, func(t *testing.T, url string) {
		for _, length := range slices.Sorted(maps.Keys(lengths)) {
			runs := lengths[length]
			fresh := storetest.Postgres
			if strings.HasPrefix(url, "sqlite:") {
				fresh = storetest.SQLite
			}
			url := fresh(t)
			synctest.Test(t, func(t *testing.T) { sizeOf(t, url, length, runs) })
		}
	})
}

// sizeOf takes the looks of runs of a length, each half a minute, at five metrics that are
// compared, and prints what they took.
func sizeOf(t *testing.T, url string, length time.Duration, runs int) {
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	db := rawDB(t, url)
	defer func() { _, _ = db.Close(), s.Close() }()
	src, told := &source{answer: noisy(nil)}, &action{}
	e := engine.New(engine.Options{Store: s, ExternalURL: "https://haldane.example.com"}, &engine.Setup{
		Hash: "h", Plans: map[string]*analysis.Plan{"shop": fiveMetrics(length)}, Keep: 90 * day,
		Sources: map[string]engine.Source{"prom": {Source: src, Delay: 30 * time.Second}},
		Actions: map[string]engine.Action{"chat": {Action: told, Threads: true}},
		Render: func(text string, d analysis.QueryData) (string, error) {
			return strings.ReplaceAll(text, "{{v}}", d.Version), nil
		},
	})
	empty := tables(t, db, url)
	looks := 0
	for i := range runs {
		r, _, err := e.Start(t.Context(), analysis.StartRequest{
			Plan: "shop", Version: fmt.Sprint(i + 2), BaselineVersion: fmt.Sprint(i + 1), Cause: analysis.Cause{Kind: "api", Who: "ci"},
		})
		for retained := time.Now(); err == nil && !r.Status.Ended(); {
			time.Sleep(time.Until(r.NextLookAt))
			if err = e.Look(t.Context(), r.ID, r.NextLook); err == nil && time.Since(retained) > time.Hour {
				retained, err = time.Now(), e.Retain(t.Context())
			}
			if err == nil {
				r, err = e.Run(t.Context(), r.ID)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		looks = r.Progress.Looks
		ds, err := e.Deliveries(t.Context(), r.ID)
		for _, d := range ds {
			if err == nil {
				err = e.Deliver(t.Context(), d.ID)
			}
		}
		if err != nil || len(ds) == 0 || r.Outcome == nil {
			t.Fatalf("%+v %v", r, err)
		}
	}
	full := tables(t, db, url)
	time.Sleep(91 * day)
	if err := e.Retain(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := tables(t, db, url)
	var whole, rest int64
	for _, name := range slices.Sorted(maps.Keys(full)) {
		a, b := (full[name]-empty[name])/int64(runs), (left[name]-empty[name])/int64(runs)
		whole, rest = whole+a, rest+b
		if a > 0 {
			t.Logf("  %-12s %9d bytes a run, %6d after keep", name, a, b)
		}
	}
	t.Logf("%s, %d looks: %d bytes a run, %d a look; %d after keep", analysis.Duration(length), looks, whole, whole/int64(looks), rest)
	for _, name := range []string{"looks", "samples"} {
		if full[name] <= empty[name] || left[name] > empty[name] {
			t.Errorf("%s: %d bytes when empty, %d with runs, %d after keep", name, empty[name], full[name], left[name])
		}
	}
}

// fiveMetrics is a plan as people write them.
func fiveMetrics(length time.Duration) *analysis.Plan {
	p := &analysis.Plan{
		Name: "shop", Service: "shop", Environment: "production", Owner: "team-shop", Severity: "critical", Runbook: "https://runbooks.example.com/shop",
		Every: analysis.Duration(30 * time.Second), Step: analysis.Duration(time.Minute), Duration: analysis.Duration(length), MinDuration: analysis.Duration(length),
		Judge: analysis.JudgeSequential, FalseRollbackRate: 0.01, Baseline: analysis.Baseline{Kind: analysis.BaselineVersion},
		Score: analysis.Thresholds{Pass: 95, Marginal: 75}, Concurrency: analysis.Supersede,
		ReuseAfter: analysis.Duration(time.Hour), DeliverWithin: analysis.Duration(10 * time.Minute),
		On: analysis.Reactions{Pass: []analysis.Reaction{{Action: "chat"}}, Inconclusive: []analysis.Reaction{{Action: "chat"}}, Fail: []analysis.Reaction{{Action: "chat"}}},
	}
	for _, name := range []string{"p50", "p90", "p99", "queue", "memory"} {
		p.Metrics = append(p.Metrics, analysis.Metric{
			Name: name, Source: "prom", Kind: analysis.Gauge, Direction: analysis.Increase, Group: name, Weight: 1,
			Query:     "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket{app=\"shop\"}[1m]))) # " + name + " {{v}}",
			Tolerance: analysis.Tolerance{Relative: 0.05}, NoData: analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(5 * time.Minute)},
		})
	}
	return p
}

// rawDB is a second way into a database.
func rawDB(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// tables are the sizes of our tables, with their indexes, in bytes. Jobs go by themselves.
func tables(t *testing.T, db *sql.DB, url string) map[string]int64 {
	t.Helper()
	tidy, ask := `VACUUM`, `SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY 1`
	if !strings.HasPrefix(url, "sqlite:") {
		tidy, ask = `VACUUM FULL`, `SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
	}
	if _, err := db.Exec(tidy); err != nil {
		t.Fatal(err)
	}
	rs, err := db.Query(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rs.Close() }()
	out := map[string]int64{}
	for rs.Next() {
		var name string
		var size int64
		if err := rs.Scan(&name, &size); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, "river") {
			out[name] = size
		}
	}
	if err := rs.Err(); err != nil || len(out) < 10 {
		t.Fatal(out, err)
	}
	return out
}
