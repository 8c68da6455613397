package jira

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one project.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	URL       string            `yaml:"url" doc:"of the site: https://acme.atlassian.net"`
	Email     string            `yaml:"email" doc:"of the account whose token it is"`
	Token     config.Secret     `yaml:"token" doc:"API token of the account"`
	Project   string            `yaml:"project" doc:"key of the project, or a template of it"`
	IssueType string            `yaml:"issue_type" doc:"of new issues, by name"`
	Labels    []string          `yaml:"labels" doc:"further labels of new issues, templates"`
	Priority  map[string]string `yaml:"priority" doc:"of new issues, by severity (any: every other), by name; default: the project's"`
	TLS       web.TLS           `yaml:"tls" doc:"of the connection"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{ActionCommon: config.ActionCommon{Timeout: analysis.Duration(20 * time.Second)}, IssueType: "Task"}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings: later news become comments.
func (s *Settings) Threads() bool { return true }

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	_, found := s.compile()
	return found.Problems
}

// parts are the settings, parsed.
type parts struct {
	project web.Name
	labels  []web.Name
	tls     *tls.Config
}

// Forms of Jira's names.
var (
	projectForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)
	issueForm   = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}-[0-9]{1,12}$`)
)

func (s *Settings) compile() (parts, *web.Names) {
	p, found := parts{}, &web.Names{}
	found.Base("url", s.URL, "https://acme.atlassian.net")
	if s.Email == "" {
		found.Add("email", "missing", "haldane@example.com")
	}
	if s.Token.Empty() {
		found.Add("token", "missing", "an API token of that account")
	}
	if p.project = found.Parse("project", s.Project, true); s.Project != "" && !strings.Contains(s.Project, "{{") && !projectForm.MatchString(s.Project) {
		found.Add("project", "not the key of a project", "OPS")
	}
	if s.IssueType == "" {
		found.Add("issue_type", "missing", "Task")
	}
	for i, l := range s.Labels {
		p.labels = append(p.labels, found.Parse(fmt.Sprintf("labels[%d]", i), l, true))
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
	return &Action{words: s.Composer(env), settings: s, parts: p, client: web.New(web.Options{
		Who: "jira " + env.Name, Base: s.URL, Timeout: s.Timeout.Std(), TLS: p.tls, Env: env,
		Sign: func(h http.Header) ([]string, error) {
			return web.BasicAuth{Username: s.Email, Password: s.Token}.Sign(h), nil
		},
	})}, nil
}
