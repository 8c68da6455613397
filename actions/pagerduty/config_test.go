package pagerduty_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/pagerduty"
	"github.com/haldane-dev/haldane/config"
)

// TestSettings: each mistake is found, said at its field, and tells no secret.
func TestSettings(t *testing.T) {
	const planted = "planted-Secret"
	for _, c := range []struct {
		name, field string
		change      func(*pagerduty.Settings)
	}{
		{"no key", "routing_key", func(s *pagerduty.Settings) { s.RoutingKey = config.Secret{} }},
		{"a short key", "routing_key", func(s *pagerduty.Settings) { s.RoutingKey = config.NewSecret(planted) }},
		{"a key with a break", "routing_key", func(s *pagerduty.Settings) { s.RoutingKey = config.NewSecret(planted + strings.Repeat("x", 17) + "\n") }},
		{"a ruleset's key", "change_events", func(s *pagerduty.Settings) { s.RoutingKey = config.NewSecret("R" + routingKey[1:]) }},
		{"a region of the moon", "region", func(s *pagerduty.Settings) { s.Region = "moon" }},
		{"no URL", "url", func(s *pagerduty.Settings) { s.URL = "events.pagerduty.com" }},
		{"no client URL", "client_url", func(s *pagerduty.Settings) { s.ClientURL = "haldane" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings("", c.change)
			got := s.Check()
			if len(got) != 1 || got[0].Field != c.field {
				t.Errorf("problems %+v, want one at %s", got, c.field)
			}
			_, err := s.Open(config.Env{Name: "oncall"})
			if err == nil {
				t.Error("it can be opened all the same")
			}
			if out := fmt.Sprintf("%+v %v %+v %#v", got, err, s, s); strings.Contains(out, planted) {
				t.Errorf("a secret got out: %s", out)
			}
		})
	}
	if s := settings(""); s.ChangesWorld() || !s.Threads() || len(s.Check()) != 0 {
		t.Error("it tells people, keeps a thread, and needs no URL")
	}
}
