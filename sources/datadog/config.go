package datadog

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

// Config are the settings of one Datadog organisation.
type Config struct {
	config.SourceCommon `yaml:",inline"`

	Site   string        `yaml:"site" doc:"where the organisation lives, as the address of its Datadog pages says, e.g. datadoghq.eu or us5.datadoghq.com; default datadoghq.com"`
	URL    string        `yaml:"url" doc:"address of the API when it is not that of the site, e.g. of a gateway; default https://api. and the site"`
	APIKey config.Secret `yaml:"api_key" doc:"sent as DD-API-KEY; required"`
	AppKey config.Secret `yaml:"app_key" doc:"sent as DD-APPLICATION-KEY; it needs the permission timeseries_query; required"`
	API    string        `yaml:"api" doc:"v2: one request a look, any data source, real nulls; v1: metrics only, where a gateway lets nothing else through; default v2" jsonschema:"enum=v1,enum=v2"`

	web.Reach `yaml:",inline"`
}

// The versions of the API.
const (
	apiV1 = "v1"
	apiV2 = "v2"
)

// keys names the settings that say who Haldane is, for hints.
const keys = "api_key and app_key"

// New returns settings with their defaults.
func New() config.SourceSettings {
	return &Config{
		SourceCommon: config.SourceCommon{
			Type:          "datadog",
			Delay:         analysis.Duration(2 * time.Minute),
			MaxConcurrent: 5,
			Timeout:       analysis.Duration(30 * time.Second),
		},
		Site:  "datadoghq.com",
		API:   apiV2,
		Reach: web.Reach{MaxResponse: web.DefaultMaxResponse},
	}
}

// sites are all that Datadog has: https://docs.datadoghq.com/getting_started/site/ and
// the table of endpoints in its API reference.
func sites() []string {
	return []string{
		"datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu",
		"ap1.datadoghq.com", "ap2.datadoghq.com", "uk1.datadoghq.com", "ddog-gov.com", "us2.ddog-gov.com",
	}
}

var apiPath = regexp.MustCompile(`/api(/v[0-9].*)?/?$`)

// Check implements config.SourceSettings.
func (c *Config) Check() []config.Problem {
	var p web.Problems
	if c.URL == "" {
		c.checkSite(&p)
	} else {
		p.Address("url", c.URL, keys)
		if apiPath.MatchString(c.URL) {
			p.Add("url", "holds the path of the API", "the address without /api")
		}
	}
	for _, key := range []struct {
		field string
		value config.Secret
	}{{"api_key", c.APIKey}, {"app_key", c.AppKey}} {
		if key.value.Empty() {
			p.Add(key.field, "missing", `"${env:DD_`+strings.ToUpper(key.field)+`}"`)
		}
		p.HeaderValue(key.field, key.value)
	}
	if c.API != apiV1 && c.API != apiV2 {
		p.Add("api", "not a version that is known", "v2, or v1")
	}
	p.Reach(c.Reach)
	return p
}

// checkSite wants a known site. The address of a page is what people copy.
func (c *Config) checkSite(p *web.Problems) {
	if slices.Contains(sites(), c.Site) {
		return
	}
	bare := strings.TrimPrefix(strings.TrimPrefix(c.Site, "https://"), "http://")
	bare, _, _ = strings.Cut(strings.ToLower(bare), "/")
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "app."), "api.")
	hint := "one of " + strings.Join(sites(), ", ") + "; or url for another address"
	if slices.Contains(sites(), bare) {
		hint = bare
	}
	p.Add("site", "not a site of Datadog", hint)
}

// address is where the API is.
func (c *Config) address() string {
	if c.URL != "" {
		return c.URL
	}
	return "https://api." + c.Site
}

// pages is where people look: external_url, or what the site says. "" is nowhere.
func (c *Config) pages() string {
	switch {
	case c.ExternalURL != "":
		return c.ExternalURL
	case c.URL != "" || !slices.Contains(sites(), c.Site):
		return ""
	case strings.Count(c.Site, ".") == 1:
		return "https://app." + c.Site
	}
	return "https://" + c.Site
}

// Open implements config.SourceSettings. It reads the files of the TLS settings.
func (c *Config) Open(env config.Env) (analysis.Source, error) {
	return web.Open(env, c, newSource)
}

var _ config.SourceSettings = (*Config)(nil)
