package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/analysis/store"
	"github.com/haldane-dev/haldane/cmd/haldane/api"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// house is the API over a real engine and store. Nothing moves in it by itself.
type house struct {
	tb        testing.TB
	engine    *engine.Engine
	api       http.Handler
	close     func()
	documents map[string]map[string]bool // by operation: the statuses that openapi.json names
	written   int
	runs      []string // of every kind that a request may be about
}

// fuzzedPlans are a plan with a rollback, one whose rollback waits for approval, and one
// whose samples are pushed.
const fuzzedPlans = `
sources:
  prom: {type: prometheus, url: "http://127.0.0.1:9"}
actions:
  undo: {type: webhook, url: "http://127.0.0.1:9/undo"}
  tell: {type: webhook, url: "http://127.0.0.1:9/tell", changes_world: false}
defaults:
  baseline: none
  judge: threshold
  allow_rollback: true
  every: 1s
  step: 1s
  duration: 10m
  min_duration: 0s
  on_fail: [undo, tell]
  on_delivery_failed: [tell]
plans:
  - name: shop
    metrics:
      - {name: errors, source: prom, query: 'errors{version="{{.Version}}",v="{{regex .Vars.x}}"}', threshold: {max: 0.5, consecutive: 2}}
    vars: {x: y}
  - name: careful
    approval: {within: 1h, default: keep}
    metrics:
      - {name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}}
  - name: smoke
    name_pattern: ".*"
    metrics:
      - {name: gauge, source: push, kind: gauge, threshold: {max: 0.5}}
      - {name: share, source: push, kind: ratio, threshold: {max: 0.5}}
      - {name: parts, source: push, kind: gauge, by: [region], threshold: {max: 0.5}}
`

// sick answers 1 at every step, which is bad.
type sick struct{}

func (sick) Fetch(_ context.Context, q analysis.Query) ([]analysis.Series, error) {
	s := analysis.Series{Start: q.Window.Start, Step: q.Step}
	for range q.Window.Steps(q.Step) {
		s.Values = append(s.Values, 1)
	}
	return []analysis.Series{s}, nil
}

func (sick) Perform(context.Context, analysis.Delivery) (analysis.Receipt, error) {
	return analysis.Receipt{}, nil
}

func (sick) Reload(context.Context, analysis.Cause) error { return nil }

func newHouse(tb testing.TB) *house {
	tb.Helper()
	dir := tb.TempDir()
	h := &house{tb: tb, documents: map[string]map[string]bool{}}
	file := filepath.Join(dir, "haldane.yaml")
	must(tb, os.WriteFile(file, []byte(fuzzedPlans), 0o600))
	c, err := config.Load(file, daemon.Types(nil))
	must(tb, err)
	s, err := store.Open(context.Background(), store.Options{URL: "sqlite::memory:"})
	must(tb, err)
	h.close = func() { _ = s.Close() }
	setup := &engine.Setup{
		Hash: c.Hash, Plans: map[string]*analysis.Plan{}, Sources: map[string]engine.Source{"prom": {Source: sick{}}},
		Actions: map[string]engine.Action{"undo": {Action: sick{}, ChangesWorld: true}, "tell": {Action: sick{}, Threads: true}}, Render: config.Query,
	}
	for i := range c.Plans {
		setup.Plans[c.Plans[i].Name] = &c.Plans[i]
	}
	h.engine = engine.New(engine.Options{Store: s, ExternalURL: "http://haldane.test"}, setup)
	h.api = api.New(api.Deps{
		Reader: h.engine, Samples: h.engine, Writer: h.engine, Driller: h.engine, Plans: h.engine, Prober: h.engine, Reloader: sick{},
		Metrics: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler), Version: "test", Tokens: func() []api.Token { return nil },
	})
	h.describe()
	h.furnish()
	return h
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// describe reads which statuses each POST is documented to answer.
func (h *house) describe() {
	h.tb.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]any `json:"responses"`
		} `json:"paths"`
	}
	must(h.tb, json.Unmarshal(h.send(http.MethodGet, "/openapi.json", nil).Body.Bytes(), &doc))
	for path, methods := range doc.Paths {
		post, ok := methods["post"]
		if !ok {
			continue
		}
		h.documents[path] = map[string]bool{}
		for status := range post.Responses {
			h.documents[path][status] = true
		}
	}
}

// furnish begins a run of every kind, whose ids are in the order of kinds.
func (h *house) furnish() {
	h.tb.Helper()
	ctx, past := context.Background(), time.Now().Add(-time.Minute)
	h.written++
	h.runs = nil
	holds, err := h.engine.Holds(ctx)
	must(h.tb, err)
	for _, hold := range holds {
		_, err = h.engine.Release(ctx, hold.ID, analysis.Haldane)
		must(h.tb, err)
	}
	for _, plan := range []string{"shop", "careful", "smoke"} {
		r, _, err := h.engine.Start(ctx, analysis.StartRequest{
			Plan: plan, Version: "2", BaselineVersion: "1", StartedAt: &past, Force: true, Key: fmt.Sprint(h.written),
			Variables: map[string]string{"x": "y"}, Cause: analysis.Cause{Kind: "api", Who: "fuzz"},
		})
		must(h.tb, err)
		if plan == "careful" {
			must(h.tb, h.engine.Look(ctx, r.ID, r.NextLook))
			if r, err = h.engine.Run(ctx, r.ID); err != nil || r.Rollback.State != analysis.RollbackAwaitingApproval {
				h.tb.Fatalf("%+v, error %v", r, err)
			}
		}
		h.runs = append(h.runs, r.ID)
	}
	hold, err := h.engine.Hold(ctx, analysis.Hold{Reason: "fuzz", Service: fmt.Sprint(h.written)})
	must(h.tb, err)
	h.runs = append(h.runs, hold.ID, "shop", "careful", "smoke", "0190b4f0-0000-7000-8000-000000000000")
}

func (h *house) send(method, path string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1/", strings.NewReader(string(body)))
	u, err := url.Parse("http://127.0.0.1" + path)
	must(h.tb, err)
	r.URL = u
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return w
}

// reads asks for everything that shows what was recorded.
func (h *house) reads(t *testing.T, run string) {
	t.Helper()
	paths := []string{"/api/v1/runs?limit=20", "/api/v1/holds", "/api/v1/quality"}
	for _, of := range []string{"", "/looks", "/events", "/deliveries"} {
		paths = append(paths, "/api/v1/runs/"+run+of)
	}
	for _, path := range paths {
		if w := h.send(http.MethodGet, path, nil); w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("GET %s afterwards: %d %.500s", path, w.Code, w.Body)
		}
	}
}

// problem wants an error to be one of RFC 9457.
func problem(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var p struct {
		Title, Detail string
		Status        int
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
		t.Fatalf("%d of type %q", w.Code, kind)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Title == "" || p.Detail == "" || !utf8.Valid(w.Body.Bytes()) {
		t.Fatalf("%d %s: not a problem, error %v", w.Code, w.Body, err)
	}
}

// FuzzAPI posts anything at all to every route, about runs of every kind. There is no
// panic and no trouble of our own; what is answered is documented; an error is a problem
// of RFC 9457; what was taken can be read again, and a run that is started twice is one.
func FuzzAPI(f *testing.F) {
	h := newHouse(f)
	f.Cleanup(func() { h.close() })
	routes := make([]string, 0, len(h.documents))
	for path := range h.documents {
		routes = append(routes, path)
	}
	slices.Sort(routes)
	now := time.Now().UTC()
	bodies := map[string][]string{
		"/api/v1/runs": {
			`{"plan":"shop","version":"2","baseline_version":"1","variables":{"x":"z"},"links":{"pr":"https://git.example.com/1"}}`,
			`{"plan":"smoke","version":"\u2028\"}","key":"k","release_id":"r","phase":"p","traffic_share":0.5,"started_at":"2026-01-01T00:00:00+01:00","force":true}`,
			`{"plan":"shop","version":"2","baseline_version":"1","started_at":"0000-01-01T00:00:00+23:59"}`,
			`{"plan":"smoke","version":$NAME,"baseline_version":$NAME,"key":$NAME,"release_id":$NAME,"phase":$NAME,"variables":{"x":$NAME,$NAME:"y"},"links":{$NAME:"http://h/"}}`,
			`{"plan":"smoke","version":"2","baseline_version":"1","links":{"x":$NAME}}`, `{"plan":"smoke","version":"2","baseline_version":"1","started_at":$NAME}`, `{"plan":$NAME}`,
		},
		"/api/v1/runs/{id}/rollback": {`{}`, `{"to":"1","reason":$NAME}`, `{"to":$NAME}`},
		"/api/v1/runs/{id}/feedback": {`{"right":"no","note":$NAME}`},
		"/api/v1/runs/{id}/samples": {
			`{"samples":[{"metric":"gauge","value":1e308},{"metric":"gauge","value":1,"side":"baseline","time":"` + now.Format(time.RFC3339Nano) + `"}]}`,
			`{"samples":[{"metric":"share","value":3,"total":20}]}`,
			`{"samples":[{"metric":"parts","value":3,"labels":{"region":"eu"}},{"metric":"parts","value":-3,"labels":{"region":$NAME}}]}`,
			`{"samples":[{"metric":"gauge","value":1,"time":$NAME}]}`, `{"samples":[{"metric":$NAME,"value":1,"side":$NAME}]}`,
		},
		"/api/v1/plans/{name}/drill": {`{}`, `{"for_real":true,"environment":"production","version":"2","baseline_version":"1"}`},
		"/api/v1/holds": {
			`{"reason":"a party"}`, `{"kind":"silence","service":$NAME,"environment":$NAME,"reason":$NAME,"until":"2100-01-01T00:00:00Z"}`,
			`{"reason":"x","until":"9999-12-31T23:59:59-12:00"}`, `{"reason":"x","until":$NAME}`,
		},
		"/api/v1/services/{service}/rollback": {`{"environment":"production","to":"1","reason":$NAME}`, `{"environment":$NAME,"to":$NAME,"reason":"x"}`},
	}
	for i, route := range routes {
		for kind := range len(h.runs) + 1 {
			for _, body := range append(bodies[route], "") {
				f.Add(uint8(i), uint8(kind), "a/../b\x00", []byte(body))
			}
		}
		for _, body := range bodies[route] {
			f.Add(uint8(i), uint8(2), "2026-11-01T01:30:00.123456789-04:00", []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, route, kind uint8, name string, body []byte) {
		h.tb = t
		pattern := routes[int(route)%len(routes)]
		subjects := append(slices.Clone(h.runs), name)
		subject := subjects[int(kind)%len(subjects)]
		if subject == "" || subject == "." || subject == ".." || strings.Contains(subject, "/") {
			subject = "x" // a path of another route
		}
		path := pattern
		if open := strings.Index(path, "{"); open >= 0 {
			path = path[:open] + url.PathEscape(subject) + path[strings.Index(path, "}")+1:]
		}
		quoted, err := json.Marshal(name)
		must(t, err)
		body = bytes.ReplaceAll(body, []byte("$NAME"), quoted) // so that odd texts come in sound JSON
		w := h.send(http.MethodPost, path, body)
		if !h.documents[pattern][fmt.Sprint(w.Code)] || w.Code >= 500 {
			t.Fatalf("POST %s: %d is not documented: %s", path, w.Code, w.Body)
		}
		if w.Code >= 400 {
			problem(t, w)
			return
		}
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
		}
		read := h.runs[0]
		if place := w.Header().Get("Location"); place != "" {
			read = strings.TrimPrefix(place, "/api/v1/runs/")
		}
		h.reads(t, read)
		if pattern == "/api/v1/runs" && !strings.Contains(strings.ToLower(string(body)), "force") {
			again := h.send(http.MethodPost, path, body)
			if again.Code != http.StatusOK || again.Header().Get("Location") != w.Header().Get("Location") {
				t.Fatalf("the same request again: %d %s", again.Code, again.Body)
			}
		}
		if h.written > 300 {
			h.close()
			*h = *newHouse(t)
		}
		h.furnish()
	})
}
