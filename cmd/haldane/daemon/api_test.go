package daemon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

const start = `{"plan":"shop","version":"2","baseline_version":"1"}`

func TestBadRequestsAreRefused(t *testing.T) {
	w, _ := newWorld(t, "")
	big := `{"plan":"shop","version":"` + strings.Repeat("x", 10<<20) + `"}`
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		says               string
	}{
		"unknown plan":          {"POST", "/api/v1/runs", `{"plan":"shpo","version":"2"}`, nil, 404, "shop"},
		"missing version":       {"POST", "/api/v1/runs", `{"plan":"shop"}`, nil, 422, `"location":"body.version"`},
		"missing plan":          {"POST", "/api/v1/runs", `{"version":"2"}`, nil, 422, "plan"},
		"unknown field":         {"POST", "/api/v1/runs", `{"plan":"shop","version":"2","verison":"3"}`, nil, 422, "verison"},
		"wrong type":            {"POST", "/api/v1/runs", `{"plan":"shop","version":2}`, nil, 422, "version"},
		"PromQL in the version": {"POST", "/api/v1/runs", `{"plan":"shop","version":"1\"} or vector(0) #","baseline_version":"1"}`, nil, 422, `"location":"body.version"`},
		"share":                 {"POST", "/api/v1/runs", `{"plan":"shop","version":"2","baseline_version":"1","traffic_share":7}`, nil, 422, "traffic_share"},
		"script link":           {"POST", "/api/v1/runs", `{"plan":"shop","version":"2","baseline_version":"1","links":{"x":"javascript:1"}}`, nil, 422, "links.x"},
		"10 MiB":                {"POST", "/api/v1/runs", big, nil, 413, "1 MiB"},
		"broken JSON":           {"POST", "/api/v1/runs", `{"plan":`, nil, 400, ""},
		"no content type":       {"POST", "/api/v1/runs", start, []string{"Content-Type", ""}, 415, "application/json"},
		"form":                  {"POST", "/api/v1/runs", start, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "application/json"},
		"foreign origin":        {"POST", "/api/v1/runs", start, []string{"Origin", "https://evil.example"}, 403, "origin"},
		"foreign site":          {"POST", "/api/v1/runs", start, []string{"Sec-Fetch-Site", "cross-site"}, 403, "origin"},
		"foreign host":          {"POST", "/api/v1/runs", start, []string{"Host", "evil.example"}, 403, "HALDANE_ALLOWED_HOSTS"},
		"foreign host, reading": {"GET", "/api/v1/runs", "", []string{"Host", "evil.example:8080"}, 403, "host"},
		"unknown run":           {"GET", "/api/v1/runs/nope", "", nil, 404, "not found"},
		"cancel unknown run":    {"POST", "/api/v1/runs/nope/cancel", "", nil, 404, "not found"},
		"unknown parameter":     {"GET", "/api/v1/runs?pln=x", "", nil, 422, "pln"},
		"bad parameter":         {"GET", "/api/v1/runs?limit=0", "", nil, 422, "limit"},
		"unknown hold":          {"DELETE", "/api/v1/holds/nope", "", nil, 404, "not in force"},
		"unknown service":       {"POST", "/api/v1/services/x/rollback", `{"environment":"production","to":"1","reason":"r"}`, nil, 404, "no plan"},
		"unknown path":          {"GET", "/api/v2/runs", "", nil, 404, ""},
		"wrong method":          {"PUT", "/api/v1/runs", start, nil, 405, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.send(c.method, c.path, c.body, c.headers...)
			if r.status != c.status || !strings.Contains(r.body, c.says) {
				t.Errorf("got %d %.300s, want %d %s", r.status, r.body, c.status, c.says)
			}
			if r.status >= 400 && r.status != 405 && c.says != "" && !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("content type %q", r.header.Get("Content-Type"))
			}
		})
	}
	if runs := w.send("GET", "/api/v1/runs", ""); !strings.Contains(runs.body, `"runs":[]`) {
		t.Errorf("a refused request left something: %s", runs.body)
	}
}

const tokens = `
tokens:
  - {name: viewer, role: read, sha256: %s}
  - {name: ci, role: start, sha256: %s}
  - {name: oncall, role: operate, sha256: %s}
  - {name: boss, role: admin, sha256: %s}
  - {name: other, role: admin, plans: ["bla*"], sha256: %s}
`

func withTokens() string {
	return fmt.Sprintf(tokens, token("viewer"), token("ci"), token("oncall"), token("boss"), token("other"))
}

func TestRoles(t *testing.T) {
	w, _ := newWorld(t, withTokens())
	as := func(name string) []string { return []string{"Authorization", "Bearer " + name} }
	run := decode[analysis.Run](w, w.send("POST", "/api/v1/runs", start, as("ci")...))
	if run.Cause.Who != "ci" {
		t.Errorf("cause %+v", run.Cause)
	}
	id := "/api/v1/runs/" + run.ID
	for name, c := range map[string]struct {
		method, path, body string
		allowed            []string // of viewer, ci, oncall, boss; other is for other plans
	}{
		"read":    {"GET", id, "", []string{"viewer", "ci", "oncall", "boss"}},
		"looks":   {"GET", id + "/looks", "", []string{"viewer", "ci", "oncall", "boss"}},
		"metrics": {"GET", "/metrics", "", []string{"", "viewer", "ci", "oncall", "boss", "other"}},
		"health":  {"GET", "/healthz", "", []string{"", "viewer", "ci", "oncall", "boss", "other"}},
		"ready":   {"GET", "/readyz", "", []string{"", "viewer", "ci", "oncall", "boss", "other"}},
		"start":   {"POST", "/api/v1/runs", start, []string{"ci", "oncall", "boss"}},
		"hold":    {"POST", "/api/v1/holds", `{"service":"none","reason":"r"}`, []string{"oncall", "boss"}},
		"service": {"POST", "/api/v1/services/shop/rollback", `{"environment":"production","to":"1","reason":"r"}`, []string{"oncall", "boss"}},
		"reload":  {"POST", "/-/reload", "", []string{"boss"}},
		"quality": {"GET", "/api/v1/quality", "", []string{"viewer", "ci", "oncall", "boss", "other"}},
		"picture": {"GET", id + "/chart.svg", "", []string{"viewer", "ci", "oncall", "boss"}},
		"page":    {"GET", "/runs/" + run.ID, "", []string{"viewer", "ci", "oncall", "boss"}},
	} {
		for _, who := range []string{"", "viewer", "ci", "oncall", "boss", "other", "stranger"} {
			var headers []string
			if who != "" {
				headers = as(who)
			}
			r := w.send(c.method, c.path, c.body, headers...)
			allowed := r.status < 300
			want := slices.Contains(c.allowed, who) || slices.Contains(c.allowed, "")
			if allowed != want {
				t.Errorf("%s as %q: got %d %s", name, who, r.status, r.body)
			}
			unknown := r.status == http.StatusUnauthorized || who == "stranger" && r.status == http.StatusTooManyRequests
			if !allowed && (who == "" || who == "stranger") != unknown {
				t.Errorf("%s as %q: got %d", name, who, r.status)
			}
		}
	}
	if r := w.send("GET", "/api/v1/runs", "", as("other")...); !strings.Contains(r.body, `"runs":[]`) {
		t.Errorf("a token for other plans lists %s", r.body)
	}
	if r := w.send("GET", "/", "", "Authorization", "Basic "+basic("anybody", "viewer")); r.status != 200 || !strings.Contains(r.body, run.ID) {
		t.Errorf("a browser with a token as its password: %d", r.status)
	}
}

func TestMetricsMayNeedAToken(t *testing.T) {
	w, _ := newWorld(t, withTokens(), func(s *config.Settings) { s.MetricsAuth = true })
	if r := w.send("GET", "/metrics", ""); r.status != http.StatusUnauthorized {
		t.Errorf("got %d", r.status)
	}
	if r := w.send("GET", "/metrics", "", "Authorization", "Bearer viewer"); r.status != 200 {
		t.Errorf("got %d", r.status)
	}
}

func TestSameKeyTwiceAtOnceIsOneRun(t *testing.T) {
	w, _ := newWorld(t, "")
	var mu sync.Mutex
	ids, created := map[string]bool{}, 0
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r := w.send("POST", "/api/v1/runs", start)
			var run analysis.Run
			if err := json.Unmarshal([]byte(r.body), &run); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[run.ID] = true
			if r.status == http.StatusCreated {
				created++
			}
			if want := "/api/v1/runs/" + run.ID; r.header.Get("Location") != want {
				t.Errorf("location %q", r.header.Get("Location"))
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 || created != 1 {
		t.Errorf("%d runs, %d created", len(ids), created)
	}
	if r := w.send("POST", "/api/v1/runs", `{"plan":"shop","version":"2","baseline_version":"1","phase":"10"}`); r.status != http.StatusConflict {
		t.Errorf("same key, other body: %d %s", r.status, r.body)
	}
}

func TestWholeRunOverHTTP(t *testing.T) {
	w, prom := newWorld(t, "")
	prom.set(0.9)
	run := w.begin(start)
	// The alert is a delivery of its own, before the rollback's or after it.
	run = w.until(run.ID, "rolled back and told", func(r analysis.Run) bool {
		return r.Rollback.State == analysis.RollbackAccepted && w.hook.to("/tell") > 0
	})
	if *run.Outcome != analysis.OutcomeFail || w.hook.to("/undo") != 1 || w.hook.to("/tell") != 1 {
		t.Errorf("%+v, %d rollbacks, %d alerts", run, w.hook.to("/undo"), w.hook.to("/tell"))
	}
	for path, want := range map[string]string{
		"/looks": `"looks":[{`, "/events": `"type":"run.failed"`, "/deliveries": `"state":"done"`,
	} {
		if r := w.send("GET", "/api/v1/runs/"+run.ID+path, ""); r.status != 200 || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	page := w.send("GET", "/runs/"+run.ID, "")
	for _, want := range []string{"errors", "https://runbooks.example.com/shop", "run.failed", "accepted"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	metrics := w.send("GET", "/metrics", "").body
	for _, want := range []string{
		`haldane_runs_total{outcome="fail",plan="shop"} 1`, `haldane_deliveries_total{action="undo",outcome="done"} 1`,
		`haldane_source_requests_total{outcome="ok",source="prom"}`, `haldane_rollbacks_total{plan="shop",state="accepted"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics has no %s", want)
		}
	}
	if r := w.send("POST", "/api/v1/runs/"+run.ID+"/cancel", ""); r.status != http.StatusConflict {
		t.Errorf("cancel after the end: %d", r.status)
	}
	if r := w.send("POST", "/api/v1/runs/"+run.ID+"/rollback", `{}`); r.status != http.StatusConflict {
		t.Errorf("rollback after the rollback: %d", r.status)
	}
}

func TestRollbackByHandWithAndWithoutBody(t *testing.T) {
	w, _ := newWorld(t, "")
	for i, body := range []string{"", `{"reason":"angry customers"}`} {
		run := w.begin(fmt.Sprintf(`{"plan":"shop","version":"2.%d","baseline_version":"1"}`, i))
		if r := w.send("POST", "/api/v1/runs/"+run.ID+"/rollback", body); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		w.until(run.ID, "rolled back", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackAccepted })
	}
	r := w.send("POST", "/api/v1/services/shop/rollback", `{"environment":"production","to":"1","reason":"outage"}`)
	if r.status != http.StatusAccepted || !strings.Contains(r.body, `"deliveries":[{`) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestOpenAPIDescribesEveryCall(t *testing.T) {
	w, _ := newWorld(t, "")
	r := w.send("GET", "/openapi.json", "")
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]struct{ AdditionalProperties any }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatal(doc.OpenAPI, err)
	}
	for path, method := range map[string]string{
		"/api/v1/runs": "post", "/api/v1/runs/{id}": "get", "/api/v1/runs/{id}/looks": "get", "/api/v1/runs/{id}/events": "get",
		"/api/v1/runs/{id}/deliveries": "get", "/api/v1/runs/{id}/cancel": "post", "/api/v1/runs/{id}/rollback": "post",
		"/api/v1/plans": "get", "/api/v1/plans/{name}": "get", "/api/v1/services/{service}/rollback": "post",
		"/api/v1/runs/{id}/samples": "post", "/api/v1/runs/{id}/approve": "post", "/api/v1/runs/{id}/keep": "post",
		"/api/v1/runs/{id}/feedback": "post", "/api/v1/runs/{id}/acknowledge": "post", "/api/v1/quality": "get",
		"/api/v1/runs/{id}/chart.svg": "get", "/api/v1/runs/{id}/chart.png": "get",
		"/api/v1/holds": "post", "/api/v1/holds/{id}": "delete", "/-/reload": "post", "/api/v1/events": "get",
	} {
		if doc.Paths[path][method] == nil {
			t.Errorf("no %s %s", method, path)
		}
	}
	// Fields are added over time: clients made from this must not refuse them.
	if doc.Components.Schemas["Run"].AdditionalProperties == false {
		t.Error("a Run must be open to new fields")
	}
}
