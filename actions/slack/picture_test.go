package slack_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// evident is a delivery of a verdict with the samples that it rests on.
func evident(id string, event analysis.EventType, earlier ...analysis.Receipt) analysis.Delivery {
	d := about(id, event, nil, earlier...)
	actiontest.Evident(d.Event.Notice)
	return d
}

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// logged opens an action whose log can be read.
func logged(t *testing.T, s *slack.Settings) (analysis.Action, *lines) {
	t.Helper()
	logs := &lines{}
	a, err := s.Open(config.Env{Name: "oncall", Log: slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	return a, logs
}

// TestPicture: behind the words of a bad verdict, in its thread, stands what it rests on.
func TestPicture(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall"))
	first := perform(t, a, about("dlv_1", analysis.EventRunStarted, nil))
	receipt := perform(t, a, evident("dlv_2", analysis.EventRunFailed, first))
	if want := "chat.postMessage chat.update chat.postMessage files.getUploadURLExternal /upload/F00 files.completeUploadExternal"; s.called() != want {
		t.Errorf("called %q, want %q", s.called(), want)
	}
	got := s.shared()
	if len(got) != 1 {
		t.Fatalf("%d files", len(got))
	}
	f := got[0]
	if img, err := png.Decode(bytes.NewReader(f.Data)); err != nil || img.Bounds().Dx() != 1600 {
		t.Errorf("the file is no picture: %v", err)
	}
	if f.Name != "haldane-dlv_2.png" || f.Title == "" || f.Alt != "checkout: errors - canary 1.4.2 against 1.4.1: errors rose from 0.1 % to 5 %" {
		t.Errorf("file %q, title %q, alt %q", f.Name, f.Title, f.Alt)
	}
	if m := s.posted()[2]; m.Thread != first.Refs["ts"] || m.Channel != "C012ABCDEF" {
		t.Errorf("the picture stands in %q, thread %q", m.Channel, m.Thread)
	}
	if receipt.Text != "posted in C012ABCDEF" || !receipt.Done {
		t.Errorf("receipt %+v", receipt)
	}
}

// TestNoPicture: only a verdict that is not good has one, and only where it is wanted.
func TestNoPicture(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF"))
	for _, event := range []analysis.EventType{analysis.EventRunStarted, analysis.EventRunPassed, analysis.EventRollbackUpdated, analysis.EventDeliveryFailed} {
		perform(t, a, evident("dlv_"+string(event), event))
	}
	perform(t, a, about("dlv_1", analysis.EventRunFailed, nil)) // no samples
	without := bot(s.URL+"/api", s.token, "C012ABCDEF", func(s *slack.Settings) { s.Picture = false })
	perform(t, open(t, without), evident("dlv_2", analysis.EventRunFailed))
	if strings.Contains(s.called(), "files.") {
		t.Errorf("called %q", s.called())
	}
	for _, event := range []analysis.EventType{analysis.EventRunMarginal, analysis.EventRunInconclusive} {
		perform(t, a, evident("dlv_"+string(event), event))
	}
	if n := len(s.shared()); n != 2 {
		t.Errorf("%d pictures of a marginal and an inconclusive run", n)
	}
}

// TestPictureTrouble: whatever happens to the picture, the words were posted and count. What
// is wrong stands in the receipt.
func TestPictureTrouble(t *testing.T) {
	const announce, complete = "files.getUploadURLExternal", "files.completeUploadExternal"
	for _, c := range []struct {
		name, method string
		answer       http.HandlerFunc
		want         string
	}{
		{"no scope", announce, says(`{"ok":false,"error":"missing_scope","needed":"files:write"}`), "try: add the scope files:write and install the app again"},
		{"limited", announce, limited(`{"ok":false,"error":"ratelimited"}`), "429 Too Many Requests"},
		{"down", announce, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "503"},
		{"nonsense", announce, says(`[]`), "not the JSON of Slack"},
		{"elsewhere", announce, says(`{"ok":true,"upload_url":"https://evil.example.com/?x=1","file_id":"F1"}`), "did not get through"},
		{"not taken", "/upload/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(413) }, "413"},
		{"redirected", "/upload/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "307"},
		{"not shared", complete, says(`{"ok":false,"error":"channel_not_found"}`), "no such channel"},
		{"not in the channel", complete, says(`{"ok":false,"error":"not_in_channel"}`), "not in the channel"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			s.answer[c.method] = c.answer
			a, logs := logged(t, bot(s.URL+"/api", s.token, "C012ABCDEF"))
			for i := range 2 {
				r := perform(t, a, evident(fmt.Sprintf("dlv_%d", i), analysis.EventRunFailed))
				if !strings.Contains(r.Text, "without the picture: ") || !strings.Contains(r.Text, c.want) || r.Refs["ts"] == "" || !r.Done {
					t.Errorf("receipt %+v, want %q in it", r, c.want)
				}
			}
			if n := strings.Count(logs.String(), `"level":"WARN"`); n > 1 || c.name == "no scope" && n != 1 {
				t.Errorf("%d warnings of the same:\n%s", n, logs)
			}
			if strings.Contains(logs.String(), "evil") || strings.Contains(logs.String(), s.token) {
				t.Errorf("the log tells too much:\n%s", logs)
			}
			if len(s.shared()) != 0 || len(s.posted()) != 2 {
				t.Errorf("%d files, %d messages", len(s.shared()), len(s.posted()))
			}
		})
	}
}

// TestPictureCancelled: a delivery that is given up while its picture is on the way has
// been made.
func TestPictureCancelled(t *testing.T) {
	s := newStandIn(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	s.answer["files.getUploadURLExternal"] = func(http.ResponseWriter, *http.Request) {
		cancel()
		<-done
	}
	r, err := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF")).Perform(ctx, evident("dlv_1", analysis.EventRunFailed))
	if err != nil || r.Refs["ts"] == "" || !strings.Contains(r.Text, "interrupted") {
		t.Errorf("receipt %+v, error %v", r, err)
	}
}

// TestPictureRepeat: a repeat does not post it twice, and posts it when the first attempt
// did not come so far.
func TestPictureRepeat(t *testing.T) {
	for _, c := range []struct {
		name     string
		picture  bool // of the first attempt
		inThread bool
	}{{"all was done", true, true}, {"all was done, at the head", true, false}, {"the words only", false, true}, {"the words only, at the head", false, false}} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			set := bot(s.URL+"/api", s.token, "C012ABCDEF")
			a := open(t, set)
			d := evident("dlv_2", analysis.EventRunFailed)
			if c.inThread {
				d.Earlier = []analysis.Receipt{perform(t, a, about("dlv_1", analysis.EventRunStarted, nil))}
			}
			set.Picture = c.picture
			first := perform(t, a, d)
			words := len(s.posted()) - len(s.shared())
			set.Picture, d.Attempts = true, 2
			again := perform(t, a, d)
			if again.Refs["ts"] != first.Refs["ts"] || len(s.shared()) != 1 || len(s.posted())-1 != words {
				t.Errorf("receipts %v, %v; %d pictures, %d messages besides, of %d", first.Refs, again.Refs, len(s.shared()), len(s.posted())-1, words)
			}
		})
	}
}

// TestPictureLeaks: an upload's address and the tokens are in no log and no receipt, even
// when the other side repeats them.
func TestPictureLeaks(t *testing.T) {
	for _, method := range []string{"files.getUploadURLExternal", "/upload/", "files.completeUploadExternal"} {
		for _, code := range []int{200, 403, 500} {
			s := newStandIn(t)
			s.answer[method] = func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.WriteHeader(code)
				fmt.Fprintf(w, `{"ok":false,"error":%q,"needed":%q}`, r.Header.Get("Authorization")+r.Form.Encode(), string(body)+s.token)
			}
			a, logs := logged(t, bot(s.URL+"/api", s.token, "C012ABCDEF"))
			r := perform(t, a, evident("dlv_1", analysis.EventRunFailed))
			if all := r.Text + logs.String(); strings.Contains(all, s.token) || strings.Contains(all, "/upload/") {
				t.Errorf("%s, %d: %s", method, code, all)
			}
		}
	}
}
