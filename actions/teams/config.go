package teams

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one workflow.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	WebhookURL config.Secret `yaml:"webhook_url" doc:"of the workflow's trigger, \"when a Teams webhook request is received\""`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{ActionCommon: config.ActionCommon{Timeout: analysis.Duration(20 * time.Second)}}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings. There are no threads, but who was told of
// a rollback also wants to know how it went on.
func (s *Settings) Threads() bool { return true }

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	var found web.Names
	const hint = "the URL that the workflow shows when it is saved"
	found.Hook("webhook_url", s.WebhookURL, hint)
	if u, err := url.Parse(s.WebhookURL.Reveal()); err == nil && strings.HasSuffix(u.Hostname(), ".webhook.office.com") {
		found.Add("webhook_url", "of an Office 365 connector, which Microsoft has switched off", "make a workflow in Teams: "+hint)
	}
	return found.Problems
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	if err := (&web.Names{Problems: s.Check()}).Err(env.Name); err != nil {
		return nil, err
	}
	return &Action{words: s.Composer(env), client: web.New(web.Options{
		Who: "teams " + env.Name, Base: s.WebhookURL.Reveal(), Timeout: s.Timeout.Std(), Env: env,
		Sign: func(http.Header) ([]string, error) { return web.HookSecrets(s.WebhookURL), nil },
	})}, nil
}
