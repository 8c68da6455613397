package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// fail starts a run of a bad release and works it to its end.
func (w *world) fail(plan, version string) analysis.Run {
	w.t.Helper()
	w.sick(time.Time{})
	return w.finish(w.start(plan, version).ID)
}

func refused(n int, _ analysis.Delivery) error {
	return analysis.Errorf(analysis.Unavailable, "undo: connection refused, try %d", n)
}

func TestRollbackIsRetriedWithTheSameID(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.undo.does = func(n int, d analysis.Delivery) error {
			if n <= 5 {
				return refused(n, d)
			}
			return nil
		}
		r := w.fail("p", "2")
		if r.Rollback.State != analysis.RollbackSending || !strings.Contains(r.Rollback.Reason, "connection refused") {
			t.Errorf("while being retried: %+v", r.Rollback)
		}
		w.settle(10 * time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackAccepted {
			t.Errorf("%+v", r.Rollback)
		}
		if len(w.undo.got) != 6 || len(w.page.got) != 0 {
			t.Errorf("%d attempts, %d pages", len(w.undo.got), len(w.page.got))
		}
		for i, d := range w.undo.got {
			if d.ID != w.undo.got[0].ID || d.Attempts != i+1 {
				t.Errorf("attempt %d has id %s and number %d", i, d.ID, d.Attempts)
			}
		}
	})
}

func TestRollbackThatAlwaysFailsPages(t *testing.T) {
	for name, c := range map[string]struct {
		does     func(int, analysis.Delivery) error
		attempts func(int) bool
		within   time.Duration
	}{
		"temporary": {refused, func(n int) bool { return n > 10 }, 10 * time.Minute},
		"final": {func(int, analysis.Delivery) error {
			return analysis.Errorf(analysis.Invalid, "undo: answered 404")
		}, func(n int) bool { return n == 1 }, 0},
		"limited beyond the deadline": {func(int, analysis.Delivery) error {
			e := analysis.Errorf(analysis.Limited, "undo: answered 429")
			e.RetryAfter = time.Hour
			return e
		}, func(n int) bool { return n == 1 }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.plan("p")
				w.undo.does = c.does
				r := w.fail("p", "2")
				w.settle(15 * time.Minute)
				if r = w.run(r.ID); r.Rollback.State != analysis.RollbackFailed || !strings.Contains(r.Rollback.Reason, "undo: ") {
					t.Errorf("%+v", r.Rollback)
				}
				if !c.attempts(len(w.undo.got)) {
					t.Errorf("%d attempts", len(w.undo.got))
				}
				if w.page.types() != "delivery.failed" {
					t.Fatalf("page %q", w.page.types())
				}
				paged := w.page.got[0]
				if f := paged.Event.Notice.Failed; f == nil || f.Action != "undo" || !f.ChangesWorld || f.Attempts != len(w.undo.got) {
					t.Errorf("told %+v", f)
				}
				if late := paged.CreatedAt.Sub(*r.FinishedAt); late > c.within {
					t.Errorf("paged after %s", late)
				}
			})
		})
	}
}

func TestActionThatLeftTheConfigPages(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.sick(time.Time{})
		delete(w.setup.Actions, "undo")
		if r := w.finish(run.ID); r.Rollback.State != analysis.RollbackFailed {
			t.Errorf("%+v", r.Rollback)
		}
		if w.page.types() != "delivery.failed" {
			t.Errorf("page %q", w.page.types())
		}
	})
}

func TestFailedTellingDoesNotTellItself(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", func(p *analysis.Plan) {
			p.On.DeliveryFailed = []analysis.Reaction{{Action: "chat"}, {Action: "page"}}
		})
		w.chat.does = func(int, analysis.Delivery) error {
			return analysis.Errorf(analysis.Denied, "chat: invalid_auth")
		}
		w.page.does = w.chat.does
		w.finish(w.start("p", "2").ID)
		w.settle(time.Hour)
		if w.chat.types() != "run.started run.passed" || w.page.types() != "delivery.failed delivery.failed" {
			t.Errorf("chat %q, page %q", w.chat.types(), w.page.types())
		}
	})
}

func TestMessagesOfOneThreadGoInOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.chat.does = func(n int, d analysis.Delivery) error {
			if n <= 6 {
				return refused(n, d)
			}
			return nil
		}
		w.fail("p", "2")
		w.settle(10 * time.Minute)
		types := slices.Compact(strings.Fields(w.chat.types()))
		if want := []string{"run.started", "run.failed", "rollback.updated"}; !slices.Equal(types, want) {
			t.Errorf("got %v, want %v", types, want)
		}
	})
}

// skipped checks that a failure changed nothing, said why, and told people.
func (w *world) skipped(r analysis.Run, why string) {
	w.t.Helper()
	if r.Rollback.State != analysis.RollbackSkipped || !strings.HasPrefix(r.Rollback.Reason, why) {
		w.t.Errorf("rollback %+v, want it skipped: %s", r.Rollback, why)
	}
	if len(w.undo.got) != 0 || !strings.Contains(w.chat.types(), "run.failed") {
		w.t.Errorf("undo %q, chat %q", w.undo.types(), w.chat.types())
	}
	if n := w.chat.got[1].Event.Notice; n.Run.Rollback.State != analysis.RollbackSkipped {
		w.t.Errorf("the alert says %+v", n.Run.Rollback)
	}
}

func TestRehearsalsChangeNothing(t *testing.T) {
	t.Run("plan", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.plan("p", func(p *analysis.Plan) { p.DryRun = true })
			w.skipped(w.fail("p", "2"), "dry-run")
			time.Sleep(2 * time.Hour)
			if r := w.start("p", "2"); r.Status != analysis.StatusRunning {
				t.Error("a rehearsal condemned a version")
			}
		})
	})
	t.Run("switch", func(t *testing.T) {
		inWorldWith(t, engine.Options{Actions: engine.ActionsDryRun}, func(w *world) {
			w.plan("p")
			w.skipped(w.fail("p", "2"), "dry-run")
		})
	})
	t.Run("not allowed", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.plan("p", func(p *analysis.Plan) { p.AllowRollback = false })
			w.skipped(w.fail("p", "2"), "not allowed")
		})
	})
}

func (w *world) hold(service string) analysis.Hold {
	w.t.Helper()
	h, err := w.e.Hold(w.t.Context(), analysis.Hold{Service: service, Reason: "freeze", By: analysis.Cause{Kind: "api", Who: "ann"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func TestHoldMakesRollbacksWait(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.hold("another")
		h := w.hold("shop")
		r := w.fail("p", "2")
		if r.Rollback.State != analysis.RollbackHeld || len(w.undo.got) != 0 {
			t.Fatalf("%+v, %d rollbacks", r.Rollback, len(w.undo.got))
		}
		if err := w.e.Reconcile(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.settle(time.Minute)
		if len(w.undo.got) != 0 {
			t.Fatal("sent although it is held")
		}
		if _, err := w.e.Release(w.t.Context(), h.ID, h.By); err != nil {
			t.Fatal(err)
		}
		w.settle(0)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackAccepted || len(w.undo.got) != 1 {
			t.Errorf("%+v, %d rollbacks", r.Rollback, len(w.undo.got))
		}
		if w.chat.types() != "run.started run.failed rollback.updated rollback.updated" {
			t.Errorf("chat %q", w.chat.types())
		}
		if _, err := w.e.Release(w.t.Context(), h.ID, h.By); !errors.Is(err, analysis.NotFound) {
			t.Errorf("released twice: %v", err)
		}
	})
}

func TestHoldEngagedBetweenVerdictAndSending(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.sick(time.Time{})
		w.until("finished", func() bool { return w.run(run.ID).Status.Ended() })
		w.hold("")
		w.settle(0)
		if r := w.run(run.ID); r.Rollback.State != analysis.RollbackHeld || len(w.undo.got) != 0 {
			t.Errorf("%+v, %d rollbacks", r.Rollback, len(w.undo.got))
		}
	})
}

func TestLateRollbackPagesInstead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		h := w.hold("")
		r := w.fail("p", "2")
		w.settle(11 * time.Minute)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackSkipped || !strings.HasPrefix(r.Rollback.Reason, "late") {
			t.Errorf("%+v", r.Rollback)
		}
		if w.page.types() != "delivery.failed" {
			t.Errorf("page %q", w.page.types())
		}
		if _, err := w.e.Release(w.t.Context(), h.ID, h.By); err != nil {
			t.Fatal(err)
		}
		w.settle(time.Minute)
		if len(w.undo.got) != 0 {
			t.Error("sent late")
		}
	})
}

// TestLongSleep: after the daemon was down a rollback is not sent late, somebody is told
// instead; what is only told is told late, for a day.
func TestLongSleep(t *testing.T) {
	for slept, told := range map[time.Duration]string{
		time.Hour:      "run.started run.failed rollback.updated",
		25 * time.Hour: "run.started rollback.updated",
	} {
		inWorld(t, func(w *world) {
			w.plan("p")
			run := w.start("p", "2")
			w.settle(0)
			w.sick(time.Time{})
			w.until("finished", func() bool { return w.run(run.ID).Status.Ended() })
			time.Sleep(slept)
			w.settle(time.Minute)
			if r := w.run(run.ID); r.Rollback.State != analysis.RollbackSkipped || len(w.undo.got) != 0 || w.page.types() != "delivery.failed" {
				t.Errorf("after %s: %+v, undo %q, page %q", slept, r.Rollback, w.undo.types(), w.page.types())
			}
			if w.chat.types() != told {
				t.Errorf("after %s: chat %q, want %q", slept, w.chat.types(), told)
			}
		})
	}
}

func TestCapHoldsTheNextRollback(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		w.setup.Guards.MaxRollbacksPerHour = 2
		for i := range 2 {
			if r := w.fail("p", fmt.Sprint("2.", i)); r.Rollback.State != analysis.RollbackAccepted {
				t.Fatalf("%+v", r.Rollback)
			}
		}
		r := w.fail("p", "3")
		if r.Rollback.State != analysis.RollbackHeld || !strings.HasPrefix(r.Rollback.Reason, "cap") {
			t.Errorf("%+v", r.Rollback)
		}
		time.Sleep(time.Hour)
		if r := w.fail("p", "4"); r.Rollback.State != analysis.RollbackAccepted {
			t.Errorf("an hour later: %+v", r.Rollback)
		}
	})
}

func TestManyServicesFailingAtOnceIsHeld(t *testing.T) {
	inWorld(t, func(w *world) {
		w.setup.Guards.ManyServices = engine.ManyServices{Services: 3, Within: time.Minute, HoldFor: 30 * time.Minute}
		w.sick(time.Time{})
		var runs []analysis.Run
		for i := range 5 {
			name := fmt.Sprint("p", i)
			w.plan(name, func(p *analysis.Plan) { p.Service = name })
			runs = append(runs, w.start(name, "2"))
		}
		for _, r := range runs {
			w.finish(r.ID)
		}
		states := map[analysis.RollbackState]int{}
		for _, r := range runs {
			states[w.run(r.ID).Rollback.State]++
		}
		if states[analysis.RollbackHeld] < 3 || states[analysis.RollbackAccepted]+states[analysis.RollbackHeld] != 5 {
			t.Errorf("%v", states)
		}
		if n := strings.Count(w.chat.types(), "hold.engaged"); n != 1 {
			t.Errorf("told %d times of the hold", n)
		}
		hs, err := w.e.Holds(w.t.Context())
		if err != nil || len(hs) != 1 || hs[0].Kind != analysis.HoldManyServices {
			t.Fatal(hs, err)
		}
		time.Sleep(31 * time.Minute)
		if hs, _ := w.e.Holds(w.t.Context()); len(hs) != 0 {
			t.Error("the hold did not run out")
		}
	})
}

func TestSupersededRollbackIsNotSent(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		h := w.hold("")
		r := w.fail("p", "2")
		w.source.answer = nil
		w.start("p", "3")
		if _, err := w.e.Release(w.t.Context(), h.ID, h.By); err != nil {
			t.Fatal(err)
		}
		w.settle(0)
		if r = w.run(r.ID); r.Rollback.State != analysis.RollbackSkipped || !strings.HasPrefix(r.Rollback.Reason, "superseded") || len(w.undo.got) != 0 {
			t.Errorf("%+v, %d rollbacks", r.Rollback, len(w.undo.got))
		}
	})
}

func TestRollbackByHand(t *testing.T) {
	ann := analysis.Cause{Kind: "api", Who: "ann"}
	t.Run("running", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.plan("p", func(p *analysis.Plan) { p.AllowRollback = false })
			r := w.start("p", "2")
			r, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{By: ann, Reason: "angry customers"})
			if err != nil || *r.Outcome != analysis.OutcomeFail || !strings.Contains(r.Reason, "angry customers") || r.Rollback.By.Who != "ann" {
				t.Fatalf("%+v, %v", r, err)
			}
			w.settle(0)
			if w.undo.types() != "run.failed" || w.run(r.ID).Rollback.State != analysis.RollbackAccepted {
				t.Errorf("undo %q", w.undo.types())
			}
			if _, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{By: ann}); !errors.Is(err, analysis.Conflict) {
				t.Errorf("twice: %v", err)
			}
		})
	})
	t.Run("passed, to an older good version", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.plan("p")
			w.finish(w.start("p", "2").ID)
			r := w.finish(w.start("p", "3", func(r *analysis.StartRequest) { r.BaselineVersion = "2" }).ID)
			for to, kind := range map[string]analysis.Kind{"9": analysis.Invalid, "3": analysis.Invalid} {
				if _, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{To: to, By: ann}); !errors.Is(err, kind) {
					t.Errorf("to %s: %v", to, err)
				}
			}
			r, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{To: "1", By: ann})
			if err != nil || *r.Outcome != analysis.OutcomePass || r.Rollback.State != analysis.RollbackSending {
				t.Fatalf("%+v, %v", r, err)
			}
			w.settle(0)
			if w.undo.types() != "rollback.requested" || w.undo.got[0].Event.Notice.Rollback.To != "1" {
				t.Errorf("undo %q", w.undo.types())
			}
		})
	})
	t.Run("service", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.plan("p")
			w.finish(w.start("p", "2").ID)
			if _, err := w.e.RollbackService(w.t.Context(), "shop", analysis.RollbackRequest{Environment: "test", To: "1", By: ann}); !errors.Is(err, analysis.NotFound) {
				t.Errorf("another environment: %v", err)
			}
			if _, err := w.e.RollbackService(w.t.Context(), "shop", analysis.RollbackRequest{Environment: "prod", To: "9", By: ann}); !errors.Is(err, analysis.Invalid) {
				t.Errorf("unknown version: %v", err)
			}
			ds, err := w.e.RollbackService(w.t.Context(), "shop", analysis.RollbackRequest{Environment: "prod", To: "1", By: ann, Reason: "outage"})
			if err != nil || len(ds) != 2 {
				t.Fatal(ds, err)
			}
			w.settle(0)
			if w.undo.types() != "rollback.requested" || w.undo.got[0].Event.Notice.Run != nil {
				t.Errorf("undo %q", w.undo.types())
			}
		})
	})
}

// TestDeliveryMadeWhileTheClockWasAhead: its next attempt does not wait for that hour when
// the clock has been set back.
func TestDeliveryMadeWhileTheClockWasAhead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		r := w.start("p", "2")
		w.sick(r.StartedAt)
		w.until("failed", func() bool { return w.run(r.ID).Status.Ended() })
		w.exec(`UPDATE deliveries SET created_at = created_at + 3600000, expires_at = expires_at + 3600000`)
		w.exec(`UPDATE river_job SET scheduled_at = ? WHERE kind = 'deliver'`, time.Now().Add(time.Hour).UTC().Format(jobTime))
		began := time.Now()
		if err := w.e.Reconcile(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.until("rolled back", func() bool { return w.run(r.ID).Rollback.State == analysis.RollbackAccepted })
		if late := time.Since(began); late > time.Minute {
			t.Errorf("rolled back after %s", late)
		}
		if w.settle(2 * time.Hour); len(w.undo.got) != 1 {
			t.Errorf("rolled back %d times", len(w.undo.got))
		}
	})
}
