package splitfme_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/splitfme"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

type object = map[string]any

const (
	before = "/internal/api/v2/splits/ws/ws-1/"
	after  = "/environments/production"
)

// standIn answers as the Admin API of Split does.
type standIn struct {
	flag        string
	header, key string // the credentials that it wants; "" none
	killed      bool
	deaf        bool // takes the kill and does nothing
	kills       int
}

func fail(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"code": code, "message": text, "details": "", "transactionId": "x"})
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := before + s.flag + after
	switch {
	case s.header != "" && r.Header.Get(s.header) != s.key:
		fail(w, 401, "Unauthorized")
		return
	case r.Method == http.MethodGet && r.URL.Path == "/internal/api/v2/workspaces":
		_ = json.NewEncoder(w).Encode(object{"objects": []object{{"id": "ws-1"}}})
		return
	case r.Method == http.MethodPut && r.URL.Path == path+"/kill":
		if r.Header.Get("Content-Type") != "application/json" {
			fail(w, 415, "HTTP 415 Unsupported Media Type")
			return
		}
		s.killed = !s.deaf
		s.kills++
	case r.Method != http.MethodGet || r.URL.Path != path:
		fail(w, 404, "Definition does not exist")
		return
	}
	_ = json.NewEncoder(w).Encode(object{
		"name": s.flag, "environment": object{"id": "e-1", "name": "production"}, "killed": s.killed,
		"treatments": []object{{"name": "on"}, {"name": "off"}}, "defaultTreatment": "off",
	})
}

func settings(base string, change ...func(*splitfme.Settings)) *splitfme.Settings {
	s := splitfme.New().(*splitfme.Settings)
	s.APIURL, s.Key, s.Workspace, s.Flag = base, config.NewSecret("k3y"), "ws-1", "{{.Run.Variables.flag}}"
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *splitfme.Settings, env config.Env) analysis.Action {
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

// many is a Split with as many flags as it is asked for; each server has its own.
func many() http.HandlerFunc {
	var mu sync.Mutex
	flags := map[string]*standIn{}
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, before), "/")
		if flags[r.Host+name] == nil {
			flags[r.Host+name] = &standIn{flag: name}
		}
		flags[r.Host+name].ServeHTTP(w, r)
	}
}

func TestExercise(t *testing.T) {
	for _, header := range []string{"bearer", "x-api-key"} {
		t.Run(header, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					return open(t, settings(s.Base, func(l *splitfme.Settings) {
						l.Flag, l.Timeout, l.KeyHeader = "flag-{{.Run.ID}}", analysis.Duration(s.Timeout), header
						l.Key = config.NewSecret(strings.Join(strings.Fields(s.Secret), " "))
					}), s.Env)
				},
				Accept: many(),
				Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
				Replies: []actiontest.Reply{
					{Name: "another flag", Want: analysis.Unavailable, Answer: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"name": "x"}`) }},
				},
			})
		})
	}
}

// TestPerform: killed once, read back, and done only then.
func TestPerform(t *testing.T) {
	for header, key := range map[string]string{"Authorization": "Bearer k3y", "X-Api-Key": "k3y"} {
		s := &standIn{flag: "new_checkout", header: header, key: key}
		a := open(t, settings(serve(t, s), func(l *splitfme.Settings) {
			if header == "X-Api-Key" {
				l.KeyHeader = "x-api-key"
			}
		}), config.Env{})
		for range 2 {
			if r, err := a.Perform(t.Context(), delivery()); err != nil || !r.Done || !strings.HasPrefix(r.Text, "flag new_checkout is killed in production") {
				t.Fatalf("receipt %+v, error %v", r, err)
			}
		}
		if s.kills != 1 {
			t.Errorf("%d kills, want one", s.kills)
		}
	}
	s := &standIn{flag: "new_checkout", deaf: true}
	if _, err := open(t, settings(serve(t, s)), config.Env{}).Perform(t.Context(), delivery()); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("not killed: error %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for says, c := range map[string]struct {
		change func(*splitfme.Settings)
		kind   analysis.Kind
	}{
		"Unauthorized":        {func(s *splitfme.Settings) { s.Key = config.NewSecret("other") }, analysis.Denied},
		"does not exist":      {func(s *splitfme.Settings) { s.Environment = "staging" }, analysis.NotFound},
		"flag: ":              {func(s *splitfme.Settings) { s.Flag = "{{.Run.Variables.toggle}}" }, analysis.Invalid},
		`for its URL is ".."`: {func(s *splitfme.Settings) { s.Flag = ".." }, analysis.Invalid},
	} {
		s := &standIn{flag: "new_checkout", header: "Authorization", key: "Bearer k3y"}
		_, err := open(t, settings(serve(t, s), c.change), config.Env{}).Perform(t.Context(), delivery())
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), says) || s.kills != 0 {
			t.Errorf("error %v, want %s, %q", err, c.kind, says)
		}
	}
}

func TestCheck(t *testing.T) {
	for field, change := range map[string]func(*splitfme.Settings){
		"api_url": func(s *splitfme.Settings) { s.APIURL = "" }, "key": func(s *splitfme.Settings) { s.Key = config.Secret{} },
		"key_header": func(s *splitfme.Settings) { s.KeyHeader = "basic" }, "workspace": func(s *splitfme.Settings) { s.Workspace = "" },
		"environment": func(s *splitfme.Settings) { s.Environment = "" }, "flag": func(s *splitfme.Settings) { s.Flag = "{{.X}}" },
		"tls.ca": func(s *splitfme.Settings) { s.TLS.CA = "/nowhere" },
	} {
		if p := settings("https://api.split.io", change).Check(); len(p) != 1 || p[0].Field != field {
			t.Errorf("problems %+v, want one at %s", p, field)
		}
	}
}
