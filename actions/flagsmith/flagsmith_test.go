package flagsmith_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/flagsmith"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

type object = map[string]any

// standIn answers as Flagsmith's API does, for features that are on when they are first
// asked for.
type standIn struct {
	key      string
	value    any
	segments []bool // overrides, and whether they switch the feature on
	requests bool   // change requests are on
	deaf     bool   // takes the change and does nothing

	mu   sync.Mutex
	off  map[string]bool
	seen []string
}

func fail(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"detail": text})
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.off == nil {
		s.off = map[string]bool{}
	}
	if s.key != "" && r.Header.Get("Authorization") != "Api-Key "+s.key {
		fail(w, 403, "Invalid token.")
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /api/v1/organisations/":
		_ = json.NewEncoder(w).Encode(object{"results": []object{}})
	case "GET /api/v1/environments/env-key/featurestates/":
		s.list(w, r)
	case "POST /api/experiments/environments/env-key/update-flag-v1/":
		s.update(w, r)
	default:
		fail(w, 404, "Not found.")
	}
}

func (s *standIn) list(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("feature_name")
	results := []object{}
	if name != "" && name != "unknown" {
		results = append(results, object{"id": 1, "enabled": !s.off[r.Host+name], "feature_state_value": s.value, "feature_segment": nil, "identity": nil})
		results = append(results, object{"id": 2, "enabled": true, "feature_state_value": nil, "feature_segment": nil, "identity": object{"identifier": "me"}})
	}
	for i, on := range s.segments {
		results = append(results, object{"id": 3 + i, "enabled": on, "feature_state_value": nil, "feature_segment": 7 + i, "identity": nil})
	}
	_ = json.NewEncoder(w).Encode(object{"count": len(results), "next": nil, "previous": nil, "results": results})
}

func (s *standIn) update(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct {
		Feature struct{ Name string }
		Enabled *bool
		Value   *struct{ Type, Value string }
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	switch {
	case r.Header.Get("Content-Type") != "application/json":
		fail(w, 415, "Unsupported media type in request.")
	case d.Decode(&in) != nil || in.Feature.Name == "" || in.Enabled == nil || in.Value == nil:
		fail(w, 400, "This field is required.")
	case s.requests:
		fail(w, 403, "This endpoint cannot be used when change requests are enabled.")
	default:
		s.seen = append(s.seen, string(body))
		s.off[r.Host+in.Feature.Name] = !s.deaf
		w.WriteHeader(http.StatusNoContent)
	}
}

func settings(base string, change ...func(*flagsmith.Settings)) *flagsmith.Settings {
	s := flagsmith.New().(*flagsmith.Settings)
	s.APIURL, s.Key, s.EnvironmentKey, s.Feature = base+"/api", config.NewSecret("k3y"), "env-key", "{{.Run.Variables.flag}}"
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *flagsmith.Settings, env config.Env) analysis.Action {
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

func delivery() analysis.Delivery {
	d := actiontest.Delivery(1)
	d.Event.Notice.Run.Variables = map[string]string{"flag": "new_checkout"}
	return d
}

func TestExercise(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			return open(t, settings(s.Base, func(l *flagsmith.Settings) {
				l.Feature, l.Timeout = "flag-{{.Run.ID}}", analysis.Duration(s.Timeout) // a flag of its own for each
				l.Key = config.NewSecret(strings.Join(strings.Fields(s.Secret), " "))
			}), s.Env)
		},
		Accept: (&standIn{}).ServeHTTP,
		Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
		Replies: []actiontest.Reply{
			{Name: "no list", Want: analysis.Unavailable, Answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }},
			{Name: "states without a state", Want: analysis.Unavailable, Answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"results": [{}]}`) }},
			{Name: "two states", Want: analysis.Conflict, Answer: func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"results": [{"enabled": true}, {"enabled": false}]}`)
			}},
		},
	})
}

// TestPerform: switched off once, with the value that it had.
func TestPerform(t *testing.T) {
	for want, v := range map[string]any{
		`{"type":"string","value":""}`: nil, `{"type":"string","value":"a \"b\""}`: `a "b"`,
		`{"type":"integer","value":"42"}`: 42, `{"type":"boolean","value":"false"}`: false,
	} {
		s := &standIn{key: "k3y", value: v}
		a := open(t, settings(serve(t, s)), config.Env{})
		for range 2 {
			if r, err := a.Perform(t.Context(), delivery()); err != nil || !r.Done || !strings.HasPrefix(r.Text, "feature new_checkout is off") {
				t.Fatalf("receipt %+v, error %v", r, err)
			}
		}
		if body := `{"enabled":false,"feature":{"name":"new_checkout"},"value":` + want + `}`; len(s.seen) != 1 || s.seen[0] != body {
			t.Errorf("requests %q, want one: %s", s.seen, body)
		}
	}
	s := &standIn{segments: []bool{true, false, true}}
	if r, err := open(t, settings(serve(t, s)), config.Env{}).Perform(t.Context(), delivery()); err != nil || !strings.Contains(r.Text, "overrides of 2 segments") {
		t.Errorf("with segments: receipt %+v, error %v", r, err)
	}
}

func TestRefusals(t *testing.T) {
	for says, c := range map[string]struct {
		s      *standIn
		change func(*flagsmith.Settings)
		kind   analysis.Kind
	}{
		"Invalid token":   {&standIn{key: "other"}, nil, analysis.Denied},
		"change requests": {&standIn{requests: true}, nil, analysis.Denied},
		"still on":        {&standIn{deaf: true}, nil, analysis.Unavailable},
		"no feature":      {&standIn{}, func(s *flagsmith.Settings) { s.Feature = "unknown" }, analysis.NotFound},
		"Not found":       {&standIn{}, func(s *flagsmith.Settings) { s.EnvironmentKey = "other" }, analysis.NotFound},
		"feature: ":       {&standIn{}, func(s *flagsmith.Settings) { s.Feature = "{{.Run.Variables.x}}" }, analysis.Invalid},
	} {
		if c.change == nil {
			c.change = func(*flagsmith.Settings) {}
		}
		_, err := open(t, settings(serve(t, c.s), c.change), config.Env{}).Perform(t.Context(), delivery())
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %s, %q", err, c.kind, says)
		}
	}
}

func TestCheck(t *testing.T) {
	for field, change := range map[string]func(*flagsmith.Settings){
		"api_url": func(s *flagsmith.Settings) { s.APIURL = "" }, "key": func(s *flagsmith.Settings) { s.Key = config.NewSecret("a\nb") },
		"environment_key": func(s *flagsmith.Settings) { s.EnvironmentKey = "" }, "feature": func(s *flagsmith.Settings) { s.Feature = "" },
		"tls.ca": func(s *flagsmith.Settings) { s.TLS.CA = "/nowhere" },
	} {
		if p := settings("https://api.flagsmith.com", change).Check(); len(p) != 1 || p[0].Field != field {
			t.Errorf("problems %+v, want one at %s", p, field)
		}
	}
}
