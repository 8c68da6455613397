package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// ordered gives a plan a rollback with something to fall back to and something that
// follows.
func ordered(p *analysis.Plan) {
	p.On.Fail = []analysis.Reaction{
		{
			Action: "undo", Within: analysis.Duration(2 * time.Minute),
			Then: []analysis.Reaction{{Action: "page"}},
			Else: []analysis.Reaction{{Action: "kill", Else: []analysis.Reaction{{Action: "page"}}}},
		},
		{Action: "chat"},
	}
}

func (w *world) kill(does func(int, analysis.Delivery) error) *action {
	kill := &action{does: does}
	w.setup.Actions["kill"] = engine.Action{Action: kill, ChangesWorld: true}
	return kill
}

func final(int, analysis.Delivery) error {
	return analysis.Errorf(analysis.Invalid, "undo: answered 404")
}

// TestStepsFollowEachOther: then after what was done, else after what finally failed, and
// nobody is alarmed while there is something to fall back to.
func TestStepsFollowEachOther(t *testing.T) {
	for name, c := range map[string]struct {
		undo, kill            func(int, analysis.Delivery) error
		state                 analysis.RollbackState
		undone, killed, paged int
		pages                 string
	}{
		"done":          {nil, nil, analysis.RollbackAccepted, 1, 0, 1, "run.failed"},
		"falls back":    {final, nil, analysis.RollbackAccepted, 1, 1, 0, ""},
		"too slow":      {refused, nil, analysis.RollbackAccepted, 8, 1, 0, ""},
		"nothing helps": {final, final, analysis.RollbackFailed, 1, 1, 1, "run.failed"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				kill := w.kill(c.kill)
				w.undo.does = c.undo
				w.plan("p", ordered)
				r := w.fail("p", "2")
				w.settle(20 * time.Minute)
				if r = w.run(r.ID); r.Rollback.State != c.state {
					t.Errorf("%+v", r.Rollback)
				}
				if len(w.undo.got) > c.undone || len(kill.got) != c.killed || w.page.types() != c.pages {
					t.Errorf("%d undo, %d kill, pages %q", len(w.undo.got), len(kill.got), w.page.types())
				}
				if c.killed > 0 {
					if d := kill.got[0]; d.Event.Notice == nil || d.Event.Notice.Rollback.To != "1" || d.ID == w.undo.got[0].ID || !strings.HasPrefix(d.Step, "0/undo>else/0/kill") {
						t.Errorf("kill got %+v", d)
					}
				}
				ds, err := w.e.Deliveries(w.t.Context(), r.ID)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range ds {
					if d.State.Open() {
						t.Errorf("%s is %s", d.Step, d.State)
					}
				}
			})
		})
	}
}

// TestHeldStepFallsBackToNothing: what a hold kept back until it was too late is a
// person's decision; no other way is taken behind their back.
func TestHeldStepFallsBackToNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		kill := w.kill(nil)
		w.plan("p", ordered)
		if _, err := w.e.Hold(w.t.Context(), analysis.Hold{Reason: "freeze", By: analysis.Cause{Kind: "api", Who: "ann"}}); err != nil {
			t.Fatal(err)
		}
		r := w.fail("p", "2")
		w.settle(20 * time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackSkipped || len(kill.got)+len(w.undo.got) != 0 {
			t.Errorf("%d undo, %d kill: %+v", len(w.undo.got), len(kill.got), r.Rollback)
		}
	})
}

// TestRollbackBehindAMessage: a rollback that only follows on something else is on its way
// from the start, with its versions; when it is never reached, that is said.
func TestRollbackBehindAMessage(t *testing.T) {
	for name, c := range map[string]struct {
		chat  func(int, analysis.Delivery) error
		state analysis.RollbackState
		why   string
		sent  int
	}{
		"reached":       {nil, analysis.RollbackAccepted, "", 1},
		"never reached": {final, analysis.RollbackSkipped, "no step that rolls back was reached", 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.plan("p", func(p *analysis.Plan) {
					p.On.Start, p.On.Fail = nil, []analysis.Reaction{{Action: "chat", Then: []analysis.Reaction{{Action: "undo"}}}}
				})
				w.chat.does = func(n int, d analysis.Delivery) error {
					if d.EventType == analysis.EventRunFailed && d.Event.Notice.Run.Rollback.State != analysis.RollbackSending {
						t.Errorf("told %+v", d.Event.Notice.Run.Rollback)
					}
					if c.chat == nil || d.EventType != analysis.EventRunFailed {
						return nil
					}
					return c.chat(n, d)
				}
				r := w.fail("p", "2")
				w.settle(20 * time.Minute)
				if r = w.run(r.ID); r.Rollback.State != c.state || r.Rollback.Reason != c.why || r.Rollback.To != "1" || len(w.undo.got) != c.sent {
					t.Errorf("%d sent, %+v", len(w.undo.got), r.Rollback)
				}
			})
		})
	}
}
