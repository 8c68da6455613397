package discord_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/discord"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func settings(hook string, change ...func(*discord.Settings)) *discord.Settings {
	s := discord.New().(*discord.Settings)
	s.WebhookURL = config.NewSecret(hook)
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *discord.Settings) analysis.Action {
	t.Helper()
	a, err := s.Open(config.Env{Name: "oncall"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// TestExercise runs the suite of all actions.
func TestExercise(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			set := settings(s.Base + "/api/webhooks/1/" + url.PathEscape(s.Secret))
			set.Timeout = analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: says(200, `{"id":"1234","channel_id":"42","name":"Haldane"}`),
		Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("X-Haldane-Delivery") },
		Replies: []actiontest.Reply{
			{Name: "no such webhook", Want: analysis.NotFound, Answer: says(404, `{"message":"Unknown Webhook","code":10015}`)},
			{Name: "a bad form", Want: analysis.Invalid, Answer: says(400, `{"message":"Invalid Form Body","code":50035}`)},
			{Name: "a rate limit", Want: analysis.Limited, RetryAfter: 64570 * time.Millisecond, Answer: says(429, `{"message":"You are being rate limited.","retry_after":64.57,"global":false}`)},
			{Name: "a rate limit of nonsense", Want: analysis.Limited, Answer: says(429, `{"retry_after":1e300}`)},
			{Name: "a page", Want: analysis.Unavailable, Answer: says(200, "<html>log in</html>")},
			{Name: "nothing", Want: analysis.Unavailable, Answer: says(204, "")},
			{Name: "no id", Want: analysis.Unavailable, Answer: says(200, `{}`)},
			{Name: "an id that is none", Want: analysis.Unavailable, Answer: says(200, `{"id":"../1"}`)},
		},
	})
}

// TestStory follows a run: its message always shows how it stands, and what people
// must not miss is posted, too.
func TestStory(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL+hookPath, func(s *discord.Settings) { s.ThreadID, s.Username = "77", "Haldane" }))
	var earlier []analysis.Receipt
	for _, step := range []struct {
		event    analysis.EventType
		rollback analysis.RollbackState
		messages int
		title    string
	}{
		{analysis.EventRunStarted, "", 1, "analysis started"},
		{analysis.EventRunFailed, analysis.RollbackSending, 2, "failed, rolling back to 1.4.1"},
		{analysis.EventRollbackUpdated, analysis.RollbackDone, 2, "failed, rolled back to 1.4.1"},
		{analysis.EventRollbackUpdated, analysis.RollbackFailed, 3, "failed, the rollback to 1.4.1 failed too"},
		{analysis.EventRollbackVerified, "", 4, "recovered after the rollback to 1.4.1"},
	} {
		r := actiontest.Done(t, a, actiontest.About(1, step.event, actiontest.Rollback(step.rollback), earlier...))
		earlier = append(earlier, r)
		got := s.posted()
		if len(got) != step.messages || got[0].edits != len(earlier)-1 || r.Refs["message"] != got[0].id || !r.Done {
			t.Fatalf("%s: %d messages, %d edits, receipt %+v", step.event, len(got), got[0].edits, r)
		}
		if want := "checkout 1\\.4\\.2 in production\\: " + strings.ReplaceAll(step.title, ".", "\\."); unescape(got[0].Embeds[0].Title) != unescape(want) {
			t.Errorf("title %q, want %q", got[0].Embeds[0].Title, want)
		}
	}
	for _, m := range s.posted() {
		if m.thread != "77" || m.Username != "Haldane" {
			t.Errorf("thread %q, by %q", m.thread, m.Username)
		}
	}
}

// unescape is what Discord makes of an escaped text.
func unescape(s string) string {
	return regexp.MustCompile(`\\([^0-9A-Za-z\s])`).ReplaceAllString(s, "$1")
}

// TestMessage looks at the message of a failed release.
func TestMessage(t *testing.T) {
	s := newStandIn(t)
	actiontest.Done(t, open(t, settings(s.URL+hookPath)), actiontest.Delivery(1))
	e := s.posted()[0].Embeds[0]
	if e.URL != "https://haldane.example.com/runs/1" || e.Color != 0xD55E00 || e.Timestamp != "2026-03-04T03:00:00Z" ||
		!strings.HasPrefix(e.Footer.Text, "Service: checkout \u00B7 Environment: production") {
		t.Errorf("embed %+v", e)
	}
	for _, want := range []string{
		"errors rose from 0.1 % to 5 %.\nHaldane is sending the rollback to 1.4.1.\n**Next:** Wait", "\u2022 **errors** (critical): errors rose",
		"[Runbook](<https://runbooks.example.com/checkout>)",
	} {
		if !strings.Contains(unescape(e.Description), want) {
			t.Errorf("no %q in\n%s", want, e.Description)
		}
	}
}

// TestTexts: whatever there is to say, Discord takes it, and nothing in it is markup.
func TestTexts(t *testing.T) {
	const evil = "@everyone <@1> <@&2> <#3> [x](https://evil.example.com) **b** __u__ ~~s~~ ||h|| `c` > q https://evil.example.com \\"
	s := newStandIn(t)
	a := open(t, settings(s.URL+hookPath))
	for _, text := range append(actiontest.Long(), evil) {
		for _, event := range actiontest.Told() {
			first := actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
			d := actiontest.Verbose(event, text, 60)
			d.Earlier = []analysis.Receipt{first}
			actiontest.Done(t, a, d)
		}
	}
	bare := regexp.MustCompile(`(^|[^\\])(@|<[@#]|\]\(https?:|https?://evil)`)
	for _, m := range s.posted() {
		for _, part := range []string{m.Embeds[0].Title, m.Embeds[0].Description} {
			if found := bare.FindString(part); found != "" {
				t.Errorf("markup %q in %s", found, part)
			}
		}
	}
	empty := actiontest.Delivery(1)
	empty.Event = analysis.Event{ID: "e", Type: "of the future"}
	actiontest.Done(t, a, empty)
}

// TestRepeat: an edit is repeated without harm; a message that somebody deleted is
// posted anew; nothing is posted while the head cannot be edited.
func TestRepeat(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL+hookPath))
	first := actiontest.Done(t, a, actiontest.About(1, analysis.EventRunStarted, nil))
	s.lose = 1
	d := actiontest.About(1, analysis.EventRunFailed, nil, first)
	if _, err := a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable || len(s.posted()) != 1 {
		t.Fatalf("error %v and %d messages, want unavailable and the head alone", err, len(s.posted()))
	}
	d.Attempts = 2
	second := actiontest.Done(t, a, d)
	if len(s.posted()) != 2 {
		t.Errorf("%d messages, want 2", len(s.posted()))
	}
	s.limited = true
	d = actiontest.About(1, analysis.EventRollbackVerified, nil, first, second)
	_, err := a.Perform(t.Context(), d)
	if e := analysis.AsError(err); e == nil || e.Kind != analysis.Limited || e.RetryAfter != 1337*time.Millisecond {
		t.Errorf("error %v, want limited for 1.337 s", err)
	}
	s.limited, s.messages = false, nil
	if r := actiontest.Done(t, a, d); len(s.posted()) != 1 || r.Refs["message"] != s.posted()[0].id {
		t.Errorf("%d messages, receipt %+v", len(s.posted()), r)
	}
}

// TestCheck: the webhook is asked for, and nothing is posted.
func TestCheck(t *testing.T) {
	s := newStandIn(t)
	if err := open(t, settings(s.URL+hookPath)).(analysis.Checker).Check(t.Context()); err != nil || len(s.posted()) != 0 {
		t.Errorf("error %v, %d messages", err, len(s.posted()))
	}
	err := open(t, settings(s.URL+"/api/webhooks/1/gone-gone-gone")).(analysis.Checker).Check(t.Context())
	if analysis.KindOf(err) != analysis.NotFound || strings.Contains(err.Error(), "gone") {
		t.Errorf("error %v, want not found", err)
	}
}

// TestSettings: each mistake is found, said at its field, and tells no secret.
func TestSettings(t *testing.T) {
	const planted = "planted-Secret"
	hook := "https://discord.com/api/webhooks/1/" + planted
	for _, c := range []struct {
		field  string
		change func(*discord.Settings)
	}{
		{"webhook_url", func(s *discord.Settings) { s.WebhookURL = config.Secret{} }},
		{"webhook_url", func(s *discord.Settings) { s.WebhookURL = config.NewSecret("webhooks/" + planted) }},
		{"webhook_url", func(s *discord.Settings) { s.WebhookURL = config.NewSecret(hook + "/slack") }},
		{"webhook_url", func(s *discord.Settings) { s.WebhookURL = config.NewSecret(hook + "?wait=true") }},
		{"thread_id", func(s *discord.Settings) { s.ThreadID = "1&wait=false" }},
		{"username", func(s *discord.Settings) { s.Username = "Discord" }},
		{"username", func(s *discord.Settings) { s.Username = strings.Repeat("x", 81) }},
	} {
		s := settings(hook, c.change)
		got := s.Check()
		_, err := s.Open(config.Env{Name: "oncall"})
		if len(got) != 1 || got[0].Field != c.field || err == nil {
			t.Errorf("problems %+v, error %v, want one at %s", got, err, c.field)
		}
		if out := fmt.Sprintf("%+v %v %+v %#v", got, err, s, s); strings.Contains(out, planted) {
			t.Errorf("a secret got out: %s", out)
		}
	}
	if s := settings(hook); s.ChangesWorld() || !s.Threads() || len(s.Check()) != 0 {
		t.Error("it tells people, and keeps a message")
	}
}
