package slack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
)

// TestGolden compares the blocks of the most important message with those that
// were read and found good. HALDANE_GOLDEN=write writes them anew.
func TestGolden(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall", func(s *slack.Settings) {
		s.Mention = map[string]string{"critical": "<!subteam^S012ABC>"}
	}))
	first := perform(t, a, about("dlv_1", analysis.EventRunFailed, nil))
	perform(t, a, about("dlv_2", analysis.EventRollbackUpdated, state(analysis.RollbackFailed), first))
	perform(t, open(t, withButtons(s)), about("dlv_3", analysis.EventRunFailed, state(analysis.RollbackAwaitingApproval)))
	for i, file := range []string{"testdata/failed.json", "testdata/rollback_failed_reply.json", "testdata/awaits_approval.json"} {
		m := s.posted()[i]
		if i == 0 {
			m = &message{Text: m.Form.Get("text")}
			_ = json.Unmarshal([]byte(s.posted()[0].Form.Get("blocks")), &m.Blocks)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false) // easier to read
		enc.SetIndent("", "  ")
		if err := enc.Encode(struct {
			Text   string  `json:"text"`
			Blocks []block `json:"blocks"`
		}{m.Text, m.Blocks}); err != nil {
			t.Fatal(err)
		}
		got := b.Bytes()
		if os.Getenv("HALDANE_GOLDEN") == "write" {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

// markup finds what Slack acts on: <...>.
var markup = regexp.MustCompile(`<[^>]*>`)

// TestMentionsInNames: whatever stands in names and reasons, nobody is called and
// nothing is linked but what Haldane links.
func TestMentionsInNames(t *testing.T) {
	const evil = `<!channel> <@U012ABC> <!subteam^S1> <https://evil.example.com|click> @here @channel #general & &lt;!everyone&gt;`
	for _, event := range []analysis.EventType{
		analysis.EventRunStarted, analysis.EventRunFailed, analysis.EventRunInconclusive, analysis.EventRollbackUpdated, analysis.EventDeliveryFailed,
	} {
		s := newStandIn(t)
		a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall"))
		d := about("dlv_1", event, func(r *analysis.Run) {
			r.Service, r.Environment, r.Version, r.BaselineVersion, r.Reason, r.ReleaseID, r.Phase = evil, evil, evil, evil, evil, evil, evil
			r.Rollback.Reason, r.Rollback.To, r.Cause.Who = evil, evil, evil
			r.Links = map[string]string{evil: "https://example.com/" + strings.ReplaceAll(evil, " ", "")}
		})
		n := d.Event.Notice
		n.Reason, n.Plan.Owner, n.Plan.Name, n.Plan.Severity = evil, evil, evil, evil
		n.Failed = &analysis.FailedDelivery{Action: evil, ChangesWorld: true, Error: evil}
		n.Findings = []analysis.Finding{{
			Metric: evil, Segment: evil, Class: analysis.ClassHigh, Bad: true, Reason: evil, Warnings: []string{evil},
			Link: "https://example.com/?q=" + strings.ReplaceAll(evil, " ", "+"),
		}}
		d.Event.Text, d.Event.Who = evil, analysis.Cause{Kind: "api", Who: evil}
		first := perform(t, a, d)
		again := d
		again.ID, again.Earlier = "dlv_2", []analysis.Receipt{first}
		perform(t, a, again)
		for _, m := range s.posted() {
			for _, b := range m.Blocks {
				for _, x := range b.texts() {
					if x.Type == "mrkdwn" && !x.Verbatim {
						t.Errorf("%s: Slack may find mentions in %q", event, x.Text)
					}
				}
			}
			for _, found := range markup.FindAllString(m.all()+m.Text, -1) {
				if !strings.HasPrefix(found, "<https://") || strings.HasPrefix(found, "<https://evil") || strings.Count(found, "|") != 1 {
					t.Errorf("%s: markup %s", event, found)
				}
			}
			forms := append(m.Edits, m.Form)
			for _, f := range forms {
				if f.Get("parse") != "none" || f.Get("link_names") != "false" {
					t.Errorf("%s: parse %q, link_names %q", event, f.Get("parse"), f.Get("link_names"))
				}
			}
		}
	}
}

// TestLimits: the stand-in refuses what Slack would; whatever there is to say, the
// message stays inside and says that it was cut.
func TestLimits(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 10_000), strings.Repeat("<&>", 5_000), strings.Repeat("é \U0001F534", 5_000), "short"} {
		for _, n := range []int{1, 7, 60} {
			s := newStandIn(t)
			a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall"))
			d := about("dlv_1", analysis.EventRunFailed, func(r *analysis.Run) {
				r.Service, r.Version, r.Reason, r.Rollback.Reason, r.Rollback.State = long, long, long, long, analysis.RollbackFailed
				r.Links = map[string]string{}
				for i := range n {
					r.Links[fmt.Sprintf("%s %d", long, i)] = "https://example.com/" + strings.Repeat("y", 100*i)
				}
			})
			f := d.Event.Notice.Findings[0]
			f.Metric, f.Segment, f.Reason, f.Link = long, long, long, "https://example.com/?"+strings.Repeat("&", min(len(long), 290))
			f.Warnings = []string{long, long, long, long, long}
			d.Event.Notice.Findings = nil
			for range n {
				d.Event.Notice.Findings = append(d.Event.Notice.Findings, f)
			}
			d.Event.Notice.Reason, d.Event.Notice.Plan.Owner, d.Event.Notice.Plan.Name = long, long, long
			d.Event.Notice.Plan.Severity = long
			first := perform(t, a, d)
			again := d
			again.ID, again.Earlier = "dlv_2", []analysis.Receipt{first}
			perform(t, a, again)
			for i, m := range s.posted() {
				if !strings.Contains(m.all(), "... (cut)") && long != "short" {
					t.Errorf("message %d does not say that it was cut", i)
				}
				if told := strings.Contains(m.all(), "more metrics: see the report"); n == 60 && !told {
					t.Errorf("message %d does not say how many metrics are missing", i)
				}
			}
		}
	}
}

// TestMentionOnlyFailures: only a failed run and a failed delivery call people, by
// severity.
func TestMentionOnlyFailures(t *testing.T) {
	for _, c := range []struct {
		event    analysis.EventType
		severity string
		want     string
	}{
		{analysis.EventRunFailed, "critical", "<!subteam^S1>"},
		{analysis.EventRunFailed, "minor", "<@U1>"},
		{analysis.EventDeliveryFailed, "critical", "<!subteam^S1>"},
		{analysis.EventRunPassed, "critical", ""},
		{analysis.EventRunInconclusive, "critical", ""},
		{analysis.EventRollbackUpdated, "critical", ""},
		{analysis.EventHoldEngaged, "critical", ""},
	} {
		s := newStandIn(t)
		a := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF", func(s *slack.Settings) {
			s.Mention = map[string]string{"critical": "<!subteam^S1>", "any": "<@U1>"}
		}))
		d := about("dlv_1", c.event, nil)
		d.Event.Notice.Plan.Severity = c.severity
		perform(t, a, d)
		got := strings.Join(regexp.MustCompile(`<[!@][^>]*>`).FindAllString(s.posted()[0].all(), -1), " ")
		if got != c.want {
			t.Errorf("%s, %s: calls %q, want %q", c.event, c.severity, got, c.want)
		}
	}
}

// TestEveryEvent: each type of event makes a message that Slack takes, with a link
// to the runbook and the report.
func TestEveryEvent(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF"))
	for _, event := range []analysis.EventType{
		analysis.EventRunStarted, analysis.EventRunPassed, analysis.EventRunFailed, analysis.EventRunMarginal,
		analysis.EventRunInconclusive, analysis.EventDeliveryFailed, analysis.EventHoldEngaged, analysis.EventHoldReleased,
		analysis.EventRollbackUpdated, analysis.EventRollbackVerified, analysis.EventRollbackNotRecovered, analysis.EventRunCancelled,
	} {
		perform(t, a, about(string(event), event, nil))
		got := s.posted()
		m := got[len(got)-1]
		for _, want := range []string{"<https://runbooks.example.com/checkout|Runbook>", "<https://haldane.example.com/runs/1|Report>"} {
			if !strings.Contains(m.all(), want) {
				t.Errorf("%s: no %s in\n%s", event, want, m.all())
			}
		}
		if m.Text == "" || m.Blocks[0].Type != "header" {
			t.Errorf("%s: text %q, first block %q", event, m.Text, m.Blocks[0].Type)
		}
	}
}
