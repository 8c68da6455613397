package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/cmd/haldane/daemon"
	"github.com/haldane-dev/haldane/config"
)

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// echo answers every line, through a proxy.
func echo(t *testing.T) *proxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	p, err := newProxy(t.Context(), to("tcp", l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

type line struct {
	net.Conn
	in *bufio.Reader
}

func connect(t *testing.T, p *proxy) line {
	t.Helper()
	c, err := to("tcp", p.addr())(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return line{c, bufio.NewReader(c)}
}

// say sends a line and returns what comes back.
func (l line) say(word string) (string, error) {
	if _, err := fmt.Fprintln(l, word); err != nil {
		return "", err
	}
	got, err := l.in.ReadString('\n')
	return strings.TrimSpace(got), err
}

// greet says hello on a new connection.
func greet(t *testing.T, p *proxy) (string, error) {
	t.Helper()
	c, err := to("tcp", p.addr())(t.Context())
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	return line{c, bufio.NewReader(c)}.say("hello")
}

func TestProxyLetsThrough(t *testing.T) {
	if got, err := greet(t, echo(t)); got != "hello" {
		t.Error(got, err)
	}
}

func TestProxyCuts(t *testing.T) {
	p := echo(t)
	l := connect(t, p)
	if _, err := l.say("hello"); err != nil {
		t.Fatal(err)
	}
	p.set(weather{cut: true})
	if got, err := l.say("hello"); err == nil {
		t.Errorf("what was connected still is: %s", got)
	}
	if got, err := greet(t, p); err == nil {
		t.Errorf("a new connection is let through: %s", got)
	}
	p.set(weather{})
	if got, err := greet(t, p); got != "hello" {
		t.Error("cut for ever:", got, err)
	}
}

func TestProxyStalls(t *testing.T) {
	p := echo(t)
	l := connect(t, p)
	p.set(weather{stall: true})
	answered := make(chan string)
	go func() { got, _ := l.say("hello"); answered <- got }()
	select {
	case got := <-answered:
		t.Errorf("answered %q", got)
	case <-time.After(50 * time.Millisecond):
	}
	p.set(weather{})
	if got := <-answered; got != "hello" {
		t.Errorf("after the stall: %q", got)
	}
}

func TestProxyIsSlow(t *testing.T) {
	p := echo(t)
	p.set(weather{slow: 20 * time.Millisecond})
	began := time.Now()
	if got, err := greet(t, p); got != "hello" || time.Since(began) < 40*time.Millisecond {
		t.Errorf("%q after %s, %v", got, time.Since(began), err)
	}
}

func TestProxyResetsInTheMiddle(t *testing.T) {
	p := echo(t)
	p.set(weather{after: 20})
	l := connect(t, p)
	if got, err := l.say("12345"); got != "12345" {
		t.Fatal(got, err)
	}
	got, err := l.say("1234567890")
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestProxyTrap(t *testing.T) {
	p := echo(t)
	sprung := make(chan struct{})
	p.trap(func() { close(sprung) })
	if got, err := greet(t, p); err == nil {
		t.Errorf("the trapped connection is let through: %s", got)
	}
	<-sprung
	if got, err := greet(t, p); got != "hello" {
		t.Error("trapped twice:", got, err)
	}
}

func TestReceiver(t *testing.T) {
	r := &receiver{key: []byte("key"), rolledBack: func(string) {}}
	s := httptest.NewServer(r.from(2))
	defer s.Close()
	send := func() (int, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		body := `{"type":"run.failed","data":{"run":{"id":"r"},"rollback":{"from":"v1","to":"v0"}}}`
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+undoPath, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.Client().Do(req)
		if err != nil {
			return 0, err
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = io.ReadAll(resp.Body)
		return resp.StatusCode, err
	}
	for _, c := range []struct {
		mood   mood
		status int
		failed bool
	}{
		{kind, http.StatusOK, false},
		{failing, http.StatusInternalServerError, false},
		{limiting, http.StatusTooManyRequests, false},
		{hanging, 0, true},
		{dropping, 0, true},
		{halving, http.StatusOK, true},
	} {
		r.set(c.mood)
		if status, err := send(); status != c.status || (err != nil) != c.failed {
			t.Errorf("%s: %d, %v", c.mood, status, err)
		}
		all := r.all()
		if q := all[len(all)-1]; q.Answer != string(c.mood) || q.Run != "r" || q.From != "v1" || q.To != "v0" || q.Replica != 2 || q.Signed {
			t.Errorf("%s: noted %+v", c.mood, q)
		}
	}
}

// TestMetricsTurnBad: a sample is bad when all of its step is.
func TestMetricsTurnBad(t *testing.T) {
	m := newMetrics("token")
	s := httptest.NewServer(m)
	defer s.Close()
	end := time.Now().Truncate(time.Second)
	m.turnsBad("v1", end.Add(-3500*time.Millisecond))
	ask := func(version string) string {
		q := url.Values{
			"query": {`errors{version="` + version + `"}`}, "step": {"1"},
			"start": {fmt.Sprint(end.Unix() - 5)}, "end": {fmt.Sprint(end.Unix() + 60)},
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer token")
		resp, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	if got := ask("v1"); strings.Count(got, `"0.1"`) != 3 || strings.Count(got, `"0.9"`) < 3 || strings.Count(got, `"0.9"`) > 5 {
		t.Errorf("bad from 3.5 s before the end on: %s", got)
	}
	if got := ask("v2"); strings.Contains(got, `"0.9"`) || !strings.Contains(got, `"0.1"`) {
		t.Errorf("another version: %s", got)
	}
}

func TestSecretsAreFoundInLogs(t *testing.T) {
	dir := t.TempDir()
	s := plant(rand.New(rand.NewPCG(1, 1)))
	if _, _, err := s.leaks(dir); err == nil {
		t.Error("nothing was read, and that is fine")
	}
	log := filepath.Join(dir, "replica-0.log")
	for what, secret := range s.named() {
		if err := os.WriteFile(log, []byte("all is well\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, _, err := s.leaks(dir); len(found) != 0 || err != nil {
			t.Error(found, err)
		}
		if err := os.WriteFile(log, []byte("dial "+secret+"@host\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, _, err := s.leaks(dir); len(found) != 1 || !strings.Contains(found[0], what) || err != nil {
			t.Errorf("%s: %v, %v", what, found, err)
		}
	}
}

// TestReplicasTakeTheConfig at either pace.
func TestReplicasTakeTheConfig(t *testing.T) {
	for name, p := range map[string]Pace{"short": Short(), "long": Long()} {
		file := filepath.Join(t.TempDir(), "haldane.yaml")
		text := configText("127.0.0.1:1", draw(rand.New(rand.NewPCG(1, 1)), 60, p, true), p)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := plant(rand.New(rand.NewPCG(1, 1)))
		env := map[string]string{"API_TOKEN_SHA256": s.apiHash(), "PROM_TOKEN": s.metrics, "HOOK": "127.0.0.1:2", "HOOK_SECRET": s.hookSecret()}
		types := daemon.Types(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		if _, err := config.Load(file, types); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSeedsRepeat: one seed is one schedule, another is another; a third of the releases
// is bad.
func TestSeedsRepeat(t *testing.T) {
	plan := func(seed uint64, postgres bool) (string, []release) {
		o := &Options{Runs: 30, Replicas: 3, Clock: true, Pace: Short()}
		rng := rand.New(rand.NewPCG(seed, 0))
		var b strings.Builder
		for _, f := range schedule(rng, o, postgres) {
			fmt.Fprintln(&b, f)
		}
		return b.String(), draw(rng, o.Runs, o.Pace, true)
	}
	a, releases := plan(1, true)
	b, again := plan(1, true)
	if other, _ := plan(2, true); a != b || a == other || !slices.Equal(releases, again) {
		t.Errorf("%s\n%s", a, b)
	}
	if text, _ := plan(1, false); strings.Contains(text, "postgres") || strings.Contains(text, "database") {
		t.Errorf("on SQLite: %s", text)
	}
	bad := 0
	for _, r := range releases {
		if r.Bad {
			bad++
		}
	}
	if bad != 10 {
		t.Errorf("%d of 30 are bad", bad)
	}
}
