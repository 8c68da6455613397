package kubernetes

import (
	"crypto/tls"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of the action.
type Settings struct {
	config.ActionCommon `yaml:",inline"`
	cluster.Access      `yaml:",inline"`
	cluster.Finding     `yaml:",inline"`

	Namespace  string            `yaml:"namespace" doc:"template: of the Deployment; default: default"`
	Deployment string            `yaml:"deployment" doc:"template: its name, e.g. {{.Run.Service}}; required"`
	Deadline   analysis.Duration `yaml:"deadline" doc:"how long the roll-out may take until it counts as failed; 0: it is not followed"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		Finding:      cluster.NewFinding(), Namespace: "default", Deadline: analysis.Duration(15 * time.Minute),
	}
}

var (
	_ config.ActionSettings = (*Settings)(nil)
	_ config.FollowSettings = (*Settings)(nil)
)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return true }

// Threads implements config.ActionSettings.
func (s *Settings) Threads() bool { return false }

// FollowFor implements config.FollowSettings.
func (s *Settings) FollowFor() analysis.Duration { return s.Deadline }

// parts are the settings, parsed.
type parts struct {
	namespace, deployment web.Name
	finder                cluster.Finder
	tls                   *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	p := parts{
		tls:       s.Access.Check(n),
		namespace: n.Parse("namespace", s.Namespace, true), deployment: n.Parse("deployment", s.Deployment, true),
		finder: s.Compile(n),
	}
	if s.Deadline < 0 {
		n.Add("deadline", "negative", "15m")
	}
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
	return &Action{client: s.Access.Open("kubernetes "+env.Name, env, s.Timeout.Std(), p.tls), parts: p}, nil
}
