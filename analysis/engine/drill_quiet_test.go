package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// TestDrillLeavesNoTrace: the version is not condemned, no cap and no hold counts it, no
// real run is superseded by it, its baseline does not become a good version, and nobody
// can roll it back or say that it was right.
func TestDrillLeavesNoTrace(t *testing.T) {
	inWorld(t, func(w *world) {
		w.setup.Guards = engine.Guards{MaxRollbacksPerHour: 1, ManyServices: engine.ManyServices{Services: 2, Within: time.Hour, HoldFor: time.Hour}}
		w.plan("p")
		w.plan("q", func(p *analysis.Plan) { p.Service = "cart" })
		d := w.forReal()
		w.settle(time.Second)
		if len(w.undo.got) != 1 {
			t.Fatalf("%d rollbacks", len(w.undo.got))
		}
		w.drill(analysis.DrillRequest{Plan: "p", Version: "2", BaselineVersion: "0.9"})
		w.drill(analysis.DrillRequest{Plan: "q"})

		who := analysis.Cause{Kind: "api", Who: "ann"}
		if _, err := w.e.Rollback(w.t.Context(), d.ID, analysis.RollbackRequest{By: who}); analysis.KindOf(err) != analysis.Conflict {
			t.Errorf("a rollback of it: %v", err)
		}
		if _, err := w.e.Feedback(w.t.Context(), d.ID, analysis.Feedback{Right: analysis.AnsweredYes, By: who}); analysis.KindOf(err) != analysis.Conflict {
			t.Errorf("feedback on it: %v", err)
		}
		if _, err := w.e.RollbackService(w.t.Context(), "shop", analysis.RollbackRequest{Environment: "prod", To: "0.9", By: who}); analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("a rollback to what only a drill named: %v", err)
		}
		again := w.start("p", "2", func(r *analysis.StartRequest) { r.Key = "again" })
		if again.Status != analysis.StatusRunning {
			t.Errorf("condemned: %+v", again)
		}
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) { return level(q, 0.9), nil }
		again = w.finish(again.ID)
		if *again.Outcome != analysis.OutcomeFail || again.Rollback.State != analysis.RollbackAccepted {
			t.Errorf("a real failure after it: %+v", again.Rollback)
		}
		if hs, err := w.e.Holds(w.t.Context()); err != nil || len(hs) != 0 {
			t.Errorf("holds %+v, %v", hs, err)
		}
	})
}

// TestDrillInTheMiddleOfARun: it does not supersede what is running, nor keep it from
// rolling back; a drill for real waits for it.
func TestDrillInTheMiddleOfARun(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) { return level(q, 0.9), nil }
		real := w.start("p", "2")
		dry := w.drill(analysis.DrillRequest{Plan: "p", Version: "3"})
		_, err := w.e.Drill(w.t.Context(), analysis.DrillRequest{Plan: "p", ForReal: true, Environment: "prod", Version: "3", BaselineVersion: "1"})
		if analysis.KindOf(err) != analysis.Conflict || !strings.Contains(err.Error(), real.ID) {
			t.Errorf("for real: %v", err)
		}
		if r := w.finish(real.ID); r.Status != analysis.StatusFinished || r.Rollback.State != analysis.RollbackAccepted || len(w.undo.got) != 1 {
			t.Errorf("%s, %+v", r.Status, r.Rollback)
		}
		runs, _, err := w.e.Runs(w.t.Context(), analysis.RunFilter{Plan: "p"})
		if err != nil || len(runs) != 2 || runs[0].ID != dry.ID || !runs[0].Drill || runs[1].Drill {
			t.Errorf("listed %+v, %v", runs, err)
		}
	})
}

// TestDrillRequests: what cannot work is refused, with its field, and leaves nothing.
func TestDrillRequests(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.plan("silent", func(p *analysis.Plan) { p.On.Fail = nil })
		real := analysis.DrillRequest{Plan: "p", ForReal: true, Environment: "prod", Version: "2", BaselineVersion: "1"}
		for name, c := range map[string]struct {
			change func(r *analysis.DrillRequest)
			kind   analysis.Kind
			says   string
		}{
			"unknown plan":          {func(r *analysis.DrillRequest) { r.Plan = "x" }, analysis.NotFound, `plan "x"`},
			"no environment":        {func(r *analysis.DrillRequest) { r.Environment = "" }, analysis.Invalid, "environment: missing"},
			"another environment":   {func(r *analysis.DrillRequest) { r.Environment = "staging" }, analysis.Invalid, "environment: plan p is of prod"},
			"another, and dry":      {func(r *analysis.DrillRequest) { r.Environment, r.ForReal = "staging", false }, analysis.Invalid, "environment: "},
			"no version":            {func(r *analysis.DrillRequest) { r.Version = "" }, analysis.Invalid, "version: missing"},
			"no baseline":           {func(r *analysis.DrillRequest) { r.BaselineVersion = "" }, analysis.Invalid, "baseline_version: missing"},
			"to itself":             {func(r *analysis.DrillRequest) { r.BaselineVersion = "2" }, analysis.Invalid, "the same as version"},
			"a baseline never seen": {func(*analysis.DrillRequest) {}, analysis.Invalid, "no run found it good before"},
			"a name that steers":    {func(r *analysis.DrillRequest) { r.Version = `2"} or vector(0)` }, analysis.Invalid, "version: does not match"},
			"nothing to do":         {func(r *analysis.DrillRequest) { r.Plan = "silent" }, analysis.Conflict, "does nothing on a failure"},
		} {
			req := real
			c.change(&req)
			_, err := w.e.Drill(w.t.Context(), req)
			if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %s %s", name, err, c.kind, c.says)
			}
		}
		if runs, _, err := w.e.Runs(w.t.Context(), analysis.RunFilter{}); err != nil || len(runs) != 0 {
			t.Errorf("left %+v, %v", runs, err)
		}
	})
}
