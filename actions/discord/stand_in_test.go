package discord_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// message has what a webhook takes, of what is used here; anything else in a request
// is a mistake of ours.
type message struct {
	Content  string `json:"content"`
	Username string `json:"username"`
	Embeds   []struct {
		Title       string `json:"title"`
		URL         string `json:"url"`
		Description string `json:"description"`
		Color       int    `json:"color"`
		Timestamp   string `json:"timestamp"`
		Footer      struct {
			Text string `json:"text"`
		} `json:"footer"`
	} `json:"embeds"`
	Mentions *struct {
		Parse []string `json:"parse"`
	} `json:"allowed_mentions"`

	id, thread string
	edits      int
}

const hookPath = "/api/webhooks/1234567890/T0KEN-abcdefghijklmnopqrstuvwxyz"

// standIn answers as Discord does: limits, wait, edits, codes, rate limits.
type standIn struct {
	*httptest.Server

	mu       sync.Mutex
	messages []*message
	limited  bool
	lose     int // so many answers get lost after the work is done
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one call.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, answer := s.call(r)
	if s.lose > 0 {
		s.lose--
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-RateLimit-Limit", "5")
	if status == 429 {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	if answer != nil {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

type object = map[string]any

func (s *standIn) call(r *http.Request) (int, object) {
	rest, ok := strings.CutPrefix(r.URL.Path, hookPath)
	switch {
	case !ok:
		return 404, object{"message": "Unknown Webhook", "code": 10015}
	case s.limited:
		return 429, object{"message": "You are being rate limited.", "retry_after": 1.337, "global": false}
	case r.Method == http.MethodGet && rest == "":
		return 200, object{"id": "1234567890", "type": 1, "name": "Haldane", "token": "T0KEN-abcdefghijklmnopqrstuvwxyz"}
	case r.Header.Get("Content-Type") != "application/json":
		return 400, object{"message": "Expected \"Content-Type\" header to be one of {'application/json'}.", "code": 50035}
	}
	m := &message{thread: r.URL.Query().Get("thread_id")}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(m); err != nil {
		return 400, object{"message": "The request body contains invalid JSON.", "code": 50109}
	}
	if why := check(m); why != "" {
		return 400, object{"message": "Invalid Form Body", "code": 50035, "errors": object{"embeds": why}}
	}
	switch id, edits := strings.CutPrefix(rest, "/messages/"); {
	case r.Method == http.MethodPatch && edits:
		return s.edit(id, m)
	case r.Method == http.MethodPost && rest == "":
		m.id = fmt.Sprintf("99%05d", len(s.messages))
		s.messages = append(s.messages, m)
		if r.URL.Query().Get("wait") != "true" {
			return 204, nil
		}
		return 200, object{"id": m.id, "channel_id": "42"}
	}
	return 405, object{"message": "405: Method Not Allowed", "code": 0}
}

func (s *standIn) edit(id string, m *message) (int, object) {
	for _, old := range s.messages {
		if old.id == id && m.thread == old.thread && m.Username == "" {
			m.id, m.edits, m.Username = id, old.edits+1, old.Username
			*old = *m
			return 200, object{"id": id}
		}
	}
	return 404, object{"message": "Unknown Message", "code": 10008}
}

// check applies Discord's limits.
func check(m *message) string {
	if len(m.Embeds) == 0 || len(m.Embeds) > 10 || utf8.RuneCountInString(m.Content) > 2000 || utf8.RuneCountInString(m.Username) > 80 {
		return "embeds, content or username"
	}
	if m.Mentions == nil || len(m.Mentions.Parse) != 0 {
		return "this test allows nobody to be mentioned"
	}
	all := 0
	for _, e := range m.Embeds {
		for _, p := range []struct {
			text string
			max  int
		}{{e.Title, 256}, {e.Description, 4096}, {e.Footer.Text, 2048}} {
			n := utf8.RuneCountInString(strings.TrimSpace(p.text))
			if all += n; n > p.max {
				return fmt.Sprintf("Must be %d or fewer in length.", p.max)
			}
		}
		if e.URL != "" && !strings.HasPrefix(e.URL, "http") {
			return "Not a well formed URL."
		}
	}
	if all > 6000 || all == 0 {
		return "Embed size exceeds maximum size of 6000"
	}
	return ""
}

func (s *standIn) posted() []*message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}
