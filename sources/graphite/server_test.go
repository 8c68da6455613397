package graphite

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// graphiteServer is Debian's carbon-cache, which takes samples, and graphite-web, which
// answers.
type graphiteServer struct {
	url  string
	line string // address for samples
}

const carbonSettings = `[cache]
STORAGE_DIR = %[1]s
LOCAL_DATA_DIR = %[1]s/whisper/
CONF_DIR = %[1]s
LOG_DIR = %[1]s
PID_DIR = %[1]s
USER =
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
LOG_CACHE_HITS = False
LOG_UPDATES = False
LOG_CREATES = False
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = %[2]s
PICKLE_RECEIVER_PORT = 0
ENABLE_UDP_LISTENER = False
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = %[3]s
CARBON_METRIC_INTERVAL = 0
GRAPHITE_URL = http://%[4]s
TAG_UPDATE_INTERVAL = 1
`

const webSettings = `SECRET_KEY = 'made up for a test'
STORAGE_DIR = LOG_DIR = CONF_DIR = '%[1]s'
INDEX_FILE = '%[1]s/index'
WHISPER_DIR = '%[1]s/whisper'
GRAPHITE_ROOT = '/usr/share/graphite-web'
STATIC_ROOT = '/usr/share/graphite-web/static'
CARBONLINK_HOSTS = ['%[2]s']
`

// retentions: fine metrics are kept by 10 s for an hour, then by 5 min; coarse ones by
// 5 min; all others by the minute.
const retentions = `[fine]
pattern = ^fine\.
retentions = 10s:1h,5m:1d
[coarse]
pattern = ^coarse\.
retentions = 5m:7d
[default]
pattern = .*
retentions = 60s:1d
`

const aggregation = "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n"

// startGraphite starts both on loopback, with all they keep in a folder of the test.
func startGraphite(t *testing.T) graphiteServer {
	t.Helper()
	for _, program := range []string{"carbon-cache", "graphite-manage"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("HALDANE_CI") == "1" {
				t.Fatalf("%s is not installed; HALDANE_CI=1 wants it (try: apt-get install graphite-carbon graphite-web)", program)
			}
			t.Skipf("%s is not installed (try: apt-get install graphite-carbon graphite-web)", program)
		}
	}
	dir := t.TempDir()
	line, query, page := freeAddress(t), freeAddress(t), freeAddress(t)
	port := func(address string) string { return address[strings.LastIndex(address, ":")+1:] }
	for name, text := range map[string]string{
		"carbon.conf":              fmt.Sprintf(carbonSettings, dir, port(line), port(query), page),
		"haldane_graphite_test.py": fmt.Sprintf(webSettings, dir, query),
		"storage-schemas.conf":     retentions,
		"storage-aggregation.conf": aggregation,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "whisper"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PYTHONPATH="+dir, "GRAPHITE_SETTINGS_MODULE=haldane_graphite_test", "PYTHONDONTWRITEBYTECODE=1")
	migrate := exec.Command("graphite-manage", "migrate", "--run-syncdb")
	migrate.Env = env
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("graphite-manage migrate: %v\n%s", err, out)
	}
	g := graphiteServer{url: "http://" + page, line: line}
	runBeside(t, env, "carbon-cache", "--config="+filepath.Join(dir, "carbon.conf"), "--nodaemon", "start")
	runBeside(t, env, "graphite-manage", "runserver", "--noreload", page)
	g.wait(t, "both to listen", func() bool {
		conn, err := net.Dial("tcp", line)
		if err != nil {
			return false
		}
		_ = conn.Close()
		resp, err := http.Get(g.url + "/render?target=constantLine(1)&format=json")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return g
}

// runBeside runs a program until the test is over.
func runBeside(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, log.String())
		}
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// wait polls until something is so.
func (g graphiteServer) wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

// send gives carbon lines of "path value timestamp".
func (g graphiteServer) send(t *testing.T, lines []string) {
	t.Helper()
	conn, err := net.Dial("tcp", g.line)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
}
