package prometheus_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/prometheus"
)

// documented loads the sections of this type from the reference, as the daemon does.
func documented(t *testing.T) map[string]*prometheus.Config {
	t.Helper()
	var reference struct {
		Sources map[string]map[string]any `yaml:"sources"`
	}
	if err := yaml.Unmarshal([]byte(config.Reference), &reference); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(reference.Sources, func(_ string, s map[string]any) bool { return s["type"] != "prometheus" })
	text, err := yaml.Marshal(reference)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"haldane.yaml": text, "thanos-token": []byte("thanos-sesame\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(filepath.Join(dir, "haldane.yaml"), config.Types{
		Sources: []config.SourceType{{Name: "prometheus", New: prometheus.New}},
		Env:     func(name string) (string, bool) { return name + "-sesame", true },
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*prometheus.Config{}
	for _, s := range c.Sources {
		all[s.Name] = s.Settings.(*prometheus.Config)
	}
	return all
}

// TestDocumented sends a query by each documented section for a kind of server, and wants
// what that server needs to arrive.
func TestDocumented(t *testing.T) {
	type wants struct {
		path   string
		header map[string]string
		params map[string]string
		login  [2]string
		delay  time.Duration
	}
	sections := documented(t)
	for name, want := range map[string]wants{
		"prom": {
			path: "/api/v1/query_range", header: map[string]string{"X-Scope-OrgID": "shop"}, delay: 30 * time.Second,
		},
		"mimir": {
			path: "/prometheus/api/v1/query_range", header: map[string]string{"X-Scope-OrgID": "shop"},
			login: [2]string{"haldane", "MIMIR_PASSWORD-sesame"}, delay: 30 * time.Second,
		},
		"thanos": {
			path: "/api/v1/query_range", header: map[string]string{"Authorization": "Bearer thanos-sesame"},
			params: map[string]string{"dedup": "true", "max_source_resolution": "0", "partial_response": "false"}, delay: 30 * time.Second,
		},
		"victoria": {path: "/api/v1/query_range", params: map[string]string{"nocache": "1"}, delay: time.Minute},
		"grafana-cloud": {
			path: "/api/prom/api/v1/query_range", login: [2]string{"123456", "GRAFANA_CLOUD_TOKEN-sesame"}, delay: time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := sections[name]
			if c == nil {
				t.Fatal("the reference does not have it")
			}
			if c.Delay.Std() != want.delay {
				t.Errorf("delay %s, want %s", c.Delay, want.delay)
			}
			r := asked(t, c)
			if r.URL.Path != want.path {
				t.Errorf("asked at %s, want %s", r.URL.Path, want.path)
			}
			for key, value := range want.header {
				if r.Header.Get(key) != value {
					t.Errorf("header %s is %q, want %q", key, r.Header.Get(key), value)
				}
			}
			if user, password, _ := r.BasicAuth(); [2]string{user, password} != want.login {
				t.Errorf("logged in as %q with %q", user, password)
			}
			form := r.URL.Query()
			for _, own := range []string{"query", "start", "end", "step", "timeout"} {
				if !form.Has(own) {
					t.Errorf("%s is not sent", own)
				}
				form.Del(own)
			}
			if len(form) != len(want.params) {
				t.Errorf("params %v, want %v", form, want.params)
			}
			for key, value := range want.params {
				if form.Get(key) != value {
					t.Errorf("params %v, want %v", form, want.params)
				}
			}
		})
	}
}

// asked sends one query by the settings to a server of ours, at the same path, and
// returns what arrives there.
func asked(t *testing.T, c *prometheus.Config) *http.Request {
	t.Helper()
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		reply(w, 200, body{Status: "success", Data: &data{ResultType: "matrix", Result: []any{}}})
	}))
	defer server.Close()
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.URL = server.URL + u.Path
	source, err := c.Open(config.Env{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if _, err := source.Fetch(t.Context(), analysis.Query{
		Text: "up", Step: time.Minute, Window: analysis.Window{Start: now.Add(-time.Hour), End: now},
	}); err != nil {
		t.Fatal(err)
	}
	return got
}
