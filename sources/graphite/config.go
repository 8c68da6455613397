package graphite

import (
	"regexp"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// Config are the settings of one Graphite.
type Config struct {
	config.SourceCommon `yaml:",inline"`

	URL         string             `yaml:"url" doc:"address of the server without /render, e.g. http://graphite:8080; required"`
	Consolidate answer.Consolidate `yaml:"consolidate" doc:"what becomes of several samples in one step; sum for counts; default mean" jsonschema:"enum=mean,enum=sum,enum=max,enum=min,enum=last"`
	Dots        Dots               `yaml:"dots" doc:"of versions and variables in queries: underscore, for parts of a path (1.4.2 is 1_4_2), or keep, for values of tags; default underscore" jsonschema:"enum=underscore,enum=keep"`
	web.Login   `yaml:",inline"`
	web.Reach   `yaml:",inline"`
}

// Dots says what becomes of the dots of a name in a query.
type Dots string

// The ways to write a dot.
const (
	DotsUnderscore Dots = "underscore"
	DotsKeep       Dots = "keep"
)

// New returns settings with their defaults.
func New() config.SourceSettings {
	return &Config{
		SourceCommon: config.SourceCommon{
			Type:          "graphite",
			Delay:         analysis.Duration(time.Minute),
			MaxConcurrent: 5,
			Timeout:       analysis.Duration(20 * time.Second),
		},
		Consolidate: answer.ConsolidateMean,
		Dots:        DotsUnderscore,
		Reach:       web.Reach{MaxResponse: web.DefaultMaxResponse},
	}
}

var apiPath = regexp.MustCompile(`/(render|metrics|composer)/?$`)

// Check implements config.SourceSettings.
func (c *Config) Check() []config.Problem {
	var p web.Problems
	p.Address("url", c.URL, "basic_auth")
	if apiPath.MatchString(c.URL) {
		p.Add("url", "holds the path of the API", "the address without /render")
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
