package slack_test

import (
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/config"
)

// TestSettings: each mistake is found, said at its field, and tells no secret.
func TestSettings(t *testing.T) {
	const planted = "planted-Secret"
	secret := config.NewSecret
	for _, c := range []struct {
		name, field string
		change      func(*slack.Settings)
	}{
		{"nothing to sign in with", "token", func(s *slack.Settings) { s.Token = secret("") }},
		{"both ways", "token", func(s *slack.Settings) { s.Channel, s.WebhookURL = "", secret("https://hooks.slack.com/"+planted) }},
		{"no channel", "channel", func(s *slack.Settings) { s.Channel = "" }},
		{"channel with a space", "channel", func(s *slack.Settings) { s.Channel = "#on call" }},
		{"channel as a mention", "channel", func(s *slack.Settings) { s.Channel = "<#C012ABC>" }},
		{"token with a break", "token", func(s *slack.Settings) { s.Token = secret(planted + "\n") }},
		{"webhook and channel", "channel", func(s *slack.Settings) { s.Token, s.WebhookURL = secret(""), secret("https://h/"+planted) }},
		{"webhook no URL", "webhook_url", func(s *slack.Settings) { s.Token, s.Channel, s.WebhookURL = secret(""), "", secret("hooks/"+planted) }},
		{"webhook with a break", "webhook_url", func(s *slack.Settings) {
			s.Token, s.Channel, s.WebhookURL = secret(""), "", secret("https://h/"+planted+"\n")
		}},
		{"webhook with a password", "webhook_url", func(s *slack.Settings) {
			s.Token, s.Channel, s.WebhookURL = secret(""), "", secret("https://u:"+planted+"@h/")
		}},
		{"API no URL", "api_url", func(s *slack.Settings) { s.APIURL = "slack.com/api" }},
		{"mention in words", "mention.critical", func(s *slack.Settings) { s.Mention = map[string]string{"critical": "@oncall"} }},
		{"route without a channel", "channels[0].channel", func(s *slack.Settings) { s.Channels = []slack.Route{{Plan: "x"}} }},
		{"route to a mention", "channels[1].channel", func(s *slack.Settings) {
			s.Channels = []slack.Route{{Plan: "x", Channel: "#x"}, {Plan: "y", Channel: "<#C1>"}}
		}},
		{"route that hides the others", "channels[0].channel", func(s *slack.Settings) { s.Channels = []slack.Route{{Channel: "#x"}} }},
		{"label without sense", "channels[0].labels.tier", func(s *slack.Settings) {
			s.Channels = []slack.Route{{Labels: map[string]string{"tier": "x["}, Channel: "#x"}}
		}},
		{"route without sense", "channels[0].plan", func(s *slack.Settings) { s.Channels = []slack.Route{{Plan: "x[", Channel: "#x"}} }},
		{"routes of a webhook", "channels", func(s *slack.Settings) {
			s.Token, s.Channel, s.WebhookURL, s.Channels = secret(""), "", secret("https://h/"+planted), []slack.Route{{Plan: "x", Channel: "#x"}}
		}},
		{"interactive somehow", "interactive", func(s *slack.Settings) { s.Interactive = "yes" }},
		{"socket without its token", "app_token", func(s *slack.Settings) { s.Interactive = "socket" }},
		{"HTTP without its secret", "signing_secret", func(s *slack.Settings) { s.Interactive = "http" }},
		{"the other's secret", "signing_secret", func(s *slack.Settings) {
			s.Interactive, s.AppToken, s.SigningSecret = "socket", secret("xapp-"+planted), secret(planted)
		}},
		{"a token and no socket", "app_token", func(s *slack.Settings) { s.AppToken = secret("xapp-" + planted) }},
		{"app token with a break", "app_token", func(s *slack.Settings) { s.Interactive, s.AppToken = "socket", secret("xapp-"+planted+"\n") }},
		{"operators by name", "operators[1]", func(s *slack.Settings) {
			s.Interactive, s.AppToken, s.Operators = "socket", secret("xapp-"+planted), []string{"U0ALICE", "@bob"}
		}},
		{"operators of nothing", "operators", func(s *slack.Settings) { s.Operators = []string{"U0ALICE"} }},
		{"a webhook with buttons", "interactive", func(s *slack.Settings) {
			s.Token, s.Channel, s.WebhookURL = secret(""), "", secret("https://h/"+planted)
			s.Interactive, s.AppToken = "socket", secret("xapp-"+planted)
		}},
		{"mention and more", "mention.any", func(s *slack.Settings) { s.Mention = map[string]string{"any": "<@U1> look"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := bot("https://slack.com/api", "xoxb-"+planted, "#oncall", c.change)
			got := s.Check()
			if len(got) != 1 || got[0].Field != c.field {
				t.Errorf("problems %+v, want one at %s", got, c.field)
			}
			_, err := s.Open(config.Env{Name: "oncall"})
			if err == nil {
				t.Error("it can be opened all the same")
			}
			if out := fmt.Sprintf("%+v %v %+v", got, err, s); strings.Contains(out, planted) {
				t.Errorf("a secret got out: %s", out)
			}
		})
	}
}

// TestSettingsYAML: the example of the reference, and the defaults.
func TestSettingsYAML(t *testing.T) {
	s := slack.New().(*slack.Settings)
	text := `{type: slack, token: xoxb-1, channel: "#oncall", mention: {critical: "<!subteam^S1> <@U2>", any: "<!here>"},
		interactive: socket, app_token: xapp-1, operators: [U012ABC, S012ABC], channels: [{environment: "prod*", severity: critical, plan: "a*", channel: "#b"}]}`
	if err := yaml.Unmarshal([]byte(text), s); err != nil {
		t.Fatal(err)
	}
	if p := s.Check(); len(p) > 0 {
		t.Errorf("problems %+v", p)
	}
	if s.ChangesWorld() || !s.Threads() || !s.Broadcast || !s.Picture || len(s.Channels) != 1 || s.Channels[0].Environment != "prod*" || s.APIURL != "https://slack.com/api/" || s.Timeout.String() != "10s" {
		t.Errorf("settings %+v", s)
	}
}
