package splitfme

import (
	"crypto/tls"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of the action.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	APIURL      string        `yaml:"api_url" doc:"default: https://api.split.io"`
	Key         config.Secret `yaml:"key" doc:"of the Admin API; required"`
	KeyHeader   string        `yaml:"key_header" doc:"how the key is sent: bearer, or x-api-key for accounts that have moved to Harness" jsonschema:"enum=bearer,enum=x-api-key"`
	TLS         web.TLS       `yaml:"tls" doc:"of the connection"`
	Workspace   string        `yaml:"workspace" doc:"id of the workspace (project); required"`
	Environment string        `yaml:"environment" doc:"template: name or id of the environment; default: {{.Run.Environment}}"`
	Flag        string        `yaml:"flag" doc:"template: name of the flag, e.g. {{.Run.Variables.flag}}; required"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		APIURL:       "https://api.split.io", KeyHeader: "bearer", Environment: "{{.Run.Environment}}",
	}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return true }

// Threads implements config.ActionSettings.
func (s *Settings) Threads() bool { return false }

// parts are the settings, parsed.
type parts struct {
	workspace, environment, flag web.Name
	tls                          *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	n.Base("api_url", s.APIURL, "https://api.split.io")
	n.Required("key", s.Key, "${env:SPLIT_ADMIN_KEY}")
	if !slices.Contains([]string{"bearer", "x-api-key"}, s.KeyHeader) {
		n.Add("key_header", "not bearer or x-api-key", "bearer")
	}
	p := parts{
		workspace: n.Parse("workspace", s.Workspace, true), environment: n.Parse("environment", s.Environment, true),
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
	sign := web.Bearer(s.Key)
	if s.KeyHeader == "x-api-key" {
		sign = web.InHeader("X-Api-Key", "", s.Key)
	}
	return &Action{parts: p, client: web.New(web.Options{
		Who: "splitfme " + env.Name, Base: s.APIURL, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env, Sign: sign,
	})}, nil
}
