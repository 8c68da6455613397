package daemon_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/config"
)

// TestRequestIDs: one that is well-formed is kept, others are replaced; errors of every
// layer have it, and lines of the log.
func TestRequestIDs(t *testing.T) {
	w, _ := newWorld(t, withTokens())
	as := []string{"Authorization", "Bearer boss"}
	for id, kept := range map[string]bool{
		"0193-ab.c": true, "Root=1-67891233-abcdef:12+/@": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, `a"b`: false, "a b": false, "-x": false, "ä": false, "a,b": false,
	} {
		r := w.send("GET", "/api/v1/runs", "", append(as, "X-Request-ID", id)...)
		if got := r.header.Get("X-Request-ID"); got == "" || (got == id) != kept {
			t.Errorf("%q became %q", id, got)
		}
	}
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
	}{
		"gate":      {"POST", "/api/v1/runs", start, append(as, "Content-Type", "text/plain"), 415},
		"host":      {"GET", "/api/v1/runs", "", append(as, "Host", "evil.example"), 403},
		"token":     {"POST", "/api/v1/runs", start, nil, 401},
		"role":      {"POST", "/-/reload", "", []string{"Authorization", "Bearer ci"}, 403},
		"fields":    {"POST", "/api/v1/runs", `{"plan":1}`, as, 422},
		"no plan":   {"POST", "/api/v1/runs", `{"plan":"nope","version":"1"}`, as, 404},
		"no run":    {"GET", "/api/v1/runs/nope", "", as, 404},
		"parameter": {"GET", "/api/v1/runs?x=1", "", as, 422},
	} {
		id := "id-of-" + strings.ReplaceAll(name, " ", "-")
		r := w.send(c.method, c.path, c.body, append(c.headers, "X-Request-ID", id)...)
		if r.status != c.status || !strings.Contains(r.body, `"request_id":"`+id+`"`) {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		level := "INFO"
		if c.method == "GET" && c.status != 403 {
			level = "DEBUG"
		}
		if line := fmt.Sprintf("level=%s msg=request method=%s path=%s status=%d", level, c.method, strings.Split(c.path, "?")[0], c.status); !strings.Contains(w.log.String(), line) {
			t.Errorf("%s: the log has no %s", name, line)
		}
		if !strings.Contains(w.log.String(), "request="+id+"\n") {
			t.Errorf("%s: the log has no %s", name, id)
		}
	}
}

// TestRateLimit: who asks too much waits, by token; others and health checks do not.
func TestRateLimit(t *testing.T) {
	w, _ := newWorld(t, withTokens(), func(s *config.Settings) { s.RateLimit = 1 })
	as := func(who string) []string { return []string{"Authorization", "Bearer " + who} }
	refused := func(who string) (r reply) {
		t.Helper()
		for range 200 {
			if r = w.send("GET", "/api/v1/runs", "", as(who)...); r.status == 429 {
				return r
			}
		}
		t.Fatalf("%s was never refused: %d", who, r.status)
		return r
	}
	r := refused("boss")
	if wait, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || wait < 1 || wait > 2 {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	if !strings.Contains(r.body, "HALDANE_RATE_LIMIT") || r.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s", r.body)
	}
	for range 50 {
		for _, path := range []string{"/healthz", "/readyz"} {
			if r := w.send("GET", path, "", as("boss")...); r.status != 200 {
				t.Fatalf("%s: %d %s", path, r.status, r.body)
			}
		}
	}
	if r := w.send("POST", "/api/v1/runs", start, as("ci")...); r.status != 201 {
		t.Errorf("another client: %d %s", r.status, r.body)
	}
	for range 200 { // pages and metrics count for their address
		if r = w.send("GET", "/metrics", ""); r.status == 429 {
			break
		}
	}
	if r.status != 429 {
		t.Errorf("metrics without a token: %d", r.status)
	}
	if r := w.send("GET", "/readyz", ""); r.status != 200 {
		t.Errorf("%d", r.status)
	}
}

// TestGuessing: after ten wrong tokens an address waits, even with a right one; a token
// that it has used before is not locked out.
func TestGuessing(t *testing.T) {
	w, _ := newWorld(t, withTokens())
	as := func(header string) []string { return []string{"Authorization", header} }
	if r := w.send("GET", "/api/v1/runs", "", as("Bearer boss")...); r.status != 200 {
		t.Fatal(r.status)
	}
	codes := map[int]int{}
	for i := range 30 {
		codes[w.send("GET", "/api/v1/runs", "", as(fmt.Sprintf("Bearer guess-%d", i))...).status]++
	}
	if codes[401] < 10 || codes[429] < 10 || codes[401]+codes[429] != 30 {
		t.Errorf("%v", codes)
	}
	for header, want := range map[string]int{
		"Bearer boss": 200, "Bearer viewer": 429, "Basic " + basic("x", "ci"): 429, "Basic " + basic("x", "boss"): 200, "Bearer": 429, "Nonsense x": 429,
	} {
		if r := w.send("GET", "/api/v1/runs", "", as(header)...); r.status != want {
			t.Errorf("%s: %d %s, want %d", header, r.status, r.body, want)
		}
	}
	if r := w.send("GET", "/api/v1/runs", ""); r.status != 401 {
		t.Errorf("without a token: %d", r.status)
	}
	if r := w.send("GET", "/healthz", "", as("Bearer nope")...); r.status != 200 {
		t.Errorf("health: %d", r.status)
	}
	if log := w.log.String(); strings.Contains(log, "guess-") || strings.Contains(log, "Bearer") {
		t.Error("the log has tokens")
	}
}
