package flagsmith

import (
	"crypto/tls"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of the action.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	APIURL         string        `yaml:"api_url" doc:"of the API without its version; default: https://api.flagsmith.com/api"`
	Key            config.Secret `yaml:"key" doc:"organisation API key; required"`
	TLS            web.TLS       `yaml:"tls" doc:"of the connection"`
	EnvironmentKey string        `yaml:"environment_key" doc:"template: client-side key of the environment; required"`
	Feature        string        `yaml:"feature" doc:"template: name of the feature, e.g. {{.Run.Variables.flag}}; required"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		APIURL:       "https://api.flagsmith.com/api",
	}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return true }

// Threads implements config.ActionSettings.
func (s *Settings) Threads() bool { return false }

// parts are the settings, parsed.
type parts struct {
	environment, feature web.Name
	tls                  *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	n.Base("api_url", s.APIURL, "https://api.flagsmith.com/api")
	n.Required("key", s.Key, "${env:FLAGSMITH_KEY}")
	p := parts{environment: n.Parse("environment_key", s.EnvironmentKey, true), feature: n.Parse("feature", s.Feature, true)}
	p.tls = n.TLS(s.TLS)
	return p, n
}

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	_, n := s.compile()
	return n.Problems
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	p, n := s.compile()
	if err := n.Err(env.Name); err != nil {
		return nil, err
	}
	return &Action{parts: p, client: web.New(web.Options{
		Who: "flagsmith " + env.Name, Base: s.APIURL, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env,
		Sign: web.InHeader("Authorization", "Api-Key ", s.Key),
	})}, nil
}
