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
	"unicode/utf8"
)

// standIn answers as Slack's API does, by its reference: tokens, scopes, channels,
// threads, metadata, limits on blocks, errors with HTTP 200. It keeps what it gets.
type standIn struct {
	*httptest.Server
	token    string
	channels map[string]string // ID to name

	mu       sync.Mutex
	scopes   []string
	messages []*message
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
}

// block is what tests look at.
type block struct {
	Type     string  `json:"type"`
	BlockID  string  `json:"block_id,omitempty"`
	Text     *text   `json:"text,omitempty"`
	Elements []*text `json:"elements,omitempty"`
}

type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
	Emoji    *bool  `json:"emoji,omitempty"`
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{
		token: "xoxb-1-token", channels: map[string]string{"C012ABCDEF": "checkout-oncall"},
		scopes: []string{"chat:write", "channels:history", "channels:read", "groups:history", "groups:read"},
		answer: map[string]http.HandlerFunc{}, lose: map[string]int{},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one call.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, method)
	if h := s.answer[method]; h != nil {
		h(w, r)
		return
	}
	body := s.call(method, r.Form)
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

// check applies Slack's limits to a message.
func check(form url.Values) string {
	var blocks []block
	if err := json.Unmarshal([]byte(form.Get("blocks")), &blocks); err != nil {
		return "invalid_blocks_format"
	}
	if len(form.Get("blocks")) > 13_000 {
		return "msg_blocks_too_long"
	}
	if len(blocks) == 0 || len(blocks) > 50 {
		return "invalid_blocks"
	}
	for _, b := range blocks {
		for _, t := range b.texts() {
			n, limit := utf8.RuneCountInString(t.Text), 3000
			if b.Type == "header" {
				limit = 150
			}
			wrong := b.Type == "header" && t.Type != "plain_text" || t.Type == "mrkdwn" && t.Emoji != nil || t.Type == "plain_text" && t.Verbatim
			if n < 1 || n > limit || wrong {
				return "invalid_blocks"
			}
		}
	}
	if n := utf8.RuneCountInString(form.Get("text")); n > 40_000 {
		return "msg_too_long"
	}
	return ""
}

func (b block) texts() []*text {
	if b.Text != nil {
		return append([]*text{b.Text}, b.Elements...)
	}
	return b.Elements
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
