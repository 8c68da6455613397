package actiontest

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// cancelled gives up a delivery while the other side is thinking. Were it not
// given up, this would never end.
func cancelled(t *testing.T, k Kit) {
	arrived := make(chan struct{}, 16)
	s := serve(t, func(_ http.ResponseWriter, _ *http.Request, done <-chan struct{}) {
		arrived <- struct{}{}
		<-done
	})
	a := k.open(t, s.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := a.Perform(ctx, Delivery(1))
	if analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("cancelled: error %v, want unavailable", err)
	}
}

// slow is a server that takes the request and never answers.
func slow(t *testing.T, k Kit) {
	s := serve(t, func(_ http.ResponseWriter, _ *http.Request, done <-chan struct{}) { <-done })
	a := k.open(t, s.URL, func(s *Setup) { s.Timeout = 50 * time.Millisecond })
	if _, err := perform(t, a, Delivery(1)); err == nil || err.Kind != analysis.Unavailable {
		t.Errorf("slow server: error %v, want unavailable", err)
	}
}

// endless is a server whose answer never ends. It ends only when the action hangs
// up, so an action that reads all of it does not pass.
func endless(t *testing.T, k Kit) {
	for _, code := range []int{200, 400, 500} {
		hungUp := make(chan struct{})
		var once sync.Once
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer once.Do(func() { close(hungUp) })
			w.WriteHeader(code)
			for chunk := bytes.Repeat([]byte("x"), 32<<10); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}))
		receipt, err := perform(t, k.open(t, s.URL), Delivery(1))
		<-hungUp
		s.Close()
		if code != 200 && err == nil {
			t.Errorf("HTTP %d with an endless answer passed", code)
		}
		if len(receipt.Text) > 1000 {
			t.Errorf("the receipt keeps %d bytes of it", len(receipt.Text))
		}
	}
}

// redirects lead to another server, which must not hear of it.
func redirects(t *testing.T, k Kit) {
	var heard atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		k.Accept(w, r)
	}))
	t.Cleanup(other.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		e := k.reply(t, Reply{Answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/elsewhere", code)
		}})
		if e == nil || e.Kind != analysis.Invalid || e.Hint == "" {
			t.Errorf("HTTP %d: error %v, want invalid with a hint", code, e)
		}
	}
	if heard.Load() != 0 {
		t.Errorf("%d redirects were followed", heard.Load())
	}
}

// stranger is a server whose certificate nobody vouches for.
func stranger(t *testing.T, k Kit) {
	var heard atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		k.Accept(w, r)
	}))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	a := k.open(t, s.URL)
	if _, err := perform(t, a, Delivery(1)); err == nil || err.Kind != analysis.Unavailable {
		t.Errorf("perform: error %v, want unavailable", err)
	}
	if c, ok := a.(analysis.Checker); ok {
		if err := c.Check(t.Context()); analysis.KindOf(err) != analysis.Unavailable {
			t.Errorf("check: error %v, want unavailable", err)
		}
	}
	if heard.Load() != 0 {
		t.Error("the request was sent all the same")
	}
}

// nobody listens at the address.
func nobody(t *testing.T, k Kit) {
	a := k.open(t, "http://"+closedPort(t))
	if _, err := perform(t, a, Delivery(1)); err == nil || err.Kind != analysis.Unavailable {
		t.Errorf("perform: error %v, want unavailable", err)
	}
	if c, ok := a.(analysis.Checker); ok {
		if err := c.Check(t.Context()); analysis.KindOf(err) != analysis.Unavailable {
			t.Errorf("check: error %v, want unavailable", err)
		}
	}
}

// closedPort is an address of this machine at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// broken are servers that hang up, or do not speak HTTP.
func broken(t *testing.T, k Kit) {
	for name, says := range map[string]string{
		"hangs up":             "",
		"does not speak HTTP":  "220 smtp.example.com ESMTP\r\n",
		"stops in the headers": "HTTP/1.1 200 OK\r\nContent-Type: text",
		"an endless header":    "HTTP/1.1 200 OK\r\nX: " + string(bytes.Repeat([]byte("x"), 256<<10)),
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(says))
			_ = conn.Close()
		})
		if _, err := perform(t, k.open(t, s.URL), Delivery(1)); err == nil || err.Kind != analysis.Unavailable {
			t.Errorf("%s: error %v, want unavailable", name, err)
		}
	}
}
