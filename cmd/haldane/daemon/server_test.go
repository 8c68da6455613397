package daemon

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network without machines, on the made-up clock of testing/synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// alone runs a client against a server, and returns after how long the server closed the
// connection, and what it said.
func alone(t *testing.T, handler http.HandlerFunc, client func(c net.Conn)) (after time.Duration, said string) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		s := newServer(handler, slog.New(slog.DiscardHandler))
		go func() { _ = s.Serve(p) }()
		defer s.Close()
		c, theirs := net.Pipe()
		p.conns <- theirs
		began := time.Now()
		var sending sync.WaitGroup
		sending.Go(func() { client(c) })
		b, _ := io.ReadAll(c)
		after, said = time.Since(began), string(b)
		_ = c.Close()
		sending.Wait()
	})
	return after, said
}

// drip sends a byte a second, for as long as the other side takes them.
func drip(c net.Conn) {
	for {
		if _, err := c.Write([]byte("x")); err != nil {
			return
		}
		time.Sleep(time.Second) //nolint:forbidigo // on the made-up clock of testing/synctest
	}
}

// TestSlowClientsAreLeft: nobody keeps a connection by being slow.
func TestSlowClientsAreLeft(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}
	for name, c := range map[string]struct {
		client func(c net.Conn)
		most   time.Duration
	}{
		"says nothing": {func(net.Conn) {}, 10 * time.Second},
		"slow headers": {func(c net.Conn) { fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "); drip(c) }, 10 * time.Second},
		"slow body":    {func(c net.Conn) { fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"); drip(c) }, 31 * time.Second},
		"slow chunks": {func(c net.Conn) {
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3E8\r\n")
			drip(c)
		}, 31 * time.Second},
		"asks no more":  {func(c net.Conn) { fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, 2 * time.Minute},
		"large headers": {func(c net.Conn) { fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 80<<10)) }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			after, said := alone(t, read, c.client)
			if after > c.most || after < c.most/2 && c.most > time.Second {
				t.Errorf("the connection was kept for %s, want about %s: %q", after, c.most, said)
			}
			if name == "large headers" && !strings.Contains(said, "431 ") {
				t.Errorf("%q", said)
			}
		})
	}
}

// TestSlowReadersAreLeft: who does not read the reply does not hold its handler.
func TestSlowReadersAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		over := make(chan time.Duration, 1)
		s := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			began, page := time.Now(), make([]byte, 1<<20)
			for {
				if _, err := w.Write(page); err != nil {
					over <- time.Since(began)
					return
				}
			}
		}), slog.New(slog.DiscardHandler))
		go func() { _ = s.Serve(p) }()
		defer s.Close()
		c, theirs := net.Pipe()
		p.conns <- theirs
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if took := <-over; took > 61*time.Second {
			t.Errorf("the handler was held for %s", took)
		}
	})
}
