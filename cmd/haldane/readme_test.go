package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// readmeBlocks are the fenced blocks of the README in a language, as they stand there.
func readmeBlocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllSubmatch(text, -1) {
		blocks = append(blocks, string(m[1]))
	}
	return blocks
}

// TestReadme does what the README says: its config is loaded, its commands are run in
// their order. Only addresses are replaced, and those of Go that .ci/run runs are left
// to it.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("HALDANE_CI") != "" {
			t.Fatal("curl is missing")
		}
		t.Skip("the README's commands need curl")
	}
	prom := httptest.NewServer(http.HandlerFunc(fivePerCent))
	t.Cleanup(prom.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	_ = l.Close()
	place := strings.NewReplacer("http://prometheus:9090", prom.URL, "127.0.0.1:8080", listen)

	configs := readmeBlocks(t, "yaml")
	if len(configs) != 2 {
		t.Fatalf("%d configs", len(configs))
	}
	r := &reader{T: t, dir: t.TempDir(), url: "http://" + listen}
	if err := os.WriteFile(filepath.Join(r.dir, "haldane.yaml"), []byte(place.Replace(configs[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	r.checks(withSteps(t, configs[0], configs[1]))
	var did []string
	for _, block := range readmeBlocks(t, "sh") {
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			did = append(did, line)
			switch {
			case line == "go run ./cmd/haldane-demo" || line == "go test ./...":
			case strings.HasPrefix(line, "go install "):
				r.must(exec.CommandContext(t.Context(), "go", "vet", strings.TrimPrefix(line, "go install ")), "../..")
			case strings.HasPrefix(line, "export "):
				r.exports += line + "; "
			case strings.HasPrefix(line, "haldane serve "):
				r.serve(line)
			case strings.HasSuffix(line, " --wait"):
				r.startsRun(line)
			default:
				r.must(r.command(t.Context(), place.Replace(line)), r.dir)
			}
		}
	}
	for _, want := range []string{"go run ./cmd/haldane-demo", "haldane check haldane.yaml", "haldane serve haldane.yaml", "go test ./..."} {
		if !slices.Contains(did, want) {
			t.Errorf("the README does not say %q", want)
		}
	}
}

// reader is somebody who follows the README.
type reader struct {
	*testing.T
	dir, url string
	exports  string // the lines that set what the later ones need
}

func (r *reader) command(ctx context.Context, line string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", r.exports+"exec "+line)
	c.Dir = r.dir
	c.Env = append(os.Environ(), "HALDANE_URL="+r.url, "HALDANE_LISTEN="+strings.TrimPrefix(r.url, "http://"))
	return c
}

func (r *reader) must(c *exec.Cmd, dir string) {
	r.Helper()
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		r.Fatalf("%v: %v\n%s", c.Args, err, out)
	}
}

// serve runs the daemon until the test ends.
func (r *reader) serve(line string) {
	r.Helper()
	var log bytes.Buffer
	c := r.command(context.WithoutCancel(r.Context()), line)
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			r.Errorf("the daemon: %v\n%s", err, &log)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		resp, err := http.Get(r.url + "/readyz")
		if err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK {
			return
		}
	}
	r.Fatalf("the daemon is not ready:\n%s", &log)
}

// startsRun wants a command that waits for a run to say at once which it is; the run
// itself takes longer than a test.
func (r *reader) startsRun(line string) {
	r.Helper()
	c := r.command(r.Context(), line)
	out, err := c.StdoutPipe()
	if err != nil {
		r.Fatal(err)
	}
	if err := c.Start(); err != nil {
		r.Fatal(err)
	}
	first := make([]byte, 256)
	n, err := out.Read(first)
	if err != nil || !strings.Contains(string(first[:n]), ": shop 1.5.0 against 1.4.2, http://") {
		r.Errorf("%s says %q, %v", line, first[:n], err)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
}

// withSteps puts the part of a plan that the README shows into its whole config.
func withSteps(t *testing.T, whole, part string) string {
	t.Helper()
	const instead = "    on_fail: [undo, oncall]\n"
	if !strings.Contains(whole, instead) {
		t.Fatalf("the config has no %q", instead)
	}
	indented := "    " + strings.ReplaceAll(strings.TrimSpace(part), "\n", "\n    ") + "\n"
	whole = strings.Replace(whole, instead, indented, 1)
	return strings.Replace(whole, "actions:\n", "actions:\n  kill-flag: {type: webhook, url: \"http://flags.example.com/off\"}\n", 1)
}

// checks wants haldane check to find nothing wrong with a config.
func (r *reader) checks(text string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "steps.yaml"), []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
	c := r.command(r.Context(), "haldane check steps.yaml")
	c.Env = append(c.Env, "HOOK_SECRET=whsec_Zm9yIHRlc3RzIG9ubHksIDMyIGJ5dGVzIGxvbmchIQ==", "SLACK_BOT_TOKEN=xoxb-1-2-test")
	r.must(c, r.dir)
}
