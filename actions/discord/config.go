package discord

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one webhook.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	WebhookURL config.Secret `yaml:"webhook_url" doc:"https://discord.com/api/webhooks/..., from the settings of the channel"`
	ThreadID   string        `yaml:"thread_id" doc:"of a thread in the webhook's channel, to post there; default: the channel itself"`
	Username   string        `yaml:"username" doc:"under which name it posts; default: that of the webhook"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)}}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings: the first message of a run is kept up to
// date.
func (s *Settings) Threads() bool { return true }

// snowflake is how Discord's ids look.
var snowflake = regexp.MustCompile(`^[0-9]{1,20}$`)

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	var found web.Names
	const hint = "https://discord.com/api/webhooks/..."
	found.Hook("webhook_url", s.WebhookURL, hint)
	if u, err := url.Parse(s.WebhookURL.Reveal()); err == nil && len(found.Problems) == 0 {
		switch path := strings.TrimSuffix(u.Path, "/"); {
		case strings.HasSuffix(path, "/slack"), strings.HasSuffix(path, "/github"):
			found.Add("webhook_url", "ends with /slack or /github, which take other messages", "the same without that end")
		case u.RawQuery != "":
			found.Add("webhook_url", "has a query", "thread_id")
		}
	}
	if s.ThreadID != "" && !snowflake.MatchString(s.ThreadID) {
		found.Add("thread_id", "not an id: those are digits", "switch on developer mode and copy it from the thread's menu")
	}
	if n := len([]rune(s.Username)); n > 80 || strings.ContainsFunc(s.Username, func(r rune) bool { return r < ' ' }) ||
		strings.Contains(strings.ToLower(s.Username), "discord") || strings.Contains(strings.ToLower(s.Username), "clyde") {
		found.Add("username", "not one that Discord allows: at most 80 characters, without discord or clyde in it", "Haldane")
	}
	return found.Problems
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	if err := (&web.Names{Problems: s.Check()}).Err(env.Name); err != nil {
		return nil, err
	}
	return &Action{words: s.Composer(env), settings: s, log: env.Log, client: web.New(web.Options{
		Who: "discord " + env.Name, Base: s.WebhookURL.Reveal(), Timeout: s.Timeout.Std(), Env: env,
		Sign: func(http.Header) ([]string, error) { return web.HookSecrets(s.WebhookURL), nil },
	})}, nil
}
