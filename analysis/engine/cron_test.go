package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func hourly(p *analysis.Plan) {
	p.Schedule = &analysis.Schedule{
		Cron: "0 * * * *", TimeZone: "UTC", Version: &analysis.Lookup{Literal: "2"}, BaselineVersion: &analysis.Lookup{Literal: "1"},
	}
}

func (w *world) tick() {
	w.t.Helper()
	if err := w.e.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) all() []analysis.Run {
	w.t.Helper()
	rs, _, err := w.e.Runs(w.t.Context(), analysis.RunFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return rs
}

func (w *world) note(plan string) string {
	w.t.Helper()
	ss, err := w.s.Schedules(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range ss {
		if s.Plan == plan {
			return s.Note
		}
	}
	return ""
}

func TestScheduleStartsOneRunATick(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", hourly)
		time.Sleep(10 * time.Minute)
		began := time.Now()
		w.tick() // plans the first tick
		if len(w.all()) != 0 {
			t.Fatal("started before its time")
		}
		time.Sleep(50*time.Minute + 300*time.Millisecond)
		w.tick()
		w.tick()
		rs := w.all()
		if len(rs) != 1 || !rs[0].StartedAt.Equal(began.Add(50*time.Minute)) || rs[0].Key != "cron:p:2000-01-01T01:00:00Z" {
			t.Fatalf("%+v", rs)
		}
		w.finish(rs[0].ID)
		time.Sleep(5 * time.Hour) // the daemon was down for some ticks
		w.tick()
		w.tick()
		if rs = w.all(); len(rs) != 2 || time.Since(rs[0].StartedAt) > 0 {
			t.Errorf("%d runs, the last began %s ago", len(rs), time.Since(rs[0].StartedAt))
		}
		delete(w.setup.Plans, "p")
		w.tick()
		if w.note("p") != "" {
			t.Error("a plan that is gone keeps its schedule")
		}
	})
}

func TestScheduleDoesNotJudgeACondemnedVersionAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", hourly)
		w.tick()
		w.sick(time.Time{})
		for range 4 {
			time.Sleep(time.Hour)
			w.tick()
			w.settle(30 * time.Minute)
		}
		if len(w.undo.got) != 1 || len(w.all()) != 1 || !strings.Contains(w.note("p"), "failed before") {
			t.Errorf("%d rollbacks, %d runs, note %q", len(w.undo.got), len(w.all()), w.note("p"))
		}
	})
}

func TestScheduleLooksItsVersionUp(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", hourly, func(p *analysis.Plan) {
			p.Schedule.Version = &analysis.Lookup{Source: "prom", Query: "build_info", Label: "version"}
		})
		answers := []string{"", "2 3", "2"}
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if q.Text != "build_info" {
				return level(q, 0.1), nil
			}
			if q.Reduce != analysis.ReduceAll {
				t.Error("several series would be an error")
			}
			var out []analysis.Series
			for _, v := range strings.Fields(answers[0]) {
				out = append(out, analysis.Series{Labels: map[string]string{"version": v}})
			}
			answers = answers[1:]
			return out, nil
		}
		w.tick()
		for _, want := range []string{"no series", "several values", "started run"} {
			time.Sleep(time.Hour)
			w.tick()
			if !strings.Contains(w.note("p"), want) {
				t.Errorf("note %q, want %q", w.note("p"), want)
			}
		}
		if rs := w.all(); len(rs) != 1 || rs[0].Version != "2" {
			t.Errorf("%+v", rs)
		}
	})
}
