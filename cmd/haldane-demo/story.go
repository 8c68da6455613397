package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// stage is everything that the story needs: the shop and its Prometheus, a deploy
// tool, Slack, and Haldane.
type stage struct {
	minute  time.Duration
	out     io.Writer
	picture string // file for the picture in Slack; "" keeps none
	began   time.Time

	dir   string
	shop  *shop
	store *metricStore
	tool  *deployTool
	slack *slackChannel

	daemon    daemonProcess
	servers   []*http.Server
	printing  sync.Mutex
	addresses map[string]string
}

// daemonProcess is a Haldane that runs, in this process or in one of its own.
type daemonProcess interface {
	URL() string
	Stop(ctx context.Context) error
}

// launcher starts a Haldane on a config file, with a database in a folder and
// variables in its environment.
type launcher func(ctx context.Context, configFile, dir string, env map[string]string) (daemonProcess, error)

const (
	slackToken = "xoxb-demo-0123456789"
	hookSecret = "whsec_"
)

// setUp starts everything. Close it in any case.
func setUp(ctx context.Context, minute time.Duration, out io.Writer, launch launcher) (*stage, error) {
	s := &stage{minute: minute, out: out, began: time.Now(), addresses: map[string]string{}}
	var err error
	if s.dir, err = os.MkdirTemp("", "haldane-demo"); err != nil {
		return s, err
	}
	if s.store, err = openMetricStore(s.dir+"/prometheus", minute/5); err != nil {
		return s, err
	}
	s.shop = newShop(minute, 1)
	secret := hookSecret + base64.StdEncoding.EncodeToString([]byte("the demo's secret, 32 bytes long"))
	if s.tool, err = newDeployTool(secret, s.rollBack); err != nil {
		return s, err
	}
	s.slack = &slackChannel{token: slackToken, show: s.showMessage, drawn: s.showPicture}
	for name, h := range map[string]http.Handler{"prom": s.store.handler(), "undo": s.tool, "oncall": s.slack} {
		if err := s.serve(ctx, name, h); err != nil {
			return s, err
		}
	}
	s.addresses["undo"] += "/rollback"
	s.addresses["oncall"] += "/"
	path, err := writeConfig(s.dir, minute, s.addresses)
	if err != nil {
		return s, err
	}
	s.daemon, err = launch(ctx, path, s.dir, map[string]string{"HOOK_SECRET": secret, "SLACK_BOT_TOKEN": slackToken})
	return s, err
}

// serve puts a handler on a free port of this machine.
func (s *stage) serve(ctx context.Context, name string, h http.Handler) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, srv)
	s.addresses[name] = "http://" + l.Addr().String()
	go func() { _ = srv.Serve(l) }()
	return nil
}

func (s *stage) close(ctx context.Context) error {
	var errs []error
	if s.daemon != nil {
		errs = append(errs, s.daemon.Stop(ctx))
	}
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// result is what the story must come to.
type result struct {
	Good, Bad analysis.Run
	Rollbacks []rollback
	Messages  []message
}

// play tells the story: a good release passes, a bad one is rolled back.
func (s *stage) play(ctx context.Context) (r result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	serving := make(chan error, 1)
	go func() { serving <- s.shop.serve(ctx, s.store) }()

	fine := func(time.Duration) float64 { return 0.002 }
	s.shop.deploy("1.4.1", 3000, 0.080, fine)
	s.say("Shop 1.4.1 serves its customers. Prometheus, a deploy tool, Slack and Haldane (%s) are up.", s.daemon.URL())
	if err = s.wait(ctx, 2*time.Minute); err != nil {
		return r, err
	}
	s.chapter("A good release: 1.4.2 serves beside 1.4.1.")
	if r.Good, err = s.release(ctx, "1.4.2", "1.4.1", fine); err != nil {
		return r, err
	}
	s.shop.remove("1.4.1")

	const sick = 8 * time.Minute
	s.chapter(fmt.Sprintf("A bad release: 1.5.0 serves beside 1.4.2; after %s it begins to fail.", analysis.Duration(sick)))
	r.Bad, err = s.release(ctx, "1.5.0", "1.4.2", func(age time.Duration) float64 {
		if age < sick {
			return 0.002
		}
		return 0.06
	})
	if err != nil {
		return r, err
	}
	if r.Bad, err = s.settled(ctx, r.Bad); err != nil {
		return r, err
	}
	r.Rollbacks, r.Messages = s.tool.received(), s.slack.messages()
	cancel()
	return r, <-serving
}

// release deploys a version, tells Haldane as a deploy tool would, and waits for
// the outcome.
func (s *stage) release(ctx context.Context, version, baseline string, errors func(time.Duration) float64) (analysis.Run, error) {
	s.shop.deploy(version, 3000, 0.080, errors)
	body, err := json.Marshal(map[string]string{"plan": "shop", "version": version, "baseline_version": baseline})
	if err != nil {
		return analysis.Run{}, err
	}
	var run analysis.Run
	if err := s.call(ctx, http.MethodPost, "/api/v1/runs", body, &run); err != nil {
		return run, err
	}
	s.say("deploy tool -> Haldane: POST /api/v1/runs %s", body)
	for !run.Status.Ended() {
		if err := s.wait(ctx, 30*time.Second); err != nil {
			return run, err
		}
		if err := s.call(ctx, http.MethodGet, "/api/v1/runs/"+run.ID, nil, &run); err != nil {
			return run, err
		}
	}
	took := s.shopTime(run.FinishedAt.Sub(run.StartedAt))
	s.say("Haldane: %s after %s of the shop's time: %s", strings.ToUpper(string(*run.Outcome)), took, run.Reason)
	return run, nil
}

// settled waits until everything that follows from a failure has happened.
func (s *stage) settled(ctx context.Context, run analysis.Run) (analysis.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		var out struct{ Deliveries []analysis.Delivery }
		if err := s.call(ctx, http.MethodGet, "/api/v1/runs/"+run.ID+"/deliveries", nil, &out); err != nil {
			return run, err
		}
		open := run.Rollback.State == analysis.RollbackSending || run.Verification.State == analysis.VerificationWatching
		for _, d := range out.Deliveries {
			open = open || d.State.Open()
		}
		if !open {
			s.say("Haldane: %s: %s", strings.ToUpper(string(run.Verification.State)), run.Verification.Reason)
			return run, nil
		}
		if err := s.wait(ctx, 30*time.Second); err != nil {
			return run, err
		}
		if err := s.call(ctx, http.MethodGet, "/api/v1/runs/"+run.ID, nil, &run); err != nil {
			return run, err
		}
	}
}

func (s *stage) call(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.daemon.URL()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s %w", method, path, resp.Status, b, err)
	}
	return json.Unmarshal(b, into)
}

// wait waits for some of the shop's time.
func (s *stage) wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(time.Duration(float64(d) / float64(time.Minute) * float64(s.minute)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// shopTime is how long something took in the shop.
func (s *stage) shopTime(d time.Duration) analysis.Duration {
	return analysis.Duration(time.Duration(float64(d) / float64(s.minute) * float64(time.Minute)).Round(time.Second))
}

// rollBack is what the deploy tool does when it is told to.
func (s *stage) rollBack(r rollback) {
	s.shop.remove(r.From)
	s.say("deploy tool <- Haldane: roll %s back from %s to %s (signature verified, delivery %s)", r.Service, r.From, r.To, r.ID)
}

func (s *stage) showMessage(m message) {
	where := "Slack"
	switch {
	case m.Update:
		return // the head of the thread says the same in short
	case m.Thread != "":
		where = "Slack (in the thread)"
	}
	lines := []string{readable(m.Text)}
	if m.Thread == "" || strings.Contains(m.Text, "failed") {
		lines = nil
		for _, b := range m.Blocks {
			lines = append(lines, strings.Split(readable(b), "\n")...)
		}
	}
	s.say("%s: %s", where, strings.Join(lines, "\n         "))
}

// showPicture tells of a picture, and keeps it where the user wants it.
func (s *stage) showPicture(_ string, png []byte) {
	hint := "--picture=FILE keeps it"
	if s.picture != "" {
		hint = "kept as " + s.picture
		if err := os.WriteFile(s.picture, png, 0o600); err != nil {
			hint = err.Error()
		}
	}
	s.say("Slack (in the thread): a picture of the metrics, %d KiB (%s)", (len(png)+1023)/1024, hint)
}

func (s *stage) chapter(title string) {
	s.printing.Lock()
	defer s.printing.Unlock()
	fmt.Fprintf(s.out, "\n== %s\n", title)
}

// say prints one line of the story, with the shop's time.
func (s *stage) say(format string, args ...any) {
	s.printing.Lock()
	defer s.printing.Unlock()
	at := s.shopTime(time.Since(s.began)).Std()
	fmt.Fprintf(s.out, "%02d:%02d  %s\n", int(at.Minutes()), int(at.Seconds())%60, fmt.Sprintf(format, args...))
}
