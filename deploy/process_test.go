package deploy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a real process may take for anything. It is never the time
// that a test takes, unless it fails.
const patience = 2 * time.Minute

// require skips a test where something of the machine is missing, with what to do
// about it; where HALDANE_CI=1 says that everything must be there, it fails.
func require(t *testing.T, there bool, missing string) {
	t.Helper()
	switch {
	case there:
	case os.Getenv("HALDANE_CI") == "1":
		t.Fatalf("%s; HALDANE_CI=1 wants it", missing)
	default:
		t.Skip(missing)
	}
}

// program returns the path of a program of the machine.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	require(t, err == nil, name+" is not installed (try: apt-get install "+debianPackage+")")
	return path
}

// process is a program that runs, with everything that it has printed.
type process struct {
	cmd   *exec.Cmd
	log   printed
	ended chan struct{}
}

// printed collects output; it may be read while it grows.
type printed struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.String()
}

// start starts a program that ends with the test at the latest.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s printed:\n%s", strings.Join(cmd.Args, " "), &p.log)
		}
	})
	return p
}

// says waits until the program has printed something, and returns what the pattern
// matched with its groups.
func (p *process) says(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	until(t, "the program prints "+pattern, func() bool {
		found = re.FindStringSubmatch(p.log.String())
		if found == nil {
			select {
			case <-p.ended:
				t.Fatalf("it ended without printing %s: %v", pattern, p.cmd.ProcessState)
			default:
			}
		}
		return found != nil
	})
	return found
}

// status waits for the program's end and returns its exit status.
func (p *process) status(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatal("the program does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop asks the program to end, as Docker, systemd and Kubernetes do.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	return p.status(t)
}

// until polls, because what it waits for happens in other processes.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// call sends a request and returns status and body; status 0 means no answer.
func call(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// listening is what the daemon logs when it works, text and JSON.
const listening = `haldane is up.*listen[="]+[: "]*(?:\[::\]|[0-9.]+):(\d+)`

// daemon waits until a daemon works and returns its address on this machine.
func (p *process) daemon(t *testing.T) string {
	t.Helper()
	return "http://127.0.0.1:" + p.says(t, listening)[1]
}

func onLinux(t *testing.T) {
	t.Helper()
	require(t, runtime.GOOS == "linux", "images hold programs for Linux")
}
