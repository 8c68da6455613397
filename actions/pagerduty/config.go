package pagerduty

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one integration of a PagerDuty service.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	RoutingKey   config.Secret `yaml:"routing_key" doc:"the integration key of an Events API v2 integration, 32 characters"`
	Region       string        `yaml:"region" doc:"where the account is" jsonschema:"enum=us,enum=eu"`
	URL          string        `yaml:"url" doc:"of the Events API, for a proxy or a test; default: that of the region"`
	ChangeEvents bool          `yaml:"change_events" doc:"true: also send what calls nobody (a start, a pass, how a rollback goes on) as change events"`
	ClientURL    string        `yaml:"client_url" doc:"address of Haldane as people reach it; default: the run's page"`
}

// New returns the settings with their defaults. No limit: PagerDuty groups alerts by
// itself, and what ends one must not be held back.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second), MaxPerMinute: new(int)},
		Region:       "us", ChangeEvents: true,
	}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings: an alert is resolved when the release
// has recovered.
func (s *Settings) Threads() bool { return true }

// keyForm is how integration keys look. Those of rulesets begin with R.
var keyForm = regexp.MustCompile(`^[A-Za-z0-9_-]{32}$`)

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	var found web.Names
	switch key := s.RoutingKey.Reveal(); {
	case key == "":
		found.Add("routing_key", "missing", "the integration key of an Events API v2 integration")
	case !keyForm.MatchString(key):
		found.Add("routing_key", "not an integration key: those have 32 letters and digits", "copy it from the integration's page in PagerDuty")
	case s.ChangeEvents && strings.HasPrefix(key, "R"):
		found.Add("change_events", "a ruleset's key takes no change events", "change_events: false, or the key of a service's integration")
	}
	if s.Region != "us" && s.Region != "eu" {
		found.Add("region", "not us or eu", "eu")
	}
	if s.URL != "" {
		found.Base("url", s.URL, "https://events.pagerduty.com")
	}
	if s.ClientURL != "" {
		found.Base("client_url", s.ClientURL, "https://haldane.example.com")
	}
	return found.Problems
}

// base is the address of the API, without a slash at its end.
func (s *Settings) base() string {
	switch {
	case s.URL != "":
		return strings.TrimSuffix(s.URL, "/")
	case s.Region == "eu":
		return "https://events.eu.pagerduty.com"
	}
	return "https://events.pagerduty.com"
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	if err := (&web.Names{Problems: s.Check()}).Err(env.Name); err != nil {
		return nil, err
	}
	return &Action{words: s.Composer(env), settings: s, client: web.New(web.Options{
		Who: "pagerduty " + env.Name, Base: s.base(), Timeout: s.Timeout.Std(), Env: env,
		Sign: func(http.Header) ([]string, error) { return []string{s.RoutingKey.Reveal()}, nil }, // it stands in the body
	})}, nil
}
