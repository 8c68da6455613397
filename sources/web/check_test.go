package web

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
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
		"no room for an answer":   {func(c *Config) { c.MaxResponse = 0 }, []string{"max_response"}},

		"basic_auth":         {func(c *Config) { c.BasicAuth = BasicAuth{"me", secret(planted)} }, nil},
		"no user":            {func(c *Config) { c.BasicAuth.Password = secret(planted) }, []string{"basic_auth.username"}},
		"no password":        {func(c *Config) { c.BasicAuth.Username = "me" }, []string{"basic_auth.password"}},
		"bearer_token":       {func(c *Config) { c.BearerToken = secret("abc") }, nil},
		"token of two lines": {func(c *Config) { c.BearerToken = secret(planted) }, []string{"bearer_token"}},
		"two ways in": {func(c *Config) {
			c.BearerToken, c.BasicAuth = secret("abc"), BasicAuth{"me", secret(planted)}
		}, []string{"bearer_token"}},
		"two ways in, one as a header": {func(c *Config) {
			c.OAuth2 = good
			c.Headers = map[string]config.Secret{"authorization": secret("Token abc")}
		}, []string{"headers.authorization"}},

		"headers": {func(c *Config) {
			c.Headers = map[string]config.Secret{"X-Scope-OrgID": secret("team-a|team-b"), "Authorization": secret("Token x")}
		}, nil},
		"bad headers": {func(c *Config) {
			c.Headers = map[string]config.Secret{"Host": secret("x"), "content-type": secret("x"), "a b": secret("x"), "X-Key": secret(planted)}
		}, []string{"headers.Host", "headers.X-Key", "headers.a b", "headers.content-type"}},

		"oauth2":       {func(c *Config) { c.OAuth2 = good }, nil},
		"empty oauth2": {func(c *Config) { c.OAuth2.Scopes = []string{"read"} }, []string{"oauth2.token_url", "oauth2.client_id", "oauth2.client_secret"}},
		"bad oauth2": {func(c *Config) {
			c.OAuth2 = good
			c.OAuth2.TokenURL = "login.example.com"
			c.OAuth2.TLS.Cert = "/cert"
			c.OAuth2.EndpointParams = map[string]string{"scope": "read", "audience": "prom"}
		}, []string{"oauth2.token_url", "oauth2.tls.key", "oauth2.endpoint_params.scope"}},
		"password in token_url": {func(c *Config) {
			c.OAuth2 = good
			c.OAuth2.TokenURL = "https://me:sesame@login.example.com/token"
		}, []string{"oauth2.token_url"}},

		"a cert without key": {func(c *Config) { c.TLS.Cert = "/cert" }, []string{"tls.key"}},
		"a key without cert": {func(c *Config) { c.TLS.Key = "/key" }, []string{"tls.cert"}},
		"proxy":              {func(c *Config) { c.ProxyURL = secret("http://me:sesame@proxy:3128") }, nil},
		"socks proxy":        {func(c *Config) { c.ProxyURL = secret("socks5://proxy:1080") }, nil},
		"bad proxy":          {func(c *Config) { c.ProxyURL = secret("ftp://me:sesame@proxy") }, []string{"proxy_url"}},
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

var good = OAuth2{ClientID: "me", ClientSecret: config.NewSecret(planted), TokenURL: "https://login.example.com/token?v=2"}

func TestSettingsPrintNoSecret(t *testing.T) {
	c := settings("http://prometheus:9090")
	c.OAuth2 = good
	c.BasicAuth.Password, c.BearerToken, c.ProxyURL = good.ClientSecret, good.ClientSecret, good.ClientSecret
	c.Headers = map[string]config.Secret{"X-Key": good.ClientSecret}
	if text := fmt.Sprintf("%v %+v %#v", c, *c, *c); strings.Contains(text, "sesame") {
		t.Errorf("printed as %s", text)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.pem")
	if err := os.WriteFile(junk, []byte("sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"url: missing": func(c *Config) { c.URL = "" },
		"tls.ca: file /nowhere/ca.pem cannot be read": func(c *Config) { c.TLS.CA = "/nowhere/ca.pem" },
		"tls: its files cannot be used":               func(c *Config) { c.TLS.CA = junk },
		"tls: its files cannot be used (try":          func(c *Config) { c.TLS.Cert, c.TLS.Key = junk, junk },
		"oauth2.tls.ca: file /nowhere/ca.pem cannot": func(c *Config) {
			c.OAuth2 = good
			c.OAuth2.TLS.CA = "/nowhere/ca.pem"
		},
		"max_concurrent": func(c *Config) { c.MaxConcurrent = 0 },
		"timeout":        func(c *Config) { c.Timeout = 0 },
	} {
		c := settings("https://prometheus:9090")
		change(c)
		_, err := c.Open(config.Env{Name: "prom"})
		if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("error %v, want an invalid one about %q", err, want)
		}
	}
}
