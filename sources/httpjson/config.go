package httpjson

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/web"
)

// Config are the settings of one API.
type Config struct {
	config.SourceCommon `yaml:",inline"`

	URL          config.Secret            `yaml:"url" doc:"address of the API; the paths of queries go below it, and never to another host; required"`
	Method       string                   `yaml:"method" doc:"default: GET, or POST when there is a body" jsonschema:"enum=GET,enum=POST"`
	Params       map[string]string        `yaml:"params" doc:"parameters sent with every query; may hold ${start}, ${end} and ${step}"`
	SecretParams map[string]config.Secret `yaml:"secret_params" doc:"parameters that nobody may see, e.g. api_key"`
	Body         string                   `yaml:"body" doc:"JSON sent with every query that brings none of its own; may hold ${start}, ${end} and ${step}"`
	Value        string                   `yaml:"value" doc:"expression for queries that have none: what in the answer is the number, or the list of times and numbers"`
	Error        string                   `yaml:"error" doc:"expression: whether an answer with status 200 is an error, and its words, e.g. body?.error; a field that is not there is nil; default: never"`
	Warning      string                   `yaml:"warning" doc:"expression: what the API says about its own answer, a text or a list of texts, e.g. body?.warnings; default: nothing"`
	CheckQuery   string                   `yaml:"check" doc:"query of haldane check --online, e.g. /health | body.status == \"ok\"; default: url itself must answer, if only that there is nothing"`
	Consolidate  answer.Consolidate       `yaml:"consolidate" doc:"what becomes of several samples in one step; sum for counts; default mean" jsonschema:"enum=mean,enum=sum,enum=max,enum=min,enum=last"`
	TimeUnit     answer.TimeUnit          `yaml:"time_unit" doc:"of times that are numbers; auto tells by their size; default auto" jsonschema:"enum=auto,enum=s,enum=ms,enum=us,enum=ns"`
	web.Login    `yaml:",inline"`
	web.Reach    `yaml:",inline"`
}

// New returns settings with their defaults.
func New() config.SourceSettings {
	return &Config{
		SourceCommon: config.SourceCommon{
			Type:          "http",
			Delay:         analysis.Duration(10 * time.Second),
			MaxConcurrent: 5,
			Timeout:       analysis.Duration(20 * time.Second),
		},
		Consolidate: answer.ConsolidateMean,
		TimeUnit:    answer.TimeAuto,
		Reach:       web.Reach{MaxResponse: web.DefaultMaxResponse},
	}
}

// Check implements config.SourceSettings.
func (c *Config) Check() []config.Problem {
	var p web.Problems
	p.Address("url", c.URL.Reveal(), "basic_auth")
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		if _, err := fill(c.Params[name], analysis.Window{}, time.Minute); err != nil {
			p.Add("params."+name, err.Message, placeholders)
		}
		if _, twice := c.SecretParams[name]; twice {
			p.Add("secret_params."+name, "it is under params, too", "one of them only")
		}
	}
	if c.Body != "" {
		if c.Method == http.MethodGet {
			p.Add("method", "GET sends no body", "POST, or no body")
		}
		_, err := readBody(c.Body, analysis.Window{}, time.Minute)
		p.Note("body", err)
	}
	for _, e := range []struct{ field, text string }{{"value", c.Value}, {"error", c.Error}, {"warning", c.Warning}} {
		if e.text != "" {
			_, err := compile(e.text, true)
			p.Note(e.field, err)
		}
	}
	if c.CheckQuery != "" {
		p.Note("check", c.checkQuery())
	}
	p.Login(c.Login)
	p.Reach(c.Reach)
	return p
}

func (c *Config) checkQuery() *analysis.Error {
	q, err := parse(c.CheckQuery)
	if err != nil {
		return err
	}
	if _, err = compile(q.Value, true); q.Value != "" && err != nil {
		return err
	}
	_, err = q.request(c, analysis.Window{}, time.Minute)
	return err
}

// secrets are what must not be shown besides what web knows of: the address, and what
// in its path is long enough to be a token; and secret parameters.
func (c *Config) secrets() []config.Secret {
	all := []config.Secret{c.URL}
	if u, err := url.Parse(c.URL.Reveal()); err == nil {
		for segment := range strings.SplitSeq(u.Path, "/") {
			if len(segment) >= 16 {
				all = append(all, config.NewSecret(segment))
			}
		}
	}
	for _, value := range c.SecretParams {
		all = append(all, value)
	}
	return all
}

// Open implements config.SourceSettings. It reads the files of the TLS settings.
func (c *Config) Open(env config.Env) (analysis.Source, error) {
	return web.Open(env, c, newSource)
}

var _ config.SourceSettings = (*Config)(nil)
