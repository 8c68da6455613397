package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

func (w *world) approvalPlan(people int, d analysis.ApprovalDefault) {
	w.plan("p", func(p *analysis.Plan) {
		p.Approval = &analysis.Approval{Within: analysis.Duration(15 * time.Minute), Default: d, People: people}
	})
}

func (w *world) says(decide func(who analysis.Cause) (analysis.Run, error), who string) analysis.Run {
	w.t.Helper()
	r, err := decide(analysis.Cause{Kind: "api", Who: who})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// TestRollbackAwaitsApproval: it waits, says for whom and until when, goes out when enough
// people approve, and each of them counts once.
func TestRollbackAwaitsApproval(t *testing.T) {
	inWorld(t, func(w *world) {
		w.approvalPlan(2, analysis.ApprovalKeep)
		r := w.fail("p", "2")
		approve := func(who analysis.Cause) (analysis.Run, error) { return w.e.Approve(w.t.Context(), r.ID, who) }
		if r.Rollback.State != analysis.RollbackAwaitingApproval || !strings.Contains(r.Rollback.Reason, "awaits approval, 0 of 2 so far; if nobody decides, the release is kept at 00:") {
			t.Fatalf("%+v", r.Rollback)
		}
		if told := w.chat.got[len(w.chat.got)-1]; told.Event.Notice.Run.Rollback.State != analysis.RollbackAwaitingApproval {
			t.Errorf("told %+v", told.Event.Notice.Run.Rollback)
		}
		w.says(approve, "ann")
		w.settle(time.Minute)
		if r = w.says(approve, "ann"); r.Rollback.State != analysis.RollbackAwaitingApproval || !strings.Contains(r.Rollback.Reason, "1 of 2") || len(w.undo.got) != 0 {
			t.Errorf("after one: %+v", r.Rollback)
		}
		w.says(approve, "bob")
		w.settle(time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackAccepted || len(w.undo.got) != 1 {
			t.Errorf("after two: %+v", r.Rollback)
		}
		if _, err := w.e.Approve(w.t.Context(), r.ID, analysis.Cause{Kind: "api", Who: "eve"}); analysis.KindOf(err) != analysis.Conflict {
			t.Errorf("after the rollback: %v", err)
		}
		if got := w.texts(r.ID, analysis.EventRollbackApproved); got != "approved by ann, 1 of 2; approved by ann, 1 of 2; approved by bob, 2 of 2" {
			t.Errorf("events %q", got)
		}
	})
}

// TestNobodyDecides: when the time is over, the plan's default is done, once and in time.
func TestNobodyDecides(t *testing.T) {
	for d, want := range map[analysis.ApprovalDefault]analysis.RollbackState{
		analysis.ApprovalRollBack: analysis.RollbackAccepted, analysis.ApprovalKeep: analysis.RollbackSkipped,
	} {
		t.Run(string(d), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.approvalPlan(1, d)
				r := w.fail("p", "2")
				w.settle(14 * time.Minute)
				if len(w.undo.got) != 0 || w.run(r.ID).Rollback.State != analysis.RollbackAwaitingApproval {
					t.Errorf("too early: %+v", w.run(r.ID).Rollback)
				}
				time.Sleep(13 * time.Minute)
				w.settle(3 * time.Minute)
				if r = w.run(r.ID); r.Rollback.State != want || len(w.undo.got) != 1 && want == analysis.RollbackAccepted {
					t.Errorf("%d rollbacks, %+v", len(w.undo.got), r.Rollback)
				}
				if len(w.page.got) != 0 {
					t.Errorf("pages %q", w.page.types())
				}
			})
		})
	}
}

// TestSomebodyKeepsTheRelease: one refusal is enough; rolling back by hand stays possible.
func TestSomebodyKeepsTheRelease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.approvalPlan(1, analysis.ApprovalRollBack)
		r := w.fail("p", "2")
		w.says(func(who analysis.Cause) (analysis.Run, error) { return w.e.Refuse(w.t.Context(), r.ID, who) }, "ann")
		w.settle(30 * time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackSkipped || r.Rollback.Reason != "kept by ann" || len(w.undo.got) != 0 {
			t.Errorf("%+v", r.Rollback)
		}
		if _, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{By: analysis.Cause{Kind: "api", Who: "bob"}}); err != nil {
			t.Fatal(err)
		}
		w.settle(time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackAccepted || len(w.undo.got) != 1 {
			t.Errorf("by hand: %+v", r.Rollback)
		}
	})
}

// TestFreezeOnlyTells: nothing is rolled back by itself, everybody is told, a person may,
// and other services are not concerned.
func TestFreezeOnlyTells(t *testing.T) {
	inWorld(t, func(w *world) {
		freeze, err := engine.NewFreeze("new year", "30 23 31 12 *", "UTC", 2*time.Hour, []string{"shop"}, []string{"prod*"})
		if err != nil {
			t.Fatal(err)
		}
		w.setup.Guards.Freezes = []engine.Freeze{freeze}
		w.plan("p")
		w.plan("q", func(p *analysis.Plan) { p.Service = "other" })
		r := w.fail("p", "2")
		if r.Rollback.State != analysis.RollbackSkipped || r.Rollback.Reason != "freeze: new year until Sat 2000-01-01 01:30 UTC" {
			t.Errorf("%+v", r.Rollback)
		}
		if !strings.HasSuffix(w.chat.types(), "run.failed") || len(w.undo.got) != 0 {
			t.Errorf("told %q, %d rollbacks", w.chat.types(), len(w.undo.got))
		}
		hs, err := w.e.Holds(w.t.Context())
		if err != nil || len(hs) != 1 || hs[0].Kind != analysis.HoldFreeze || hs[0].Until == nil {
			t.Errorf("holds %+v, %v", hs, err)
		}
		if _, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{By: analysis.Cause{Kind: "api", Who: "ann"}}); err != nil {
			t.Fatal(err)
		}
		if other := w.fail("q", "2"); other.Rollback.State != analysis.RollbackAccepted || len(w.undo.got) != 2 {
			t.Errorf("%d rollbacks, other %+v", len(w.undo.got), other.Rollback)
		}
		time.Sleep(2 * time.Hour)
		if hs, err := w.e.Holds(w.t.Context()); err != nil || len(hs) != 0 {
			t.Errorf("afterwards: %+v, %v", hs, err)
		}
		if r := w.fail("p", "3"); r.Rollback.State != analysis.RollbackAccepted {
			t.Errorf("afterwards: %+v", r.Rollback)
		}
	})
}
