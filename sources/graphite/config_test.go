package graphite

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

func TestCheck(t *testing.T) {
	secret := config.NewSecret("sesame")
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string // fields
	}{
		"nothing but a url":  {func(*Config) {}, nil},
		"a path":             {func(c *Config) { c.URL = "https://cloud.example.com/graphite/" }, nil},
		"no url":             {func(c *Config) { c.URL = "" }, []string{"url"}},
		"no scheme":          {func(c *Config) { c.URL = "graphite:8080" }, []string{"url"}},
		"password in url":    {func(c *Config) { c.URL = "http://me:sesame@graphite" }, []string{"url"}},
		"api in url":         {func(c *Config) { c.URL = "http://graphite/render" }, []string{"url"}},
		"composer in url":    {func(c *Config) { c.URL = "http://graphite/composer/" }, []string{"url"}},
		"no room":            {func(c *Config) { c.MaxResponse = 0 }, []string{"max_response"}},
		"a cert without key": {func(c *Config) { c.TLS.Cert = "/cert" }, []string{"tls.key"}},
		"two ways to log in": {func(c *Config) { c.BearerToken, c.BasicAuth = secret, web.BasicAuth{Username: "me", Password: secret} }, []string{"bearer_token"}},
	} {
		s := settings("http://graphite:8080")
		c.change(s)
		var got []string
		for _, p := range s.Check() {
			got = append(got, p.Field)
			if p.Message == "" || strings.Contains(fmt.Sprint(p), "sesame") {
				t.Errorf("%s: problem %+v: want words without the secret", name, p)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: problems in %v, want %v", name, got, c.want)
		}
		source, err := s.Open(env())
		if (err == nil) != (c.want == nil) || (source == nil) != (c.want != nil) {
			t.Errorf("%s: opened as %v, error %v", name, source, err)
		}
		if err != nil && (analysis.KindOf(err) != analysis.Invalid || !strings.HasPrefix(err.Error(), "source graphite: "+c.want[0])) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestEveryKeyIsDocumented keeps the reference of the settings complete.
func TestEveryKeyIsDocumented(t *testing.T) {
	for f := range reflect.TypeFor[Config]().Fields() {
		if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" && !f.Anonymous {
			t.Errorf("%s: want yaml and doc tags", f.Name)
		}
	}
}
