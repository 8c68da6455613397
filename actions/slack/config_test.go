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
	text := `{type: slack, token: xoxb-1, channel: "#oncall", mention: {critical: "<!subteam^S1> <@U2>", any: "<!here>"}}`
	if err := yaml.Unmarshal([]byte(text), s); err != nil {
		t.Fatal(err)
	}
	if p := s.Check(); len(p) > 0 {
		t.Errorf("problems %+v", p)
	}
	if s.ChangesWorld() || !s.Threads() || !s.Broadcast || s.APIURL != "https://slack.com/api/" || s.Timeout.String() != "10s" {
		t.Errorf("settings %+v", s)
	}
}
