package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// slackChannel stands in for Slack: the few calls of its Web API that the action
// makes, with Slack's own replies.
type slackChannel struct {
	token string
	show  func(m message)

	mu   sync.Mutex
	sent []message
}

// message is one message of the channel.
type message struct {
	TS, Thread string
	Text       string // the fallback that every message has
	Blocks     []string
	Update     bool
}

func (s *slackChannel) messages() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]message{}, s.sent...)
}

func (s *slackChannel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	say := func(v map[string]any) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(v)
	}
	if err := r.ParseForm(); err != nil || !s.knows(r) {
		say(map[string]any{"ok": false, "error": "invalid_auth"})
		return
	}
	switch method := strings.TrimPrefix(r.URL.Path, "/"); method {
	case "auth.test":
		say(map[string]any{"ok": true, "user_id": "U0HALDANE", "bot_id": "B0HALDANE", "team": "demo"})
	case "chat.postMessage", "chat.update":
		m := s.take(r, method == "chat.update")
		say(map[string]any{"ok": true, "channel": "C0DEMO", "ts": m.TS, "text": m.Text})
	case "conversations.history", "conversations.replies":
		say(map[string]any{"ok": true, "messages": []any{}})
	default:
		say(map[string]any{"ok": false, "error": "unknown_method"})
	}
}

func (s *slackChannel) knows(r *http.Request) bool {
	return r.Form.Get("token") == s.token || r.Header.Get("Authorization") == "Bearer "+s.token
}

func (s *slackChannel) take(r *http.Request, update bool) message {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := message{TS: r.Form.Get("ts"), Thread: r.Form.Get("thread_ts"), Text: r.Form.Get("text"), Update: update, Blocks: texts(r.Form.Get("blocks"))}
	if !update {
		m.TS = fmt.Sprintf("1700000000.%06d", len(s.sent)+1)
	}
	s.sent = append(s.sent, m)
	s.show(m)
	return m
}

// texts finds what blocks say.
func texts(blocks string) []string {
	var all any
	_ = json.Unmarshal([]byte(blocks), &all)
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case []any:
			for _, e := range x {
				walk(e)
			}
		case map[string]any:
			if t, ok := x["text"].(string); ok {
				out = append(out, t)
				return
			}
			walk(x["text"])
			walk(x["elements"])
		}
	}
	walk(all)
	return out
}

// readable turns Slack's markup into plain text for a terminal.
func readable(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "<")
		b.WriteString(before)
		if !found {
			break
		}
		link, after, _ := strings.Cut(rest, ">")
		if url, name, named := strings.Cut(link, "|"); named {
			fmt.Fprintf(&b, "%s (%s)", name, url)
		} else {
			b.WriteString(link)
		}
		text = after
	}
	return strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "*", "").Replace(b.String())
}
