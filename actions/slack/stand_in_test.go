package slack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// standIn answers as Slack's API does, by its reference: tokens, scopes, channels,
// threads, metadata, limits on blocks, errors with HTTP 200. It keeps what it gets.
type standIn struct {
	*httptest.Server
	token    string
	channels map[string]string // ID to name
	groups   map[string]string // ID to members

	files    // what was uploaded
	socketed // Socket Mode

	mu       sync.Mutex
	scopes   []string
	messages []*message
	whispers []url.Values // ephemeral messages
	calls    []string
	answer   map[string]http.HandlerFunc // instead of its own, by method
	lose     map[string]int              // how many answers of a method get lost after the work is done
}

// message is one message in a channel.
type message struct {
	Channel, TS, Thread, Text string
	Blocks                    []block
	Metadata                  json.RawMessage
	Form                      url.Values // of the post
	Edits                     []url.Values
	Files                     []object
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{
		token: "xoxb-1-token", channels: map[string]string{"C012ABCDEF": "checkout-oncall"},
		scopes: []string{"chat:write", "channels:history", "channels:read", "groups:history", "groups:read", "files:write", "usergroups:read"},
		groups: map[string]string{"S0OPS": "U0GROUP,U0OTHER"},
		answer: map[string]http.HandlerFunc{}, lose: map[string]int{},
		socketed: socketed{lines: make(chan *websocket.Conn, 8), acks: make(chan string, 8)},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one call.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/link/" {
		s.connect(w, r)
		return
	}
	_ = r.ParseForm()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, method)
	if h := s.answer[strings.TrimRight(method, "F0123456789")]; h != nil {
		h(w, r)
		return
	}
	var body object
	switch {
	case strings.HasPrefix(method, "/upload/"):
		s.upload(w, r)
		return
	case method == "apps.connections.open":
		body = s.openConnection(r)
	default:
		body = s.call(method, r.Form)
	}
	if s.lose[method] > 0 {
		s.lose[method]--
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-OAuth-Scopes", strings.Join(s.scopes, ","))
	_ = json.NewEncoder(w).Encode(body)
}

type object = map[string]any

func no(code string) object { return object{"ok": false, "error": code} }

func (s *standIn) call(method string, form url.Values) object {
	needed := map[string]string{
		"auth.test": "", "chat.postMessage": "chat:write", "chat.update": "chat:write",
		"conversations.history": "channels:history", "conversations.replies": "channels:history", "conversations.list": "channels:read",
		"chat.postEphemeral": "chat:write", "usergroups.users.list": "usergroups:read",
		"files.getUploadURLExternal": "files:write", "files.completeUploadExternal": "files:write",
	}
	scope, known := needed[method]
	switch {
	case !known:
		return no("unknown_method")
	case form.Get("token") == "":
		return no("not_authed")
	case form.Get("token") != s.token:
		return no("invalid_auth")
	case scope != "" && !slices.Contains(s.scopes, scope):
		return object{"ok": false, "error": "missing_scope", "needed": scope, "provided": strings.Join(s.scopes, ",")}
	}
	switch method {
	case "auth.test":
		return object{"ok": true, "team": "Shop", "user": "haldane", "bot_id": "B1"}
	case "conversations.list":
		var list []object
		for id, name := range s.channels {
			list = append(list, object{"id": id, "name": name})
		}
		return object{"ok": true, "channels": list, "response_metadata": object{"next_cursor": ""}}
	case "conversations.history", "conversations.replies":
		return s.read(method, form)
	case "files.getUploadURLExternal":
		return s.announce(form, s.URL)
	case "files.completeUploadExternal":
		return s.complete(form)
	case "usergroups.users.list":
		return s.members(form)
	case "chat.postEphemeral":
		return s.whisper(form)
	}
	if code := check(form); code != "" {
		return no(code)
	}
	if method == "chat.update" {
		return s.update(form)
	}
	return s.post(form)
}

func (s *standIn) post(form url.Values) object {
	channel := form.Get("channel")
	for id, name := range s.channels {
		if strings.TrimPrefix(channel, "#") == name {
			channel = id
		}
	}
	if s.channels[channel] == "" {
		return no("channel_not_found")
	}
	m := &message{
		Channel: channel, TS: fmt.Sprintf("17725935%02d.000100", len(s.messages)), Thread: form.Get("thread_ts"),
		Text: form.Get("text"), Metadata: json.RawMessage(form.Get("metadata")), Form: form,
	}
	_ = json.Unmarshal([]byte(form.Get("blocks")), &m.Blocks)
	s.messages = append(s.messages, m)
	return object{"ok": true, "channel": channel, "ts": m.TS, "message": object{"text": m.Text, "ts": m.TS}}
}

func (s *standIn) update(form url.Values) object {
	for _, m := range s.messages {
		if m.Channel == form.Get("channel") && m.TS == form.Get("ts") {
			m.Text, m.Blocks = form.Get("text"), nil
			_ = json.Unmarshal([]byte(form.Get("blocks")), &m.Blocks)
			m.Edits = append(m.Edits, form)
			return object{"ok": true, "channel": m.Channel, "ts": m.TS, "text": m.Text}
		}
	}
	return no("message_not_found")
}

// read answers history (without replies) and replies (with the head), two messages
// a page.
func (s *standIn) read(method string, form url.Values) object {
	if s.channels[form.Get("channel")] == "" {
		return no("channel_not_found") // a name will not do
	}
	oldest, _ := strconv.ParseFloat(form.Get("oldest"), 64)
	var all []object
	for _, m := range s.messages {
		inThread := m.Thread == form.Get("ts") || m.TS == form.Get("ts")
		at, _ := strconv.ParseFloat(m.TS, 64)
		if m.Channel != form.Get("channel") || at <= oldest ||
			method == "conversations.history" && m.Thread != "" || method == "conversations.replies" && !inThread {
			continue
		}
		o := object{"type": "message", "ts": m.TS, "text": m.Text}
		if form.Get("include_all_metadata") == "1" && len(m.Metadata) > 0 {
			o["metadata"] = m.Metadata
		}
		if len(m.Files) > 0 {
			o["files"] = m.Files
		}
		all = append(all, o)
	}
	from, _ := strconv.Atoi(form.Get("cursor"))
	to, next := min(from+2, len(all)), ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return object{
		"ok": true, "messages": all[min(from, to):to], "has_more": next != "", "response_metadata": object{"next_cursor": next},
	}
}

// all returns the texts of a message's blocks.
func (m *message) all() string {
	var out []string
	for _, b := range m.Blocks {
		for _, t := range b.texts() {
			out = append(out, t.Text)
		}
	}
	return strings.Join(out, "\n")
}

func (s *standIn) posted() []*message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*message(nil), s.messages...)
}

func (s *standIn) called() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, " ")
}
