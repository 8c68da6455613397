package webhook_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// key of 32 bytes, as `openssl rand -base64 32` makes them.
const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

// received is a request as a receiver sees it.
type received struct {
	*http.Request
	body []byte
}

// receiver starts a receiver that keeps what it gets and answers 200.
func receiver(t *testing.T) (base string, got *[]received) {
	t.Helper()
	got = &[]received{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = append(*got, received{r, body})
		fmt.Fprint(w, "rolling back")
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

// settings returns sound settings for a URL.
func settings(target string, change ...func(*webhook.Settings)) *webhook.Settings {
	s := webhook.New().(*webhook.Settings)
	s.URL = config.NewSecret(target)
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *webhook.Settings) analysis.Action {
	t.Helper()
	if p := s.Check(); len(p) > 0 {
		t.Fatalf("settings have problems: %+v", p)
	}
	a, err := s.Open(config.Env{Name: "undo", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestExercise runs the suite of all actions over each way to hold a secret.
func TestExercise(t *testing.T) {
	oneLine := func(s string) string { return strings.Join(strings.Fields(s), " ") } // headers take no line break
	for name, with := range map[string]func(*webhook.Settings, actiontest.Setup){
		"signed": func(w *webhook.Settings, s actiontest.Setup) {
			key := []byte(s.Secret + strings.Repeat(".", 64))[:64]
			w.Secret = webhook.SigningSecrets{
				config.NewSecret("whsec_" + base64.StdEncoding.EncodeToString(key)), config.NewSecret(signingSecret),
			}
		},
		"token in the path": func(w *webhook.Settings, s actiontest.Setup) {
			w.URL = config.NewSecret(s.Base + "/hooks/" + url.PathEscape(s.Secret) + "/{{.Run.Service}}")
		},
		"token in the query": func(w *webhook.Settings, s actiontest.Setup) {
			w.URL = config.NewSecret(s.Base + "/rollback?to={{.Rollback.To}}&token=" + url.QueryEscape(s.Secret))
		},
		"bearer token": func(w *webhook.Settings, s actiontest.Setup) {
			w.BearerToken = config.NewSecret(oneLine(s.Secret))
		},
		"basic auth": func(w *webhook.Settings, s actiontest.Setup) {
			w.BasicAuth = &webhook.BasicAuth{Username: "haldane", Password: config.NewSecret(s.Secret)}
		},
		"headers": func(w *webhook.Settings, s actiontest.Setup) {
			w.Headers = map[string]config.Secret{
				"x-api-key": config.NewSecret(oneLine(s.Secret)),
				"X-Signed":  config.NewSecret(oneLine(s.Secret) + " {{.Run.Version}}"),
			}
		},
		"body of its own": func(w *webhook.Settings, s actiontest.Setup) {
			w.Body = `{"to": "{{.Rollback.To}}"}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					w := settings(s.Base + "/rollback")
					w.Timeout = analysis.Duration(s.Timeout)
					with(w, s)
					if p := w.Check(); len(p) > 0 {
						t.Fatalf("settings have problems: %+v", p)
					}
					a, err := w.Open(s.Env)
					if err != nil {
						t.Fatal(err)
					}
					return a
				},
				Accept: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) },
				Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
				Replies: []actiontest.Reply{
					{Name: "201", Answer: status(201)},
					{Name: "204", Answer: status(204)},
					{Name: "299", Answer: status(299)},
					{Name: "401", Answer: status(401), Want: analysis.Denied},
					{Name: "403", Answer: status(403), Want: analysis.Denied},
					{Name: "404", Answer: status(404), Want: analysis.NotFound},
					{Name: "409", Answer: status(409), Want: analysis.Conflict},
					{Name: "410", Answer: status(410), Want: analysis.NotFound},
					{Name: "422", Answer: status(422), Want: analysis.Invalid},
					{Name: "429 without a time", Answer: status(429), Want: analysis.Limited},
					{Name: "200 with a page", Answer: page},
				},
			})
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func page(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>a very long page</html>") }

// TestRequest looks at one request as a whole.
func TestRequest(t *testing.T) {
	base, got := receiver(t)
	a := open(t, settings(base+"/rollback", func(s *webhook.Settings) {
		s.Method = "PUT"
		s.Secret = webhook.SigningSecrets{config.NewSecret(signingSecret)}
		s.Headers = map[string]config.Secret{"x-team": config.NewSecret("{{.Plan.Owner}}")}
		s.BearerToken = config.NewSecret("t0ken")
	}))
	d := actiontest.Delivery(1)
	receipt, err := a.Perform(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if want := "HTTP 200 OK: rolling back"; receipt.Text != want || receipt.Done {
		t.Errorf("receipt %q, done %v, want %q and not known to be done", receipt.Text, receipt.Done, want)
	}
	r := (*got)[0]
	for name, want := range map[string]string{
		"User-Agent": "haldane/1.2.3", "Content-Type": "application/json", "Idempotency-Key": d.ID, "Webhook-Id": d.ID,
		"X-Team": "team-checkout", "Authorization": "Bearer t0ken",
	} {
		if r.Header.Get(name) != want {
			t.Errorf("header %s is %q, want %q", name, r.Header.Get(name), want)
		}
	}
	if r.Method != "PUT" || r.URL.Path != "/rollback" {
		t.Errorf("%s %s, want PUT /rollback", r.Method, r.URL.Path)
	}
}

// TestTelling: a webhook that only tells is done when it was taken.
func TestTelling(t *testing.T) {
	base, _ := receiver(t)
	s := settings(base, func(s *webhook.Settings) { s.ChangeWorld = false })
	if s.ChangesWorld() || !settings(base).ChangesWorld() || s.Threads() {
		t.Error("changes_world must be true unless the config says false, and a webhook keeps no thread")
	}
	receipt, err := open(t, s).Perform(t.Context(), actiontest.Delivery(1))
	if err != nil || !receipt.Done {
		t.Errorf("done %v, error %v, want done", receipt.Done, err)
	}
}

// TestReplyText: what the other side says is shown, shortened and in one line.
func TestReplyText(t *testing.T) {
	for _, c := range []struct{ name, reply, want string }{
		{"words", "no such\n version\x00\t1.4.1 ", ": no such version 1.4.1"},
		{"nothing", "", ""},
		{"a page", " <!doctype html><p>sorry", ""},
		{"much", strings.Repeat("a", 500), ": " + strings.Repeat("a", 200) + "..."},
		{"our URL", "POST /hook/T0KEN-12345 is unknown", ": POST <secret> is unknown"},
		{"our signing secret", "want key " + signingSecret[len("whsec_"):], ": want key <secret>"},
		{"a part of our header", "K3Y is bad", ": <secret> is bad"},
		{"our token alone", "token T0KEN-12345 is unknown", ": token <secret> is unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(422)
				fmt.Fprint(w, c.reply)
			}))
			defer s.Close()
			a := open(t, settings(s.URL+"/hook/T0KEN-12345", func(s *webhook.Settings) {
				s.Secret = webhook.SigningSecrets{config.NewSecret(signingSecret)}
				s.Headers = map[string]config.Secret{"X-Key": config.NewSecret("K3Y of {{.Run.Version}}")}
			}))
			_, err := a.Perform(t.Context(), actiontest.Delivery(1))
			host := strings.TrimPrefix(s.URL, "http://")
			want := "webhook undo at " + host + ": answered HTTP 422 Unprocessable Entity" + c.want
			if err == nil || err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
}

// TestSlowReply: the status decides, also when the rest of the answer never comes.
func TestSlowReply(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "taken")
		w.(http.Flusher).Flush()
		<-done
	}))
	defer s.Close()
	defer close(done)
	a := open(t, settings(s.URL, func(s *webhook.Settings) { s.Timeout = analysis.Duration(100 * time.Millisecond) }))
	receipt, err := a.Perform(t.Context(), actiontest.Delivery(1))
	if err != nil || receipt.Text != "HTTP 200 OK: taken" {
		t.Errorf("receipt %q, error %v, want the delivery taken", receipt.Text, err)
	}
}
