package faults

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// receiver plays the deploy tool, and whoever is told. It writes down every request
// that it read to its end, and what it answered.
type receiver struct {
	key        []byte // of the signatures
	rolledBack func(version string)

	mu       sync.Mutex
	mood     mood
	once     func(replica int) (m mood, after func()) // for the next rollback only
	requests []request
}

// request is one that was received whole.
type request struct {
	At          time.Time
	Replica     int
	Path        string
	ID          string // webhook-id
	Idempotency string
	Signed      bool
	Body        []byte
	Answer      string // what was answered, in words
	Accepted    bool   // a 2xx was sent, or at least begun

	// Of the body.
	Type     string
	Run      string
	From, To string
}

// mood is how the receiver answers.
type mood string

// The moods.
const (
	kind     mood = "200"
	failing  mood = "500"
	limiting mood = "429"
	hanging  mood = "nothing until the sender gave up"
	dropping mood = "reset after reading"
	halving  mood = "200, then reset before the body"
	dead     mood = "nothing: the sender was killed"
	late     mood = "200, and the sender was killed"
)

func (m mood) accepts() bool { return m == kind || m == halving || m == late }

func (r *receiver) set(m mood) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = m
}

// trap has f decide how the next rollback is answered, and what happens right after it;
// nil takes a trap away.
func (r *receiver) trap(f func(replica int) (m mood, after func())) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.once = f
}

// all returns what was received.
func (r *receiver) all() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// from is the handler for what one replica sends.
func (r *receiver) from(replica int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			return // not received whole: nobody can act on it
		}
		got := r.read(in, body)
		got.Replica = replica
		r.mu.Lock()
		m, once := r.mood, r.once
		if got.Path != undoPath {
			once = nil
		}
		if once != nil {
			r.once = nil
		}
		r.mu.Unlock()
		after := func() {}
		if once != nil {
			m, after = once(replica)
		}
		if m == "" {
			m = kind
		}
		got.Answer, got.Accepted = string(m), m.accepts()
		r.mu.Lock()
		r.requests = append(r.requests, got)
		r.mu.Unlock()
		if got.Accepted && got.From != "" {
			r.rolledBack(got.From)
		}
		m.answer(w, in)
		after()
	})
}

func (r *receiver) read(in *http.Request, body []byte) request {
	var message struct {
		Type string
		Data struct {
			Run      struct{ ID string }
			Rollback struct{ From, To string }
		}
	}
	_ = json.Unmarshal(body, &message)
	return request{
		At: time.Now(), Path: in.URL.Path, ID: in.Header.Get("webhook-id"), Idempotency: in.Header.Get("Idempotency-Key"),
		Signed: r.signed(in.Header, body), Body: body,
		Type: message.Type, Run: message.Data.Run.ID, From: message.Data.Rollback.From, To: message.Data.Rollback.To,
	}
}

func (r *receiver) signed(h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.Contains(strings.Fields(h.Get("webhook-signature")), want)
}

// answer does to a request what the mood says.
func (m mood) answer(w http.ResponseWriter, in *http.Request) {
	c := http.NewResponseController(w)
	switch m {
	case failing:
		w.WriteHeader(http.StatusInternalServerError)
	case limiting:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case hanging, dead:
		<-in.Context().Done()
	case dropping:
		if conn, _, err := c.Hijack(); err == nil {
			reset(conn)
		}
	case halving:
		if conn, buf, err := c.Hijack(); err == nil {
			_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
			_ = buf.Flush()
			reset(conn)
		}
	default:
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte(`{"taken":true}`))
		_ = c.Flush()
	}
}

// server serves one handler until it is closed.
func server(l net.Listener, h http.Handler, keepAlive bool) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.SetKeepAlivesEnabled(keepAlive)
	go func() { _ = s.Serve(l) }()
	return s
}
