package teams_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/teams"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// card is what the card schema 1.4 has of what is used here; anything else in a
// request is a mistake of ours.
type card struct {
	Schema   string `json:"$schema"`
	Type     string `json:"type"`
	Version  string `json:"version"`
	Fallback string `json:"fallbackText"`
	Body     []struct {
		Type      string `json:"type"`
		Separator bool   `json:"separator"`
		Inlines   []struct {
			Type   string `json:"type"`
			Text   string `json:"text"`
			Size   string `json:"size"`
			Weight string `json:"weight"`
			Color  string `json:"color"`
			Subtle bool   `json:"isSubtle"`
		} `json:"inlines"`
	} `json:"body"`
	Actions []struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"actions"`
	Teams struct {
		Width string `json:"width"`
	} `json:"msteams"`
}

const path, query = "/workflows/a1b2c3d4e5/triggers/manual/paths/invoke", "api-version=1&sig=s3cret-Signature"

// standIn answers as a workflow's trigger does.
type standIn struct {
	*httptest.Server

	mu    sync.Mutex
	cards []card
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
	body, _ := io.ReadAll(r.Body)
	code, why := 0, ""
	switch {
	case r.URL.Path != path:
		code, why = 404, "WorkflowNotFound"
	case r.URL.RawQuery != query:
		code, why = 401, "the signature is not valid"
	case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json":
		code, why = 415, "not JSON"
	case len(body) > 28<<10 || 2*len(utf16.Encode([]rune(string(body)))) > 28<<10:
		code, why = 413, "Request Entity Too Large"
	default:
		code, why = s.take(body)
	}
	w.WriteHeader(code)
	if why != "" {
		fmt.Fprintf(w, `{"error":{"code":"Trouble","message":%q}}`, why)
	}
}

func (s *standIn) take(body []byte) (int, string) {
	var m struct {
		Type        string `json:"type"`
		Attachments []struct {
			ContentType string          `json:"contentType"`
			ContentURL  json.RawMessage `json:"contentUrl"`
			Content     card            `json:"content"`
		} `json:"attachments"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return 400, err.Error()
	}
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" ||
		string(m.Attachments[0].ContentURL) != "null" {
		return 400, "TriggerInputSchemaMismatch"
	}
	c := m.Attachments[0].Content
	if c.Type != "AdaptiveCard" || c.Version != "1.4" || c.Fallback == "" || len(c.Body) == 0 || len(c.Actions) > 6 {
		return 400, "not an adaptive card"
	}
	for _, b := range c.Body {
		for _, i := range b.Inlines {
			if b.Type != "RichTextBlock" || i.Type != "TextRun" || i.Text == "" ||
				!slices.Contains([]string{"", "Default", "Good", "Attention", "Warning"}, i.Color) {
				return 400, "not a text run"
			}
		}
	}
	for _, a := range c.Actions {
		if u, err := url.Parse(a.URL); err != nil || a.Type != "Action.OpenUrl" || u.Host == "" || a.Title == "" {
			return 400, "not a button"
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards = append(s.cards, c)
	return 202, ""
}

// texts are those of a card's blocks.
func (c card) texts() []string {
	var out []string
	for _, b := range c.Body {
		s := ""
		for _, i := range b.Inlines {
			s += i.Text
		}
		out = append(out, s)
	}
	return out
}

func open(t *testing.T, hook string) analysis.Action {
	t.Helper()
	s := teams.New().(*teams.Settings)
	s.WebhookURL = config.NewSecret(hook)
	a, err := s.Open(config.Env{Name: "oncall"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// TestExercise runs the suite of all actions, with the secret in the path and in the
// query.
func TestExercise(t *testing.T) {
	for name, hook := range map[string]string{"signature": path + "?api-version=1&sig=", "path": "/hooks/"} {
		t.Run(name, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					set := teams.New().(*teams.Settings)
					set.WebhookURL, set.Timeout = config.NewSecret(s.Base+hook+url.QueryEscape(s.Secret)), analysis.Duration(s.Timeout)
					a, err := set.Open(s.Env)
					if err != nil {
						t.Fatal(err)
					}
					return a
				},
				Accept: says(202, ""),
				Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("X-Haldane-Delivery") },
				Replies: []actiontest.Reply{
					{Name: "200 with a text", Answer: says(200, "1")},
					{Name: "a page", Want: analysis.Unavailable, Answer: says(200, "<html>log in</html>")},
					{Name: "an error that says 200", Want: analysis.Unavailable, Answer: says(200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429")},
					{Name: "no such workflow", Want: analysis.NotFound, Answer: says(404, `{"error":{"code":"WorkflowNotFound","message":"gone"}}`)},
					{Name: "not signed", Want: analysis.Denied, Answer: says(401, `{"error":{"code":"DirectApiAuthorizationRequired","message":"no"}}`)},
				},
			})
		})
	}
}

// TestCard looks at the card of a failed release as a whole.
func TestCard(t *testing.T) {
	s := newStandIn(t)
	actiontest.Done(t, open(t, s.URL+path+"?"+query), actiontest.Delivery(1))
	c := s.cards[0]
	got := c.texts()
	for i, want := range []string{
		"checkout 1.4.2 in production: failed, rolling back to 1.4.1", "errors rose from 0.1 % to 5 %.",
		"Haldane is sending the rollback to 1.4.1.", "Next: Wait for the next word;",
		"errors (critical): errors rose from 0.1 % to 5 %. [seen 0.05, expected 0.001, change", "Service: checkout  \u00B7  Environment: production",
	} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("text %d is %q, want %q", i, got[min(i, len(got)-1)], want)
		}
	}
	if c.Body[0].Inlines[0].Color != "Attention" || c.Teams.Width != "Full" || c.Fallback != got[0] {
		t.Errorf("card %+v", c)
	}
	if len(c.Actions) != 3 || c.Actions[0].Title != "Runbook" || c.Actions[0].URL != "https://runbooks.example.com/checkout" || c.Actions[1].Title != "Report" {
		t.Errorf("buttons %+v", c.Actions)
	}
}

// TestTexts: whatever there is to say, it is a card that Teams takes, and it says how
// many metrics were left out.
func TestTexts(t *testing.T) {
	s := newStandIn(t)
	a := open(t, s.URL+path+"?"+query)
	for _, text := range append(actiontest.Long(), strings.Repeat("\U0001F534", 3000)) {
		for _, event := range actiontest.Told() {
			actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
			c := s.cards[len(s.cards)-1]
			if told := strings.Contains(strings.Join(c.texts(), "\n"), "more metrics: see the report"); event == analysis.EventRunFailed && !told {
				t.Error("a card does not say that metrics are missing")
			}
		}
	}
	empty := actiontest.Delivery(1)
	empty.Event = analysis.Event{ID: "e", Type: "of the future"}
	actiontest.Done(t, a, empty)
}

// TestColors: one can see from afar how it stands.
func TestColors(t *testing.T) {
	s := newStandIn(t)
	a := open(t, s.URL+path+"?"+query)
	for event, want := range map[analysis.EventType]string{
		analysis.EventRunStarted: "Default", analysis.EventRunPassed: "Good", analysis.EventRunFailed: "Attention", analysis.EventRunInconclusive: "Warning",
	} {
		actiontest.Done(t, a, actiontest.About(1, event, nil))
		if got := s.cards[len(s.cards)-1].Body[0].Inlines[0].Color; got != want {
			t.Errorf("%s: %s, want %s", event, got, want)
		}
	}
}

// TestSettings: each mistake is found, and tells no secret.
func TestSettings(t *testing.T) {
	const planted = "planted-Secret"
	for _, hook := range []string{"", "workflows/" + planted, "https://u:" + planted + "@h/", "https://acme.webhook.office.com/webhookb2/" + planted} {
		s := teams.New().(*teams.Settings)
		s.WebhookURL = config.NewSecret(hook)
		got := s.Check()
		_, err := s.Open(config.Env{Name: "oncall"})
		if len(got) != 1 || got[0].Field != "webhook_url" || err == nil {
			t.Errorf("%q: problems %+v, error %v", hook, got, err)
		}
		if out := fmt.Sprintf("%+v %v %+v %#v", got, err, s, s); strings.Contains(out, planted) {
			t.Errorf("a secret got out: %s", out)
		}
	}
	if s := teams.New(); s.ChangesWorld() || !s.Threads() {
		t.Error("it tells people, and how a rollback goes on")
	}
}
