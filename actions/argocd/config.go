package argocd

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
	doRollback = "rollback"
	doAbort    = "abort-rollout"
)

// Settings are the settings of the action.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	Server          string            `yaml:"server" doc:"https://argocd.example.com, with the root path if it has one; required"`
	Token           config.Secret     `yaml:"token" doc:"of an account or a project's role; required"`
	TLS             web.TLS           `yaml:"tls" doc:"of the connection"`
	Action          string            `yaml:"action" doc:"rollback: sync to the version's entry in the history; abort-rollout: traffic back to the stable version" jsonschema:"enum=rollback,enum=abort-rollout"`
	Application     string            `yaml:"application" doc:"template: its name, e.g. {{.Run.Service}}; required"`
	AppNamespace    string            `yaml:"app_namespace" doc:"template: of the application, if it is not Argo CD's own"`
	Project         string            `yaml:"project" doc:"template: of the application; default: not sent"`
	Find            string            `yaml:"find" doc:"rollback: where the history has the version: commit, tag or chart version; a Helm parameter; or the tag of a Kustomize image" jsonschema:"enum=revision,enum=parameter,enum=image"`
	Parameter       string            `yaml:"parameter" doc:"with find: parameter, which one; default: image.tag"`
	Version         string            `yaml:"version" doc:"template: how the version is written there; default: {{.Rollback.To}}"`
	Prune           bool              `yaml:"prune" doc:"rollback: delete what the version did not have"`
	DisableAutoSync bool              `yaml:"disable_auto_sync" doc:"rollback: switch auto-sync off first, and leave it off"`
	Rollout         Rollout           `yaml:"rollout" doc:"with action: abort-rollout"`
	Deadline        analysis.Duration `yaml:"deadline" doc:"how long it may take until it counts as failed; 0: it is not followed"`
}

// Rollout says which Rollout of the application is aborted.
type Rollout struct {
	Namespace string `yaml:"namespace" doc:"template: of the Rollout"`
	Name      string `yaml:"name" doc:"template: its name"`
	Find      string `yaml:"find" doc:"where pods carry their version: image, label or annotation" jsonschema:"enum=image,enum=label,enum=annotation"`
	Key       string `yaml:"key" doc:"which label or annotation; default: app.kubernetes.io/version"`
	Container string `yaml:"container" doc:"whose image; default: any container's"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		Action:       doRollback, Find: "revision", Version: "{{.Rollback.To}}", Rollout: Rollout{Find: "image"},
		Deadline: analysis.Duration(15 * time.Minute),
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
	application, appNamespace, project, version web.Name
	namespace, rollout                          web.Name
	finder                                      cluster.Finder
	tls                                         *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	n.Base("server", s.Server, "https://argocd.example.com")
	n.Required("token", s.Token, "${env:ARGOCD_TOKEN}")
	p := parts{
		application: n.Parse("application", s.Application, true), appNamespace: n.Parse("app_namespace", s.AppNamespace, false),
		project: n.Parse("project", s.Project, false), version: n.Parse("version", s.Version, true),
	}
	if s.Parameter != "" && s.Find != "parameter" {
		n.Add("parameter", "only with find: parameter", "find: parameter")
	}
	if !slices.Contains([]string{"revision", "parameter", "image"}, s.Find) {
		n.Add("find", "not revision, parameter or image", "revision")
	}
	switch s.Action {
	case doRollback:
	case doAbort:
		p.namespace = n.Parse("rollout.namespace", s.Rollout.Namespace, true)
		p.rollout = n.Parse("rollout.name", s.Rollout.Name, true)
		p.finder = cluster.Finding{
			Find: s.Rollout.Find, Key: s.Rollout.Key, Container: s.Rollout.Container, Version: s.Version, Several: "refuse",
		}.Compile(n)
		if s.DisableAutoSync {
			n.Add("disable_auto_sync", "only with action: rollback; aborting needs it not", "")
		}
	default:
		n.Add("action", "not rollback or abort-rollout", doRollback)
	}
	if s.Deadline < 0 {
		n.Add("deadline", "negative", "15m")
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
	return &Action{settings: s, parts: p, client: web.New(web.Options{
		Who: "argocd " + env.Name, Base: s.Server, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env, Max: 8 << 20,
		Sign: web.Bearer(s.Token),
	})}, nil
}
