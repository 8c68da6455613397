package pagerduty_test

import (
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/pagerduty"
	"github.com/haldane-dev/haldane/analysis"
)

// story performs deliveries of one run, each with the receipts of those before it.
func story(t *testing.T, a analysis.Action, list ...analysis.Delivery) {
	t.Helper()
	var earlier []analysis.Receipt
	for _, d := range list {
		d.Earlier = earlier
		earlier = append(earlier, actiontest.Done(t, a, d))
	}
}

// TestStories: what PagerDuty hears of a run, how often somebody is called, and
// what is open in the end.
func TestStories(t *testing.T) {
	on := func(e analysis.EventType, change ...func(*analysis.Notice)) analysis.Delivery {
		var c func(*analysis.Notice)
		if len(change) > 0 {
			c = change[0]
		}
		return actiontest.About(1, e, c)
	}
	rolled := actiontest.Rollback
	many := actiontest.Held(on(analysis.EventHoldEngaged), analysis.HoldManyServices)
	manyOver := actiontest.Held(on(analysis.EventHoldReleased), analysis.HoldManyServices)
	for _, c := range []struct {
		name  string
		list  []analysis.Delivery
		sent  string
		pages int
		open  int
	}{
		{"all is well", []analysis.Delivery{on(analysis.EventRunStarted), on(analysis.EventRunPassed)}, "change change", 0, 0},
		{"failed and recovered", []analysis.Delivery{
			on(analysis.EventRunStarted), on(analysis.EventRunFailed), on(analysis.EventRollbackUpdated, rolled(analysis.RollbackDone)),
			on(analysis.EventRollbackVerified),
		}, "change trigger change resolve", 1, 0},
		{"not recovered, then well", []analysis.Delivery{
			on(analysis.EventRunFailed), on(analysis.EventRollbackNotRecovered), on(analysis.EventRollbackVerified),
		}, "trigger trigger resolve resolve", 2, 0},
		{"the rollback failed", []analysis.Delivery{
			on(analysis.EventRunFailed), on(analysis.EventRollbackUpdated, rolled(analysis.RollbackFailed)), on(analysis.EventDeliveryFailed, rolled(analysis.RollbackFailed)),
		}, "trigger trigger trigger", 2, 2},
		{"nobody knows", []analysis.Delivery{on(analysis.EventRunInconclusive)}, "trigger", 1, 1},
		{"a source in trouble", []analysis.Delivery{on(analysis.EventSourceTroubled), on(analysis.EventSourceRecovered), on(analysis.EventRunPassed)}, "trigger resolve change", 1, 0},
		{"trouble, then good", []analysis.Delivery{on(analysis.EventSourceTroubled), on(analysis.EventRunPassed)}, "trigger resolve", 1, 0},
		{"cancelled", []analysis.Delivery{on(analysis.EventRunStarted), on(analysis.EventRunCancelled)}, "change change", 0, 0},
		{"many services", []analysis.Delivery{many, manyOver}, "trigger resolve", 1, 0},
		{"held back", []analysis.Delivery{on(analysis.EventMessagesDigest)}, "trigger", 1, 1},
		{"a person looks after it", []analysis.Delivery{on(analysis.EventRunFailed), on(analysis.EventRunAcknowledged), on(analysis.EventRollbackRefused)}, "trigger change change", 1, 1},
		{"a person's hold", []analysis.Delivery{
			actiontest.Held(on(analysis.EventHoldEngaged), analysis.HoldManual), actiontest.Held(on(analysis.EventHoldReleased), analysis.HoldManual),
		}, "change change", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			story(t, open(t, settings(s.URL)), c.list...)
			var sent []string
			for _, e := range s.got() {
				if e.Action == "" {
					e.Action = "change"
				}
				sent = append(sent, e.Action)
			}
			if got := strings.Join(sent, " "); got != c.sent || s.pages != c.pages || len(s.open) != c.open {
				t.Errorf("sent %q, called %d times, %d open; want %q, %d, %d", got, s.pages, len(s.open), c.sent, c.pages, c.open)
			}
		})
	}
}

// TestSeverity: the plan's for what is bad; what nobody knows is a warning at most.
func TestSeverity(t *testing.T) {
	for _, c := range []struct {
		event      analysis.EventType
		plan, want string
	}{
		{analysis.EventRunFailed, "critical", "critical"},
		{analysis.EventRunFailed, "info", "info"},
		{analysis.EventRunFailed, "", "critical"},
		{analysis.EventRunInconclusive, "critical", "warning"},
		{analysis.EventRunMarginal, "info", "info"},
		{analysis.EventDeliveryFailed, "error", "error"},
		{analysis.EventRunFailed, "of the future", "critical"},
	} {
		s := newStandIn(t)
		actiontest.Done(t, open(t, settings(s.URL)), actiontest.About(1, c.event, func(n *analysis.Notice) { n.Plan.Severity = c.plan }))
		if got := s.got()[0].Payload.Severity; got != c.want {
			t.Errorf("%s of a plan with %q: %q, want %q", c.event, c.plan, got, c.want)
		}
	}
}

// TestRepeat: an answer that got lost calls nobody twice.
func TestRepeat(t *testing.T) {
	s := newStandIn(t)
	s.lose = 1
	a, d := open(t, settings(s.URL)), actiontest.Delivery(1)
	if _, err := a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable {
		t.Fatalf("error %v, want unavailable", err)
	}
	d.Attempts = 2
	actiontest.Done(t, a, d)
	if got := s.got(); len(got) != 2 || s.pages != 1 || got[0].DedupKey != got[1].DedupKey || got[0].Payload.Timestamp != got[1].Payload.Timestamp {
		t.Errorf("%d events, %d calls, want two of the same and one call", len(got), s.pages)
	}
}

// TestWithoutChangeEvents: nothing is sent that nobody wants.
func TestWithoutChangeEvents(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL, func(s *pagerduty.Settings) { s.ChangeEvents = false }))
	story(t, a, actiontest.About(1, analysis.EventRunStarted, nil), actiontest.About(1, analysis.EventRunFailed, nil))
	if got := s.got(); len(got) != 1 || got[0].Action != "trigger" {
		t.Errorf("events %+v, want the alert alone", got)
	}
}
