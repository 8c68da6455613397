package alertmanager

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one Alertmanager.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	URLs        []string                 `yaml:"urls" doc:"addresses without /api/v2; of a cluster all members: each is told, and one that listens is enough"`
	Labels      map[string]string        `yaml:"labels" doc:"further labels, to route by; templates, of what does not change within a run"`
	Keep        analysis.Duration        `yaml:"keep" doc:"how long an alert is kept alive when nothing more is heard of its run; 0: it ends after a few minutes"`
	Resend      analysis.Duration        `yaml:"resend" doc:"how often it is sent again; it ends by itself when that was missed four times"`
	BasicAuth   *BasicAuth               `yaml:"basic_auth" doc:"sent as Authorization: Basic"`
	BearerToken config.Secret            `yaml:"bearer_token" doc:"sent as Authorization: Bearer"`
	Headers     map[string]config.Secret `yaml:"headers" doc:"sent with every request, such as a tenant's X-Scope-OrgID"`
	TLS         web.TLS                  `yaml:"tls" doc:"of the connections"`
}

// BasicAuth is a user name with its password.
type BasicAuth = web.BasicAuth

// New returns the settings with their defaults. No limit: Alertmanager groups alerts by
// itself, and what ends one must not be held back.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second), MaxPerMinute: new(int)},
		Keep:         analysis.Duration(time.Hour), Resend: analysis.Duration(time.Minute),
	}
}

var (
	_ config.ActionSettings = (*Settings)(nil)
	_ config.FollowSettings = (*Settings)(nil)
)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings: an alert ends when the release has
// recovered.
func (s *Settings) Threads() bool { return true }

// FollowFor implements config.FollowSettings: so long alerts are sent again.
func (s *Settings) FollowFor() analysis.Duration { return s.Keep }

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	_, found := s.compile()
	return found.Problems
}

// parts are the settings, parsed.
type parts struct {
	labels map[string]web.Name
	tls    *tls.Config
}

// labelForm is what every version of Alertmanager takes as a label's name.
var labelForm = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// compile parses the settings, and finds all that is wrong with them.
func (s *Settings) compile() (parts, *web.Names) {
	p, found := parts{labels: map[string]web.Name{}}, &web.Names{}
	if len(s.URLs) == 0 {
		found.Add("urls", "missing", `["http://alertmanager:9093"]`)
	}
	for i, u := range s.URLs {
		found.Base(fmt.Sprintf("urls[%d]", i), u, "http://alertmanager:9093")
		if slices.Contains(s.URLs[:i], u) {
			found.Add(fmt.Sprintf("urls[%d]", i), "given twice", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		if !labelForm.MatchString(name) || fixedLabels[name] {
			found.Add("labels."+name, "not a label that may be set here", "team")
			continue
		}
		p.labels[name] = found.Parse("labels."+name, s.Labels[name], true)
	}
	if s.Resend.Std() < 10*time.Second || s.Resend.Std() > time.Hour {
		found.Add("resend", "shorter than 10s or longer than 1h", "1m")
	}
	if s.Keep < 0 {
		found.Add("keep", "negative", "1h")
	}
	s.checkLogin(found)
	p.tls = found.TLS(s.TLS)
	return p, found
}

// checkLogin lets only one of the ways to sign in be used.
func (s *Settings) checkLogin(found *web.Names) {
	found.Token("bearer_token", s.BearerToken)
	ways := 0
	if !s.BearerToken.Empty() {
		ways++
	}
	if s.BasicAuth != nil {
		ways++
		if s.BasicAuth.Username == "" {
			found.Add("basic_auth.username", "missing", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		if !web.HeaderName(name) {
			found.Add("headers."+name, "not a name of a header", "X-Scope-OrgID")
		}
		found.Token("headers."+name, s.Headers[name])
		if http.CanonicalHeaderKey(name) == "Authorization" {
			ways++
		}
	}
	if ways > 1 {
		found.Add("bearer_token", "only one of bearer_token, basic_auth and an Authorization header may be set", "")
	}
}

// sign puts the credentials into a request.
func (s *Settings) sign(h http.Header) ([]string, error) {
	var secrets []string
	for name, value := range s.Headers {
		h.Set(name, value.Reveal())
		secrets = append(secrets, value.Reveal())
	}
	if token := s.BearerToken.Reveal(); token != "" {
		h.Set("Authorization", "Bearer "+token)
		secrets = append(secrets, token)
	}
	if b := s.BasicAuth; b != nil {
		secrets = append(secrets, b.Sign(h)...)
	}
	return secrets, nil
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	p, found := s.compile()
	if err := found.Err(env.Name); err != nil {
		return nil, err
	}
	a := &Action{words: s.Composer(env), settings: s, parts: p, name: env.Name, log: env.Log}
	for _, u := range s.URLs {
		// A config of its own: net/http writes to it when it is first used.
		a.members = append(a.members, web.New(web.Options{
			Who: "alertmanager " + env.Name, Base: u, Timeout: s.Timeout.Std(), TLS: p.tls.Clone(), Env: env, Sign: s.sign,
		}))
	}
	return a, nil
}
