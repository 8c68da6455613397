package slack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// withButtons are the settings of a bot whose buttons work over HTTP.
func withButtons(s *standIn, change ...func(*slack.Settings)) *slack.Settings {
	all := append([]func(*slack.Settings){func(s *slack.Settings) {
		s.Interactive, s.SigningSecret, s.Operators = "http", config.NewSecret("0a1b2c3d4e5f-signing"), []string{"U0ALICE", "S0OPS"}
	}}, change...)
	return bot(s.URL+"/api", s.token, "C012ABCDEF", all...)
}

// labels are the texts of a message's buttons.
func (m *message) labels() string {
	var out []string
	for _, b := range m.buttons() {
		out = append(out, b.Text.Text)
	}
	return strings.Join(out, ", ")
}

func outcome(o analysis.Outcome, s analysis.RollbackState) func(*analysis.Run) {
	return func(r *analysis.Run) { r.Outcome, r.Rollback.State = &o, s }
}

// TestButtons: what can be pressed is what makes sense.
func TestButtons(t *testing.T) {
	const links, asks = "Runbook, Report", ", Yes, No, Unsure"
	running := func(r *analysis.Run) {
		r.Status, r.Outcome, r.Rollback = analysis.StatusRunning, nil, analysis.Rollback{State: analysis.RollbackNone}
	}
	for _, c := range []struct {
		name   string
		event  analysis.EventType
		change func(*analysis.Run)
		want   string
	}{
		{"running", analysis.EventRunStarted, running, "Roll back now, " + links},
		{"running, nothing to go back to", analysis.EventRunStarted, func(r *analysis.Run) {
			running(r)
			r.BaselineVersion = ""
		}, links},
		{"passed", analysis.EventRunPassed, outcome(analysis.OutcomePass, analysis.RollbackNone), links + asks},
		{"marginal", analysis.EventRunMarginal, outcome(analysis.OutcomeMarginal, analysis.RollbackNone), "Roll back now, " + links + ", Query" + asks},
		{"inconclusive", analysis.EventRunInconclusive, outcome(analysis.OutcomeInconclusive, analysis.RollbackNone), "Roll back now, " + links + ", Query"},
		{"awaits approval", analysis.EventRunFailed, state(analysis.RollbackAwaitingApproval), "Approve the rollback, Keep the release, " + links + ", Query" + asks},
		{"held", analysis.EventRunFailed, state(analysis.RollbackHeld), links + ", Query" + asks},
		{"on its way", analysis.EventRunFailed, state(analysis.RollbackSending), links + ", Query" + asks},
		{"done", analysis.EventRollbackUpdated, state(analysis.RollbackDone), links + ", Query" + asks},
		{"failed", analysis.EventRollbackUpdated, state(analysis.RollbackFailed), "Roll back now, " + links + ", Query" + asks},
		{"skipped", analysis.EventRunFailed, func(r *analysis.Run) {
			r.Rollback = analysis.Rollback{State: analysis.RollbackSkipped, Reason: "kept by slack:alice (U0ALICE)"}
		}, "Roll back now, " + links + ", Query" + asks},
		{"superseded while it waited", analysis.EventRunFailed, func(r *analysis.Run) {
			r.Rollback = analysis.Rollback{State: analysis.RollbackSkipped, Reason: "superseded by 1.5.0"}
		}, links + ", Query" + asks},
		{"no action that would", analysis.EventRunFailed, state(analysis.RollbackNone), links + ", Query" + asks},
		{"cancelled", analysis.EventRunCancelled, func(r *analysis.Run) {
			r.Status, r.Outcome, r.Rollback.State = analysis.StatusCancelled, nil, analysis.RollbackNone
		}, links + ", Query"},
		{"recovered", analysis.EventRollbackVerified, state(analysis.RollbackDone), links + asks},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			d := about("dlv_1", c.event, c.change)
			perform(t, open(t, withButtons(s)), d)
			m := s.posted()[0]
			if got := m.labels(); got != c.want {
				t.Errorf("buttons: %s\nwant:    %s", got, c.want)
			}
			for _, b := range m.buttons() {
				opens, asks := b.URL != "", strings.Contains(b.Text.Text, "elease") || strings.Contains(b.Text.Text, "oll")
				if !opens && b.Value != d.RunID || opens && b.Value != "" || asks != (b.Confirm != nil) {
					t.Errorf("button %+v", b)
				}
				if asks && (!strings.Contains(b.Confirm.Text.Text, "checkout 1.4.2 in production") || strings.Contains(b.Text.Text, "oll") && !strings.Contains(b.Confirm.Text.Text, "back to 1.4.1")) {
					t.Errorf("asks %q", b.Confirm.Text.Text)
				}
			}
			if strings.Contains(m.all(), "|Runbook>") || !strings.Contains(m.all(), "|commit>") {
				t.Errorf("links besides the buttons:\n%s", m.all())
			}
		})
	}
}

// TestButtonsByConfig: without operators nothing can be changed; in a dry run there is
// nothing to change; without interactive there are no buttons at all.
func TestButtonsByConfig(t *testing.T) {
	approvable := func(dry bool) analysis.Delivery {
		d := about("dlv_1", analysis.EventRunFailed, state(analysis.RollbackAwaitingApproval))
		d.Event.Notice.Plan.DryRun = dry
		return d
	}
	for _, c := range []struct {
		name   string
		change func(*slack.Settings)
		dry    bool
		want   string
	}{
		{"nobody may", func(s *slack.Settings) { s.Operators = nil }, false, "Runbook, Report, Query, Yes, No, Unsure"},
		{"dry run", func(*slack.Settings) {}, true, "Runbook, Report, Query, Yes, No, Unsure"},
		{"not interactive", func(s *slack.Settings) { s.Interactive, s.SigningSecret, s.Operators = "", config.Secret{}, nil }, false, ""},
	} {
		s := newStandIn(t)
		perform(t, open(t, withButtons(s, c.change)), approvable(c.dry))
		if got := s.posted()[0].labels(); got != c.want {
			t.Errorf("%s: buttons %q, want %q", c.name, got, c.want)
		}
	}
	s := newStandIn(t) // a hold is no run
	d := about("dlv_1", analysis.EventHoldEngaged, nil)
	d.Event.Notice = &analysis.Notice{Hold: &analysis.Hold{ID: "h1", Reason: "freeze"}}
	if perform(t, open(t, withButtons(s)), d); s.posted()[0].labels() != "" {
		t.Errorf("a hold has buttons: %s", s.posted()[0].labels())
	}
}

// TestButtonsInAThread: the head's buttons change with the run; a reply has some only when
// it is shown in the channel as well.
func TestButtonsInAThread(t *testing.T) {
	s := newStandIn(t)
	a := open(t, withButtons(s))
	first := perform(t, a, about("dlv_1", analysis.EventRunFailed, state(analysis.RollbackAwaitingApproval)))
	perform(t, a, about("dlv_2", analysis.EventRollbackUpdated, state(analysis.RollbackSending), first))
	perform(t, a, about("dlv_3", analysis.EventRollbackUpdated, state(analysis.RollbackFailed), first))
	got := s.posted()
	for i, want := range []string{"Roll back now, Runbook, Report, Query, Yes, No, Unsure", "", "Roll back now, Runbook, Report, Query"} {
		if got[i].labels() != want {
			t.Errorf("message %d has %q, want %q", i, got[i].labels(), want)
		}
	}
	if e := got[0].Edits[0].Get("blocks"); strings.Contains(e, "haldane/approve") || !strings.Contains(e, "haldane/right-yes/oncall") {
		t.Errorf("the head while it is being rolled back: %s", e)
	}
}

// TestLimitsWithButtons: whatever names and links are like, the message stays inside of
// Slack's limits.
func TestLimitsWithButtons(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 10_000), strings.Repeat("<&>", 5_000), strings.Repeat("é \U0001F534", 5_000)} {
		for _, n := range []int{0, 100, 1400, 2900} {
			s := newStandIn(t)
			a := open(t, withButtons(s))
			d := about("dlv_1", analysis.EventRunFailed, func(r *analysis.Run) {
				r.Service, r.Version, r.Environment, r.Reason, r.Rollback.To = long, long, long, long, long
				r.Rollback.Reason, r.Rollback.State = long, analysis.RollbackAwaitingApproval
				r.Links = map[string]string{}
				for i := range 20 {
					r.Links[fmt.Sprintf("%d %s", i, long)] = "https://example.com/" + strings.Repeat("&", n)
				}
			})
			not := d.Event.Notice
			not.Runbook, not.Report = "https://r.example.com/"+strings.Repeat("&", n), "https://h.example.com/"+strings.Repeat("y", n)
			not.Findings[0].Link, not.Findings[0].Metric, not.Findings[0].Reason = "https://p.example.com/"+strings.Repeat("z", n), long, long
			not.Reason, not.Plan.Name, not.Plan.Owner, not.Plan.Severity = long, long, long, long
			first := perform(t, a, d)
			d.ID, d.Earlier = "dlv_2", []analysis.Receipt{first}
			perform(t, a, d)
			if got := s.posted()[0].labels(); !strings.HasPrefix(got, "Approve the rollback, Keep the release") || !strings.HasSuffix(got, "Yes, No, Unsure") {
				t.Errorf("links of %d: buttons %q", n, got)
			}
		}
	}
}
