package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

// playAll plays the story and returns what came of it, and what was printed.
func playAll(t *testing.T, launch launcher) (result, string) {
	t.Helper()
	var out bytes.Buffer
	s, err := setUp(t.Context(), 300*time.Millisecond, &out, launch)
	s.picture = filepath.Join(t.TempDir(), "picture.png")
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.close(stop); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.play(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	drawn, err := os.ReadFile(s.picture)
	if err != nil {
		t.Fatalf("the alert has no picture: %v\n%s", err, out.String())
	}
	if img, err := png.Decode(bytes.NewReader(drawn)); err != nil || img.Bounds().Dx() < 1000 {
		t.Errorf("the picture cannot be seen: %v", err)
	}
	return r, out.String()
}

func checkStory(t *testing.T, r result, printed string) {
	t.Helper()
	if err := r.check(); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if since := r.Bad.FinishedAt.Sub(r.Bad.StartedAt); since >= r.Bad.EndsAt.Sub(r.Bad.StartedAt) {
		t.Errorf("the bad release was found at its end only")
	}
	x := r.Rollbacks[0]
	if x.Service != "shop" || x.Runbook != "https://runbooks.example.com/shop" || !strings.Contains(x.Reason, "errors") {
		t.Errorf("the deploy tool was told %+v", x)
	}
	alert := failing(r.Messages)
	for _, want := range []string{"shop 1.5.0 in production: failed", "errors", "https://runbooks.example.com/shop", "1.4.2", r.Bad.ID} {
		if !strings.Contains(strings.Join(alert.Blocks, "\n"), want) {
			t.Errorf("the alert does not say %q: %q", want, alert.Blocks)
		}
	}
	if alert.Thread == "" {
		t.Error("the alert is not in the run's thread")
	}
	for _, want := range []string{"signature verified", "Haldane: PASS", "Haldane: FAIL"} {
		if !strings.Contains(printed, want) {
			t.Errorf("the story does not say %q:\n%s", want, printed)
		}
	}
}

// failing is the message in the thread that tells of the failure.
func failing(ms []message) message {
	for _, m := range ms {
		if strings.Contains(m.Text, "failed") && !m.Update {
			return m
		}
	}
	return message{}
}

func TestStory(t *testing.T) {
	r, printed := playAll(t, inProcess(slog.New(slog.DiscardHandler)))
	checkStory(t, r, printed)
}

// TestStoryWithADaemonOfItsOwn plays the story with the program as it ships, in a
// process of its own.
func TestStoryWithADaemonOfItsOwn(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "haldane")
	build := exec.Command("go", "build", "-o", binary, "./cmd/haldane")
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r, printed := playAll(t, process(binary))
	checkStory(t, r, printed)
}

// process runs the daemon in a process of its own.
func process(binary string) launcher {
	return func(ctx context.Context, file, dir string, env map[string]string) (daemonProcess, error) {
		cmd := exec.Command(binary, "serve", file)
		cmd.Env = append(os.Environ(), "HALDANE_LISTEN=127.0.0.1:0", "HALDANE_LOG_FORMAT=json", "HALDANE_DATABASE=sqlite:"+dir+"/haldane.db")
		for k, v := range env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		pipe, err := cmd.StderrPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			var line struct{ Msg, Listen string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "haldane is up" {
				go func() { _, _ = io.Copy(io.Discard, pipe) }()
				return &child{cmd: cmd, url: "http://" + line.Listen}, nil
			}
		}
		_ = cmd.Wait()
		return nil, fmt.Errorf("the daemon did not come up: %s", cmd.ProcessState)
	}
}

type child struct {
	cmd *exec.Cmd
	url string
}

func (c *child) URL() string { return c.url }

func (c *child) Stop(context.Context) error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	return c.cmd.Wait()
}

func TestPlanFileIsARealConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "haldane.yaml")
	if err := os.WriteFile(path, planFile, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, daemon.Types(func(name string) (string, bool) {
		return map[string]string{
			"HOOK_SECRET": "whsec_dGhlIGRlbW8ncyBzZWNyZXQsIDMyIGJ5dGVzIGxvbmc=", "SLACK_BOT_TOKEN": "xoxb-1",
		}[name], true
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Warnings {
		t.Error(w)
	}
}

func TestAdaptChangesAddressesAndTimesOnly(t *testing.T) {
	addresses := map[string]string{"prom": "http://127.0.0.1:1", "undo": "http://127.0.0.1:2", "oncall": "http://127.0.0.1:3/"}
	adapted, err := adapt(planFile, 500*time.Millisecond, addresses)
	if err != nil {
		t.Fatal(err)
	}
	text := string(adapted)
	for _, want := range []string{"step: 500ms", "duration: 15s", "every: 250ms", "url: http://127.0.0.1:1", "[{{.Step}}]", "tolerance: 10%"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, err := adapt(planFile, time.Second, map[string]string{}); err == nil {
		t.Error("a source without a stand-in is played with its real address")
	}
}

func TestProgramEndsAsItShould(t *testing.T) {
	var out, errs bytes.Buffer
	for args, want := range map[string]int{"--plan": 0, "--pace=1ms": 2, "--nonsense": 2, "--help": 0} {
		if got := run(t.Context(), []string{args}, &out, &errs); got != want {
			t.Errorf("%s: exit status %d, want %d", args, got, want)
		}
	}
	if !strings.Contains(out.String(), "plans:") || !strings.Contains(errs.String(), "-keep") {
		t.Errorf("printed %q, %q", out.String(), errs.String())
	}
}

func TestCheckNoticesAWrongEnd(t *testing.T) {
	pass, fail := analysis.OutcomePass, analysis.OutcomeFail
	for name, r := range map[string]result{
		"good one failed":  {Good: analysis.Run{Outcome: &fail}, Bad: analysis.Run{Outcome: &fail}},
		"bad one passed":   {Good: analysis.Run{Outcome: &pass}, Bad: analysis.Run{Outcome: &pass}},
		"not rolled back":  {Good: analysis.Run{Outcome: &pass}, Bad: analysis.Run{Outcome: &fail}},
		"nothing received": {Good: analysis.Run{Outcome: &pass}, Bad: analysis.Run{Outcome: &fail, Rollback: analysis.Rollback{State: analysis.RollbackAccepted}}},
	} {
		if r.check() == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
}
