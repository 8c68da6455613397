package config_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// messageCase is one event and a name for it.
type messageCase struct {
	name  string
	event analysis.Event
	short bool // the golden file holds its words only: the small print is that of others
}

// messageEvent returns an event of a failed run, changed.
func messageEvent(t analysis.EventType, change ...func(*analysis.Event, *analysis.Notice, *analysis.Run)) analysis.Event {
	at := time.Date(2026, 3, 4, 3, 5, 0, 0, time.UTC)
	outcome, score := analysis.OutcomeFail, 51.25
	num := func(x float64) *analysis.Number { return analysis.Number(x).Ptr() }
	run := &analysis.Run{
		ID: "r1", Service: "checkout", Environment: "production", Version: "1.4.2", BaselineVersion: "1.4.1",
		ReleaseID: "rel-7", EndsAt: at.Add(25 * time.Minute), Outcome: &outcome, Score: &score,
		Reason: "errors rose from 0.1 % to 5 %", URL: "https://haldane.example.com/runs/r1",
		Progress: analysis.Progress{Looks: 12, LooksExpected: 60, Samples: 9},
		Cause:    analysis.Cause{Kind: "api", Who: "ci"},
		Links:    map[string]string{"commit": "https://git.example.com/c/1", "bad": "javascript:alert(1)"},
		Rollback: analysis.Rollback{State: analysis.RollbackNone},
	}
	n := &analysis.Notice{
		Run: run, Reason: run.Reason, Runbook: "https://runbooks.example.com/checkout", Report: run.URL,
		Plan: analysis.PlanFacts{Name: "checkout", Severity: "critical", Owner: "team-checkout"},
		Findings: []analysis.Finding{
			{Metric: "p99", Class: analysis.ClassNoData, Reason: "the source had no samples for 5m"},
			{Metric: "saturation", Class: analysis.ClassPass, Reason: "as before"},
			{
				Metric: "cpu", Segment: "region=eu", Class: analysis.ClassHigh, Bad: true, Effect: num(0.046),
				Interval: &[2]analysis.Number{0.01, 0.08}, Seen: num(1234567.8), Expected: num(1180000),
				Samples: analysis.SampleNote{Canary: 1, Baseline: 9}, Reason: "cpu rose by 4.6 %",
				Warnings: []string{"the answer is partial."},
			},
			{
				Metric: "errors", Critical: true, Class: analysis.ClassHigh, Bad: true, Effect: num(49),
				Interval: &[2]analysis.Number{21, *num(posInf)}, Seen: num(0.05), Expected: num(0.001),
				Samples: analysis.SampleNote{Canary: 9, Baseline: 9}, Reason: "errors rose from 0.1 % to 5 %",
				Link: "https://prometheus.example.com/graph?g0.expr=errors",
			},
		},
	}
	e := analysis.Event{
		ID: "e1", RunID: run.ID, Service: run.Service, Environment: run.Environment, At: at, Type: t,
		Who: analysis.Haldane, Notice: n,
	}
	for _, c := range change {
		c(&e, n, run)
	}
	return e
}

var posInf = math.Inf(1)

type messageChange = func(*analysis.Event, *analysis.Notice, *analysis.Run)

func messageRollback(state analysis.RollbackState, reason string) messageChange {
	return func(_ *analysis.Event, n *analysis.Notice, r *analysis.Run) {
		r.Rollback = analysis.Rollback{State: state, From: "1.4.2", To: "1.4.1", Reason: reason}
		n.Rollback = &analysis.RollbackTarget{From: "1.4.2", To: "1.4.1"}
	}
}

func messageOutcome(o analysis.Outcome, reason string) messageChange {
	return func(_ *analysis.Event, n *analysis.Notice, r *analysis.Run) {
		r.Outcome, n.Reason, r.Reason = &o, reason, reason
	}
}

func messageText(text string, by analysis.Cause) messageChange {
	return func(e *analysis.Event, _ *analysis.Notice, _ *analysis.Run) { e.Text, e.Who = text, by }
}

// messageHold makes an event of a hold, which has no run.
func messageHold(t analysis.EventType, h analysis.Hold, text string) analysis.Event {
	return messageEvent(t, messageText(text, h.By), func(e *analysis.Event, n *analysis.Notice, _ *analysis.Run) {
		e.RunID, e.Service, e.Environment = "", h.Service, h.Environment
		*n = analysis.Notice{Hold: &h}
	})
}

func messageVerification(s analysis.VerificationState, until time.Time) messageChange {
	return func(_ *analysis.Event, _ *analysis.Notice, r *analysis.Run) {
		r.Verification = analysis.Verification{State: s, Until: &until}
	}
}

var alice = analysis.Cause{Kind: "api", Who: "alice"}

// messageCases are all events, and all that can become of a rollback.
func messageCases() []messageCase {
	until := time.Date(2026, 3, 4, 3, 35, 0, 0, time.UTC)
	noRun := func(e *analysis.Event, n *analysis.Notice, _ *analysis.Run) {
		e.RunID, n.Run, n.Findings = "", nil, nil
		n.Rollback = &analysis.RollbackTarget{From: "1.4.2", To: "1.4.0"}
	}
	failedDelivery := func(f analysis.FailedDelivery) messageChange {
		return func(_ *analysis.Event, n *analysis.Notice, _ *analysis.Run) { n.Failed = &f }
	}
	by := func(_ *analysis.Event, _ *analysis.Notice, r *analysis.Run) { r.Rollback.By = &alice }
	var cases []messageCase
	for _, c := range []struct {
		name  string
		event analysis.Event
	}{
		{"started", messageEvent(analysis.EventRunStarted, messageText("the run started", analysis.Cause{Kind: "api", Who: "ci"}))},
		{"started by the clock, one side", messageEvent(analysis.EventRunStarted, func(_ *analysis.Event, n *analysis.Notice, r *analysis.Run) {
			r.Version, r.BaselineVersion, r.Cause, r.Progress, n.Findings, r.Score = "", "", analysis.Cause{Kind: "cron"}, analysis.Progress{}, nil, nil
		})},
		{"passed", messageEvent(analysis.EventRunPassed, messageOutcome(analysis.OutcomePass, "no metric is worse."))},
		{"passed, a phase of a dry run", messageEvent(analysis.EventRunPassed, messageOutcome(analysis.OutcomePass, "no metric is worse"),
			func(_ *analysis.Event, n *analysis.Notice, r *analysis.Run) {
				r.Phase, n.Plan.DryRun = "canary-10", true
			})},
		{"marginal", messageEvent(analysis.EventRunMarginal, messageOutcome(analysis.OutcomeMarginal, "the score is 82, between 75 and 95"))},
		{"inconclusive", messageEvent(analysis.EventRunInconclusive, messageOutcome(analysis.OutcomeInconclusive, "source prom was down for 30m"))},
		{"failed, no rollback", messageEvent(analysis.EventRunFailed)},
		{"failed, asked for by a person", messageEvent(analysis.EventRunFailed, messageRollback(analysis.RollbackSending, ""), by, messageText("", alice))},
		{"failed, no version to go back to", messageEvent(analysis.EventRunFailed, func(_ *analysis.Event, _ *analysis.Notice, r *analysis.Run) {
			r.Rollback, r.BaselineVersion = analysis.Rollback{State: analysis.RollbackSending}, ""
		})},
		{"rollback requested", messageEvent(analysis.EventRollbackRequested, messageRollback(analysis.RollbackSending, ""), by,
			messageText("alice asked for a rollback: customers complain", alice))},
		{"rollback requested without a run", messageEvent(analysis.EventRollbackRequested, noRun, messageText("customers complain", alice))},
		{"rollback of a release that passed", messageEvent(analysis.EventRollbackUpdated, messageOutcome(analysis.OutcomePass, "no metric is worse"),
			messageRollback(analysis.RollbackDone, ""), by)},
		{"recovered", messageEvent(analysis.EventRollbackVerified, messageRollback(analysis.RollbackDone, ""))},
		{"rolled back, watched", messageEvent(analysis.EventRollbackUpdated, messageRollback(analysis.RollbackDone, ""), messageVerification(analysis.VerificationWatching, until))},
		{"rolled back, whether it helped is not known", messageEvent(analysis.EventRollbackUpdated, messageRollback(analysis.RollbackDone, ""),
			messageVerification(analysis.VerificationUnknown, until), messageText("there were no samples", analysis.Haldane))},
		{"rollback awaits approval, one of two", messageEvent(analysis.EventRunFailed,
			messageRollback(analysis.RollbackAwaitingApproval, "awaits approval, 1 of 2; without it the release is kept at 03:35 UTC"))},
		{"not recovered", messageEvent(analysis.EventRollbackNotRecovered, messageRollback(analysis.RollbackDone, ""))},
		{"the rollback could not be sent", messageEvent(analysis.EventDeliveryFailed, messageRollback(analysis.RollbackFailed, "gave up"),
			failedDelivery(analysis.FailedDelivery{Action: "undo", ChangesWorld: true, Attempts: 7, Error: "webhook undo at deploy.example.com: connection refused"}))},
		{"another change could not be sent", messageEvent(analysis.EventDeliveryFailed,
			failedDelivery(analysis.FailedDelivery{Action: "promote", ChangesWorld: true, Attempts: 1, Error: "webhook promote at h: answered HTTP 403 Forbidden"}))},
		{"people could not be told", messageEvent(analysis.EventDeliveryFailed,
			failedDelivery(analysis.FailedDelivery{Action: "oncall", Attempts: 1, Error: "slack: the channel is archived"}))},
		{"hold by a person", messageHold(analysis.EventHoldEngaged, analysis.Hold{
			ID: "h1", Kind: analysis.HoldManual, Service: "checkout", Environment: "production", Reason: "release freeze", By: alice,
		}, "alice engaged a hold")},
		{"hold by Haldane", messageHold(analysis.EventHoldEngaged, analysis.Hold{
			ID: "h2", Kind: analysis.HoldManyServices, Reason: "5 services failed within a minute", By: analysis.Haldane, Until: &until,
		}, "")},
		{"hold released", messageHold(analysis.EventHoldReleased, analysis.Hold{ID: "h2", Reason: "x", By: alice}, "alice released the hold")},
		{"cancelled", messageEvent(analysis.EventRunCancelled, messageText("alice cancelled the run", alice))},
		{"superseded", messageEvent(analysis.EventRunSuperseded, messageText("1.4.3 took its place", analysis.Haldane))},
		{"queued", messageEvent(analysis.EventRunQueued, messageText("1.4.1 is still being judged", analysis.Haldane))},
		{"source in trouble", messageEvent(analysis.EventSourceTroubled, messageText("source prom: connection refused", analysis.Haldane))},
		{"source well", messageEvent(analysis.EventSourceRecovered, messageText("source prom answers again", analysis.Haldane))},
		{"rollback approved", messageEvent(analysis.EventRollbackApproved, messageText("approved by alice", alice), messageRollback(analysis.RollbackAwaitingApproval, "awaits approval, 1 of 2"))},
		{"rollback refused", messageEvent(analysis.EventRollbackRefused, messageText("the release is kept, says alice", alice), messageRollback(analysis.RollbackAwaitingApproval, "awaits approval, 0 of 1"))},
		{"rollback in a freeze", messageEvent(analysis.EventRunFailed, messageRollback(analysis.RollbackSkipped, "freeze: weekend until Mon 2026-03-02 06:00 UTC"))},
		{"rollback kept", messageEvent(analysis.EventRollbackUpdated, messageRollback(analysis.RollbackSkipped, "kept by alice"))},
		{"feedback", messageEvent(analysis.EventVerdictFeedback, messageText("alice says that the verdict was right", alice))},
		{"rollback not confirmed", messageEvent(analysis.EventRollbackUpdated, messageRollback(analysis.RollbackFailed, analysis.NotConfirmed+" after 15m; the last that was heard: 3 of 5 pods"))},
		{"rollback held by the cap", messageEvent(analysis.EventRunFailed, messageRollback(analysis.RollbackHeld, "cap: checkout in production was rolled back 3 times within the last hour"))},
		{"delivery not confirmed", messageEvent(analysis.EventDeliveryFailed, messageRollback(analysis.RollbackFailed, ""), failedDelivery(analysis.FailedDelivery{
			Action: "undo", ChangesWorld: true, Attempts: 1, Error: analysis.NotConfirmed + " after 15m; the last that was heard: 3 of 5 pods",
		}))},
		{"acknowledged", messageEvent(analysis.EventRunAcknowledged, messageText("bob looks after it", alice))},
		{"digest", messageEvent(analysis.EventMessagesDigest, func(e *analysis.Event, n *analysis.Notice, _ *analysis.Run) {
			e.RunID, e.Service, e.Environment, e.Who = "", "", "", analysis.Haldane
			e.Text = "137 messages within 1m are told together: 120 failed (cart, checkout, 8 more services)"
			*n = analysis.Notice{Reason: e.Text}
		})},
		{"delivery done", messageEvent(analysis.EventDeliveryDone, messageText("undo was sent", analysis.Haldane))},
		{"an event of the future", messageEvent("run.promoted", messageText("promoted", analysis.Haldane))},
		{"nothing known", analysis.Event{Type: analysis.EventRunFailed}},
	} {
		whole := []string{"started", "passed", "failed, no rollback", "failed, asked for by a person", "hold by Haldane", "nothing known"}
		cases = append(cases, messageCase{c.name, c.event, !slices.Contains(whole, c.name)})
	}
	for _, r := range []struct {
		state  analysis.RollbackState
		reason string
	}{
		{analysis.RollbackHeld, "hold h1: release freeze"},
		{analysis.RollbackAwaitingApproval, ""},
		{analysis.RollbackSending, ""},
		{analysis.RollbackAccepted, ""},
		{analysis.RollbackDone, ""},
		{analysis.RollbackFailed, "webhook undo at deploy.example.com: answered HTTP 403 Forbidden."},
		{analysis.RollbackSkipped, "dry-run"},
		{analysis.RollbackSkipped, "cap: 3 rollbacks of checkout in production within an hour"},
		{analysis.RollbackSkipped, "superseded"},
		{analysis.RollbackSkipped, "late"},
		{analysis.RollbackSkipped, "not allowed"},
		{analysis.RollbackSkipped, "actions are off"},
	} {
		name := strings.TrimSuffix(string(r.state)+" "+r.reason, " ")
		cases = append(cases,
			messageCase{name: "failed, rollback " + name, event: messageEvent(analysis.EventRunFailed, messageRollback(r.state, r.reason)), short: true},
			messageCase{name: "news: rollback " + name, event: messageEvent(analysis.EventRollbackUpdated, messageRollback(r.state, r.reason)), short: true})
	}
	return cases
}

// TestMessageGolden compares every message with the one that was read and found
// good. HALDANE_GOLDEN=write writes them anew; read them then.
func TestMessageGolden(t *testing.T) {
	const file = "testdata/message/golden.txt"
	var b strings.Builder
	for _, c := range messageCases() {
		m := config.Compose(c.event)
		text := m.Text()
		if c.short {
			text, _, _ = strings.Cut(text, "\n\n")
			text += "\n"
		}
		fmt.Fprintf(&b, "=== %s [%s, urgent %v, severity %q]\n%s\n", c.name, m.Mood, m.Urgent, m.Severity, text)
	}
	if os.Getenv("HALDANE_GOLDEN") == "write" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, expected := strings.Split(b.String(), "\n=== "), strings.Split(string(want), "\n=== ")
	for i := range max(len(got), len(expected)) {
		switch {
		case i >= len(got):
			t.Errorf("missing:\n%s", expected[i])
		case i >= len(expected):
			t.Errorf("new:\n%s", got[i])
		case got[i] != expected[i]:
			t.Errorf("changed:\n%s\nwant:\n%s", got[i], expected[i])
		}
	}
}

// TestMessageCoversAll: there is a message for every type of event and every state
// of a rollback that the vocabulary knows, also for those that come later.
func TestMessageCoversAll(t *testing.T) {
	types, states := map[string]bool{}, map[string]bool{}
	for _, c := range messageCases() {
		types[string(c.event.Type)] = true
		if n := c.event.Notice; n != nil && n.Run != nil {
			states[string(n.Run.Rollback.State)] = true
		}
	}
	for _, want := range []struct {
		file, typ string
		have      map[string]bool
	}{
		{"../analysis/event.go", "EventType", types},
		{"../analysis/run.go", "RollbackState", states},
	} {
		names := messageConstants(t, want.file, want.typ)
		if len(names) < 5 {
			t.Errorf("%s: only %d constants of type %s", want.file, len(names), want.typ)
		}
		for _, name := range names {
			if !want.have[name] {
				t.Errorf("%s %q has no case here", want.typ, name)
			}
		}
	}
}

// messageConstants returns the values of a type's constants in a Go file.
func messageConstants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		id, ok := spec.Type.(*ast.Ident)
		lit, isText := spec.Values[0].(*ast.BasicLit)
		if ok && isText && id.Name == typ {
			value, _ := strconv.Unquote(lit.Value)
			out = append(out, value)
		}
		return true
	})
	return out
}

// TestMessageLinks: only links that a person can follow are given.
func TestMessageLinks(t *testing.T) {
	m := config.Compose(messageEvent(analysis.EventRunFailed, func(_ *analysis.Event, n *analysis.Notice, r *analysis.Run) {
		n.Runbook, n.Report = "file:///etc/passwd", ""
		r.Links["spaced"] = "https://example.com/a b"
		n.Findings[3].Link = "javascript:alert(1)"
	}))
	var names []string
	for _, l := range m.Links {
		names = append(names, l.Text)
	}
	if !slices.Equal(names, []string{"Report", "commit"}) || m.Links[0].URL != "https://haldane.example.com/runs/r1" {
		t.Errorf("links %v, want the run's page and its commit", m.Links)
	}
	if strings.Contains(m.Text(), "javascript") {
		t.Error("a script is linked")
	}
}

// TestMessageLeavesItsInput: the findings keep their order for whoever comes next.
func TestMessageLeavesItsInput(t *testing.T) {
	e := messageEvent(analysis.EventRunFailed)
	before := fmt.Sprintf("%+v", e.Notice.Findings)
	config.Compose(e)
	if after := fmt.Sprintf("%+v", e.Notice.Findings); after != before {
		t.Errorf("findings changed: %s, were %s", after, before)
	}
}
