package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// slackChannel stands in for Slack: the few calls of its Web API that the action
// makes, with Slack's own replies.
type slackChannel struct {
	token string
	show  func(m message)
	drawn func(name string, png []byte)

	mu       sync.Mutex
	sent     []message
	pictures map[string][]byte // uploaded, by their address
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
	if strings.HasPrefix(r.URL.Path, "/upload/") {
		s.upload(w, r)
		return
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
	case "files.getUploadURLExternal":
		name := r.Form.Get("filename")
		say(map[string]any{"ok": true, "upload_url": "http://" + r.Host + "/upload/" + url.PathEscape(name), "file_id": name})
	case "files.completeUploadExternal":
		say(s.share(r))
	default:
		say(map[string]any{"ok": false, "error": "unknown_method"})
	}
}

// upload takes a picture's bytes.
func (s *slackChannel) upload(w http.ResponseWriter, r *http.Request) {
	part, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, "no file", http.StatusBadRequest)
		return
	}
	png, err := io.ReadAll(io.LimitReader(part, 10<<20))
	if err != nil {
		http.Error(w, "not complete", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pictures == nil {
		s.pictures = map[string][]byte{}
	}
	s.pictures[strings.TrimPrefix(r.URL.Path, "/upload/")] = png
	fmt.Fprintf(w, "OK - %d", len(png))
}

// share shows an uploaded picture in a thread.
func (s *slackChannel) share(r *http.Request) map[string]any {
	var files []struct{ ID string }
	_ = json.Unmarshal([]byte(r.Form.Get("files")), &files)
	if len(files) != 1 || r.Form.Get("thread_ts") == "" {
		return map[string]any{"ok": false, "error": "invalid_arguments"}
	}
	s.mu.Lock()
	png, ok := s.pictures[files[0].ID]
	s.mu.Unlock()
	if !ok {
		return map[string]any{"ok": false, "error": "file_not_found"}
	}
	s.drawn(files[0].ID, png)
	return map[string]any{"ok": true, "files": []any{map[string]any{"id": files[0].ID}}}
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
