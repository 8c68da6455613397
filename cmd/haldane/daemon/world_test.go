package daemon_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// world is a daemon with a Prometheus that answers what the test says, and a
// receiver of webhooks.
type world struct {
	*testing.T
	d    *daemon.Daemon
	dir  string
	file string
	log  *lockedBuffer
	prom *httptest.Server
	hook *receiver
	env  map[string]string
}

// level is what the stand-in for Prometheus answers at every step: a value, or a
// handler of its own.
type level struct {
	mu    sync.Mutex
	value float64
	nan   bool
	serve http.HandlerFunc
}

func (l *level) set(v float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.value = v
}

func (l *level) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	v, serve := fmt.Sprintf("%g", l.value), l.serve
	if l.nan {
		v = "NaN"
	}
	l.mu.Unlock()
	if serve != nil {
		serve(w, r)
		return
	}
	_ = r.ParseForm()
	var start, end, step float64
	for name, into := range map[string]*float64{"start": &start, "end": &end, "step": &step} {
		_, _ = fmt.Sscan(r.Form.Get(name), into)
	}
	var points []string
	for t := start; t <= end+step/1000; t += step {
		points = append(points, fmt.Sprintf(`[%.3f,"%s"]`, t, v))
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}

// receiver remembers webhooks and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	answer http.HandlerFunc
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.got, r.bodies = append(r.got, req), append(r.bodies, string(b))
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// to counts the requests to a path.
func (r *receiver) to(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, req := range r.got {
		if req.URL.Path == path {
			n++
		}
	}
	return n
}

// plan is a config whose plan fails as soon as two samples are above 0.5.
const plan = `
sources:
  prom: {type: prometheus, url: %q, delay: 100ms, timeout: 2s, bearer_token: "${env:PROM_TOKEN}"}
actions:
  undo: {type: webhook, url: %q, secret: "${env:HOOK_SECRET}"}
  tell: {type: webhook, url: %q, changes_world: false}
plans:
  - name: shop
    judge: threshold
    baseline: none
    allow_rollback: true
    every: 100ms
    step: 100ms
    duration: 1s
    min_duration: 0s
    runbook: https://runbooks.example.com/shop
    metrics:
      - {name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}}
    on_fail: [undo, tell]
    on_delivery_failed: [tell]
`

func token(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newWorld starts a daemon on a config: plan, with more in front of it.
func newWorld(t *testing.T, more string, change ...func(*config.Settings)) (*world, *level) {
	t.Helper()
	prom := &level{value: 0.1}
	w := &world{T: t, dir: t.TempDir(), log: &lockedBuffer{}, hook: newReceiver(t), env: map[string]string{
		"PROM_TOKEN": "prom-\"secret\" token", "HOOK_SECRET": "whsec_c2VjcmV0LW9mLXRoZS1ob29rLTEyMzQ1Njc4OTA=",
	}}
	w.prom = httptest.NewServer(prom)
	t.Cleanup(w.prom.Close)
	w.file = filepath.Join(w.dir, "haldane.yaml")
	w.write(more)
	w.start(change...)
	return w, prom
}

func (w *world) write(more string) {
	w.Helper()
	text := more + fmt.Sprintf(plan, w.prom.URL, w.hook.URL+"/undo?key=url-secret", w.hook.URL+"/tell")
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) start(change ...func(*config.Settings)) {
	w.Helper()
	settings := config.Settings{
		Config: w.file, Listen: "127.0.0.1:0", Database: config.NewSecret("sqlite:" + w.dir + "/haldane.db"), Actions: config.ActionsOn,
	}
	for _, c := range change {
		c(&settings)
	}
	d, err := daemon.Start(w.Context(), daemon.Options{
		Settings: settings, Version: "test", Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Env: func(name string) (string, bool) { v, ok := w.env[name]; return v, ok }, Poll: 10 * time.Millisecond,
	})
	if err != nil {
		w.Fatal(err)
	}
	w.d = d
	w.Cleanup(w.stop)
}

func (w *world) stop() {
	if w.d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.d.Stop(ctx); err != nil {
		w.Error(err)
	}
	w.d = nil
}

// reply is what the API answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends one request; headers come in pairs and win over the usual ones.
func (w *world) send(method, path, body string, headers ...string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.d.URL()+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			req.Host = headers[i+1]
		case headers[i+1] == "":
			req.Header.Del(headers[i])
		default:
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(b)}
}

func decode[T any](w *world, r reply) (v T) {
	w.Helper()
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		w.Fatalf("%s: %v", r.body, err)
	}
	return v
}

// begin starts a run.
func (w *world) begin(body string) analysis.Run {
	w.Helper()
	r := w.send("POST", "/api/v1/runs", body)
	if r.status != http.StatusCreated {
		w.Fatalf("%d %s", r.status, r.body)
	}
	return decode[analysis.Run](w, r)
}

// until asks for a run until something is so.
func (w *world) until(id, what string, so func(r analysis.Run) bool) analysis.Run {
	w.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		run := decode[analysis.Run](w, w.send("GET", "/api/v1/runs/"+id, ""))
		if so(run) {
			return run
		}
		if time.Now().After(deadline) {
			w.Fatalf("never %s: %+v", what, run)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func ended(r analysis.Run) bool { return r.Status.Ended() }

// lockedBuffer is a buffer that several goroutines may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// begin2 starts a run as somebody.
func (w *world) begin2(body string, as []string) {
	w.Helper()
	if r := w.send("POST", "/api/v1/runs", body, as...); r.status != http.StatusCreated {
		w.Fatalf("%d %s", r.status, r.body)
	}
}

// afterLook is when a few looks will have been taken.
func afterLook() <-chan time.Time { return time.After(700 * time.Millisecond) }
