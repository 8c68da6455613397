package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// door is what every request passes first, those of machines and those of people: it gets
// an id, its sender is found out, and who asks too much, or guesses tokens, has to wait.
// What was written, and what was refused, is in the log, with who and the id. Health
// checks pass always.
func (s *server) door(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestHeader)
		if !requestID.MatchString(id) {
			id = strings.ToLower(rand.Text())
		}
		w.Header().Set(requestHeader, id)
		r = r.WithContext(analysis.WithRequest(r.Context(), id))
		if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		began, seen := time.Now(), &seenWriter{ResponseWriter: w}
		who, known := s.identify(r)
		defer func() { s.remember(r, seen.status, who, time.Since(began)) }()
		if s.ClientCertificate && (r.TLS == nil || len(r.TLS.VerifiedChains) == 0) {
			refuse(seen, s.Log, http.StatusForbidden, "certificate: this daemon wants one of the client (try: curl --cert and --key, or HALDANE_CLIENT_CERT and HALDANE_CLIENT_KEY)")
			return
		}
		if wait, why := s.tooMuch(r, who, known, began); wait > 0 {
			seen.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			refuse(seen, s.Log, http.StatusTooManyRequests, why)
			return
		}
		if known {
			r = r.WithContext(context.WithValue(r.Context(), callerKey, who))
		}
		next.ServeHTTP(seen, r)
	})
}

const requestHeader = "X-Request-ID"

// requestID is what is taken for an id: nothing that needs care in logs and headers.
var requestID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$`)

// tooMuch reports whether a request has to wait, how long, and why. Wrong tokens are
// counted by address. While an address has used up its guesses, only tokens count that
// were used from there before: a right guess looks like a wrong one, and a stranger
// behind the same proxy locks nobody out.
func (s *server) tooMuch(r *http.Request, who caller, known bool, now time.Time) (time.Duration, string) {
	from := origin(r.RemoteAddr)
	client := from
	if guessed := r.Header.Get("Authorization") != "" && len(s.Tokens()) > 0; guessed {
		if !known || !s.guesses.vouched(from, who.name) {
			cost := 0.0
			if !known {
				cost = 1
			}
			if wait := s.guesses.take(from, cost, now); wait > 0 {
				return wait, "token: too many wrong ones from this address"
			}
		}
		if known {
			s.guesses.vouch(from, who.name, now)
			client = "token " + who.name
		}
	}
	if s.requests == nil {
		return 0, ""
	}
	return s.requests.take(client, 1, now), "too many requests: at most " + strconv.Itoa(s.RateLimit) + " a second (try: ask less often, or set HALDANE_RATE_LIMIT)"
}

// remember logs a request that is over: what was written or refused so that it is seen.
func (s *server) remember(r *http.Request, status int, who caller, took time.Duration) {
	write := r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
	level := slog.LevelDebug
	if write && status != http.StatusTooManyRequests || status == http.StatusForbidden || status == http.StatusUnauthorized {
		level = slog.LevelInfo
	}
	if status == http.StatusUnauthorized && r.Header.Get("Authorization") == "" && !write {
		level = slog.LevelDebug // a browser that will ask for it now
	}
	path := r.URL.Path
	if len(path) > 200 {
		path = path[:200] + "..."
	}
	s.Log.Log(r.Context(), level, "request", "method", r.Method, "path", path, "status", status,
		"who", who.name, "from", r.RemoteAddr, "took", took.Round(time.Microsecond).String())
}

// seenWriter remembers the status of a reply.
type seenWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *seenWriter) WriteHeader(status int) {
	if w.status == 0 || w.status < http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *seenWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is inside.
func (w *seenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
