package github

import (
	"crypto/tls"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// What an action may do.
const (
	doDispatch = "dispatch"
	doStatus   = "deployment_status"
)

// apiVersion is the version of GitHub's API that is spoken.
const apiVersion = "2022-11-28"

// maxInputs is how many inputs a workflow takes.
const maxInputs = 25

// Settings are the settings of the action.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	APIURL     string            `yaml:"api_url" doc:"of GitHub's API; of an Enterprise Server: https://host/api/v3; default: https://api.github.com"`
	Token      config.Secret     `yaml:"token" doc:"of an app's installation, or a personal one; required"`
	TLS        web.TLS           `yaml:"tls" doc:"of the connection"`
	Action     string            `yaml:"action" doc:"dispatch: start a workflow that rolls back; deployment_status: write the outcome to a deployment" jsonschema:"enum=dispatch,enum=deployment_status"`
	Owner      string            `yaml:"owner" doc:"template: of the repository; required"`
	Repository string            `yaml:"repository" doc:"template: its name, e.g. {{.Run.Service}}; required"`
	Workflow   string            `yaml:"workflow" doc:"dispatch: template: file name or id of the workflow; required"`
	Ref        string            `yaml:"ref" doc:"dispatch: template: branch or tag whose workflow runs; default: main"`
	Inputs     map[string]string `yaml:"inputs" doc:"dispatch: templates of the workflow's inputs; default: {version: \"{{.Rollback.To}}\"}"`
	Deployment string            `yaml:"deployment" doc:"deployment_status: template: id of the deployment; default: {{.Run.Variables.deployment}}"`
	Deadline   analysis.Duration `yaml:"deadline" doc:"dispatch: how long the run may take until it counts as failed; 0: it is not followed"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		// Each deployment has a status of its own, so one digest cannot stand for many.
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second), MaxPerMinute: new(int)},
		APIURL:       "https://api.github.com", Action: doDispatch, Ref: "main",
		Deployment: "{{.Run.Variables.deployment}}", Deadline: analysis.Duration(30 * time.Minute),
	}
}

var (
	_ config.ActionSettings = (*Settings)(nil)
	_ config.FollowSettings = (*Settings)(nil)
)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return s.Action != doStatus }

// Threads implements config.ActionSettings.
func (s *Settings) Threads() bool { return false }

// FollowFor implements config.FollowSettings.
func (s *Settings) FollowFor() analysis.Duration {
	if s.Action == doStatus {
		return 0
	}
	return s.Deadline
}

// parts are the settings, parsed.
type parts struct {
	owner, repository, workflow, ref, deployment web.Name
	inputs                                       map[string]web.Name
	tls                                          *tls.Config
}

func (s *Settings) compile() (parts, *web.Names) {
	n := &web.Names{}
	n.Base("api_url", s.APIURL, "https://api.github.com")
	n.Required("token", s.Token, "${env:GITHUB_TOKEN}")
	p := parts{owner: n.Parse("owner", s.Owner, true), repository: n.Parse("repository", s.Repository, true), inputs: map[string]web.Name{}}
	switch s.Action {
	case doDispatch:
		p.workflow, p.ref = n.Parse("workflow", s.Workflow, true), n.Parse("ref", s.Ref, true)
		inputs := s.Inputs
		if inputs == nil {
			inputs = map[string]string{"version": "{{.Rollback.To}}"}
		}
		if len(inputs) > maxInputs {
			n.Add("inputs", "more than 25", "")
		}
		for _, name := range slices.Sorted(maps.Keys(inputs)) {
			p.inputs[name] = n.Parse("inputs."+name, inputs[name], true)
		}
	case doStatus:
		p.deployment = n.Parse("deployment", s.Deployment, true)
	default:
		n.Add("action", "not dispatch or deployment_status", doDispatch)
	}
	if s.Deadline < 0 {
		n.Add("deadline", "negative", "30m")
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
	client := web.New(web.Options{
		Who: "github " + env.Name, Base: s.APIURL, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env,
		Sign:   web.Bearer(s.Token),
		Header: map[string]string{"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": apiVersion},
		Adjust: limited,
	})
	return &Action{words: s.Composer(env), settings: s, parts: p, client: client}, nil
}

// limited recognises the rate limits that GitHub answers with 403.
func limited(answer web.Answer, e *analysis.Error) {
	if answer.Status != http.StatusForbidden && answer.Status != http.StatusTooManyRequests {
		return
	}
	h := answer.Header
	if h.Get("X-Ratelimit-Remaining") != "0" && h.Get("Retry-After") == "" {
		return
	}
	e.Kind, e.Hint = analysis.Limited, ""
	e.RetryAfter = config.RetryAfter(h, time.Now())
	if e.RetryAfter == 0 {
		e.RetryAfter = web.Until(h.Get("X-Ratelimit-Reset"), time.Second)
	}
}
