package config_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// The real sources and actions import config, so its own tests cannot use them.
// These stand-ins have the same sections; the daemon's tests load the same files
// with the real ones.

type tlsStandIn struct {
	CA                 string `yaml:"ca" doc:"file of certificates"`
	Cert               string `yaml:"cert" doc:"file of the client's certificate"`
	Key                string `yaml:"key" doc:"file of the client's key"`
	ServerName         string `yaml:"server_name" doc:"name of the server"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" doc:"trust any server"`
}

type basicStandIn struct {
	Username string        `yaml:"username" doc:"user name"`
	Password config.Secret `yaml:"password" doc:"password"`
}

type prometheusStandIn struct {
	config.SourceCommon `yaml:",inline"`

	URL         string                   `yaml:"url" doc:"address"`
	Params      map[string]string        `yaml:"params" doc:"sent along"`
	Headers     map[string]config.Secret `yaml:"headers" doc:"sent along"`
	BasicAuth   basicStandIn             `yaml:"basic_auth" doc:"user and password"`
	BearerToken config.Secret            `yaml:"bearer_token" doc:"token"`
	OAuth2      struct {
		ClientID       string            `yaml:"client_id" doc:"id"`
		ClientSecret   config.Secret     `yaml:"client_secret" doc:"secret"`
		TokenURL       string            `yaml:"token_url" doc:"address"`
		Scopes         []string          `yaml:"scopes" doc:"scopes"`
		EndpointParams map[string]string `yaml:"endpoint_params" doc:"more"`
		TLS            tlsStandIn        `yaml:"tls" doc:"of the connection"`
	} `yaml:"oauth2" doc:"client credentials"`
	TLS         tlsStandIn    `yaml:"tls" doc:"of the connection"`
	ProxyURL    config.Secret `yaml:"proxy_url" doc:"proxy"`
	MaxResponse string        `yaml:"max_response" doc:"largest answer"`
}

func newPrometheusStandIn() config.SourceSettings {
	return &prometheusStandIn{SourceCommon: config.SourceCommon{
		Delay: 30 * second, MaxConcurrent: 20, Timeout: 20 * second,
	}}
}

func (c *prometheusStandIn) Check() []config.Problem {
	if !strings.HasPrefix(c.URL, "http") {
		return []config.Problem{{Field: "url", Message: "missing", Hint: "http://host:port"}}
	}
	return nil
}

func (c *prometheusStandIn) Open(config.Env) (analysis.Source, error) { return nil, nil }

type datadogStandIn struct {
	config.SourceCommon `yaml:",inline"`

	Site        string        `yaml:"site" doc:"site" jsonschema:"enum=datadoghq.com,enum=datadoghq.eu"`
	APIKey      config.Secret `yaml:"api_key" doc:"key"`
	AppKey      config.Secret `yaml:"app_key" doc:"key"`
	URL         string        `yaml:"url" doc:"address"`
	API         string        `yaml:"api" doc:"version"`
	TLS         tlsStandIn    `yaml:"tls" doc:"connection"`
	ProxyURL    config.Secret `yaml:"proxy_url" doc:"proxy"`
	MaxResponse string        `yaml:"max_response" doc:"size"`
	UnheardOf   string        `yaml:"unheard_of" doc:"explained nowhere"`
}

func newDatadogStandIn() config.SourceSettings {
	return &datadogStandIn{SourceCommon: config.SourceCommon{Delay: 120 * second, MaxConcurrent: 5, Timeout: 20 * second}}
}

func (c *datadogStandIn) Check() []config.Problem {
	if c.APIKey.Empty() {
		return []config.Problem{{Field: "api_key", Message: "missing"}}
	}
	return nil
}

func (c *datadogStandIn) Open(config.Env) (analysis.Source, error) { return nil, nil }

type webhookStandIn struct {
	config.ActionCommon `yaml:",inline"`

	URL         config.Secret            `yaml:"url" doc:"address"`
	Method      string                   `yaml:"method" doc:"method" jsonschema:"enum=POST,enum=PUT,enum=PATCH,enum=DELETE"`
	Secret      config.Secret            `yaml:"secret" doc:"signs"`
	Headers     map[string]config.Secret `yaml:"headers" doc:"sent along"`
	Body        string                   `yaml:"body" doc:"template"`
	ContentType string                   `yaml:"content_type" doc:"of the body"`
	World       bool                     `yaml:"changes_world" doc:"waits for holds"`
	TLS         tlsStandIn               `yaml:"tls" doc:"of the connection"`
	BearerToken config.Secret            `yaml:"bearer_token" doc:"token"`
	BasicAuth   *basicStandIn            `yaml:"basic_auth" doc:"user and password"`
	Poll        *struct {
		URL      config.Secret     `yaml:"url" doc:"where to ask"`
		Location string            `yaml:"location" doc:"where to ask, from the reply"`
		Next     string            `yaml:"next" doc:"where to ask then"`
		Hosts    []string          `yaml:"hosts" doc:"which others may be asked"`
		Every    analysis.Duration `yaml:"every" doc:"how often"`
		Deadline analysis.Duration `yaml:"deadline" doc:"how long"`
		Done     string            `yaml:"done" doc:"when it is done"`
		Failed   string            `yaml:"failed" doc:"when it has failed"`
		Progress string            `yaml:"progress" doc:"how far it is"`
	} `yaml:"poll" doc:"what became of it"`
}

func newWebhookStandIn() config.ActionSettings {
	return &webhookStandIn{ActionCommon: config.ActionCommon{Timeout: 10 * second}, World: true}
}

func (c *webhookStandIn) Check() []config.Problem {
	if c.URL.Empty() {
		return []config.Problem{{Field: "url", Message: "missing", Hint: "https://deploy.example.com/rollback"}}
	}
	return nil
}

func (c *webhookStandIn) Open(config.Env) (analysis.Action, error) { return nil, nil }
func (c *webhookStandIn) ChangesWorld() bool                       { return c.World }
func (c *webhookStandIn) Threads() bool                            { return false }

type slackStandIn struct {
	config.ActionCommon `yaml:",inline"`

	Token      config.Secret     `yaml:"token" doc:"of the bot"`
	Channel    string            `yaml:"channel" doc:"where to post"`
	WebhookURL config.Secret     `yaml:"webhook_url" doc:"instead of a token"`
	APIURL     string            `yaml:"api_url" doc:"address of the API"`
	Mention    map[string]string `yaml:"mention" doc:"whom to call, by severity"`
	Broadcast  bool              `yaml:"broadcast" doc:"into the channel too"`
	Channels   any               `yaml:"channels" doc:"other channels"`
	Picture    bool              `yaml:"picture" doc:"of the worst metrics"`
	How        string            `yaml:"interactive" doc:"buttons"`
	AppToken   config.Secret     `yaml:"app_token" doc:"of the app"`
	Signing    config.Secret     `yaml:"signing_secret" doc:"of the app"`
	Operators  []string          `yaml:"operators" doc:"who may press"`
	Username   string            `yaml:"username" doc:"only here: see TestUndocumentedFinds"`
}

func newSlackStandIn() config.ActionSettings {
	return &slackStandIn{ActionCommon: config.ActionCommon{Timeout: 10 * second}}
}

func (c *slackStandIn) Check() []config.Problem                  { return nil }
func (c *slackStandIn) Open(config.Env) (analysis.Action, error) { return nil, nil }
func (c *slackStandIn) ChangesWorld() bool                       { return false }
func (c *slackStandIn) Threads() bool                            { return true }

const second = analysis.Duration(1e9)

// types are the tables of the stand-ins, with an environment.
func types(env map[string]string) config.Types {
	return config.Types{
		Sources: []config.SourceType{{"prometheus", newPrometheusStandIn}, {"datadog", newDatadogStandIn}},
		Actions: []config.ActionType{{"webhook", newWebhookStandIn}, {"slack", newSlackStandIn}},
		Env: func(name string) (string, bool) {
			v, ok := env[name]
			return v, ok
		},
	}
}

// knownReference is config.Reference without the sections of types that have no
// stand-in here, and their names. No plan uses those.
func knownReference(t *testing.T) (text string, sources, actions int) {
	t.Helper()
	var root map[string]any
	if err := yaml.Unmarshal([]byte(config.Reference), &root); err != nil {
		t.Fatal(err)
	}
	count := func(key string, known func(string) bool) int {
		sections := root[key].(map[string]any)
		for name, s := range sections {
			if !known(s.(map[string]any)["type"].(string)) {
				delete(sections, name)
			}
		}
		return len(sections)
	}
	all := types(nil)
	sources = count("sources", func(n string) bool {
		return slices.ContainsFunc(all.Sources, func(s config.SourceType) bool { return s.Name == n })
	})
	actions = count("actions", func(n string) bool {
		return slices.ContainsFunc(all.Actions, func(a config.ActionType) bool { return a.Name == n })
	})
	out, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), sources, actions
}
