package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// followed is an action whose work goes on after it was accepted.
type followed struct {
	action
	asked int
	goes  func(n int) (analysis.Receipt, error)
}

func (f *followed) Follow(_ context.Context, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	f.asked++
	if d.Receipt == nil || r.Refs["n"] == "" {
		return r, analysis.Errorf(analysis.Invalid, "follow: no receipt")
	}
	got, err := f.goes(f.asked)
	if got.Refs == nil {
		got.Refs = r.Refs
	}
	return got, err
}

// follows replaces the world's rollback by one that is followed for a time.
func (w *world) follows(within time.Duration, goes func(n int) (analysis.Receipt, error)) *followed {
	f := &followed{goes: goes}
	w.setup.Actions["undo"] = engine.Action{Action: f, ChangesWorld: true, FollowFor: within}
	return f
}

func (w *world) texts(id string, typ analysis.EventType) string {
	w.t.Helper()
	es, err := w.e.Events(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	var texts []string
	for _, e := range es {
		if e.Type == typ {
			texts = append(texts, e.Text)
		}
	}
	return strings.Join(texts, "; ")
}

// TestAcceptedIsFollowedToItsEnd: accepted is not done, the conversation is told of both,
// and trouble on the way is no failure.
func TestAcceptedIsFollowedToItsEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		f := w.follows(15*time.Minute, func(n int) (analysis.Receipt, error) {
			switch {
			case n == 2:
				return analysis.Receipt{}, analysis.Errorf(analysis.Unavailable, "undo: connection refused")
			case n < 6:
				return analysis.Receipt{Text: "2 of 5 pods"}, nil
			}
			return analysis.Receipt{Text: "all pods", Done: true}, nil
		})
		w.plan("p")
		r := w.fail("p", "2")
		if r.Rollback.State != analysis.RollbackAccepted || f.asked != 0 {
			t.Errorf("asked %d times, %+v", f.asked, r.Rollback)
		}
		w.until("followed", func() bool { return f.asked == 3 })
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackAccepted || r.Rollback.Reason != "" {
			t.Errorf("on the way: %+v", r.Rollback)
		}
		w.settle(time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackDone || f.asked != 6 || len(f.got) != 1 || len(w.page.got) != 0 {
			t.Errorf("asked %d times, performed %d times, %d pages: %+v", f.asked, len(f.got), len(w.page.got), r.Rollback)
		}
		if got := w.texts(r.ID, analysis.EventRollbackUpdated); got != "the rollback to 1 was accepted; the rollback to 1 is done" {
			t.Errorf("told %q", got)
		}
	})
}

// TestRollbackThatFailsAfterAllPages: also when it was accepted; and when nobody knows.
func TestRollbackThatFailsAfterAllPages(t *testing.T) {
	for name, c := range map[string]struct {
		goes func(n int) (analysis.Receipt, error)
		says string
	}{
		"failed": {func(n int) (analysis.Receipt, error) {
			if n < 3 {
				return analysis.Receipt{}, nil
			}
			return analysis.Receipt{}, analysis.Errorf(analysis.Conflict, "undo: job 7 failed: out of quota")
		}, "undo: job 7 failed: out of quota"},
		"never done": {
			func(int) (analysis.Receipt, error) { return analysis.Receipt{Text: "2 of 5 pods"}, nil },
			"accepted, but not known to be done after 15m; the last that was heard: 2 of 5 pods",
		},
		"never heard": {func(int) (analysis.Receipt, error) {
			return analysis.Receipt{}, analysis.Errorf(analysis.Unavailable, "undo: connection refused")
		}, "accepted, but not known to be done after 15m; the last that was heard: undo: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.follows(15*time.Minute, c.goes)
				w.plan("p")
				r := w.fail("p", "2")
				w.settle(20 * time.Minute)
				if r = w.run(r.ID); r.Rollback.State != analysis.RollbackFailed || r.Rollback.Reason != c.says {
					t.Errorf("%+v", r.Rollback)
				}
				if w.page.types() != "delivery.failed" || !w.page.got[0].Event.Notice.Failed.ChangesWorld {
					t.Errorf("pages %q", w.page.types())
				}
			})
		})
	}
}

// TestFollowingSurvivesALostJob: the reconciler finds what nothing would ask about again.
func TestFollowingSurvivesALostJob(t *testing.T) {
	inWorld(t, func(w *world) {
		f := w.follows(15*time.Minute, func(n int) (analysis.Receipt, error) { return analysis.Receipt{Done: n > 1}, nil })
		w.plan("p")
		r := w.fail("p", "2")
		w.exec(`DELETE FROM river_job`)
		if err := w.e.Reconcile(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.settle(time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackDone || f.asked != 2 || len(f.got) != 1 {
			t.Errorf("asked %d times, performed %d times: %+v", f.asked, len(f.got), r.Rollback)
		}
	})
}

// TestMessageIsKeptAliveUntilTheNext: a message that is told again and again ends with the
// one that takes its place, and does not hold it up.
func TestMessageIsKeptAliveUntilTheNext(t *testing.T) {
	inWorld(t, func(w *world) {
		alert := &followed{goes: func(int) (analysis.Receipt, error) { return analysis.Receipt{Again: time.Minute}, nil }}
		w.setup.Actions["chat"] = engine.Action{Action: alert, Threads: true, FollowFor: time.Hour}
		f := w.follows(15*time.Minute, func(n int) (analysis.Receipt, error) { return analysis.Receipt{Done: n == 36}, nil })
		w.plan("p", func(p *analysis.Plan) { p.On.Start = nil })
		r := w.fail("p", "2")
		w.settle(2 * time.Hour)
		if alert.types() != "run.failed rollback.updated rollback.updated" || f.asked != 36 {
			t.Errorf("told %q, asked %d times", alert.types(), f.asked)
		}
		// The second of three was kept alive for the three minutes of the rollback, the last
		// for an hour.
		if alert.asked < 60 || alert.asked > 63 {
			t.Errorf("kept alive %d times", alert.asked)
		}
		ds, err := w.e.Deliveries(w.t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range ds {
			if d.State != analysis.DeliveryDone {
				t.Errorf("%s of %s is %s: %s", d.Action, d.EventType, d.State, d.Reason)
			}
		}
		if len(w.page.got) != 0 {
			t.Errorf("pages %q", w.page.types())
		}
	})
}
