package datadog

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

func TestDefaults(t *testing.T) {
	c := New().(*Config)
	if c.Site != "datadoghq.com" || c.API != apiV2 || c.Delay.Std() != 2*time.Minute || c.MaxConcurrent != 5 || c.Timeout.Std() != 30*time.Second || c.MaxResponse != web.DefaultMaxResponse {
		t.Errorf("%+v", c)
	}
}

// TestConfigCheck finds what is wrong, at its field, with what to write instead, and never quotes
// a key.
func TestConfigCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		field  string // "" for nothing wrong
		hint   string
	}{
		"good":                {func(*Config) {}, "", ""},
		"no API key":          {func(c *Config) { c.APIKey = config.Secret{} }, "api_key", `"${env:DD_API_KEY}"`},
		"no application key":  {func(c *Config) { c.AppKey = config.Secret{} }, "app_key", `"${env:DD_APP_KEY}"`},
		"a key of two lines":  {func(c *Config) { c.APIKey = config.NewSecret("a\nb") }, "api_key", "one line"},
		"a page's address":    {func(c *Config) { c.Site = "https://app.datadoghq.eu/dashboard" }, "site", "datadoghq.eu"},
		"the API's address":   {func(c *Config) { c.Site = "api.us3.datadoghq.com" }, "site", "us3.datadoghq.com"},
		"in capitals":         {func(c *Config) { c.Site = "DATADOGHQ.EU" }, "site", "datadoghq.eu"},
		"a region":            {func(c *Config) { c.Site = "eu1" }, "site", "one of datadoghq.com, us3.datadoghq.com"},
		"no site":             {func(c *Config) { c.Site = "" }, "site", "one of"},
		"any site with a url": {func(c *Config) { c.Site, c.URL = "datadog.example.com", "http://gateway:8080" }, "", ""},
		"a url that is none":  {func(c *Config) { c.URL = "gateway" }, "url", "http://host:port"},
		"a url with the path": {func(c *Config) { c.URL = "http://gateway/api/v2/query" }, "url", "without /api"},
		"a url with a key":    {func(c *Config) { c.URL = "http://a:the-api-key@gateway" }, "url", keys},
		"another API":         {func(c *Config) { c.API = "v3" }, "api", "v2, or v1"},
		"too small an answer": {func(c *Config) { c.MaxResponse = 10 }, "max_response", "16MiB"},
	} {
		c := settings(apiV2)
		tt.change(c)
		got := c.Check()
		if tt.field == "" {
			if len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Field != tt.field || !strings.Contains(got[0].Hint, tt.hint) || strings.Contains(got[0].Message+got[0].Hint, "the-api-key") {
			t.Errorf("%s: %+v, want %s with hint %q", name, got, tt.field, tt.hint)
		}
		if s, err := c.Open(env()); err == nil || s != nil || !strings.Contains(err.Error(), "source dd: "+tt.field) {
			t.Errorf("%s: opened as %v, error %v", name, s, err)
		}
	}
	for _, site := range sites() {
		c := settings(apiV2)
		c.Site = site
		if got := c.Check(); len(got) != 0 || c.address() != "https://api."+site {
			t.Errorf("%s: %+v, at %s", site, got, c.address())
		}
	}
}
