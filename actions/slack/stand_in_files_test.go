package slack_test

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// files is the part of the stand-in that takes files: announced with their length, sent
// to an address of their own, and then shared.
type files struct {
	announced map[string]*file
}

type file struct {
	ID, Name, Alt, Title string
	Length               int
	Data                 []byte
}

func (s *standIn) announce(form url.Values, base string) object {
	n, err := strconv.Atoi(form.Get("length"))
	switch {
	case form.Get("filename") == "" || err != nil || n < 1:
		return no("invalid_arguments")
	case len([]rune(form.Get("alt_txt"))) > 1000:
		return no("alt_txt_too_large")
	}
	if s.announced == nil {
		s.announced = map[string]*file{}
	}
	f := &file{ID: fmt.Sprintf("F0%d", len(s.announced)), Name: form.Get("filename"), Alt: form.Get("alt_txt"), Length: n}
	s.announced[f.ID] = f
	return object{"ok": true, "upload_url": base + "/upload/" + f.ID, "file_id": f.ID}
}

// upload takes a file's bytes.
func (s *standIn) upload(w http.ResponseWriter, r *http.Request) {
	f := s.announced[strings.TrimPrefix(r.URL.Path, "/upload/")]
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if f == nil || r.Method != http.MethodPost || kind != "multipart/form-data" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	part, _, err := r.FormFile("file")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.Data, _ = io.ReadAll(part)
	if len(f.Data) != f.Length {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "OK - %d", f.Length)
}

// complete shares a file in a thread.
func (s *standIn) complete(form url.Values) object {
	var list []struct{ ID, Title string }
	if json.Unmarshal([]byte(form.Get("files")), &list) != nil || len(list) != 1 {
		return no("invalid_arguments")
	}
	f := s.announced[list[0].ID]
	if f == nil || f.Data == nil {
		return no("file_not_found")
	}
	if s.channels[form.Get("channel_id")] == "" {
		return no("channel_not_found") // a name will not do
	}
	head := false
	for _, m := range s.messages {
		head = head || m.TS == form.Get("thread_ts") && m.Thread == ""
	}
	if !head {
		return no("invalid_arguments")
	}
	f.Title = list[0].Title
	s.messages = append(s.messages, &message{
		Channel: form.Get("channel_id"), TS: fmt.Sprintf("17725935%02d.000100", len(s.messages)), Thread: form.Get("thread_ts"),
		Files: []object{{"id": f.ID, "name": f.Name, "title": f.Title}}, Form: form,
	})
	return object{"ok": true, "files": []object{{"id": f.ID, "title": f.Title}}}
}

// shared are the files that can be seen, in their order.
func (s *standIn) shared() (out []*file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		for _, f := range m.Files {
			out = append(out, s.announced[f["id"].(string)])
		}
	}
	return out
}

func (s *standIn) members(form url.Values) object {
	list, ok := s.groups[form.Get("usergroup")]
	if !ok {
		return no("no_such_subteam")
	}
	return object{"ok": true, "users": strings.Split(list, ",")}
}

func (s *standIn) whisper(form url.Values) object {
	if s.channels[form.Get("channel")] == "" {
		return no("channel_not_found")
	}
	if form.Get("user") == "" || form.Get("text") == "" {
		return no("no_text")
	}
	s.whispers = append(s.whispers, form)
	return object{"ok": true, "message_ts": "1.2"}
}
