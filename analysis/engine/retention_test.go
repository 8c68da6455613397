package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

const day = 24 * time.Hour

func (w *world) retain() {
	w.t.Helper()
	if err := w.e.Retain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// rows counts the rows of a table that belong to a run.
func (w *world) rows(table, run string) (n int) {
	w.t.Helper()
	if err := w.raw.QueryRow(`SELECT count(*) FROM `+table+` WHERE run_id = ?`, run).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// story is all that is told of a run for good.
func (w *world) story(id string) (r analysis.Run, es []analysis.Event, ds []analysis.Delivery) {
	w.t.Helper()
	r = w.run(id)
	es, err := w.e.Events(w.t.Context(), id)
	if err == nil {
		ds, err = w.e.Deliveries(w.t.Context(), id)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range ds {
		ds[i].Event = analysis.Event{}
	}
	return r, es, ds
}

// asJSON is what the API shows.
func asJSON(t *testing.T, values ...any) string {
	t.Helper()
	b, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOldRunsKeepASummary(t *testing.T) {
	reg := prometheus.NewRegistry()
	var log strings.Builder
	o := engine.Options{Registerer: reg, Log: slog.New(slog.NewTextHandler(&log, nil))}
	inWorldWith(t, o, func(w *world) {
		w.plan("p")
		w.setup.Keep = 90 * day
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) { return level(q, 0.9), nil }
		bad := w.finish(w.start("p", "2").ID)
		w.source.answer = nil
		good := w.finish(w.start("p", "3").ID)
		hold, err := w.e.Hold(w.t.Context(), analysis.Hold{Reason: "freeze", By: analysis.Cause{Kind: "api", Who: "ann"}})
		if err == nil {
			_, err = w.e.Release(w.t.Context(), hold.ID, analysis.Cause{Kind: "api", Who: "ann"})
		}
		if err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(89 * day)
		w.retain()
		if r := w.run(bad.ID); r.EvidenceDeletedAt != nil || w.rows("looks", bad.ID) == 0 {
			w.t.Error("deleted too early")
		}
		young := w.finish(w.start("p", "4").ID)
		was, events, deliveries := w.story(bad.ID)
		youngWas := w.run(young.ID)
		time.Sleep(day)
		w.retain()

		r, es, ds := w.story(bad.ID)
		if r.EvidenceDeletedAt == nil || time.Since(*r.EvidenceDeletedAt) > time.Minute {
			w.t.Fatalf("deleted at %v", r.EvidenceDeletedAt)
		}
		was.EvidenceDeletedAt, was.Rev = r.EvidenceDeletedAt, r.Rev
		if got, want := asJSON(w.t, r, es, ds), asJSON(w.t, was, events, deliveries); got != want {
			w.t.Errorf("the summary changed:\n%s\n%s", got, want)
		}
		for _, table := range []string{"looks", "samples"} {
			if w.rows(table, bad.ID)+w.rows(table, good.ID) > 0 || w.rows(table, young.ID) == 0 {
				w.t.Errorf("%s: %d %d of the old runs, %d of the young one", table, w.rows(table, bad.ID), w.rows(table, good.ID), w.rows(table, young.ID))
			}
		}
		w.count(0, `SELECT count(*) FROM events WHERE notice IS NOT NULL AND run_id <> ?`, young.ID)
		w.count(0, `SELECT count(*) FROM holds`)
		if asJSON(w.t, w.run(young.ID)) != asJSON(w.t, youngWas) || w.run(young.ID).Rev != youngWas.Rev {
			w.t.Error("the young run was touched")
		}

		pairs, err := w.e.Pairs(w.t.Context(), bad.ID)
		if err != nil || len(pairs) != 1 || pairs[0].Canary.Err == nil || !strings.Contains(pairs[0].Canary.Err.Message, "keep") {
			w.t.Errorf("pictures: %+v %v", pairs, err)
		}
		if looks, err := w.e.Looks(w.t.Context(), bad.ID); err != nil || len(looks) > 0 || !strings.Contains(r.Gaps(0), "2000-") {
			w.t.Errorf("looks: %v %v, %q", looks, err, r.Gaps(0))
		}

		// What is known for good is known.
		if again := w.start("p", "2"); again.Outcome == nil || *again.Outcome != analysis.OutcomeFail {
			w.t.Errorf("the version is not condemned any more: %+v", again)
		}
		if _, err := w.e.Rollback(w.t.Context(), good.ID, analysis.RollbackRequest{By: analysis.Cause{Kind: "api", Who: "ann"}}); err != nil {
			w.t.Errorf("a rollback by hand: %v", err)
		}

		rev := w.run(bad.ID).Rev
		w.retain()
		if w.run(bad.ID).Rev != rev {
			w.t.Error("done again")
		}
		if got := deletedOf(w.t, reg); got["runs"] != 2 || got["holds"] != 1 || got["notices"] == 0 {
			w.t.Errorf("metrics %v", got)
		}
		if strings.Count(log.String(), "what was old was deleted") != 1 {
			w.t.Errorf("log:\n%s", log.String())
		}
	})
}

// deletedOf reads the counters of what was deleted.
func deletedOf(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "haldane_retention_deleted_total" {
			for _, m := range f.GetMetric() {
				out[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return out
}

// count wants a number of a query.
func (w *world) count(want int, query string, args ...any) {
	w.t.Helper()
	var n int
	if err := w.raw.QueryRow(query, args...).Scan(&n); err != nil || n != want {
		w.t.Errorf("%s: %d, %v; want %d", query, n, err, want)
	}
}

func TestRunsThatHaveSomethingToDoKeepTheirEvidence(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", func(p *analysis.Plan) { p.Verify = analysis.Duration(10 * time.Minute) })
		w.setup.Keep = day
		if _, err := w.e.Hold(w.t.Context(), analysis.Hold{Reason: "freeze", By: analysis.Cause{Kind: "api", Who: "ann"}}); err != nil {
			w.t.Fatal(err)
		}
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) { return level(q, 0.9), nil }
		held := w.start("p", "2")
		w.until("held", func() bool { return w.run(held.ID).Rollback.State == analysis.RollbackHeld })
		w.plan("q", func(p *analysis.Plan) { p.Service = "other" })
		running := w.start("q", "2")
		time.Sleep(30 * day)
		w.retain()
		if r := w.run(held.ID); r.EvidenceDeletedAt != nil || w.rows("looks", held.ID) == 0 {
			w.t.Error("the run whose rollback is held lost its evidence")
		}
		if r := w.run(running.ID); r.EvidenceDeletedAt != nil {
			w.t.Error("a run that runs lost its evidence")
		}
		w.count(0, `SELECT count(*) FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.state IN ('pending', 'held') AND e.notice IS NULL`)
	})
}

func TestWithoutKeepNothingIsDeleted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		r := w.finish(w.start("p", "2").ID)
		time.Sleep(10 * 365 * day)
		w.retain()
		if r := w.run(r.ID); r.EvidenceDeletedAt != nil || w.rows("looks", r.ID) == 0 {
			w.t.Error("deleted")
		}
	})
}

// long plans take a look a minute for six hours; for three minutes in the second their
// source is away.
func long(w *world) {
	w.plan("p", func(p *analysis.Plan) {
		p.Every, p.Duration, p.MinDuration = analysis.Duration(time.Minute), analysis.Duration(6*time.Hour), analysis.Duration(6*time.Hour)
	})
	began := time.Now()
	w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
		if at := time.Since(began); at > 100*time.Minute && at < 103*time.Minute {
			return nil, analysis.Errorf(analysis.Unavailable, "away")
		}
		return level(q, 0.1), nil
	}
}

// hours works a long run's looks, and does something after each hour of it but the last.
func (w *world) hours(run string, do func()) {
	w.t.Helper()
	for hour := range 5 {
		w.until("later", func() bool { return w.run(run).Progress.Looks >= 60*(hour+1) })
		do()
	}
}

func TestLongRunsAreThinned(t *testing.T) {
	var want []analysis.Look // of a run that nobody thins
	inWorld(t, func(w *world) {
		long(w)
		var err error
		r := w.start("p", "2")
		w.hours(r.ID, func() {})
		if want, err = w.e.Looks(w.t.Context(), w.finish(r.ID).ID); err != nil {
			w.t.Fatal(err)
		}
	})
	inWorld(t, func(w *world) {
		long(w)
		r := w.start("p", "2")
		w.hours(r.ID, func() {
			rev := w.run(r.ID).Rev
			w.retain()
			if got := w.run(r.ID); got.Rev != rev {
				w.t.Error("a look at hand would have been thrown away")
			}
		})
		r = w.finish(r.ID)
		w.retain()
		looks, err := w.e.Looks(w.t.Context(), r.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		var numbers []int
		for _, l := range looks {
			numbers = append(numbers, l.Number)
			full := want[l.Number-1]
			if l.Verdict.Outcome != full.Verdict.Outcome || len(l.Verdict.Findings) != len(full.Verdict.Findings) {
				w.t.Errorf("look %d reads %+v, want %+v", l.Number, l.Verdict, full.Verdict)
			}
		}
		changes := 0
		for _, l := range want {
			changed := l.Number > 1 && l.Verdict.Findings[0].Class != want[l.Number-2].Verdict.Findings[0].Class
			if changed && l.Number%10 != 0 {
				changes++
			}
			keep := l.Number == 1 || l.Number%10 == 0 || changed || l.Number > len(want)-120
			if there := slices.Contains(numbers, l.Number); keep && !there {
				w.t.Errorf("look %d is missing (it changed something: %v)", l.Number, changed)
			}
		}
		if changes == 0 {
			w.t.Error("nothing ever changed")
		}
		if len(numbers) > 120+60+len(want)/10+10 {
			w.t.Errorf("%d looks are kept of %d", len(numbers), len(want))
		}
		if r.Progress.Looks != len(want) || !strings.Contains(r.Gaps(len(looks)), fmt.Sprintf("Of %d looks, %d are kept", len(want), len(looks))) {
			w.t.Errorf("%d looks in the progress, want %d: %s", r.Progress.Looks, len(want), r.Gaps(len(looks)))
		}
		// The judge had every sample.
		if got, whole := looks[len(looks)-1].Verdict, want[len(want)-1].Verdict; !reflect.DeepEqual(got.Findings[0].Samples, whole.Findings[0].Samples) || got.Outcome != whole.Outcome {
			w.t.Errorf("the last word is %+v, want %+v", got, whole)
		}
		pairs, err := w.e.Pairs(w.t.Context(), r.ID)
		if err != nil || pairs[0].Canary.Count() != 360 {
			w.t.Errorf("%d samples for pictures, %v", pairs[0].Canary.Count(), err)
		}
		if after := w.rows("looks", r.ID); after != len(looks) {
			w.t.Errorf("thinned again: %d", after)
		}

		// Its evidence is more than one batch: somebody stops the daemon in the middle.
		w.setup.Keep = day
		time.Sleep(2 * day)
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Millisecond) // the first pause is longer
		defer cancel()
		if err := w.e.Retain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Fatalf("it was not stopped: %v", err)
		}
		if got := w.run(r.ID); got.EvidenceDeletedAt != nil || w.rows("looks", r.ID) == 0 {
			w.t.Error("the first batch took everything")
		}
		w.retain()
		if got := w.run(r.ID); got.EvidenceDeletedAt == nil || w.rows("samples", r.ID)+w.rows("looks", r.ID) > 0 {
			w.t.Error("it was not finished")
		}
	})
}
