package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// messages lists what an action was told, each type with its count.
func (a *action) messages() map[analysis.EventType]int {
	n := map[analysis.EventType]int{}
	for _, d := range a.got {
		n[d.EventType]++
	}
	return n
}

// TestManyFailuresAreOneMessage: when dozens of services fail in the same minute, their
// rollbacks are held, and the person on call hears of it a few times, not dozens.
func TestManyFailuresAreOneMessage(t *testing.T) {
	inWorld(t, func(w *world) {
		const services = 60
		w.setup.Guards.ManyServices = engine.ManyServices{Services: 5, Within: time.Minute, HoldFor: 30 * time.Minute}
		w.setup.Actions["chat"] = engine.Action{Action: w.chat, Threads: true, MaxPerMinute: 30}
		w.sick(time.Time{})
		var ids []string
		for i := range services {
			name := fmt.Sprintf("s%03d", i)
			w.plan(name, func(p *analysis.Plan) {
				p.Service, p.On.Start, p.DeliverWithin = name, nil, analysis.Duration(time.Hour)
			})
			ids = append(ids, w.start(name, "2").ID)
		}
		for _, id := range ids {
			w.jobs(id)
		}
		w.settle(20 * time.Minute)
		held := 0
		for _, id := range ids {
			if r := w.run(id); r.Rollback.State == analysis.RollbackHeld {
				held++
			}
		}
		if held < services-4 || len(w.undo.got) > 4 {
			t.Errorf("%d rollbacks held, %d sent", held, len(w.undo.got))
		}
		got := w.chat.messages()
		if len(w.chat.got) > 12 || got[analysis.EventHoldEngaged] != 1 || got[analysis.EventMessagesDigest] < 1 || got[analysis.EventRunFailed] != 4 {
			t.Errorf("told %v", got)
		}
		for _, d := range w.chat.got {
			if d.EventType == analysis.EventMessagesDigest {
				if !strings.Contains(d.Event.Text, " failed (s") || !strings.Contains(d.Event.Text, "more services); when so many fail at once, suspect the platform or a metric store first") || d.Event.Notice.Reason != d.Event.Text {
					t.Errorf("digest %q", d.Event.Text)
				}
			}
		}
	})
}

// jobs works until a run has ended.
func (w *world) jobs(id string) {
	w.t.Helper()
	for range 20_000 {
		if w.run(id).Status.Ended() {
			return
		}
		j, ok := w.next()
		if !ok {
			w.t.Fatal("nothing left to do")
		}
		if err := w.work(j); err != nil {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("never ended")
}

// TestTooManyMessagesBecomeADigest: each action has its own limit; the digest says what it
// held back, goes out again with the same words when it has to, and is the last word.
func TestTooManyMessagesBecomeADigest(t *testing.T) {
	inWorld(t, func(w *world) {
		w.setup.Actions["chat"] = engine.Action{Action: w.chat, MaxPerMinute: 3}
		var words []string
		w.chat.does = func(_ int, d analysis.Delivery) error {
			if d.EventType == analysis.EventMessagesDigest {
				if words = append(words, d.Event.Text); len(words) < 3 {
					return analysis.Errorf(analysis.Unavailable, "chat: away")
				}
			}
			return nil
		}
		for i := range 5 {
			name := fmt.Sprintf("s%d", i)
			w.plan(name, func(p *analysis.Plan) { p.Service, p.On.Pass = name, nil })
			w.start(name, "2")
		}
		w.settle(5 * time.Minute)
		if got := w.chat.messages(); got[analysis.EventRunStarted] != 3 || len(words) != 3 {
			t.Errorf("told %v, digests %q", got, words)
		}
		for _, text := range words {
			if text != "2 messages within 1m are told together: 2 started (s3, s4)" {
				t.Errorf("digest %q", text)
			}
		}
	})
}

// TestSilenceKeepsMessagesBack, but neither rollbacks nor what needs a person at once.
func TestSilenceKeepsMessagesBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plan("p")
		until := time.Now().Add(time.Hour)
		h, err := w.e.Hold(w.t.Context(), analysis.Hold{Kind: analysis.HoldSilence, Service: "shop", Reason: "game day", Until: &until, By: analysis.Cause{Kind: "api", Who: "ann"}})
		if err != nil || h.Kind != analysis.HoldSilence {
			t.Fatal(h, err)
		}
		w.undo.does = final
		r := w.fail("p", "2")
		w.settle(time.Minute)
		if len(w.chat.got) != 0 || len(w.undo.got) != 1 || w.page.types() != "delivery.failed" {
			t.Errorf("told %q, %d rollbacks, pages %q", w.chat.types(), len(w.undo.got), w.page.types())
		}
		ds, err := w.e.Deliveries(w.t.Context(), r.ID)
		if err != nil || ds[0].State != analysis.DeliverySkipped || ds[0].Reason != "silenced by ann: game day" {
			t.Errorf("%+v, %v", ds[0], err)
		}
		if _, err := w.e.Release(w.t.Context(), h.ID, analysis.Cause{Kind: "api", Who: "ann"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.e.Acknowledge(w.t.Context(), r.ID, analysis.Cause{Kind: "api", Who: "bob"}); err != nil {
			t.Fatal(err)
		}
		w.settle(time.Minute)
		if w.chat.types() != "run.acknowledged" || w.chat.got[0].Event.Text != "bob looks after it" {
			t.Errorf("told %q", w.chat.types())
		}
	})
}

// TestSeverityFollowsTheOutcome: what could not be decided is no emergency, and a failure
// without a bad critical metric is one step less of one.
func TestSeverityFollowsTheOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, p *analysis.Plan)
		want   string
	}{
		"failed":                  {func(w *world, _ *analysis.Plan) { w.sick(time.Time{}) }, "critical"},
		"failed, critical metric": {func(w *world, p *analysis.Plan) { w.sick(time.Time{}); p.Metrics[0].Critical = true }, "critical"},
		"failed, another is critical": {func(w *world, p *analysis.Plan) {
			w.sick(time.Time{})
			p.Metrics = append(p.Metrics, p.Metrics[0])
			p.Metrics[1].Name, p.Metrics[1].Critical, p.Metrics[1].NoData.Policy = "other", true, analysis.NoDataIgnore
			limit := 1e9
			p.Metrics[1].Threshold = &analysis.Threshold{Max: &limit, Consecutive: 2}
		}, "error"},
		"inconclusive": {func(w *world, _ *analysis.Plan) {
			w.source.answer = func(analysis.Query) ([]analysis.Series, error) { return nil, nil }
		}, "warning"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				p := w.plan("p")
				p.On.Start = nil
				c.change(w, p)
				w.finish(w.start("p", "2").ID)
				if got := w.chat.got[0].Event.Notice.Plan.Severity; got != c.want {
					t.Errorf("%s of %s", got, w.chat.got[0].EventType)
				}
			})
		})
	}
}
