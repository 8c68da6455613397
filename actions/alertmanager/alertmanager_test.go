package alertmanager_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/alertmanager"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// settings returns sound settings for addresses.
func settings(urls ...string) *alertmanager.Settings {
	s := alertmanager.New().(*alertmanager.Settings)
	s.URLs = urls
	return s
}

func open(t *testing.T, s *alertmanager.Settings) analysis.Action {
	t.Helper()
	a, err := s.Open(config.Env{Name: "alerts"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func again(t *testing.T, a analysis.Action, r analysis.Receipt) analysis.Receipt {
	t.Helper()
	r, err := a.(analysis.Follower).Follow(t.Context(), actiontest.Delivery(1), r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ways are the ways to sign in.
func ways() map[string]func(*alertmanager.Settings, string) {
	line := func(s string) config.Secret { return config.NewSecret(strings.Join(strings.Fields(s), " ")) }
	return map[string]func(*alertmanager.Settings, string){
		"basic auth": func(a *alertmanager.Settings, s string) {
			a.BasicAuth = &alertmanager.BasicAuth{Username: "haldane", Password: config.NewSecret(s)}
		},
		"bearer token": func(a *alertmanager.Settings, s string) { a.BearerToken = line(s) },
		"a header":     func(a *alertmanager.Settings, s string) { a.Headers = map[string]config.Secret{"X-Api-Key": line(s)} },
	}
}

func accept(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/am/api/v2/status" {
		fmt.Fprint(w, `{"cluster":{"status":"ready"},"versionInfo":{"version":"0.25.0"},"uptime":"2026-03-04T03:00:00Z"}`)
	}
}

func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// TestExercise runs the suite of all actions over each way to sign in.
func TestExercise(t *testing.T) {
	for name, with := range ways() {
		t.Run(name, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					set := settings(s.Base + "/am")
					set.Timeout = analysis.Duration(s.Timeout)
					with(set, s.Secret)
					a, err := set.Open(s.Env)
					if err != nil {
						t.Fatal(err)
					}
					return a
				},
				Accept: accept,
				Key: func(_ *http.Request, body []byte) string {
					var list []alert
					_ = json.Unmarshal(body, &list)
					if len(list) == 0 {
						return ""
					}
					return list[0].Annotations["delivery_id"]
				},
				Replies: []actiontest.Reply{
					{Name: "a bad alert", Want: analysis.Invalid, Answer: says(400, `"invalid label set: invalid name \"a b\""`)},
					{Name: "its own trouble", Want: analysis.Unavailable, Answer: says(500, `"no space left"`)},
					{Name: "a page", Want: analysis.Unavailable, Answer: says(200, "<html>log in</html>")},
				},
			})
		})
	}
}

// TestAlert looks at the alert of a failed release as a whole.
func TestAlert(t *testing.T) {
	s := newStandIn(t)
	set := settings(s.URL + "/am")
	set.Labels = map[string]string{"team": "{{.Plan.Owner}}", "release": "{{.Run.Variables.nowhere}}"}
	d := actiontest.About(1, analysis.EventRunFailed, func(n *analysis.Notice) {
		n.Plan.Labels = map[string]string{"tier": "1", "a.b/c": "x", "2nd": "y", "__name__": "z", "severity": "none", "empty": ""}
	})
	before := time.Now()
	r := actiontest.Done(t, open(t, set), d)
	got := s.got()[0][0]
	want := map[string]string{
		"alertname": "HaldaneReleaseFailed", "service": "checkout", "environment": "production", "plan": "checkout",
		"severity": "critical", "team": "team-checkout", "tier": "1", "a_b_c": "x", "label_2nd": "y", "label___name__": "z",
	}
	if !reflect.DeepEqual(got.Labels, want) {
		t.Errorf("labels %v, want %v", got.Labels, want)
	}
	if got.Annotations["summary"] != "checkout 1.4.2 in production: failed, rolling back to 1.4.1" ||
		got.Annotations["runbook_url"] != "https://runbooks.example.com/checkout" || got.GeneratorURL != "https://haldane.example.com/runs/1" ||
		!strings.HasPrefix(got.Annotations["description"], "errors rose from 0.1 % to 5 %.\nHaldane is sending the rollback to 1.4.1.\n") ||
		!strings.Contains(got.Annotations["description"], "\n- errors (critical): errors rose") {
		t.Errorf("annotations %v, link %s", got.Annotations, got.GeneratorURL)
	}
	if !got.StartsAt.Equal(d.Event.At) || got.EndsAt.Sub(before) < 4*time.Minute || got.EndsAt.Sub(before) > 6*time.Minute {
		t.Errorf("from %v to %v", got.StartsAt, got.EndsAt)
	}
	if r.Done || r.Again != time.Minute || r.Text != "1 alive, taken by 1 of 1" {
		t.Errorf("receipt %+v", r)
	}
}

// TestTexts: whatever there is to say, it is an alert that Alertmanager takes, and a
// receipt that is not too large to keep.
func TestTexts(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL+"/am"))
	for _, text := range actiontest.Long() {
		for _, event := range actiontest.Told() {
			r := actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
			if n := len(r.Refs["alive"]); n > 64<<10 {
				t.Errorf("%s: the receipt keeps %d bytes", event, n)
			}
		}
	}
	empty := actiontest.Delivery(1)
	empty.Event = analysis.Event{ID: "e", Type: analysis.EventRunFailed, At: empty.Event.At}
	actiontest.Done(t, a, empty)
}

// TestSettings: each mistake is found, said at its field, and tells no secret.
func TestSettings(t *testing.T) {
	const planted = "planted-Secret"
	secret := config.NewSecret(planted)
	for _, c := range []struct {
		field  string
		change func(*alertmanager.Settings)
	}{
		{"urls", func(s *alertmanager.Settings) { s.URLs = nil }},
		{"urls[1]", func(s *alertmanager.Settings) { s.URLs = append(s.URLs, "alertmanager:9093") }},
		{"urls[1]", func(s *alertmanager.Settings) { s.URLs = append(s.URLs, s.URLs[0]) }},
		{"urls[0]", func(s *alertmanager.Settings) { s.URLs[0] = "http://u:" + planted + "@am" }},
		{"labels.severity", func(s *alertmanager.Settings) { s.Labels = map[string]string{"severity": "page"} }},
		{"labels.a-b", func(s *alertmanager.Settings) { s.Labels = map[string]string{"a-b": "page"} }},
		{"labels.team", func(s *alertmanager.Settings) { s.Labels = map[string]string{"team": "{{.Nowhere}}"} }},
		{"keep", func(s *alertmanager.Settings) { s.Keep = -1 }},
		{"resend", func(s *alertmanager.Settings) { s.Resend = analysis.Duration(time.Second) }},
		{"basic_auth.username", func(s *alertmanager.Settings) { s.BasicAuth = &alertmanager.BasicAuth{Password: secret} }},
		{"bearer_token", func(s *alertmanager.Settings) { s.BearerToken = config.NewSecret(planted + "\n") }},
		{"bearer_token", func(s *alertmanager.Settings) {
			s.BearerToken, s.Headers = secret, map[string]config.Secret{"authorization": secret}
		}},
		{"headers.a b", func(s *alertmanager.Settings) { s.Headers = map[string]config.Secret{"a b": secret} }},
		{"tls.ca", func(s *alertmanager.Settings) { s.TLS.CA = "/nowhere" }},
		{"tls.key", func(s *alertmanager.Settings) { s.TLS.Cert = "/nowhere" }},
	} {
		s := settings("http://am:9093")
		c.change(s)
		got := s.Check()
		if len(got) != 1 || got[0].Field != c.field {
			t.Errorf("problems %+v, want one at %s", got, c.field)
		}
		_, err := s.Open(config.Env{Name: "alerts"})
		if err == nil {
			t.Errorf("%s: it can be opened all the same", c.field)
		}
		if out := fmt.Sprintf("%+v %v", got, err); strings.Contains(out, planted) {
			t.Errorf("a secret got out: %s", out)
		}
	}
	if s := settings("http://am"); s.ChangesWorld() || !s.Threads() || s.FollowFor().Std() != time.Hour {
		t.Error("it tells people, keeps a thread, and sends again for an hour")
	}
}
