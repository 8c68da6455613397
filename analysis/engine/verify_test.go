package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// verified is a plan that compares two versions and watches what a rollback did.
func verified(p *analysis.Plan) {
	p.Judge, p.Baseline, p.MinSamples = analysis.JudgeKayenta, analysis.Baseline{Kind: analysis.BaselineVersion}, 5
	p.Metrics[0].Threshold, p.Metrics[0].Critical, p.Metrics[0].Tolerance = nil, true, analysis.Tolerance{Relative: 0.05}
	critical := 1.5
	p.Metrics[0].Kayenta = &analysis.Kayenta{EffectSize: &analysis.KayentaEffectSize{CriticalIncrease: &critical}}
	p.Verify = analysis.Duration(10 * time.Minute)
	p.On.Fail = []analysis.Reaction{{Action: "undo"}, {Action: "chat"}}
}

// bad makes the canary ten times as bad as the baseline until the rollback, and after it
// what the test says.
func (w *world) bad(after func(at time.Time) float64) {
	w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
		w.undo.mu.Lock()
		undone := time.Time{}
		if len(w.undo.got) > 0 {
			undone = w.undo.got[0].CreatedAt
		}
		w.undo.mu.Unlock()
		return series(q, func(at time.Time) float64 {
			jitter := float64(at.Unix()/60%5) / 1000
			switch {
			case strings.Contains(q.Text, "of 1"):
				return 0.1 + jitter
			case !undone.IsZero() && at.After(undone):
				return after(at)
			}
			return 1 + jitter
		}), nil
	}
}

// TestRollbackIsVerified: the metrics are watched until it is known whether it helped; the
// conversation hears of it, and somebody is called when it did not.
func TestRollbackIsVerified(t *testing.T) {
	for name, c := range map[string]struct {
		after func(at time.Time) float64
		state analysis.VerificationState
		event analysis.EventType
		says  string
		pages string
	}{
		"traffic is gone": {
			func(time.Time) float64 { return analysis.Missing() }, analysis.VerificationRecovered,
			analysis.EventRollbackVerified, "errors: no traffic of the canary since 00:", "",
		},
		"well again": {
			func(time.Time) float64 { return 0.12 }, analysis.VerificationRecovered,
			analysis.EventRollbackVerified, "errors 0.12 against 0.10", "",
		},
		"still bad": {
			func(time.Time) float64 { return 0.9 }, analysis.VerificationNotRecovered,
			analysis.EventRollbackNotRecovered, "errors 0.9 against 0.10", "rollback.not_recovered",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.bad(c.after)
				w.plan("p", verified)
				r := w.finish(w.start("p", "2").ID)
				if r.Verification.State != analysis.VerificationWatching || r.Verification.Until == nil || r.Times.Recover != nil {
					t.Fatalf("%s %s; verification %+v", *r.Outcome, r.Rollback.State, r.Verification)
				}
				w.settle(30 * time.Minute)
				r = w.run(r.ID)
				if r.Verification.State != c.state || !strings.HasPrefix(r.Verification.Reason, c.says) {
					t.Errorf("%+v", r.Verification)
				}
				if got := w.texts(r.ID, c.event); got != r.Verification.Reason || !strings.HasSuffix(w.chat.types(), string(c.event)) {
					t.Errorf("event %q, told %q", got, w.chat.types())
				}
				if w.page.types() != c.pages {
					t.Errorf("pages %q", w.page.types())
				}
				if known := r.Times.Recover != nil; r.Times.Detect == nil || r.Times.RollBack == nil || known != (c.state == analysis.VerificationRecovered) {
					t.Errorf("times %+v", r.Times)
				}
				if _, busy := w.next(); busy {
					t.Error("something is still due")
				}
			})
		})
	}
}

// TestVerificationThatCannotTellSaysSo: a source that is away afterwards is neither good
// nor bad news.
func TestVerificationThatCannotTellSaysSo(t *testing.T) {
	inWorld(t, func(w *world) {
		w.bad(nil)
		well := w.source.answer
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if len(w.undo.got) > 0 {
				return nil, analysis.Errorf(analysis.Unavailable, "source prom: connection refused")
			}
			return well(q)
		}
		w.plan("p", verified)
		r := w.finish(w.start("p", "2").ID)
		w.settle(time.Minute)
		w.exec(`DELETE FROM river_job`) // and a job that was lost is found
		if err := w.e.Reconcile(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.settle(30 * time.Minute)
		if r = w.run(r.ID); r.Verification.State != analysis.VerificationUnknown || !strings.Contains(r.Verification.Reason, "cannot tell whether it helped: errors: source prom:") {
			t.Errorf("%+v", r.Verification)
		}
		if len(w.page.got) != 0 || *r.Outcome != analysis.OutcomeFail {
			t.Errorf("%s, pages %q", *r.Outcome, w.page.types())
		}
	})
}
