package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	lib "github.com/slack-go/slack"
	"github.com/slack-go/slack/slacktest"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// bot returns the settings of a bot at an API.
func bot(api, token, channel string, change ...func(*slack.Settings)) *slack.Settings {
	s := slack.New().(*slack.Settings)
	s.Token, s.Channel, s.APIURL = config.NewSecret(token), channel, api
	for _, c := range change {
		c(s)
	}
	return s
}

// hook returns the settings of an incoming webhook.
func hook(target string) *slack.Settings {
	s := slack.New().(*slack.Settings)
	s.WebhookURL = config.NewSecret(target)
	return s
}

func open(t *testing.T, s *slack.Settings) analysis.Action {
	t.Helper()
	if p := s.Check(); len(p) > 0 {
		t.Fatalf("settings have problems: %+v", p)
	}
	a, err := s.Open(config.Env{Name: "oncall"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// says answers with a body of Slack's.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprint(w, body)
	}
}

// limited answers as Slack does to too many requests.
func limited(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, body)
	}
}

// TestExerciseBot runs the suite of all actions over a bot.
func TestExerciseBot(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			set := bot(s.Base+"/api", strings.Join(strings.Fields(s.Secret), "-"), "#oncall")
			set.Timeout = analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: func(w http.ResponseWriter, r *http.Request) {
			answer := `{"ok":true}`
			if r.URL.Path == "/api/chat.postMessage" {
				answer = `{"ok":true,"channel":"C012ABCDEF","ts":"1503435956.000247","message":{"text":"x"}}`
			}
			says(answer)(w, r)
		},
		Key: keyOf,
		Replies: append(apiReplies(), []actiontest.Reply{
			{Name: "429 without a body", Answer: limited(""), Want: analysis.Limited, RetryAfter: 30e9},
			{Name: "429 with ok:false", Answer: limited(`{"ok":false,"error":"ratelimited"}`), Want: analysis.Limited, RetryAfter: 30e9},
			{Name: "200 with ok:false and a time", Answer: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", "30")
				says(`{"ok":false,"error":"ratelimited"}`)(w, r)
			}, Want: analysis.Limited, RetryAfter: 30e9},
			{Name: "200 with a page", Answer: says("<html>sorry</html>"), Want: analysis.Unavailable},
			{Name: "200 without a body", Answer: says(""), Want: analysis.Unavailable},
			{Name: "200 cut off", Answer: says(`{"ok":true,"chan`), Want: analysis.Unavailable},
			{Name: "200 with null", Answer: says("null"), Want: analysis.Unavailable},
			{Name: "200 with an empty object", Answer: says("{}"), Want: analysis.Unavailable},
			{Name: "200 with ok:false alone", Answer: says(`{"ok":false}`), Want: analysis.Unavailable},
			{Name: "200 with a list", Answer: says("[]"), Want: analysis.Unavailable},
			{Name: "200 with a warning", Answer: says(`{"ok":true,"warning":"superfluous_charset","channel":"C1","ts":"1.2"}`)},
		}...),
	})
}

// TestExerciseBotWithButtons runs it over a bot whose every secret is planted.
func TestExerciseBotWithButtons(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			secret := strings.Join(strings.Fields(s.Secret), "-")
			set := bot(s.Base+"/api", secret, "#oncall", overSocket, func(set *slack.Settings) {
				set.AppToken, set.Operators = config.NewSecret("xapp-"+secret), []string{"U0ALICE", "S0OPS"}
			})
			set.Timeout = analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: func(w http.ResponseWriter, r *http.Request) {
			answer := `{"ok":true}`
			switch r.URL.Path {
			case "/api/chat.postMessage":
				answer = `{"ok":true,"channel":"C012ABCDEF","ts":"1503435956.000247","message":{"text":"x"}}`
			case "/api/apps.connections.open":
				answer = `{"ok":true,"url":"wss://wss.example.com/link/?ticket=1"}`
			}
			says(answer)(w, r)
		},
		Key: keyOf, Replies: apiReplies(),
	})
}

// keyOf finds the delivery's ID in a message's metadata.
func keyOf(_ *http.Request, body []byte) string {
	form, _ := url.ParseQuery(string(body))
	var m lib.SlackMetadata
	_ = json.Unmarshal([]byte(form.Get("metadata")), &m)
	id, _ := m.EventPayload["delivery_id"].(string)
	return id
}

// apiReplies are Slack's own error codes and what they mean.
func apiReplies() []actiontest.Reply {
	var out []actiontest.Reply
	for kind, codes := range map[analysis.Kind]string{
		analysis.Denied: "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope no_permission " +
			"ekm_access_denied org_login_required restricted_action restricted_action_read_only_channel accesslimited",
		analysis.Invalid: "channel_not_found not_in_channel is_archived msg_too_long no_text invalid_blocks msg_blocks_too_long " +
			"invalid_arguments a_code_of_the_future",
		analysis.Limited:     "ratelimited rate_limited message_limit_exceeded",
		analysis.Unavailable: "fatal_error internal_error service_unavailable request_timeout team_added_to_org",
	} {
		for code := range strings.FieldsSeq(codes) {
			out = append(out, actiontest.Reply{Name: code, Want: kind, Answer: says(`{"ok":false,"error":"` + code + `"}`)})
		}
	}
	return out
}

// TestExerciseHook runs it over an incoming webhook.
func TestExerciseHook(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			set := hook(s.Base + "/services/T0/B0/" + url.PathEscape(s.Secret))
			set.Timeout = analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: says("ok"),
		Key: func(_ *http.Request, body []byte) string {
			var m struct{ Blocks []block }
			_ = json.Unmarshal(body, &m)
			if len(m.Blocks) == 0 {
				return ""
			}
			return m.Blocks[0].BlockID
		},
		Replies: []actiontest.Reply{
			{Name: "invalid_payload", Answer: status(400, "invalid_payload"), Want: analysis.Invalid},
			{Name: "invalid_token", Answer: status(403, "invalid_token"), Want: analysis.Denied},
			{Name: "action_prohibited", Answer: status(403, "action_prohibited"), Want: analysis.Denied},
			{Name: "channel_not_found", Answer: status(404, "channel_not_found"), Want: analysis.Invalid},
			{Name: "no_service", Answer: status(404, "no_service"), Want: analysis.NotFound},
			{Name: "no_service with a line break", Answer: status(404, "no_service\n"), Want: analysis.NotFound},
			{Name: "channel_is_archived", Answer: status(410, "channel_is_archived"), Want: analysis.Invalid},
			{Name: "rollup_error", Answer: status(500, "rollup_error"), Want: analysis.Unavailable},
			{Name: "an error with 500", Answer: status(500, "no_service"), Want: analysis.Unavailable},
			{Name: "429", Answer: limited("rate_limited"), Want: analysis.Limited, RetryAfter: 30e9},
			{Name: "an error with 200", Answer: says("no_service"), Want: analysis.NotFound},
			{Name: "200 with a page", Answer: says("<html>sign in</html>"), Want: analysis.Unavailable},
			{Name: "200 of something else", Answer: says(`{"success":true}`), Want: analysis.Invalid},
			{Name: "200 without a body", Answer: says(""), Want: analysis.Invalid},
		},
	})
}

// TestErrorWords: errors say what to do, and show nothing that is not Slack's.
func TestErrorWords(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{`{"ok":false,"error":"not_in_channel"}`, "slack oncall: the bot is not in the channel (not_in_channel) (try: invite the bot: /invite @its-name in the channel)"},
		{`{"ok":false,"error":"missing_scope","needed":"chat:write.public"}`, "slack oncall: the app lacks a scope (missing_scope) (try: add the scope chat:write.public and install the app again)"},
		{`{"ok":false,"error":"missing_scope","needed":"<x>"}`, "slack oncall: the app lacks a scope (missing_scope) (try: add the scope chat:write and install the app again)"},
		{`{"ok":false,"error":"new_code"}`, "slack oncall: Slack answered new_code (try: look the code up in Slack's API reference)"},
		{`{"ok":false,"error":"No: token=xoxb-1-token"}`, "slack oncall: Slack answered an error that is not one of its codes (try: check that the URL is Slack's)"},
		{`{"ok":false,"error":"internal_error"}`, "slack oncall: Slack has an internal error (internal_error)"},
	} {
		s := httptest.NewServer(says(c.answer))
		_, err := open(t, bot(s.URL, "xoxb-1-token", "#oncall")).Perform(t.Context(), actiontest.Delivery(1))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\ngot  %v\nwant %s", c.answer, err, c.want)
		}
		s.Close()
	}
}

// TestSlacktest posts to the test server of the client library.
func TestSlacktest(t *testing.T) {
	s := slacktest.NewTestServer()
	s.Start()
	defer s.Stop()
	a := open(t, bot(s.GetAPIURL(), "xoxb-1-token", "C012ABCDEF"))
	receipt, err := a.Perform(t.Context(), actiontest.Delivery(1))
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Refs["channel"] != "C012ABCDEF" || receipt.Refs["ts"] == "" || receipt.Refs["thread"] != receipt.Refs["ts"] || !receipt.Done {
		t.Errorf("receipt %+v", receipt)
	}
	if err := a.(analysis.Checker).Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

// TestCheck: a bot must be known and allowed to write.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, token string
		scopes      []string
		want        analysis.Kind
	}{
		{"all is well", "xoxb-1-token", []string{"channels:read", "chat:write"}, ""},
		{"another token", "xoxb-2-token", []string{"chat:write"}, analysis.Denied},
		{"no scope to write", "xoxb-1-token", []string{"channels:read", "chat:write.public"}, analysis.Denied},
		{"scopes not told", "xoxb-1-token", nil, ""},
		{"buttons", "xoxb-1-token", []string{"chat:write", "usergroups:read"}, ""},
		{"buttons, no scope for groups", "xoxb-1-token", []string{"chat:write", "files:write"}, analysis.Denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			s.scopes = c.scopes
			set, calls := bot(s.URL+"/api", c.token, "#checkout-oncall"), "auth.test"
			if strings.HasPrefix(c.name, "buttons") {
				set = withButtons(s, overSocket)
			}
			if c.name == "buttons" {
				calls += " apps.connections.open"
			}
			err := open(t, set).(analysis.Checker).Check(t.Context())
			if analysis.KindOf(err) != c.want || s.called() != calls {
				t.Errorf("error %v after %q, want %q", err, s.called(), c.want)
			}
		})
	}
}
