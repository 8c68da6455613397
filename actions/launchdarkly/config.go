package launchdarkly

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

	APIURL      string        `yaml:"api_url" doc:"default: https://app.launchdarkly.com; EU: https://app.eu.launchdarkly.com, US federal: https://app.launchdarkly.us"`
	Token       config.Secret `yaml:"token" doc:"access token, no SDK key; required"`
	TLS         web.TLS       `yaml:"tls" doc:"of the connection"`
	Project     string        `yaml:"project" doc:"template: key of the project; default: default"`
	Environment string        `yaml:"environment" doc:"template: key of the environment; default: {{.Run.Environment}}"`
	Flag        string        `yaml:"flag" doc:"template: key of the flag, e.g. {{.Run.Variables.flag}}; required"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		APIURL:       "https://app.launchdarkly.com", Project: "default", Environment: "{{.Run.Environment}}",
	}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return true }

// Threads implements config.ActionSettings.
func (s *Settings) Threads() bool { return false }

// parts are the settings, parsed.
type parts struct {
	project, environment, flag web.Name
	tls                        *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	n.Base("api_url", s.APIURL, "https://app.launchdarkly.com")
	n.Required("token", s.Token, "${env:LAUNCHDARKLY_TOKEN}")
	p := parts{
		project: n.Parse("project", s.Project, true), environment: n.Parse("environment", s.Environment, true),
		flag: n.Parse("flag", s.Flag, true),
	}
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
		Who: "launchdarkly " + env.Name, Base: s.APIURL, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env,
		Header: map[string]string{"LD-API-Version": "20240415"}, Adjust: adjust,
		Sign: web.InHeader("Authorization", "", s.Token), // without Bearer
	})}, nil
}
