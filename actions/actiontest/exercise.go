// Package actiontest is what every action must do, as tests: an action's own tests
// call Exercise with a Kit that knows the other side's protocol. It imports
// analysis, config and the standard library. Start reading at Kit.
package actiontest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Kit is what Exercise must know of an action type. An action that can be set up
// in several ways (other credentials, another mode) is exercised once for each.
type Kit struct {
	// Open makes the action so that everything it sends goes to s.Base, and puts
	// s.Secret into every secret setting that can hold it.
	Open func(t *testing.T, s Setup) analysis.Action
	// Accept answers as the other side does when all is well.
	Accept http.HandlerFunc
	// Key finds the repeat key in a request; "" in a request that has none.
	Key func(r *http.Request, body []byte) string
	// Replies are further answers of the other side, beside those that Exercise
	// knows of itself.
	Replies []Reply
	// Following is how accepted work goes on; nil for an action that is not followed.
	Following *Following
}

// exercise is one thing that every action must do.
type exercise struct {
	name string
	run  func(*testing.T, Kit)
}

// Setup is how an action is to be opened.
type Setup struct {
	Base    string // scheme and host, and no path
	Secret  string
	Timeout time.Duration
	Env     config.Env
}

// Reply is an answer and what the action must make of it.
type Reply struct {
	Name       string
	Answer     http.HandlerFunc
	Want       analysis.Kind // "" is success
	RetryAfter time.Duration
}

// Exercise runs every case against an action, and those of following when the kit
// knows how. None is ever skipped.
func Exercise(t *testing.T, k Kit) {
	t.Helper()
	cases := []exercise{
		{"accepted", accepted},
		{"statuses", statuses},
		{"replies", replies},
		{"the same key at every attempt", sameKey},
		{"the delivery is left as it was", unchanged},
		{"cancelled", cancelled},
		{"slow server", slow},
		{"endless answer", endless},
		{"redirects are not followed", redirects},
		{"certificate of a stranger", stranger},
		{"nobody listens", nobody},
		{"broken connections", broken},
		{"refused addresses", refusedAddresses},
		{"many at once", manyAtOnce},
		{"no secret gets out", secrets},
		{"check reaches and sends nothing", check},
	}
	if k.Following != nil {
		cases = append(cases, followCases()...)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, k) })
	}
}

// Again reports whether the engine tries a delivery again after such an error.
func Again(k analysis.Kind) bool {
	return k == analysis.Limited || k == analysis.Unavailable || k == analysis.Internal
}

// request is one that a stub has seen.
type request struct {
	r    *http.Request
	body []byte
}

// stub is the other side: it keeps what it is sent and answers as it is told.
type stub struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

// serve starts a stub. Its handler may wait for done, which is closed before the
// server is.
func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, done <-chan struct{})) *stub {
	t.Helper()
	s, done := &stub{}, make(chan struct{})
	s.Server = httptest.NewServer(s.keep(func(w http.ResponseWriter, r *http.Request) { answer(w, r, done) }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(done) })
	return s
}

// keep reads and keeps requests before they are answered. Handlers read the body
// again.
func (s *stub) keep(answer http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		again := r.Clone(r.Context())
		r.Body, again.Body = readAgain(body), readAgain(body)
		s.mu.Lock()
		s.seen = append(s.seen, request{again, body})
		s.mu.Unlock()
		answer(w, r)
	})
}

func (s *stub) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.seen...)
}

// open makes an action that talks to base.
func (k Kit) open(t *testing.T, base string, change ...func(*Setup)) analysis.Action {
	t.Helper()
	s := Setup{
		Base: base, Secret: "planted-Secret-1234", Timeout: 30 * time.Second,
		Env: config.Env{Name: "exercised", Log: slog.New(slog.DiscardHandler), Version: "1.2.3"},
	}
	for _, c := range change {
		c(&s)
	}
	return k.Open(t, s)
}

// perform performs a delivery and returns the kind of its error.
func perform(t *testing.T, a analysis.Action, d analysis.Delivery) (analysis.Receipt, *analysis.Error) {
	t.Helper()
	receipt, err := a.Perform(t.Context(), d)
	if err == nil {
		return receipt, nil
	}
	e, ok := err.(*analysis.Error)
	if !ok {
		t.Fatalf("error is a %T, not an *analysis.Error: %v", err, err)
	}
	return receipt, e
}
