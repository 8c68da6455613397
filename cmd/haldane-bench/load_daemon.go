package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// loadDaemon is a daemon in a process of its own, always at the same address.
type loadDaemon struct {
	face
	binary, file, log string
	env               []string
	pprof             string // address; "" for none
	cmd               *exec.Cmd
}

func newLoadDaemon(ctx context.Context, binary, file, db, log string, profiled bool) (*loadDaemon, error) {
	listen, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	d := &loadDaemon{face: face("http://" + listen), binary: binary, file: file, log: log}
	for _, v := range os.Environ() { // such as GOGC
		if !strings.HasPrefix(v, "HALDANE_") {
			d.env = append(d.env, v)
		}
	}
	d.env = append(d.env, "HALDANE_LISTEN="+listen, "HALDANE_DATABASE="+db, "HALDANE_LOG_LEVEL=warn", "HALDANE_RATE_LIMIT=0")
	if profiled {
		if d.pprof, err = freePort(ctx); err != nil {
			return nil, err
		}
		d.env = append(d.env, "HALDANE_PPROF="+d.pprof)
	}
	return d, nil
}

// freePort finds one that nobody has at the moment.
func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start starts the process, and returns how long it took until it was ready.
func (d *loadDaemon) start(ctx context.Context) (time.Duration, error) {
	log, err := os.OpenFile(d.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { _ = log.Close() }()
	d.cmd = exec.CommandContext(ctx, d.binary, "serve", d.file) //nolint:gosec // what is to be measured
	d.cmd.Env, d.cmd.Stderr = d.env, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := d.cmd.Start(); err != nil {
		return 0, err
	}
	limit, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		if _, err := fetch(limit, string(d.face)+"/readyz"); err == nil {
			return time.Since(began), nil
		}
		select {
		case <-limit.Done():
			said, _ := os.ReadFile(d.log)
			return 0, fmt.Errorf("the daemon did not come up: %w\n%s", limit.Err(), said)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// stop ends the process as Kubernetes would, and returns how long that took.
func (d *loadDaemon) stop() (time.Duration, error) {
	if d.cmd == nil || d.cmd.Process == nil || d.cmd.ProcessState != nil {
		return 0, nil
	}
	began := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	kill := time.AfterFunc(time.Minute, func() { _ = d.cmd.Process.Kill() })
	defer kill.Stop()
	err := d.cmd.Wait()
	return time.Since(began), err
}
