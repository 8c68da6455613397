package actiontest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Program finds a program of Debian that a test runs beside itself. Without it the
// test is skipped, unless HALDANE_CI=1 says that everything must be there.
func Program(t *testing.T, name, pack string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv("HALDANE_CI") == "1" {
		t.Fatalf("%s is not installed; HALDANE_CI=1 wants it (try: apt-get install %s)", name, pack)
	}
	t.Skipf("%s is not installed (try: apt-get install %s)", name, pack)
	return ""
}

// Start runs a command until the end of the test. What it says is shown when the test
// fails.
func Start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var log safeBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd.Path, log.String())
		}
	})
}

// Eventually asks until the answer is yes.
func Eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !yes() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not: %s", what)
		}
	}
}

// FreeAddress is one of this machine at which nobody listens.
func FreeAddress(t *testing.T) string {
	t.Helper()
	return closedPort(t)
}

// Listens reports whether somebody does.
func Listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
