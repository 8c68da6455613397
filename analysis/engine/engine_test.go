package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// sick makes the source answer a high level from a time on.
func (w *world) sick(from time.Time) {
	w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
		return series(q, func(t time.Time) float64 {
			if t.After(from) {
				return 0.9
			}
			return 0.1
		}), nil
	}
}

func TestGoodReleasePasses(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		r := w.finish(w.start("p", "2").ID)
		if *r.Outcome != analysis.OutcomePass || *r.Score != 100 {
			t.Errorf("outcome %s, score %v, reason %q", *r.Outcome, *r.Score, r.Reason)
		}
		if len(w.undo.got) != 0 || w.chat.types() != "run.started run.passed" {
			t.Errorf("undo %q, chat %q", w.undo.types(), w.chat.types())
		}
		if !r.FinishedAt.Equal(r.EndsAt.Add(30 * time.Second)) {
			t.Errorf("finished %s after the end, want the source's delay", r.FinishedAt.Sub(r.EndsAt))
		}
		if r.Progress.Looks != r.Progress.LooksExpected || r.Progress.Samples != 10 || r.Progress.Fraction != 1 {
			t.Errorf("progress %+v", r.Progress)
		}
	})
}

func TestBadReleaseIsRolledBackOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.sick(run.StartedAt.Add(4 * time.Minute))
		r := w.finish(run.ID)
		if *r.Outcome != analysis.OutcomeFail || r.Rollback.State != analysis.RollbackAccepted || r.Rollback.To != "1" {
			t.Fatalf("outcome %s, rollback %+v", *r.Outcome, r.Rollback)
		}
		if took := r.FinishedAt.Sub(r.StartedAt); took > 7*time.Minute+30*time.Second {
			t.Errorf("found after %s, the second bad sample ends at 6m", took)
		}
		if w.undo.types() != "run.failed" || w.chat.types() != "run.started run.failed rollback.updated" {
			t.Errorf("undo %q, chat %q", w.undo.types(), w.chat.types())
		}
		n := w.undo.got[0].Event.Notice
		if *n.Rollback != (analysis.RollbackTarget{From: "2", To: "1"}) || n.Run.Rollback.State != analysis.RollbackSending ||
			n.Runbook != "https://runbooks.test/p" || n.Report != "http://haldane.test/runs/"+r.ID || len(n.Findings) != 1 || !n.Findings[0].Bad {
			t.Errorf("notice %+v", n)
		}
		if e := w.chat.got[2].Earlier; len(e) != 2 || e[0].Refs["n"] != "1" {
			t.Errorf("the third message has earlier receipts %+v", e)
		}
		if got := w.events(r.ID); got != "run.started run.failed rollback.updated" {
			t.Errorf("events %q", got)
		}
	})
}

func TestSamplesAreAskedForOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", func(p *analysis.Plan) { p.Warmup = analysis.Duration(2 * time.Minute) })
		r := w.finish(w.start("p", "2").ID)
		at := r.StartedAt.Add(2 * time.Minute)
		for _, q := range w.source.asked {
			if !q.Window.Start.Equal(at) {
				t.Errorf("asked from %s, want %s", q.Window.Start.Sub(r.StartedAt), at.Sub(r.StartedAt))
			}
			at = q.Window.End
		}
		if !at.Equal(r.EndsAt) {
			t.Errorf("asked until %s", at.Sub(r.StartedAt))
		}
	})
}

func TestSickSourceNeverRollsBack(t *testing.T) {
	for name, answer := range map[string]func(analysis.Query) ([]analysis.Series, error){
		"down": func(analysis.Query) ([]analysis.Series, error) {
			return nil, analysis.Errorf(analysis.Unavailable, "prom: connection refused")
		},
		"wrong": func(analysis.Query) ([]analysis.Series, error) {
			return nil, analysis.Errorf(analysis.Invalid, "prom: parse error")
		},
		"empty":   func(analysis.Query) ([]analysis.Series, error) { return nil, nil },
		"foreign": func(analysis.Query) ([]analysis.Series, error) { return nil, errors.New("token=secret") },
		"partial": func(q analysis.Query) ([]analysis.Series, error) {
			return []analysis.Series{{Start: q.Window.Start, Step: q.Step, Warnings: []string{"a store is away"}}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.plan("p")
				w.source.answer = answer
				r := w.finish(w.start("p", "2").ID)
				if *r.Outcome != analysis.OutcomeInconclusive || r.Reason == "" {
					t.Errorf("outcome %s, reason %q", *r.Outcome, r.Reason)
				}
				if len(w.undo.got) != 0 || !strings.HasSuffix(w.chat.types(), "run.inconclusive") {
					t.Errorf("undo %q, chat %q", w.undo.types(), w.chat.types())
				}
				if strings.Contains(r.Reason, "secret") {
					t.Errorf("reason quotes a foreign error: %q", r.Reason)
				}
			})
		})
	}
}

func TestSourceRecovers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if time.Since(run.StartedAt) < 6*time.Minute {
				return nil, analysis.Errorf(analysis.Unavailable, "prom: connection refused")
			}
			return level(q, 0.1), nil
		}
		if r := w.finish(run.ID); *r.Outcome != analysis.OutcomePass || r.Progress.Samples != 10 {
			t.Errorf("outcome %s after %d samples: %s", *r.Outcome, r.Progress.Samples, r.Reason)
		}
		if got := w.events(run.ID); got != "run.started source.troubled source.recovered run.passed" {
			t.Errorf("events %q", got)
		}
	})
}

func TestSourceThatIsAwayAtTheEndIsWaitedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if since := time.Since(run.StartedAt); since > 9*time.Minute && since < 13*time.Minute {
				return nil, analysis.Errorf(analysis.Unavailable, "prom: connection refused")
			}
			return level(q, 0.1), nil
		}
		if r := w.finish(run.ID); *r.Outcome != analysis.OutcomePass || r.FinishedAt.Sub(r.StartedAt) > 14*time.Minute {
			t.Errorf("outcome %s after %s: %s", *r.Outcome, r.FinishedAt.Sub(r.StartedAt), r.Reason)
		}
	})
}

func TestPartialAnswersAreAskedForAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			s := level(q, 0.9)
			if time.Since(run.StartedAt) < 5*time.Minute {
				s[0].Values, s[0].Warnings = nil, []string{"a store is away"}
			}
			return s, nil
		}
		if r := w.finish(run.ID); *r.Outcome != analysis.OutcomeFail {
			t.Errorf("what came late was not judged: %s, %s", *r.Outcome, r.Reason)
		}
	})
}

func TestSameKeySameRun(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		first := w.start("p", "2")
		if again := w.start("p", "2"); again.ID != first.ID {
			t.Error("the same request started a second run")
		}
		_, _, err := w.e.Start(w.t.Context(), analysis.StartRequest{Plan: "p", Version: "2", BaselineVersion: "1", Phase: "10", Cause: first.Cause})
		if !errors.Is(err, analysis.Conflict) {
			t.Errorf("another request with the same key: %v", err)
		}
		w.finish(first.ID)
		if again := w.start("p", "2"); again.ID != first.ID {
			t.Error("a run that ended just now was started again")
		}
		time.Sleep(2 * time.Hour)
		if again := w.start("p", "2"); again.ID == first.ID || again.Attempt != 2 {
			t.Errorf("attempt %d of run %s", again.Attempt, again.ID)
		}
	})
}

func TestCondemnedVersionFailsAtOnceUnlessForced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.sick(run.StartedAt)
		w.finish(run.ID)
		w.source.answer = nil
		time.Sleep(2 * time.Hour)
		again := w.start("p", "2")
		if again.Outcome == nil || *again.Outcome != analysis.OutcomeFail || !strings.Contains(again.Reason, run.ID) {
			t.Fatalf("run %+v", again)
		}
		w.settle(0)
		if len(w.undo.got) != 2 {
			t.Errorf("%d rollbacks", len(w.undo.got))
		}
		forced := w.finish(w.start("p", "2", func(r *analysis.StartRequest) { r.Force = true }).ID)
		if *forced.Outcome != analysis.OutcomePass {
			t.Fatalf("forced: %s", forced.Reason)
		}
		time.Sleep(2 * time.Hour)
		if free := w.start("p", "2"); free.Status != analysis.StatusRunning {
			t.Errorf("a version that passed is still condemned: %s", free.Reason)
		}
	})
}

func TestConcurrency(t *testing.T) {
	two := func(w *world, c analysis.Concurrency) (a, b analysis.Run, err error) {
		w.plan("p", func(p *analysis.Plan) { p.Concurrency = c })
		a = w.start("p", "2")
		w.settle(time.Minute)
		b, _, err = w.e.Start(w.t.Context(), analysis.StartRequest{Plan: "p", Version: "3", BaselineVersion: "1", Cause: a.Cause})
		return w.run(a.ID), b, err
	}
	t.Run("supersede", func(t *testing.T) {
		inWorld(t, func(w *world) {
			a, b, err := two(w, analysis.Supersede)
			if err != nil || a.Status != analysis.StatusSuperseded || b.Status != analysis.StatusRunning {
				t.Errorf("%s, %s, %v", a.Status, b.Status, err)
			}
			w.sick(a.StartedAt)
			w.finish(b.ID)
			if len(w.undo.got) != 1 || w.undo.got[0].RunID != b.ID {
				t.Errorf("the superseded run was rolled back: %+v", w.undo.got)
			}
		})
	})
	t.Run("queue", func(t *testing.T) {
		inWorld(t, func(w *world) {
			a, b, err := two(w, analysis.Queue)
			if err != nil || a.Status != analysis.StatusRunning || b.Status != analysis.StatusPending {
				t.Fatalf("%s, %s, %v", a.Status, b.Status, err)
			}
			a = w.finish(a.ID)
			if b = w.run(b.ID); b.Status != analysis.StatusRunning || !b.StartedAt.Equal(*a.FinishedAt) {
				t.Errorf("%s, began %s after the first ended", b.Status, b.StartedAt.Sub(*a.FinishedAt))
			}
			if b = w.finish(b.ID); *b.Outcome != analysis.OutcomePass {
				t.Error(b.Reason)
			}
		})
	})
	t.Run("queue behind one that is rolled back", func(t *testing.T) {
		inWorld(t, func(w *world) {
			away := true
			w.undo.does = func(int, analysis.Delivery) error {
				if away {
					return analysis.Errorf(analysis.Unavailable, "the deploy tool is away")
				}
				return nil
			}
			a, b, _ := two(w, analysis.Queue)
			w.sick(a.StartedAt)
			w.until("failed", func() bool { return w.run(a.ID).Status.Ended() })
			c, _, err := w.e.Start(w.t.Context(), analysis.StartRequest{Plan: "p", Version: "4", BaselineVersion: "1", Cause: a.Cause})
			w.settle(time.Minute)
			if b, c = w.run(b.ID), w.run(c.ID); err != nil || b.Status != analysis.StatusPending || c.Status != analysis.StatusPending {
				t.Fatalf("while the rollback is on its way: %s, %s, %v", b.Status, c.Status, err)
			}
			away = false
			w.until("promoted", func() bool { return w.run(b.ID).Status == analysis.StatusRunning })
			if a = w.run(a.ID); a.Rollback.State != analysis.RollbackAccepted {
				t.Errorf("the rollback is %s: %s", a.Rollback.State, a.Rollback.Reason)
			}
		})
	})
	t.Run("queue when only a rollback is on its way", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.undo.does = func(int, analysis.Delivery) error {
				return analysis.Errorf(analysis.Unavailable, "the deploy tool is away")
			}
			w.plan("p", func(p *analysis.Plan) { p.Concurrency = analysis.Queue })
			a := w.start("p", "2")
			w.sick(a.StartedAt)
			w.until("failed", func() bool { return w.run(a.ID).Status.Ended() })
			b := w.start("p", "3")
			if b.Status != analysis.StatusPending {
				t.Fatalf("it is %s", b.Status)
			}
			w.settle(15 * time.Minute)
			if a, b = w.run(a.ID), w.run(b.ID); a.Rollback.State != analysis.RollbackFailed || !b.Status.Ended() {
				t.Errorf("the rollback is %s, the run after it %s", a.Rollback.State, b.Status)
			}
		})
	})
	t.Run("reject", func(t *testing.T) {
		inWorld(t, func(w *world) {
			if a, _, err := two(w, analysis.Reject); !errors.Is(err, analysis.Conflict) || a.Status != analysis.StatusRunning {
				t.Errorf("%v, first %s", err, a.Status)
			}
		})
	})
	t.Run("two plans of one release", func(t *testing.T) {
		inWorld(t, func(w *world) {
			w.plan("p")
			w.plan("q")
			a, b := w.start("p", "2"), w.start("q", "2")
			if w.run(a.ID).Status != analysis.StatusRunning || b.Status != analysis.StatusRunning {
				t.Error("plans of one release got in each other's way")
			}
		})
	})
}

func TestCancel(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		r := w.start("p", "2")
		by := analysis.Cause{Kind: "api", Who: "ann"}
		r, err := w.e.Cancel(w.t.Context(), r.ID, by)
		if err != nil || r.Status != analysis.StatusCancelled || r.Outcome != nil {
			t.Fatal(r, err)
		}
		if _, err := w.e.Cancel(w.t.Context(), r.ID, by); !errors.Is(err, analysis.Conflict) {
			t.Error(err)
		}
		w.settle(time.Hour) // its look is still queued
		if r = w.run(r.ID); r.Progress.Looks != 0 || r.Status != analysis.StatusCancelled {
			t.Errorf("a cancelled run was looked at: %+v", r)
		}
	})
}

func TestLookIsThrownAwayWhenTheRunChanged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		r := w.start("p", "2")
		w.sick(r.StartedAt)
		sick := w.source.answer
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			_, err := w.e.Cancel(w.t.Context(), r.ID, analysis.Cause{Kind: "api"})
			if err != nil && !errors.Is(err, analysis.Conflict) {
				t.Error(err)
			}
			return sick(q)
		}
		j, _ := w.next()
		for j.kind != "look" {
			if err := w.work(j); err != nil {
				t.Fatal(err)
			}
			j, _ = w.next()
		}
		time.Sleep(5 * time.Minute)
		if err := w.work(j); !errors.Is(err, analysis.Conflict) {
			t.Errorf("got %v", err)
		}
		w.settle(time.Hour)
		if r = w.run(r.ID); r.Status != analysis.StatusCancelled || len(w.undo.got) != 0 {
			t.Errorf("%s with %d rollbacks", r.Status, len(w.undo.got))
		}
	})
}

func TestPastReleaseIsJudgedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		time.Sleep(time.Hour)
		began := time.Now()
		past := began.Add(-30 * time.Minute)
		r := w.finish(w.start("p", "2", func(r *analysis.StartRequest) { r.StartedAt = &past }).ID)
		if *r.Outcome != analysis.OutcomePass || time.Since(began) > 0 || r.Progress.Looks != 1 {
			t.Errorf("%s after %s and %d looks", *r.Outcome, time.Since(began), r.Progress.Looks)
		}
	})
}

func TestStartNamesEveryMistake(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p", func(p *analysis.Plan) { p.Baseline.Kind = analysis.BaselineVersion })
		_, _, err := w.e.Start(w.t.Context(), analysis.StartRequest{Plan: "nope"})
		if !errors.Is(err, analysis.NotFound) {
			t.Errorf("unknown plan: %v", err)
		}
		_, _, err = w.e.Start(w.t.Context(), analysis.StartRequest{
			Plan: "p", Version: `1"} or vector(0) #`, TrafficShare: 2,
			Variables: map[string]string{"x": "a b"}, Links: map[string]string{"l": "javascript:alert(1)"},
		})
		var e *analysis.Error
		if !errors.As(err, &e) || e.Kind != analysis.Invalid {
			t.Fatal(err)
		}
		var fields []string
		for _, f := range e.Fields {
			fields = append(fields, f.Field)
		}
		if want := []string{"baseline_version", "version", "variables.x", "links.l", "traffic_share"}; !slices.Equal(fields, want) {
			t.Errorf("got %v, want %v", fields, want)
		}
	})
}

func TestReconcilerRepairsWhatLostItsJob(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.sick(run.StartedAt)
		w.settle(0)
		w.exec(`DELETE FROM river_job`)
		if _, ok := w.next(); ok {
			t.Fatal("jobs left")
		}
		if err := w.e.Reconcile(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.until("failed", func() bool { return w.run(run.ID).Status.Ended() })
		w.exec(`UPDATE river_job SET state = 'discarded', finalized_at = datetime('now') WHERE state = 'available'`)
		for range 2 { // twice does no harm
			if err := w.e.Reconcile(w.t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.settle(time.Minute)
		if w.undo.types() != "run.failed" || w.chat.types() != "run.started run.failed rollback.updated" {
			t.Errorf("undo %q, chat %q", w.undo.types(), w.chat.types())
		}
	})
}

func TestOldJobsDoNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		r := w.finish(w.start("p", "2").ID)
		asked := len(w.source.asked)
		for n := range 5 {
			if err := w.e.Look(w.t.Context(), r.ID, n); err != nil {
				t.Error(err)
			}
		}
		for _, d := range w.chat.got {
			if err := w.e.Deliver(w.t.Context(), d.ID); err != nil {
				t.Error(err)
			}
		}
		if len(w.source.asked) != asked || len(w.chat.got) != 2 {
			t.Error("a job of the past did something")
		}
	})
}

func TestActionsOffTellNobody(t *testing.T) {
	inWorldWith(t, engine.Options{Actions: engine.ActionsOff}, func(w *world) {
		w.plan("p")
		run := w.start("p", "2")
		w.sick(run.StartedAt)
		r := w.finish(run.ID)
		if *r.Outcome != analysis.OutcomeFail || r.Rollback.State != analysis.RollbackSkipped {
			t.Errorf("%s, %+v", *r.Outcome, r.Rollback)
		}
		if len(w.undo.got)+len(w.chat.got)+len(w.page.got) != 0 {
			t.Error("something was done")
		}
	})
}
