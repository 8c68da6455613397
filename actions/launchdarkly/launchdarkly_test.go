package launchdarkly_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/launchdarkly"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

type object = map[string]any

// standIn answers as LaunchDarkly's REST API does.
type standIn struct {
	token    string
	on       bool
	approval bool
	deaf     bool // takes the change and does nothing
	patches  []string
}

func fail(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"code": strings.ReplaceAll(strings.ToLower(http.StatusText(code)), " ", "_"), "message": text})
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch {
	case s.token != "" && r.Header.Get("Authorization") != s.token:
		fail(w, 401, "Invalid key")
		return
	case r.Header.Get("LD-API-Version") != "20240415":
		fail(w, 400, "unknown version")
		return
	case r.URL.Path == "/api/v2/caller-identity":
		_ = json.NewEncoder(w).Encode(object{"tokenName": "haldane"})
		return
	case r.URL.Path != "/api/v2/flags/shop/new-checkout":
		fail(w, 404, "Unknown feature flag key")
		return
	case r.Method == http.MethodPatch:
		if !s.patch(w, r, body) {
			return
		}
	case r.Method != http.MethodGet:
		fail(w, 405, "method not allowed")
		return
	}
	_ = json.NewEncoder(w).Encode(object{"key": "new-checkout", "environments": object{"production": object{"on": s.on, "version": 4}}})
}

func (s *standIn) patch(w http.ResponseWriter, r *http.Request, body []byte) bool {
	var in struct {
		EnvironmentKey, Comment string
		Instructions            []struct{ Kind string }
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	switch {
	case r.Header.Get("Content-Type") != "application/json; domain-model=launchdarkly.semanticpatch":
		fail(w, 400, "not a JSON patch") // of a plain body one is expected
	case d.Decode(&in) != nil || in.EnvironmentKey != "production" || len(in.Instructions) != 1 || in.Instructions[0].Kind != "turnFlagOff":
		fail(w, 400, "invalid instructions")
	case s.approval:
		fail(w, 405, "Approval is required to make changes to this flag in this environment")
	default:
		s.on = s.deaf
		s.patches = append(s.patches, string(body))
		return true
	}
	return false
}

func settings(base string, change ...func(*launchdarkly.Settings)) *launchdarkly.Settings {
	s := launchdarkly.New().(*launchdarkly.Settings)
	s.APIURL, s.Token, s.Project, s.Flag = base, config.NewSecret("t0ken"), "shop", "{{.Run.Variables.flag}}"
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *launchdarkly.Settings, env config.Env) analysis.Action {
	t.Helper()
	if p := s.Check(); len(p) > 0 {
		t.Fatalf("settings have problems: %+v", p)
	}
	a, err := s.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// delivery is one of a release behind a flag.
func delivery() analysis.Delivery {
	d := actiontest.Delivery(1)
	d.Event.Notice.Run.Subject.Kind = "flag"
	d.Event.Notice.Run.Variables = map[string]string{"flag": "new-checkout"}
	return d
}

func TestExercise(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			return open(t, settings(s.Base, func(l *launchdarkly.Settings) {
				l.Flag, l.Timeout = "new-checkout", analysis.Duration(s.Timeout)
				l.Token = config.NewSecret(strings.Join(strings.Fields(s.Secret), " "))
			}), s.Env)
		},
		Accept: func(w http.ResponseWriter, r *http.Request) { (&standIn{on: true}).ServeHTTP(w, r) },
		Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
		Replies: []actiontest.Reply{
			{Name: "limit with a past reset", Want: analysis.Limited, Answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Ratelimit-Reset", "1700000000000")
				fail(w, 429, "You've exceeded the API rate limit")
			}},
			{Name: "not JSON", Want: analysis.Unavailable, Answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }},
			{Name: "another flag", Want: analysis.Unavailable, Answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"key": "x"}`) }},
			{Name: "no such environment", Want: analysis.NotFound, Answer: func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"key": "new-checkout", "environments": {}}`)
			}},
		},
	})
}

// TestPerform: the request, what a repeat does, and that it is done only when it is off.
func TestPerform(t *testing.T) {
	s := &standIn{token: "t0ken", on: true}
	a, d := open(t, settings(serve(t, s)), config.Env{Name: "kill"}), delivery()
	for range 2 {
		if r, err := a.Perform(t.Context(), d); err != nil || !r.Done || !strings.Contains(r.Text, "flag new-checkout is off in production") {
			t.Fatalf("receipt %+v, error %v", r, err)
		}
	}
	want := `{"comment":"haldane: errors rose from 0.1 % to 5 % (` + d.ID + `)","environmentKey":"production","instructions":[{"kind":"turnFlagOff"}]}`
	if len(s.patches) != 1 || s.patches[0] != want {
		t.Errorf("patches %q, want one: %s", s.patches, want)
	}
	s = &standIn{on: true, deaf: true}
	if _, err := open(t, settings(serve(t, s)), config.Env{}).Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("still on: error %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for says, c := range map[string]struct {
		s      *standIn
		change func(*launchdarkly.Settings)
		d      func(*analysis.Delivery)
		kind   analysis.Kind
	}{
		"wants an approval": {s: &standIn{on: true, approval: true}, kind: analysis.Denied},
		"Invalid key":       {s: &standIn{token: "other"}, kind: analysis.Denied},
		"Unknown feature":   {change: func(s *launchdarkly.Settings) { s.Flag = "old-checkout" }, kind: analysis.NotFound},
		"no environment":    {change: func(s *launchdarkly.Settings) { s.Environment = "staging" }, kind: analysis.NotFound},
		"variables.flag":    {d: func(d *analysis.Delivery) { d.Event.Notice.Run.Variables = nil }, kind: analysis.Invalid},
	} {
		d := delivery()
		if c.d != nil {
			c.d(&d)
		}
		if c.s == nil {
			c.s = &standIn{on: true}
		}
		if c.change == nil {
			c.change = func(*launchdarkly.Settings) {}
		}
		_, err := open(t, settings(serve(t, c.s), c.change), config.Env{}).Perform(t.Context(), d)
		if analysis.KindOf(err) != c.kind || !strings.Contains(strings.ToLower(fmt.Sprint(err)), strings.ToLower(says)) || len(c.s.patches) != 0 {
			t.Errorf("error %v, want %s, %q", err, c.kind, says)
		}
	}
}

// TestReset: the limit's end is what is waited for.
func TestReset(t *testing.T) {
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10))
		fail(w, 429, "You've exceeded the API rate limit")
	}))
	_, err := open(t, settings(base), config.Env{}).Perform(t.Context(), delivery())
	if e := analysis.AsError(err); e == nil || e.RetryAfter < 50*time.Minute || e.RetryAfter > time.Hour {
		t.Errorf("error %+v, want it tried again in an hour", e)
	}
}

func TestCheck(t *testing.T) {
	for field, change := range map[string]func(*launchdarkly.Settings){
		"api_url": func(s *launchdarkly.Settings) { s.APIURL = "" }, "token": func(s *launchdarkly.Settings) { s.Token = config.Secret{} },
		"project": func(s *launchdarkly.Settings) { s.Project = "" }, "environment": func(s *launchdarkly.Settings) { s.Environment = "{{" },
		"flag": func(s *launchdarkly.Settings) { s.Flag = "" }, "tls.ca": func(s *launchdarkly.Settings) { s.TLS.CA = "/nowhere" },
	} {
		if p := settings("https://app.launchdarkly.com", change).Check(); len(p) != 1 || p[0].Field != field {
			t.Errorf("problems %+v, want one at %s", p, field)
		}
	}
}
