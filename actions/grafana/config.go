package grafana

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one Grafana.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	URL          string        `yaml:"url" doc:"address without /api"`
	Token        config.Secret `yaml:"token" doc:"of a service account that may read and write annotations"`
	DashboardUID string        `yaml:"dashboard_uid" doc:"of the dashboard that shows it, a template; default: the whole organisation, by tags"`
	Tags         []string      `yaml:"tags" doc:"further tags, templates"`
	TLS          web.TLS       `yaml:"tls" doc:"of the connection"`
}

// New returns the settings with their defaults. No limit: annotations disturb nobody.
func New() config.ActionSettings {
	return &Settings{ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second), MaxPerMinute: new(int)}}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings: the annotation goes on with the rollback.
func (s *Settings) Threads() bool { return true }

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	_, found := s.compile()
	return found.Problems
}

// parts are the settings, parsed.
type parts struct {
	dashboard web.Name
	tags      []web.Name
	tls       *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	p, found := parts{}, &web.Names{}
	found.Base("url", s.URL, "https://grafana.example.com")
	found.Required("token", s.Token, "that of a service account")
	p.dashboard = found.Parse("dashboard_uid", s.DashboardUID, false)
	for i, tag := range s.Tags {
		p.tags = append(p.tags, found.Parse(fmt.Sprintf("tags[%d]", i), tag, true))
	}
	p.tls = found.TLS(s.TLS)
	return p, found
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	p, found := s.compile()
	if err := found.Err(env.Name); err != nil {
		return nil, err
	}
	return &Action{words: s.Composer(env), parts: p, client: web.New(web.Options{
		Who: "grafana " + env.Name, Base: s.URL, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env,
		Sign: web.Bearer(s.Token),
	})}, nil
}
