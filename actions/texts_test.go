package actions_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/config"
)

// TestTexts: every action that speaks HTTP to people uses the config's own words, and says
// where people read it when a template of them fails.
func TestTexts(t *testing.T) {
	answers := map[string]string{"/api/v2/alerts": "", "/api/annotations": `{"id": 42}`, "/v2/enqueue": `{"status": "success"}`}
	var mu sync.Mutex
	var got strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var v any
		_ = json.Unmarshal(b, &v) // so that its escapes are gone
		mu.Lock()
		defer mu.Unlock()
		collect(&got, v)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v2/enqueue" || strings.HasPrefix(r.URL.Path, "/workflows") {
			w.WriteHeader(http.StatusAccepted)
		}
		said, ok := answers[r.URL.Path]
		if !ok {
			said = `{"id": "42", "key": "OPS-1", "issues": []}`
		}
		_, _ = io.WriteString(w, said)
	}))
	defer server.Close()
	const texts = `texts: {run.failed: {title: "we are on {{.Run.Version}}", text: "{{.Plan.Labels.nowhere}}"}}`
	c, err := load(t, strings.NewReplacer("URL", server.URL, "TEXTS", texts).Replace(`
actions:
  page: {type: pagerduty, routing_key: "0123456789abcdef0123456789abcdef", url: "URL", TEXTS}
  alerts: {type: alertmanager, urls: ["URL"], TEXTS}
  teams: {type: teams, webhook_url: "URL/workflows/1", TEXTS}
  discord: {type: discord, webhook_url: "URL/api/webhooks/1/abc", TEXTS}
  marks: {type: grafana, url: "URL", token: "t0ken-abc", TEXTS}
  issues: {type: jira, url: "URL", email: h@example.com, token: "t0ken-abc", project: OPS, TEXTS}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Actions {
		got.Reset()
		a, err := s.Settings.Open(config.Env{Name: s.Name, Egress: config.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Perform(t.Context(), actiontest.Delivery(1)); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		mu.Lock()
		said := strings.ReplaceAll(got.String(), `\`, "")
		mu.Unlock()
		for _, want := range []string{"we are on 1.4.2", "Template failed", "text: template, line 1: it uses a key that does not exist", "errors rose from 0.1 % to 5 %"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s does not say %q:\n%s", s.Name, want, said)
			}
		}
	}
}

// collect writes all keys and texts of a JSON value.
func collect(b *strings.Builder, v any) {
	switch v := v.(type) {
	case string:
		b.WriteString(v)
	case []any:
		for _, x := range v {
			collect(b, x)
		}
	case map[string]any:
		for k, x := range v {
			b.WriteString("\n" + k + ": ")
			collect(b, x)
		}
	}
}
