package daemon_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// The config of this test has a secret in every field that can hold one, at every type of
// source and action: {{S}} is a planted one, {{URL}} the other side.
const redactedConfig = `
tokens:
  - {name: boss, role: admin, sha256: "{{TOKEN}}"}
guards: {max_rollbacks_per_hour: 0, many_services: {services: 0}}
sources:
  prom-basic: {type: prometheus, url: "{{URL}}", delay: 0s, timeout: 2s, headers: {X-Key: "{{S}}"}, basic_auth: {username: haldane, password: "{{S}}"}}
  prom-bearer: {type: prometheus, url: "{{URL}}", delay: 0s, timeout: 2s, bearer_token: "{{S}}"}
  prom-oauth: {type: prometheus, url: "{{URL}}", delay: 0s, timeout: 2s, oauth2: {client_id: haldane, client_secret: "{{S}}", token_url: "{{URL}}/token"}}
  prom-proxy: {type: prometheus, url: "{{URL}}", delay: 0s, timeout: 2s, proxy_url: "http://haldane:{{S}}@{{HOST}}"}
  dd: {type: datadog, url: "{{URL}}", api_key: "{{S}}", app_key: "{{S}}", delay: 0s, timeout: 2s}
  dd-proxy: {type: datadog, url: "{{URL}}", api_key: "{{S}}", app_key: "{{S}}", delay: 0s, timeout: 2s, proxy_url: "http://haldane:{{S}}@{{HOST}}"}
  graphite-basic: {type: graphite, url: "{{URL}}", delay: 0s, timeout: 2s, headers: {X-Key: "{{S}}"}, basic_auth: {username: haldane, password: "{{S}}"}}
  graphite-bearer: {type: graphite, url: "{{URL}}", delay: 0s, timeout: 2s, bearer_token: "{{S}}", proxy_url: "http://haldane:{{S}}@{{HOST}}"}
  graphite-oauth: {type: graphite, url: "{{URL}}", delay: 0s, timeout: 2s, oauth2: {client_id: haldane, client_secret: "{{S}}", token_url: "{{URL}}/token"}}
  http-basic: {type: http, url: "{{URL}}/{{S}}", value: body.value, delay: 0s, timeout: 2s, secret_params: {key: "{{S}}"}, headers: {X-Key: "{{S}}"}, basic_auth: {username: haldane, password: "{{S}}"}}
  http-bearer: {type: http, url: "{{URL}}", value: body.value, delay: 0s, timeout: 2s, bearer_token: "{{S}}", proxy_url: "http://haldane:{{S}}@{{HOST}}"}
  http-oauth: {type: http, url: "{{URL}}", value: body.value, delay: 0s, timeout: 2s, oauth2: {client_id: haldane, client_secret: "{{S}}", token_url: "{{URL}}/token"}}
actions:
  hook-signed: {type: webhook, url: "{{URL}}/{{S}}/x?key={{S}}", secret: "whsec_{{S64}}", headers: {X-Key: "{{S}}"}, bearer_token: "{{S}}", poll: {url: "{{URL}}/{{S}}?key={{S}}", done: body.done}}
  hook-basic: {type: webhook, url: "{{URL}}/{{S}}", basic_auth: {username: haldane, password: "{{S}}"}}
  kube: {type: kubernetes, api_server: "{{URL}}", token: "{{S}}", namespace: shop, deployment: shop, find: image}
  rollouts: {type: argorollouts, action: abort, api_server: "{{URL}}", token: "{{S}}", namespace: shop, rollout: shop, find: image}
  argocd: {type: argocd, action: rollback, server: "{{URL}}", token: "{{S}}", application: shop, find: parameter, parameter: image.tag}
  workflow: {type: github, action: dispatch, api_url: "{{URL}}", token: "{{S}}", owner: example, repository: shop, workflow: rollback.yml, ref: main}
  flag: {type: launchdarkly, api_url: "{{URL}}", token: "{{S}}", project: default, environment: prod, flag: new}
  feature: {type: flagsmith, api_url: "{{URL}}", key: "{{S}}", environment_key: abc, feature: new}
  split: {type: splitfme, api_url: "{{URL}}", key: "{{S}}", workspace: w, environment: prod, flag: new}
  chat: {type: slack, token: "xoxb-{{S}}", channel: C012ABCDEF, api_url: "{{URL}}/", interactive: http, signing_secret: "{{S}}", operators: [U012ABC], picture: false}
  chat-socket: {type: slack, token: "xoxb-{{S}}", channel: C012ABCDEF, api_url: "{{URL}}/", interactive: socket, app_token: "xapp-{{S}}", operators: [U012ABC], picture: false}
  chat-hook: {type: slack, webhook_url: "{{URL}}/services/{{S}}"}
  page: {type: pagerduty, routing_key: "{{S32}}", url: "{{URL}}"}
  alerts: {type: alertmanager, urls: ["{{URL}}"], bearer_token: "{{S}}", headers: {X-Key: "{{S}}"}}
  alerts-basic: {type: alertmanager, urls: ["{{URL}}"], basic_auth: {username: haldane, password: "{{S}}"}}
  teams: {type: teams, webhook_url: "{{URL}}/{{S}}"}
  discord: {type: discord, webhook_url: "{{URL}}/api/webhooks/1234567890123456789/{{S}}"}
  mail: {type: email, server: "{{HOST}}", security: tls, username: haldane, password: "{{S}}", from: "a@example.com", to: ["b@example.com"]}
  marks: {type: grafana, url: "{{URL}}", token: "{{S}}"}
  issues: {type: jira, url: "{{URL}}", email: a@example.com, token: "{{S}}", project: OPS}
defaults: {judge: threshold, baseline: none, allow_rollback: true, every: 1s, step: 1s, duration: 3s, min_duration: 0s}
plans:
`

// planter gives away secrets, each once, and finds them again.
type planter struct {
	planted []string
}

func (p *planter) secret() string {
	s := fmt.Sprintf("Planted%04dSecretOfTheHouse99", len(p.planted))
	p.planted = append(p.planted, s)
	return s
}

// fill replaces what stands in {{...}}.
func (p *planter) fill(text, url string) string {
	for _, kind := range []string{"{{S64}}", "{{S32}}", "{{S}}"} {
		for strings.Contains(text, kind) {
			s := p.secret()
			switch kind {
			case "{{S64}}":
				s = base64.StdEncoding.EncodeToString([]byte(s))
				p.planted = append(p.planted, s)
			case "{{S32}}":
				s = fmt.Sprintf("%032x", []byte(s)[:16])
				p.planted = append(p.planted, s)
			}
			text = strings.Replace(text, kind, s, 1)
		}
	}
	host := strings.TrimPrefix(url, "http://")
	return strings.NewReplacer("{{URL}}", url, "{{HOST}}", host, "{{TOKEN}}", token("boss")).Replace(text)
}

// seenIn returns the secrets that a text holds, as they are or as basic authentication
// sends them.
func (p *planter) seenIn(text string) (seen []string) {
	for _, s := range append(p.planted, "Bearer boss", token("boss")) {
		for _, form := range []string{s, base64.StdEncoding.EncodeToString([]byte("haldane:" + s)), base64.StdEncoding.EncodeToString([]byte("a@example.com:" + s))} {
			if i := strings.Index(text, form); i >= 0 {
				seen = append(seen, fmt.Sprintf("%s: ...%q...", s, text[max(0, i-150):min(len(text), i+len(form)+50)]))
			}
		}
	}
	return seen
}

// secretFields lists the fields of a type's settings that hold secrets, as paths.
func secretFields(t reflect.Type, path string, out map[string]bool) {
	switch {
	case t == reflect.TypeFor[config.Secret]():
		out[path] = true
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Map || t.Kind() == reflect.Slice:
		secretFields(t.Elem(), path, out)
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case name == "-" || !f.IsExported():
			case name == "":
				secretFields(f.Type, path, out)
			default:
				secretFields(f.Type, path+"."+name, out)
			}
		}
	}
}

// held removes the fields of settings that hold a secret.
func held(v reflect.Value, path string, out map[string]bool) {
	switch {
	case v.Type() == reflect.TypeFor[config.Secret]():
		if s, ok := reflect.TypeAssert[config.Secret](v); ok && !s.Empty() {
			delete(out, path)
		}
	case v.Kind() == reflect.Pointer:
		if !v.IsNil() {
			held(v.Elem(), path, out)
		}
	case v.Kind() == reflect.Map:
		for _, k := range v.MapKeys() {
			held(v.MapIndex(k), path, out)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			held(v.Index(i), path, out)
		}
	case v.Kind() == reflect.Struct:
		for f, value := range v.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case name == "-" || !f.IsExported():
			case name == "":
				held(value, path, out)
			default:
				held(value, path+"."+name, out)
			}
		}
	}
}

// allHeld wants a planted secret in every field that can hold one.
func allHeld(t *testing.T, c *config.Config, types config.Types) {
	t.Helper()
	open := map[string]bool{}
	for _, s := range types.Sources {
		secretFields(reflect.TypeOf(s.New()), "sources."+s.Name, open)
	}
	for _, a := range types.Actions {
		secretFields(reflect.TypeOf(a.New()), "actions."+a.Name, open)
	}
	if len(open) < 40 {
		t.Fatalf("found %d fields with secrets only", len(open))
	}
	for _, s := range c.Sources {
		held(reflect.ValueOf(s.Settings), "sources."+s.Settings.Common().Type, open)
	}
	for _, a := range c.Actions {
		held(reflect.ValueOf(a.Settings), "actions."+a.Settings.Common().Type, open)
	}
	for field := range open {
		t.Errorf("no secret is planted in %s", field)
	}
}

// troubles are what the other side does.
var troubles = map[string]http.HandlerFunc{
	"unauthorised": text(401, "application/json", `{"error":"who are you"}`),
	"forbidden":    text(403, "text/html", "<html>no</html>"),
	"limited":      text(429, "text/plain", "slow down"),
	"broken":       text(500, "text/plain", "it hurts"),
	"nonsense":     text(200, "text/plain", "<html>please log in</html>"),
	"not found":    text(404, "application/json", `{}`),
	"reset":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"redirect": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1"+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	},
}

// TestNoPlantedSecretIsEverSeen makes every source and action fail in every way, with a
// planted secret wherever one can be, and looks for them in all that the daemon says and
// keeps: log, API, pages, metrics, database.
func TestNoPlantedSecretIsEverSeen(t *testing.T) {
	for name, handler := range troubles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := httptest.NewServer(handler)
			t.Cleanup(other.Close)
			redacted(t, other.URL)
		})
	}
	for name, url := range map[string]string{"nobody listens": "http://127.0.0.1:1", "no such host": "http://nowhere.invalid:80"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redacted(t, url)
		})
	}
}

func redacted(t *testing.T, url string) {
	p := &planter{}
	w := &world{T: t, dir: t.TempDir(), log: &lockedBuffer{}, env: map[string]string{}}
	w.file = filepath.Join(w.dir, "haldane.yaml")
	text := p.fill(redactedConfig, url) + redactedPlans()
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	types := daemon.Types(func(string) (string, bool) { return "", false })
	c, err := config.Load(w.file, types)
	if err != nil {
		t.Fatal(err)
	}
	allHeld(t, c, types)
	w.start()
	as := []string{"Authorization", "Bearer boss"}
	var runs []string
	for _, s := range c.Sources {
		r := w.send("POST", "/api/v1/runs", fmt.Sprintf(`{"plan":"of-%s","version":"2","baseline_version":"1"}`, s.Name), as...)
		runs = append(runs, decode[analysis.Run](w, r).ID)
	}
	for i, id := range runs {
		w.soon("the source was asked", func() bool {
			return strings.Contains(w.log.String(), "source="+c.Sources[i].Name+" ") ||
				decode[analysis.Run](w, w.send("GET", "/api/v1/runs/"+id, "", as...)).Status.Ended()
		})
		w.send("POST", "/api/v1/runs/"+id+"/cancel", "", as...) // a limit may be waited for
	}
	for _, body := range []string{`{}`, `{"for_real":true,"environment":"production","version":"2","baseline_version":"1"}`} {
		r := w.send("POST", "/api/v1/plans/of-prom-basic/drill", body, as...)
		if r.status != http.StatusCreated {
			t.Fatalf("drill: %d %s", r.status, r.body)
		}
		runs = append(runs, decode[analysis.Run](w, r).ID)
	}
	w.soon("every action was tried", func() bool {
		type deliveries struct{ Deliveries []analysis.Delivery }
		tried := 0
		for _, d := range decode[deliveries](w, w.send("GET", "/api/v1/runs/"+runs[len(runs)-1]+"/deliveries", "", as...)).Deliveries {
			if d.Attempts > 0 && d.EventType == analysis.EventRunFailed {
				tried++
			}
		}
		return tried == len(c.Actions)
	})
	var seen strings.Builder
	paths := []string{"/", "/metrics", "/openapi.json", "/api/v1/runs", "/api/v1/plans", "/api/v1/events", "/api/v1/quality", "/api/v1/holds"}
	for _, id := range runs {
		paths = append(paths, "/runs/"+id, "/runs/"+id+"/chart.svg")
		for _, part := range []string{"", "/looks", "/events", "/deliveries", "/chart.svg"} {
			paths = append(paths, "/api/v1/runs/"+id+part)
		}
	}
	for _, path := range paths {
		seen.WriteString(w.send("GET", path, "", as...).body)
	}
	if r := w.send("POST", "/-/reload", "", as...); r.status != 204 {
		t.Errorf("reload: %d %s", r.status, r.body)
	}
	w.stop()
	for _, name := range []string{"haldane.db", "haldane.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(w.dir, name)); err == nil {
			seen.Write(b)
		}
	}
	seen.WriteString(w.log.String())
	for _, leak := range p.seenIn(seen.String()) {
		t.Errorf("a secret is seen: %s", leak)
	}
	for _, a := range c.Actions {
		if !strings.Contains(w.log.String(), "action="+a.Name+" ") {
			t.Errorf("action %s said nothing: it was not tried", a.Name)
		}
	}
}

// redactedPlans has a plan for every source, and one of them for all actions.
func redactedPlans() string {
	queries := map[string]string{"dd": "avg:x{*}", "graphite": "a.b", "http": "/x", "prom": "x"}
	var b strings.Builder
	for line := range strings.Lines(redactedConfig[strings.Index(redactedConfig, "sources:"):strings.Index(redactedConfig, "actions:")]) {
		name, _, ok := strings.Cut(strings.TrimSpace(line), ": {")
		if !ok {
			continue
		}
		kind, _, _ := strings.Cut(name, "-")
		fmt.Fprintf(&b, "  - {name: of-%s, metrics: [{name: errors, source: %s, query: %q, threshold: {max: 0.5}}], on_delivery_failed: [alerts]", name, name, queries[kind])
		if name == "prom-basic" {
			fmt.Fprintf(&b, ", on_fail: [%s]", strings.Join(redactedActions(), ", "))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func redactedActions() (names []string) {
	_, text, _ := strings.Cut(redactedConfig, "actions:\n")
	text, _, _ = strings.Cut(text, "defaults:")
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		names = append(names, name)
	}
	return names
}

// soon waits until something is so.
func (w *world) soon(what string, so func() bool) {
	w.Helper()
	for deadline := time.Now().Add(90 * time.Second); !so(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("never: %s; the log:\n%.20000s", what, w.log.String())
		}
	}
}
