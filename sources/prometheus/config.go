package prometheus

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

// Config are the settings of one Prometheus.
type Config struct {
	config.SourceCommon `yaml:",inline"`

	URL       string            `yaml:"url" doc:"address of the server without /api/v1, e.g. http://prometheus:9090; required"`
	Params    map[string]string `yaml:"params" doc:"sent with every query, e.g. dedup: \"true\" for Thanos; no secrets; default: none"`
	web.Login `yaml:",inline"`
	web.Reach `yaml:",inline"`
}

// New returns settings with their defaults.
func New() config.SourceSettings {
	return &Config{
		SourceCommon: config.SourceCommon{
			Type:          "prometheus",
			Delay:         analysis.Duration(30 * time.Second),
			MaxConcurrent: 20,
			Timeout:       analysis.Duration(20 * time.Second),
		},
		Reach: web.Reach{MaxResponse: web.DefaultMaxResponse},
	}
}

// ownParams are those that say what is asked.
var ownParams = []string{"query", "start", "end", "step", "time", "timeout"}

var apiPath = regexp.MustCompile(`/api/v1(/query|/query_range)?/?$`)

// Check implements config.SourceSettings.
func (c *Config) Check() []config.Problem {
	var p web.Problems
	p.Address("url", c.URL, "basic_auth")
	if apiPath.MatchString(c.URL) {
		p.Add("url", "holds the path of the API", "the address without /api/v1")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		switch {
		case name == "":
			p.Add("params", "a parameter without a name", "")
		case slices.Contains(ownParams, name):
			p.Add("params."+name, "is set by Haldane itself", "")
		}
	}
	p.Login(c.Login)
	p.Reach(c.Reach)
	return p
}

// Open implements config.SourceSettings. It reads the files of the TLS settings.
func (c *Config) Open(env config.Env) (analysis.Source, error) {
	return web.Open(env, c, newSource)
}

var _ config.SourceSettings = (*Config)(nil)
