package prometheus_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/prometheus"
	"github.com/haldane-dev/haldane/sources/web"
)

const password = "open \"sesame\"\nand more"

// load reads one source the way the daemon does.
func load(t *testing.T, section string) (*prometheus.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	text := "sources:\n  prom:\n    type: prometheus" + strings.ReplaceAll("\n"+section, "\n", "\n    ")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, config.Types{
		Sources: []config.SourceType{{Name: "prometheus", New: prometheus.New}},
		Env: func(name string) (string, bool) {
			return map[string]string{"PASSWORD": password, "TENANT": "team-a"}[name], true
		},
	})
	if err != nil {
		return nil, err
	}
	return c.Sources[0].Settings.(*prometheus.Config), nil
}

func TestLoad(t *testing.T) {
	c, err := load(t, `
url: https://prom.example.com/base
delay: 1m
max_concurrent: 5
timeout: 1500ms
max_response: 64MiB
headers: {X-Scope-OrgID: "${env:TENANT}"}
params: {dedup: "true", nocache: "1"}
basic_auth: {username: haldane, password: "${env:PASSWORD}"}
proxy_url: http://me:${env:TENANT}@proxy:3128
tls: {ca: /ca.pem, cert: /cert.pem, key: /key.pem, server_name: prom, insecure_skip_verify: true}`[1:])
	if err != nil {
		t.Fatal(err)
	}
	if c.Delay.Std() != time.Minute || c.MaxConcurrent != 5 || c.Timeout != analysis.Duration(1500*time.Millisecond) || c.MaxResponse != 64<<20 {
		t.Errorf("limits are %+v", c.SourceCommon)
	}
	if c.BasicAuth.Password.Reveal() != password || c.Headers["X-Scope-OrgID"].Reveal() != "team-a" || c.ProxyURL.Reveal() != "http://me:team-a@proxy:3128" {
		t.Error("the secrets were not resolved")
	}
	if len(c.Params) != 2 || c.Params["dedup"] != "true" || c.Params["nocache"] != "1" {
		t.Errorf("params are %v", c.Params)
	}
	if c.TLS != (web.TLS{CA: "/ca.pem", Cert: "/cert.pem", Key: "/key.pem", ServerName: "prom", InsecureSkipVerify: true}) {
		t.Errorf("tls is %+v", c.TLS)
	}
}

func TestLoadOAuth2(t *testing.T) {
	c, err := load(t, `
url: https://prom.example.com/base
oauth2:
  client_id: haldane
  client_secret: ${env:PASSWORD}
  token_url: https://login.example.com/token
  scopes: [metrics, read]
  endpoint_params: {audience: prom}
  tls: {server_name: login}`[1:])
	if err != nil {
		t.Fatal(err)
	}
	o := c.OAuth2
	if o.ClientID != "haldane" || o.ClientSecret.Reveal() != password || len(o.Scopes) != 2 || o.EndpointParams["audience"] != "prom" || o.TLS.ServerName != "login" {
		t.Errorf("oauth2 is %+v", o)
	}
}

func TestLoadDefaults(t *testing.T) {
	c, err := load(t, "url: http://prometheus:9090")
	if err != nil {
		t.Fatal(err)
	}
	if c.Delay.Std() != 30*time.Second || c.MaxConcurrent != 20 || c.Timeout.Std() != 20*time.Second || c.MaxResponse != 16<<20 {
		t.Errorf("defaults are %+v", c)
	}
}

// TestLoadMistakes wants every mistake, at its place and without the secret.
func TestLoadMistakes(t *testing.T) {
	_, err := load(t, `
url: http://prometheus:9090/api/v1
bearer_token: ${env:PASSWORD}
max_response: plenty
max_concurrent: 0
tls: {cert: /cert.pem, keyfile: /key.pem}`[1:])
	var mistakes *config.Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatalf("error %v", err)
	}
	text := err.Error()
	for _, want := range []string{
		"haldane.yaml:4:", "sources.prom.url: holds the path of the API",
		"haldane.yaml:5:", "sources.prom.bearer_token: holds a line break",
		"haldane.yaml:6:", `sources.prom.max_response: size "plenty": not understood (try: a whole number with a unit`,
		"haldane.yaml:7:", "sources.prom.max_concurrent:",
		"haldane.yaml:8:", "sources.prom.tls.key: missing", "keyfile",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no word of %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "sesame") {
		t.Errorf("the secret is shown:\n%s", text)
	}
}
