package argorollouts

import (
	"crypto/tls"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// What an action may do.
const (
	doAbort   = "abort"
	doUndo    = "undo"
	doPromote = "promote-full"
)

// Settings are the settings of the action.
type Settings struct {
	config.ActionCommon `yaml:",inline"`
	cluster.Access      `yaml:",inline"`
	cluster.Finding     `yaml:",inline"`

	Action    string            `yaml:"action" doc:"abort: traffic back to the stable version; undo: to the version's template; promote-full: skip the rest of the steps" jsonschema:"enum=abort,enum=undo,enum=promote-full"`
	Namespace string            `yaml:"namespace" doc:"template: of the Rollout; default: default"`
	Rollout   string            `yaml:"rollout" doc:"template: its name, e.g. {{.Run.Service}}; required"`
	Deadline  analysis.Duration `yaml:"deadline" doc:"how long it may take until it counts as failed; 0: it is not followed"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		Finding:      cluster.NewFinding(), Action: doAbort, Namespace: "default", Deadline: analysis.Duration(15 * time.Minute),
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
	do                 string
	namespace, rollout web.Name
	finder             cluster.Finder
	tls                *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	p := parts{
		tls: s.Access.Check(n),
		do:  s.Action, namespace: n.Parse("namespace", s.Namespace, true), rollout: n.Parse("rollout", s.Rollout, true),
		finder: s.Compile(n),
	}
	if !slices.Contains([]string{doAbort, doUndo, doPromote}, s.Action) {
		n.Add("action", "not abort, undo or promote-full", doAbort)
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
	return &Action{client: s.Access.Open("argorollouts "+env.Name, env, s.Timeout.Std(), p.tls), parts: p}, nil
}
