package prometheus

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

// planted is a secret that must not be quoted.
const planted = "he said \"sesame\"\nand 'open'"

func TestCheck(t *testing.T) {
	secret := config.NewSecret
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string // fields
	}{
		"nothing but a url":       {func(c *Config) {}, nil},
		"https and a path":        {func(c *Config) { c.URL = "https://mimir.example.com/prometheus/" }, nil},
		"a path through a server": {func(c *Config) { c.URL = "https://k8s/api/v1/namespaces/mon/services/prom:9090/proxy" }, nil},
		"no url":                  {func(c *Config) { c.URL = "" }, []string{"url"}},
		"no scheme":               {func(c *Config) { c.URL = "prometheus:9090" }, []string{"url"}},
		"no host":                 {func(c *Config) { c.URL = "http:///x" }, []string{"url"}},
		"not a url":               {func(c *Config) { c.URL = "http://[::1" }, []string{"url"}},
		"password in url":         {func(c *Config) { c.URL = "http://me:sesame@prometheus" }, []string{"url"}},
		"parameters in url":       {func(c *Config) { c.URL = "http://prometheus/?dedup=1" }, []string{"url"}},
		"api path in url":         {func(c *Config) { c.URL = "http://prometheus:9090/api/v1" }, []string{"url"}},
		"api call in url":         {func(c *Config) { c.URL = "http://prometheus:9090/api/v1/query_range" }, []string{"url"}},
		"no room for an answer":   {func(c *Config) { c.MaxResponse = 0 }, []string{"max_response"}},

		"params": {func(c *Config) { c.Params = map[string]string{"dedup": "true", "Time": "x"} }, nil},
		"params that are Haldane's": {func(c *Config) {
			c.Params = map[string]string{"query": "up", "start": "0", "end": "1", "step": "1", "time": "1", "timeout": "1h", "": "x"}
		}, []string{"params", "params.end", "params.query", "params.start", "params.step", "params.time", "params.timeout"}},
		"two ways in": {func(c *Config) {
			c.BearerToken, c.BasicAuth = secret("abc"), web.BasicAuth{Username: "me", Password: secret(planted)}
		}, []string{"bearer_token"}},
		"a cert without key": {func(c *Config) { c.TLS.Cert = "/cert" }, []string{"tls.key"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := settings("http://prometheus:9090")
			c.change(settings)
			var got []string
			for _, p := range settings.Check() {
				got = append(got, p.Field)
				if p.Message == "" || strings.Contains(fmt.Sprint(p), "sesame") {
					t.Errorf("problem %+v: want words without the secret", p)
				}
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("problems in %v, want %v", got, c.want)
			}
		})
	}
}

func TestSettingsPrintNoSecret(t *testing.T) {
	c := settings("http://prometheus:9090")
	word := config.NewSecret(planted)
	c.OAuth2.ClientSecret, c.BasicAuth.Password, c.BearerToken, c.ProxyURL = word, word, word, word
	c.Headers = map[string]config.Secret{"X-Key": word}
	if text := fmt.Sprintf("%v %+v %#v", c, *c, *c); strings.Contains(text, "sesame") {
		t.Errorf("printed as %s", text)
	}
}

func TestOpenRefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"url: missing": func(c *Config) { c.URL = "" },
		"tls.ca: file /nowhere/ca.pem cannot be read": func(c *Config) { c.TLS.CA = "/nowhere/ca.pem" },
		"max_concurrent": func(c *Config) { c.MaxConcurrent = 0 },
	} {
		c := settings("https://prometheus:9090")
		change(c)
		s, err := c.Open(config.Env{Name: "prom"})
		if s != nil || analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("source %v, error %v, want an invalid one about %q", s, err, want)
		}
	}
}

// TestEveryKeyIsDocumented keeps the reference of the settings complete.
func TestEveryKeyIsDocumented(t *testing.T) {
	var walk func(t *testing.T, typ reflect.Type)
	walk = func(t *testing.T, typ reflect.Type) {
		for f := range typ.Fields() {
			if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" && !f.Anonymous {
				t.Errorf("%s.%s: want yaml and doc tags", typ, f.Name)
			}
			if f.Type.Kind() == reflect.Struct && strings.Contains(f.Type.PkgPath(), "/sources/") {
				walk(t, f.Type)
			}
		}
	}
	walk(t, reflect.TypeFor[Config]())
}
