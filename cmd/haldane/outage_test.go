package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/haldane-dev/haldane/analysis"
)

// socketProxy stands between the replicas and a server: connections can be cut, and
// swallowed, and the server behind it can be another one.
type socketProxy struct {
	dir string

	mu     sync.Mutex
	target string
	hang   chan struct{} // nothing passes until it is closed; nil: everything does
	open   map[net.Conn]bool
}

func newSocketProxy(t *testing.T, target string) *socketProxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "haldane-proxy") // socket paths must be short
	if err != nil {
		t.Fatal(err)
	}
	p := &socketProxy{dir: dir, target: target, open: map[net.Conn]bool{}}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); p.cut(); _ = os.RemoveAll(dir) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *socketProxy) serve(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.open[client] = true
	p.mu.Unlock()
	server, err := net.Dial("unix", target)
	if err != nil {
		p.forget(client)
		return
	}
	p.mu.Lock()
	p.open[server] = true
	p.mu.Unlock()
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			_, _ = io.Copy(way[0], pipe{p, way[1]})
			p.forget(client)
			p.forget(server)
		}()
	}
}

// pipe reads from a connection, while anything passes.
type pipe struct {
	p *socketProxy
	net.Conn
}

func (r pipe) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.p.mu.Lock()
	hang := r.p.hang
	r.p.mu.Unlock()
	if hang != nil {
		<-hang
		return 0, io.EOF // what was swallowed does not come back
	}
	return n, err
}

func (p *socketProxy) forget(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
}

// cut closes all connections.
func (p *socketProxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

func (p *socketProxy) turnTo(target string) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	p.cut()
}

func (p *socketProxy) swallow(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if yes {
		p.hang = make(chan struct{})
		return
	}
	close(p.hang)
	p.hang = nil
}

func (p *socketProxy) url() string { return "postgres:///haldane?user=postgres&host=" + p.dir }

// trouble is one way in which a server goes away.
type trouble struct {
	name  string
	word  string // what the replicas say
	begin func()
	last  time.Duration
	end   func()
}

func TestPostgresGoesAway(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	const few = "max_connections=40"
	pg, _ := ownPostgres(t, few)
	proxy := newSocketProxy(t, pg.Socket())
	a, b := o.replica(proxy.url()).up(), o.replica(proxy.url()).up()
	var hogs []*pgx.Conn
	for _, w := range []trouble{
		{name: "restart", begin: func() { pg.Down(syscall.SIGINT) }, last: time.Minute, end: func() { pg.Up(t, few) }},
		{name: "crash", begin: func() { pg.Down(syscall.SIGQUIT) }, end: func() { pg.Up(t, few) }},
		{name: "read-only", word: "read-only", begin: func() {
			pg.Do(t, "postgres", "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
		}, end: func() {
			pg.Do(t, "postgres", "SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
		}},
		{name: "too many connections", word: "too many connections", begin: func() {
			for len(hogs) < 40 {
				if c, err := pgx.Connect(context.Background(), pg.URL("postgres")); err == nil {
					hogs = append(hogs, c)
				} else {
					proxy.cut()
				}
			}
		}, end: func() {
			for _, c := range hogs {
				_ = c.Close(context.Background())
			}
		}},
		{name: "no answer", word: "no answer in time", begin: func() { proxy.swallow(true) }, end: func() { proxy.swallow(false) }},
	} {
		outage(o, w, a, b)
	}
	pg.Down(syscall.SIGINT)
	for _, r := range []*replica{a, b} {
		r.ready(http.StatusServiceUnavailable, "")
		if status := r.end(syscall.SIGTERM); status != 0 {
			t.Errorf("asked to stop without its database: exit status %d", status)
		}
	}
}

// TestFailOver turns the replicas to a standby that has followed the server until it
// died.
func TestFailOver(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	pg, _ := ownPostgres(t)
	proxy := newSocketProxy(t, pg.Socket())
	a, b := o.replica(proxy.url()).up(), o.replica(proxy.url()).up()
	standby := pg.Standby(t)
	standby.Up(t)
	pg.Do(t, "postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	outage(o, trouble{
		begin: func() { pg.Down(syscall.SIGQUIT); proxy.turnTo(standby.Socket()) },
		word:  "read-only", // until it is promoted
		end:   func() { standby.Do(t, "postgres", "SELECT pg_promote()") },
	}, a, b)
}

// outage lets a trouble happen while a rollback is being received, and while a bad and a
// good release are judged. Nothing of that may be lost or doubled.
func outage(o *outside, w trouble, a, b *replica) {
	o.Helper()
	had := len(o.rollbacks())
	received, freed := make(chan struct{}, 100), make(chan struct{})
	free := sync.OnceFunc(func() { close(freed) })
	o.Cleanup(free)
	o.answer(func(http.ResponseWriter, *http.Request) { received <- struct{}{}; <-freed })
	begin := func(plan, version string) (r analysis.Run) {
		body := fmt.Sprintf(`{"plan":%q,"version":%q,"baseline_version":"1","key":%q,"force":true}`, plan, version, w.name+version)
		if s := a.at().call("POST", "/api/v1/runs", body, &r); s != http.StatusCreated {
			o.Fatalf("start: %d %+v", s, r)
		}
		return r
	}
	o.sick("sent", "bad")
	sent := begin("queued", "sent")
	<-received
	bad, good := begin("shop", "bad"), begin("third", "good")
	before := map[*replica]int{a: strings.Count(a.out.String(), "\n"), b: strings.Count(b.out.String(), "\n")}
	w.begin()
	for r := range before {
		r.ready(http.StatusServiceUnavailable, w.word)
	}
	free() // it has done what it was asked, which cannot be written down
	<-time.After(max(w.last, 3*time.Second))
	ended := time.Now()
	w.end()
	for r, lines := range before {
		r.ready(http.StatusOK, "ready")
		n := strings.Count(r.out.String(), "\n") - lines
		o.Logf("%s: ready again after %s, %d lines in the log", w.name, time.Since(ended).Round(time.Second/10), n)
		if n > 150 {
			o.Errorf("%s: %d lines in the log of %s", w.name, n, r.url)
		}
	}
	for _, r := range []analysis.Run{sent, bad} {
		b.at().until(r.ID, "rolled back", accepted)
		oneStory(o, r.ID)
	}
	if r := a.at().until(good.ID, "over", over); *r.Outcome != analysis.OutcomePass || r.Rollback.State != analysis.RollbackNone {
		o.Errorf("%s: the good release: %s %s", w.name, *r.Outcome, r.Reason)
	}
	o.Logf("%s: done after %s", w.name, time.Since(ended).Round(time.Second/10))
	if n := len(o.rollbacks()) - had; n != 2 {
		o.Errorf("%s: %d rollbacks, want 2", w.name, n)
	}
}
