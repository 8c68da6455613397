package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// replica is one haldane serve. However it ends, it is started again, until the round
// is over.
type replica struct {
	number  int
	command []string
	env     []string
	logFile string

	mu      sync.Mutex
	process *os.Process // nil while it is not there
	url     string      // "" while it does not serve
	starts  int
	broken  []string // what it must never do, done
	over    bool
	done    chan struct{}
}

// keepUp starts it again and again until stop. wait draws how long it is away each time.
func (r *replica) keepUp(ctx context.Context, wait func() time.Duration) error {
	log, err := os.OpenFile(r.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	r.done = make(chan struct{})
	go func() {
		defer close(r.done)
		defer func() { _ = log.Close() }()
		for r.once(ctx, log) {
			select {
			case <-ctx.Done():
			case <-time.After(wait()):
			}
		}
	}()
	return nil
}

// once runs the process to its end; false: not again.
func (r *replica) once(ctx context.Context, log io.Writer) bool {
	cmd := exec.CommandContext(ctx, r.command[0], r.command[1:]...) //nolint:gosec // the binary under test
	cmd.Env = r.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it does not outlive us
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return false
	}
	r.mu.Lock()
	if r.over || ctx.Err() != nil {
		r.mu.Unlock()
		return false
	}
	r.starts++
	err = cmd.Start()
	if err == nil {
		r.process = cmd.Process
	}
	r.mu.Unlock()
	if err != nil {
		_, _ = fmt.Fprintln(log, "not started:", err)
		return true
	}
	r.follow(pipe, log)
	_ = cmd.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process, r.url = nil, ""
	_, _ = fmt.Fprintf(log, "-- ended: %s\n", cmd.ProcessState)
	if r.over && cmd.ProcessState.ExitCode() != 0 && !killed(cmd.ProcessState) {
		r.broken = append(r.broken, fmt.Sprintf("replica %d: told to stop, it ended with %s", r.number, cmd.ProcessState))
	}
	return !r.over
}

func killed(s *os.ProcessState) bool {
	w, ok := s.Sys().(syscall.WaitStatus)
	return ok && w.Signaled() && w.Signal() == syscall.SIGKILL
}

// follow copies its log, and reads from it where it serves.
func (r *replica) follow(from io.Reader, log io.Writer) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		_, _ = fmt.Fprintf(log, "%s\n", lines.Bytes())
		var line struct{ Msg, Listen string }
		up := json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "haldane is up"
		bad := strings.HasPrefix(lines.Text(), "panic:") || strings.HasPrefix(lines.Text(), "fatal error:") || strings.Contains(lines.Text(), "panicked")
		if !up && !bad {
			continue
		}
		r.mu.Lock()
		if up {
			r.url = "http://" + line.Listen
		} else {
			r.broken = append(r.broken, fmt.Sprintf("replica %d: %s", r.number, lines.Text()))
		}
		r.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, from)
}

// signal sends a signal to the process, if there is one.
func (r *replica) signal(s syscall.Signal) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.process != nil && r.process.Signal(s) == nil
}

// address is where it serves, "" while it does not.
func (r *replica) address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.url
}

func (r *replica) started() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.starts
}

// stop ends it for good, kindly at first.
func (r *replica) stop(within time.Duration) {
	r.mu.Lock()
	r.over = true
	if r.process != nil {
		_ = r.process.Signal(syscall.SIGCONT)
		_ = r.process.Signal(syscall.SIGTERM)
	}
	r.mu.Unlock()
	if r.done == nil {
		return
	}
	select {
	case <-r.done:
	case <-time.After(within):
		r.mu.Lock()
		r.broken = append(r.broken, fmt.Sprintf("replica %d: told to stop, it did not within %s", r.number, within))
		r.mu.Unlock()
		r.signal(syscall.SIGKILL)
		<-r.done
	}
}

// misdeeds are what it did that it must never do.
func (r *replica) misdeeds() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}
