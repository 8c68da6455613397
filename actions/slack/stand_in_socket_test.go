package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const appToken = "xapp-1-A0-token"

// socketed is the part of the stand-in that speaks Socket Mode: an address for each
// connection, good for once; a hello; envelopes that must be acknowledged.
type socketed struct {
	tickets map[string]bool
	opened  int
	lines   chan *websocket.Conn // connections that said hello
	acks    chan string
}

func (s *standIn) openConnection(r *http.Request) object {
	switch {
	case r.Method != http.MethodPost || r.Form.Get("token") != "":
		return no("missing_args")
	case r.Header.Get("Authorization") == "Bearer "+s.token:
		return no("not_allowed_token_type")
	case r.Header.Get("Authorization") != "Bearer "+appToken:
		return no("invalid_auth")
	}
	s.opened++
	ticket := fmt.Sprintf("ticket-%d", s.opened)
	if s.tickets == nil {
		s.tickets = map[string]bool{}
	}
	s.tickets[ticket] = true
	return object{"ok": true, "url": "ws" + strings.TrimPrefix(s.URL, "http") + "/link/?ticket=" + ticket + "&app_id=A0"}
}

func (s *standIn) connect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	ticket := r.URL.Query().Get("ticket")
	good := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !good {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	_ = conn.WriteJSON(object{"type": "hello", "num_connections": 1, "connection_info": object{"app_id": "A0"}})
	s.lines <- conn
	for {
		var ack struct {
			EnvelopeID string `json:"envelope_id"`
		}
		if conn.ReadJSON(&ack) != nil {
			_ = conn.Close()
			return
		}
		s.acks <- ack.EnvelopeID
	}
}

// line waits for a connection.
func (s *standIn) line(t *testing.T) *websocket.Conn {
	t.Helper()
	select {
	case c := <-s.lines:
		return c
	case <-time.After(20 * time.Second):
		t.Fatal("nobody connects")
		return nil
	}
}

// presses sends what Slack sends when a button is pressed, and waits until it was
// acknowledged.
func (s *standIn) presses(t *testing.T, c *websocket.Conn, payload string) {
	t.Helper()
	id := fmt.Sprintf("envelope-%d", time.Now().UnixNano())
	err := c.WriteJSON(object{
		"type": "interactive", "envelope_id": id, "accepts_response_payload": false, "payload": json.RawMessage(payload),
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-s.acks:
		if got != id {
			t.Errorf("acknowledged %q, want %q", got, id)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody acknowledges")
	}
}

// whispered waits for n messages that one person alone can see, and returns the last.
func (s *standIn) whispered(t *testing.T, n int) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(5 * time.Millisecond) {
		s.mu.Lock()
		all := s.whispers
		s.mu.Unlock()
		if len(all) >= n {
			return all[n-1].Get("text")
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d answers, want %d", len(all), n)
		}
	}
}
