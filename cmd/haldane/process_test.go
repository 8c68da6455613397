package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// asDaemon makes the test binary be the program: a process that can be killed.
const asDaemon = "HALDANE_TEST_AS_DAEMON"

// outside is the world around a daemon that runs as a process of its own: a
// Prometheus that answers what the test says, and a deploy tool.
type outside struct {
	*testing.T
	dir    string
	prom   *httptest.Server
	tool   *httptest.Server
	cmd    *exec.Cmd
	url    string
	stderr *bytes.Buffer

	mu       sync.Mutex
	level    float64
	asked    func()             // called at every request to Prometheus
	rollback http.HandlerFunc   // answers the deploy tool's calls; nil: 200
	ids      map[string]int     // webhook-ids of rollbacks, and how often each came
	bodies   map[string][]byte  // their bodies
	versions map[string]float64 // levels of versions that differ
}

func newOutside(t *testing.T) *outside {
	o := &outside{T: t, dir: t.TempDir(), level: 0.1, ids: map[string]int{}, bodies: map[string][]byte{}, versions: map[string]float64{}}
	o.prom = httptest.NewServer(http.HandlerFunc(o.servePrometheus))
	t.Cleanup(o.prom.Close)
	o.tool = httptest.NewServer(http.HandlerFunc(o.serveTool))
	t.Cleanup(o.tool.CloseClientConnections)
	t.Cleanup(func() {
		o.stop(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", o.stderr)
		}
	})
	return o
}

func (o *outside) servePrometheus(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	o.mu.Lock()
	level, asked := o.level, o.asked
	for version, l := range o.versions {
		if strings.Contains(r.Form.Get("query"), `"`+version+`"`) {
			level = l
		}
	}
	o.mu.Unlock()
	if asked != nil {
		asked()
	}
	var start, end, step float64
	for name, into := range map[string]*float64{"start": &start, "end": &end, "step": &step} {
		_, _ = fmt.Sscan(r.Form.Get(name), into)
	}
	var points []string
	for t := start; t <= end+step/1000; t += step {
		points = append(points, fmt.Sprintf(`[%.3f,"%g"]`, t, level))
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}

func (o *outside) serveTool(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	if r.URL.Path == "/undo" {
		id := r.Header.Get("webhook-id")
		if first, again := o.bodies[id]; again && !bytes.Equal(first, body) {
			o.Errorf("delivery %s was repeated with another body", id)
		}
		if r.Header.Get("Idempotency-Key") != id {
			o.Errorf("idempotency key %q, delivery %q", r.Header.Get("Idempotency-Key"), id)
		}
		o.ids[id]++
		o.bodies[id] = body
	}
	answer := o.rollback
	o.mu.Unlock()
	if answer != nil && r.URL.Path == "/undo" {
		answer(w, r)
	}
}

const processConfig = `
sources:
  prom: {type: prometheus, url: %q, delay: 100ms, timeout: 10s}
actions:
  undo: {type: webhook, url: %q}
  tell: {type: webhook, url: %q, changes_world: false}
guards: {max_rollbacks_per_hour: 0, many_services: {services: 0}}
defaults:
  judge: threshold
  baseline: none
  allow_rollback: true
  every: 100ms
  step: 100ms
  duration: 2s
  min_duration: 0s
  metrics:
    - {name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}}
  on_fail: [undo, tell]
  on_delivery_failed: [tell]
plans:
  - name: shop
  - {name: queued, concurrency: queue}
  - name: third
`

// start starts the daemon and waits until it serves.
func (o *outside) start(env ...string) {
	o.Helper()
	path := filepath.Join(o.dir, "haldane.yaml")
	text := fmt.Sprintf(processConfig, o.prom.URL, o.tool.URL+"/undo", o.tool.URL+"/tell")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	o.cmd = exec.Command(os.Args[0], "serve", path)
	o.cmd.Env = append(os.Environ(), asDaemon+"=1", "HALDANE_LISTEN=127.0.0.1:0", "HALDANE_LOG_FORMAT=json",
		"HALDANE_DATABASE=sqlite:"+filepath.Join(o.dir, "haldane.db"))
	o.cmd.Env = append(o.cmd.Env, env...)
	pipe, err := o.cmd.StderrPipe()
	if err != nil {
		o.Fatal(err)
	}
	if o.stderr == nil {
		o.stderr = &bytes.Buffer{}
	}
	if err := o.cmd.Start(); err != nil {
		o.Fatal(err)
	}
	up := make(chan string, 1)
	go func(log *bytes.Buffer) {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			o.mu.Lock()
			log.Write(append(lines.Bytes(), '\n'))
			o.mu.Unlock()
			var line struct{ Msg, Listen string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "haldane is up" {
				up <- line.Listen
			}
		}
		close(up)
	}(o.stderr)
	select {
	case listen, ok := <-up:
		if !ok {
			o.Fatalf("the daemon did not come up:\n%s", o.log())
		}
		o.url = "http://" + listen
	case <-time.After(20 * time.Second):
		o.Fatalf("the daemon did not come up:\n%s", o.log())
	}
}

func (o *outside) log() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stderr.String()
}

// stop sends a signal and waits for the process to end; it returns its exit status.
func (o *outside) stop(sig os.Signal) int {
	if o.cmd == nil || o.cmd.ProcessState != nil {
		return -1
	}
	_ = o.cmd.Process.Signal(sig)
	_ = o.cmd.Wait()
	return o.cmd.ProcessState.ExitCode()
}

// crash kills the daemon as a power cut would, and starts it again.
func (o *outside) crash() {
	o.Helper()
	o.stop(syscall.SIGKILL)
	o.start()
}

func (o *outside) call(method, path, body string, into any) int {
	o.Helper()
	req, err := http.NewRequestWithContext(o.Context(), method, o.url+path, strings.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		o.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			o.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, b)
		}
	}
	return resp.StatusCode
}

func (o *outside) begin(plan, version string) (r analysis.Run) {
	o.Helper()
	if status := o.call("POST", "/api/v1/runs", fmt.Sprintf(`{"plan":%q,"version":%q,"baseline_version":"1"}`, plan, version), &r); status != 201 {
		o.Fatalf("start: %d %+v", status, r)
	}
	return r
}

func (o *outside) run(id string) (r analysis.Run) {
	o.Helper()
	o.call("GET", "/api/v1/runs/"+id, "", &r)
	return r
}

func (o *outside) until(id, what string, so func(r analysis.Run) bool) analysis.Run {
	o.Helper()
	return until(o.T, what, func() (analysis.Run, bool) { r := o.run(id); return r, so(r) })
}

// until polls a process until something is so.
func until[T any](t *testing.T, what string, so func() (T, bool)) T {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; {
		v, ok := so()
		if ok {
			return v
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s: %+v", what, v)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (o *outside) sick(versions ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range versions {
		o.versions[v] = 0.9
	}
}

func (o *outside) answer(h http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rollback = h
}

func (o *outside) onAsk(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = f
}

// rollbacks returns the ids of the rollbacks that the deploy tool received.
func (o *outside) rollbacks() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ids []string
	for id := range o.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
