package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/config"
)

// rehearsed is an action that can be checked without sending.
type rehearsed struct {
	action
	checks int
	wrong  error
}

func (a *rehearsed) Check(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checks++
	return a.wrong
}

func (a *rehearsed) Rehearse(_ context.Context, d analysis.Delivery) (string, error) {
	return "POST deploy.test/" + d.Event.Notice.Rollback.To, nil
}

// drill makes a drill that must be possible.
func (w *world) drill(req analysis.DrillRequest) analysis.Run {
	w.t.Helper()
	req.By = analysis.Cause{Kind: "api", Who: "ann"}
	r, err := w.e.Drill(w.t.Context(), req)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// forReal drills plan p for real, after a release that makes version 1 known.
func (w *world) forReal() analysis.Run {
	w.t.Helper()
	if r := w.finish(w.start("p", "2").ID); *r.Outcome != analysis.OutcomePass {
		w.t.Fatalf("%+v", r)
	}
	w.chat.got = nil
	return w.drill(analysis.DrillRequest{Plan: "p", ForReal: true, Environment: "prod", Version: "2", BaselineVersion: "1"})
}

// steps lists a run's deliveries: step, state and reason.
func (w *world) steps(id string) (out []string) {
	w.t.Helper()
	ds, err := w.e.Deliveries(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range ds {
		out = append(out, d.Step+" "+string(d.State)+" "+d.Reason)
	}
	return out
}

func (w *world) wantSteps(id string, want ...string) {
	w.t.Helper()
	got := w.steps(id)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			w.t.Errorf("steps:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			return
		}
	}
}

// TestDryDrillSendsNothing: every action of the plan is checked, what comes after others
// included, nothing is performed, and nothing is left to do.
func TestDryDrillSendsNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		undo, kill := &rehearsed{}, &rehearsed{wrong: analysis.Errorf(analysis.Denied, "kill: the token is not known")}
		w.setup.Actions["undo"] = engine.Action{Action: undo, ChangesWorld: true}
		w.setup.Actions["kill"] = engine.Action{Action: kill, ChangesWorld: true}
		w.plan("p", func(p *analysis.Plan) {
			p.On.Fail = []analysis.Reaction{
				{Action: "undo", Then: []analysis.Reaction{{Action: "chat"}}, Else: []analysis.Reaction{{Action: "kill"}}}, {Action: "chat"},
			}
		})
		r := w.drill(analysis.DrillRequest{Plan: "p"})
		w.settle(time.Hour)
		w.wantSteps(
			r.ID,
			"0/undo skipped drill: would have been sent; checked in 1ms: POST deploy.test/drill-baseline",
			"0/undo>else/0/kill failed drill: kill: the token is not known",
			"0/undo>then/0/chat skipped drill: would have been sent; it cannot be checked without sending",
			"1/chat skipped drill: would have been sent",
			"delivery_failed/0/0/page skipped drill: would have been sent",
		)
		if n := len(undo.got) + len(kill.got) + len(w.chat.got) + len(w.page.got); n != 0 || undo.checks != 1 || kill.checks != 1 {
			t.Errorf("%d sent, %d and %d checks", n, undo.checks, kill.checks)
		}
		r = w.run(r.ID)
		if r.Status != analysis.StatusFinished || *r.Outcome != analysis.OutcomeFail || !r.Drill || r.ForReal || r.Rollback.State != analysis.RollbackFailed ||
			!strings.Contains(r.Reason, "made up by a drill: errors is bad") {
			t.Errorf("%+v", r)
		}
		if got := w.events(r.ID); got != "run.started run.failed" {
			t.Errorf("events %s", got)
		}
		if looks, err := w.e.Looks(w.t.Context(), r.ID); err != nil || len(looks) != 1 || !looks[0].Verdict.Findings[0].Bad {
			t.Errorf("looks %+v, %v", looks, err)
		}
	})
}

// TestDryDrillSaysWhatTheGuardsWouldDo.
func TestDryDrillSaysWhatTheGuardsWouldDo(t *testing.T) {
	for name, c := range map[string]struct {
		options engine.Options
		before  func(w *world)
		undo    string
		chat    string
	}{
		"hold":     {before: func(w *world) { w.hold("") }, undo: "would have been held (ann holds rollbacks: freeze (hold "},
		"off":      {options: engine.Options{Actions: engine.ActionsOff}, undo: "would have been skipped (actions are switched off)", chat: "would have been skipped (actions are switched off)"},
		"dry-run":  {options: engine.Options{Actions: engine.ActionsDryRun}, undo: "would have been skipped (dry-run"},
		"approval": {before: func(w *world) { w.approvalPlan(1, analysis.ApprovalKeep) }, undo: "would have been held (awaits approval, 0 of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldWith(t, c.options, func(w *world) {
				w.plan("p")
				if c.before != nil {
					c.before(w)
				}
				r := w.drill(analysis.DrillRequest{Plan: "p", Environment: "prod", Version: "2", BaselineVersion: "1"})
				if c.chat == "" {
					c.chat = "would have been sent"
				}
				w.wantSteps(r.ID, "0/undo skipped drill: "+c.undo, "1/chat skipped drill: "+c.chat, "delivery_failed/0/0/page skipped drill: "+c.chat)
				w.settle(time.Hour)
				if len(w.undo.got)+len(w.chat.got) != 0 {
					t.Error("something was sent")
				}
			})
		})
	}
}

// TestDrillForReal: it is sent, followed to its end and told, each message says that it is
// a drill, and nothing is watched afterwards.
func TestDrillForReal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", func(p *analysis.Plan) { p.Verify = analysis.Duration(10 * time.Minute) })
		undo := w.follows(15*time.Minute, func(n int) (analysis.Receipt, error) { return analysis.Receipt{Done: n > 2}, nil })
		r := w.forReal()
		w.settle(time.Hour)
		r = w.run(r.ID)
		if len(undo.got) != 1 || undo.asked != 3 || r.Rollback.State != analysis.RollbackDone || r.Rollback.From != "2" || r.Rollback.To != "1" {
			t.Errorf("%d sent, asked %d times, %+v", len(undo.got), undo.asked, r.Rollback)
		}
		if r.Verification.State != analysis.VerificationNone || r.Verification.Reason == "" {
			t.Errorf("%+v", r.Verification)
		}
		if !r.Drill || !r.ForReal || r.Cause.Who != "ann" || r.Rollback.By != nil {
			t.Errorf("%+v", r)
		}
		if got := w.chat.types(); got != "run.failed rollback.updated rollback.updated" {
			t.Errorf("told of %s", got)
		}
		for _, d := range w.chat.got {
			if title := config.Compose(d.Event).Title; !strings.HasPrefix(title, "DRILL: shop 2 in prod: ") {
				t.Errorf("title %q", title)
			}
		}
	})
}

// TestDrillForRealMeetsTheGuards: what would stop a rollback stops a drill, and it is said.
func TestDrillForRealMeetsTheGuards(t *testing.T) {
	for name, c := range map[string]struct {
		options engine.Options
		before  func(w *world)
		want    string
	}{
		"hold": {before: func(w *world) { w.hold("shop") }, want: "held ann holds rollbacks: freeze (hold "},
		"freeze": {before: func(w *world) {
			f, err := engine.NewFreeze("weekend", "* * * * *", "UTC", time.Hour, nil, nil)
			if err != nil {
				w.t.Fatal(err)
			}
			w.setup.Guards.Freezes = []engine.Freeze{f}
		}, want: "skipped freeze: weekend"},
		"dry-run":         {options: engine.Options{Actions: engine.ActionsDryRun}, want: "skipped dry-run"},
		"dry-run of plan": {before: func(w *world) { w.setup.Plans["p"].DryRun = true }, want: "skipped dry-run"},
		"not allowed":     {before: func(w *world) { w.setup.Plans["p"].AllowRollback = false }, want: "skipped not allowed"},
		"approval":        {before: func(w *world) { w.approvalPlan(1, analysis.ApprovalKeep) }, want: "held awaits approval"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldWith(t, c.options, func(w *world) {
				w.plan("p")
				if c.before != nil {
					c.before(w)
				}
				r := w.forReal()
				w.settle(time.Second)
				if got := w.steps(r.ID); !strings.HasPrefix(got[0], "0/undo "+c.want) || !strings.HasPrefix(got[1], "1/chat done") {
					t.Errorf("steps %q", got)
				}
				if len(w.undo.got) != 0 || len(w.chat.got) == 0 {
					t.Errorf("%d rollbacks, told %s", len(w.undo.got), w.chat.types())
				}
			})
		})
	}
}

// TestDrillThatFails: the fall-back takes its place, and somebody is paged when there is
// none.
func TestDrillThatFails(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.undo.does = func(int, analysis.Delivery) error { return analysis.Errorf(analysis.Denied, "undo: 403") }
		r := w.forReal()
		w.settle(time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackFailed || w.page.types() != "delivery.failed" {
			t.Errorf("%+v, paged %s", r.Rollback, w.page.types())
		}
		if title := config.Compose(w.page.got[0].Event).Title; !strings.HasPrefix(title, "DRILL: ") {
			t.Errorf("title %q", title)
		}
	})
}
