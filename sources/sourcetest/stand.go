package sourcetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// mark is in every planted secret, so that a leak is found in whatever form.
const mark = "5ecret"

// patience ends a case that would hang; nothing is measured by it.
const patience = 30 * time.Second

// reply answers request number n (1, 2, ...).
type reply func(n int, w http.ResponseWriter, r *http.Request)

// stand is a source under test and the server that it asks.
type stand struct {
	testing.TB
	vendor Vendor
	setup  Setup
	server *httptest.Server
	source analysis.Source
	ctx    context.Context
	closed chan struct{} // when the case is over; lets hanging replies go

	mu       sync.Mutex
	reply    reply
	requests int
	seen     []*http.Request // with their bodies in Form
	carried  [][]string      // credentials that each request carried
	log      bytes.Buffer
	shown    []string // everything the source said
}

func newStand(tb testing.TB, v Vendor, setup func(*Setup)) *stand {
	s := &stand{TB: tb, vendor: v, closed: make(chan struct{})}
	address, dir := "", ""
	if v.Place != nil {
		dir = tb.TempDir()
	} else {
		s.server = httptest.NewServer(http.HandlerFunc(s.serve))
		tb.Cleanup(s.server.Close)
		address = s.server.URL
	}
	tb.Cleanup(func() { close(s.closed) }) // first: Close waits for replies
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	s.ctx = ctx
	s.setup = Setup{
		URL: address, Dir: dir, Timeout: 10 * time.Second, MaxConcurrent: 4, MaxResponse: 1 << 20,
		Secret: "say \"" + mark + "\"\nor\t'" + mark + "' \\", Token: "tok/" + mark + "+en=",
		ExternalURL: "https://metrics.example.com/ui",
		Env: config.Env{
			Name: Name, Version: "1.2.3",
			Log: slog.New(slog.NewTextHandler(&lockedWriter{s: s}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		},
	}
	if v.TokenOnly {
		s.setup.Secret = ""
	}
	if setup != nil {
		setup(&s.setup)
	}
	s.source = v.Open(tb, s.setup)
	return s
}

// lockedWriter writes a stand's log.
type lockedWriter struct{ s *stand }

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.log.Write(p)
}

// serve notes a request and lets the case answer it.
func (s *stand) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.requests++
	n, answer := s.requests, s.reply
	s.seen = append(s.seen, r.Clone(context.Background()))
	s.carried = append(s.carried, s.credentials(r))
	s.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if answer == nil {
		http.Error(w, "nobody asked for this", http.StatusTeapot)
		return
	}
	answer(n, w, r)
}

// credentials returns the secrets of a request, unless the vendor knows better as they
// stand in its headers.
func (s *stand) credentials(r *http.Request) []string {
	if s.vendor.Carries != nil {
		return s.vendor.Carries(r)
	}
	var out []string
	for _, values := range r.Header {
		for _, v := range values {
			if word, rest, ok := strings.Cut(v, " "); ok && (word == "Basic" || word == "Bearer") {
				out = append(out, rest)
			}
			if strings.Contains(v, mark) {
				out = append(out, v)
			}
		}
	}
	return out
}

// replies sets what the server does from now on.
func (s *stand) replies(r reply) {
	if s.server == nil {
		s.Fatalf("this case needs a server; Without may say that there is none (NeedsServer)")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply, s.requests = r, 0
}

// has gives the server samples.
func (s *stand) has(a Answer) {
	if s.vendor.Place != nil {
		s.vendor.Place(s, s.setup, s.placed(a))
		return
	}
	s.replies(func(_ int, w http.ResponseWriter, r *http.Request) { s.answer(w, r, a) })
}

// answer lets the vendor's server answer.
func (s *stand) answer(w http.ResponseWriter, r *http.Request, a Answer) {
	s.vendor.Answer(w, r, s.placed(a))
}

// count returns how many requests came since replies was called.
func (s *stand) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// echo is a server's chatter that repeats all it was told.
func (s *stand) echo(r *http.Request) string {
	user, password, _ := r.BasicAuth()
	return fmt.Sprintf("got %v from %s:%s, as %s, %q, %s", r.Header, user, password,
		s.setup.Secret, s.setup.Secret, strings.Trim(strconv.Quote(s.setup.Token), `"`))
}
