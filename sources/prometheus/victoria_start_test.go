package prometheus

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// victoria starts Debian's VictoriaMetrics and returns settings as the package comment
// wants them for it.
func victoria(t *testing.T) *Config {
	t.Helper()
	binary, err := exec.LookPath("victoria-metrics")
	if err != nil {
		if os.Getenv("HALDANE_CI") == "1" {
			t.Fatal("victoria-metrics is not installed; HALDANE_CI=1 wants it (try: apt-get install victoria-metrics)")
		}
		t.Skip("victoria-metrics is not installed (try: apt-get install victoria-metrics)")
	}
	address := freeAddress(t)
	var log bytes.Buffer
	cmd := exec.Command(binary, "-httpListenAddr="+address, "-storageDataPath="+t.TempDir(),
		"-retentionPeriod=100y", "-loggerLevel=WARN", "-memory.allowedBytes=64MB")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("victoria-metrics said:\n%s", log.String())
		}
	})
	c := settings("http://" + address)
	c.Params = map[string]string{"nocache": "1"}
	waitUntil(t, func() bool {
		resp, err := http.Get(c.URL + "/health")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return c
}

// waitUntil polls a real process.
func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	tick, late := time.NewTicker(50*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it is not there in time")
		}
	}
}

// imported is what there is to ask for: n scrapes, a second apart, until end.
func imported(t *testing.T, url string, end time.Time, n int) {
	t.Helper()
	var text strings.Builder
	for i := range n {
		at := end.Add(-time.Duration(n-1-i) * time.Second).UnixMilli()
		fmt.Fprintf(&text, "http_requests_total{version=\"1\",code=\"200\"} %d %d\n", 9*i, at)
		fmt.Fprintf(&text, "http_requests_total{version=\"1\",code=\"500\"} %d %d\n", i, at)
		fmt.Fprintf(&text, "http_requests_total{version=\"2\",code=\"200\"} %d %d\n", 20*i, at)
		fmt.Fprintf(&text, "idle_total 0 %d\n", at)
		fmt.Fprintf(&text, "seconds{le=\"0.025\"} 0 %d\nseconds{le=\"0.05\"} %d %d\nseconds{le=\"+Inf\"} %d %d\n", at, 10*i, at, 10*i, at)
		fmt.Fprintf(&text, "number %d %d\n", i, at)
		if i < n/3 || i >= 2*n/3 {
			fmt.Fprintf(&text, "interrupted %d %d\n", i, at)
		}
	}
	post(t, url+"/api/v1/import/prometheus", text.String())
	post(t, url+"/internal/force_flush", "") // else it is to be seen a second later
}

func post(t *testing.T, url, body string) {
	t.Helper()
	resp, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s answers %d", url, resp.StatusCode)
	}
}
