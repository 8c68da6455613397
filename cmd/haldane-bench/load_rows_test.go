package main

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"
)

// What counts as a look that was missed: one whose run went on to the end, which was due
// in the time that is measured, and is not there.
func TestLoadRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	from := time.UnixMilli(1_000_000)
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.Exec(text, args...); err != nil {
			t.Fatal(err)
		}
	}
	look := func(run string, due, late time.Duration) {
		at := from.Add(due)
		exec(`INSERT INTO looks VALUES (?, ?, ?, 2000)`, run, at.UnixMilli(), at.Add(late).UnixMilli())
	}
	exec(`CREATE TABLE runs (id TEXT, plan TEXT, status TEXT, next_look_at BIGINT)`)
	exec(`CREATE TABLE looks (run_id TEXT, due_at BIGINT, at BIGINT, took_us BIGINT)`)
	exec(`INSERT INTO runs VALUES ('a', 'good-0', 'running', 1065000), ('b', 'good-1', 'running', 1050000), ('c', 'good-2', 'finished', NULL), ('d', 'bad-0', 'running', 1065000)`)
	look("a", -5*time.Second, 6*time.Second) // due before
	look("a", 5*time.Second, 100*time.Millisecond)
	look("a", 35*time.Second, 300*time.Millisecond)
	look("b", 20*time.Second, 29*time.Second) // the next one was missed
	look("c", 10*time.Second, time.Second)    // a run that ended
	look("d", 10*time.Second, time.Second)    // a bad release
	look("a", 65*time.Second, time.Second)    // due after

	rows, err := openLoadDB(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	r := &loadResult{loadCase: loadCase{Runs: 3}, Every: 30, For: 60}
	size, err := rows.size(t.Context())
	if err != nil || size < 4096 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	before := snapshot{size: size - 1200, queries: 100, daemons: spent{cpu: time.Second, written: 1000}}
	after := snapshot{size: size, queries: 184, daemons: spent{cpu: 4 * time.Second, written: 4000}, machine: 63 * time.Second}
	if err := r.read(t.Context(), &loadWorld{db: rows}, from, from.Add(time.Minute), before, after); err != nil {
		t.Fatal(err)
	}
	if r.Expected != 4 || r.Looked != 3 || r.Missed != 1 || r.Ended != 1 || r.Looks != 6 {
		t.Errorf("looks: %+v", r)
	}
	if r.Lag != (spread{0.3, 29, 29, 29}) || r.Took.Max != 0.002 {
		t.Errorf("lag %v, took %v", r.Lag, r.Took)
	}
	if r.Cores != 0.05 || r.CPUPerLook != 0.5 || r.QueriesPerLook != 14 || r.WrittenPerLook != 500 || r.GrowthPerLook != 200 || r.OtherCores != 1 {
		t.Errorf("costs: %+v", r)
	}
	if late, err := rows.overdue(t.Context(), from.Add(time.Minute)); err != nil || late != 1 {
		t.Errorf("%d runs are late, %v", late, err)
	}
	if r.keepsUp() {
		t.Error("it keeps up")
	}
}
