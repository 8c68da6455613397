package grafana_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/grafana"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// annotation has the fields of Grafana's annotations API; anything else in a request is
// a mistake of ours.
type annotation struct {
	ID           int64    `json:"id"`
	DashboardUID string   `json:"dashboardUID"`
	Time         int64    `json:"time"`
	TimeEnd      int64    `json:"timeEnd"`
	Tags         []string `json:"tags"`
	Text         string   `json:"text"`
}

// standIn answers as Grafana does, by its API reference.
type standIn struct {
	*httptest.Server

	mu    sync.Mutex
	marks []*annotation
	calls []string
	lose  int
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method)
	status, answer := s.call(r)
	if s.lose > 0 {
		s.lose--
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

type object = map[string]any

func (s *standIn) call(r *http.Request) (int, any) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/annotations")
	if !ok {
		return 404, object{"message": "Not found"}
	}
	if r.Header.Get("Authorization") != "Bearer glsa_token" {
		return 401, object{"message": "Invalid API key", "messageId": "api-key.invalid", "statusCode": 401}
	}
	if r.Method == http.MethodGet {
		return 200, s.find(r.URL.Query()["tags"])
	}
	var m annotation
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil || r.Header.Get("Content-Type") != "application/json" || m.ID != 0 {
		return 400, object{"message": "bad request data"}
	}
	for _, tag := range m.Tags {
		if utf8.RuneCountInString(tag) > 100 {
			return 500, object{"message": "Failed to save annotation"}
		}
	}
	if m.TimeEnd != 0 && m.TimeEnd < m.Time {
		return 400, object{"message": "invalid time range"}
	}
	switch id, _ := strconv.ParseInt(strings.TrimPrefix(rest, "/"), 10, 64); {
	case r.Method == http.MethodPost && rest == "":
		if m.Text == "" || m.Time == 0 {
			return 400, object{"message": "text field should not be empty"}
		}
		m.ID = int64(len(s.marks) + 1)
		s.marks = append(s.marks, &m)
		return 200, object{"message": "Annotation added", "id": m.ID}
	case r.Method == http.MethodPatch && id > 0:
		for _, old := range s.marks {
			if old.ID == id {
				old.TimeEnd, old.Tags, old.Text = m.TimeEnd, m.Tags, m.Text
				return 200, object{"message": "Annotation patched"}
			}
		}
		return 404, object{"message": "Annotation not found"}
	}
	return 405, nil
}

// find returns the annotations that have all of the tags.
func (s *standIn) find(tags []string) []*annotation {
	out := []*annotation{}
	for _, m := range s.marks {
		if !slices.ContainsFunc(tags, func(t string) bool { return !slices.Contains(m.Tags, t) }) {
			out = append(out, m)
		}
	}
	return out
}

func settings(base string, change ...func(*grafana.Settings)) *grafana.Settings {
	s := grafana.New().(*grafana.Settings)
	s.URL, s.Token = base, config.NewSecret("glsa_token")
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *grafana.Settings) analysis.Action {
	t.Helper()
	a, err := s.Open(config.Env{Name: "marks"})
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

// TestExercise runs the suite of all actions.
func TestExercise(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			set := settings(s.Base)
			set.Token, set.Timeout = config.NewSecret(strings.Join(strings.Fields(s.Secret), " ")), analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				fmt.Fprint(w, "[]")
				return
			}
			fmt.Fprint(w, `{"message":"Annotation added","id":7}`)
		},
		Key: func(r *http.Request, _ []byte) string { return r.Header.Get("X-Haldane-Delivery") },
		Replies: []actiontest.Reply{
			{Name: "a wrong token", Want: analysis.Denied, Answer: says(401, `{"message":"Invalid API key","statusCode":401}`)},
			{Name: "no permission", Want: analysis.Denied, Answer: says(403, `{"message":"You'll need additional permissions to perform this action. Permissions needed: annotations:create"}`)},
			{Name: "a page", Want: analysis.Unavailable, Answer: says(200, "<html>log in</html>")},
			{Name: "nothing", Want: analysis.Unavailable, Answer: says(200, "")},
			{Name: "no id", Want: analysis.Unavailable, Answer: says(200, `{"message":"Annotation added"}`)},
		},
	})
}

// TestStory: one annotation a run, that grows and says how it stands.
func TestStory(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL, func(s *grafana.Settings) {
		s.Tags, s.DashboardUID = []string{"team:{{.Plan.Owner}}"}, "{{.Run.Service}}-dash"
	}))
	var earlier []analysis.Receipt
	for _, step := range []struct {
		event analysis.EventType
		title string
	}{
		{analysis.EventRunStarted, "analysis started"},
		{analysis.EventRunFailed, "failed, rolling back to 1.4.1"},
		{analysis.EventRollbackVerified, "recovered after the rollback to 1.4.1"},
	} {
		d := actiontest.About(1, step.event, nil, earlier...)
		earlier = append(earlier, actiontest.Done(t, a, d))
		m := s.marks[0]
		if len(s.marks) != 1 || m.Time != d.Event.Notice.Run.StartedAt.UnixMilli() || m.TimeEnd != d.Event.At.UnixMilli() || m.DashboardUID != "checkout-dash" ||
			!strings.HasPrefix(m.Text, "<b>checkout 1.4.2 in production: "+step.title+"</b><br>") {
			t.Errorf("%s: %d annotations, %+v", step.event, len(s.marks), m)
		}
	}
	want := []string{"environment:production", "haldane", "outcome:fail", "plan:checkout", "run:" + actiontest.Delivery(1).RunID, "service:checkout", "team:team-checkout", "version:1.4.2"}
	if !slices.Equal(s.marks[0].Tags, want) || !strings.Contains(s.marks[0].Text, `<a href="https://runbooks.example.com/checkout">Runbook</a>`) {
		t.Errorf("tags %q, text %s", s.marks[0].Tags, s.marks[0].Text)
	}
}

// TestRepeat: an answer that got lost makes no second annotation; one that somebody
// deleted is made anew.
func TestRepeat(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL))
	actiontest.Done(t, a, actiontest.Delivery(2))
	s.lose = 1
	d := actiontest.Delivery(1)
	if _, err := a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable {
		t.Fatalf("error %v, want unavailable", err)
	}
	d.Attempts = 2
	r := actiontest.Done(t, a, d)
	if len(s.marks) != 2 || r.Refs["annotation"] != "2" || strings.Join(s.calls, " ") != "POST POST GET PATCH" {
		t.Errorf("%d annotations, receipt %+v, after %v", len(s.marks), r, s.calls)
	}
	s.marks = nil
	if r := actiontest.Done(t, a, actiontest.About(1, analysis.EventRollbackVerified, nil, r)); len(s.marks) != 1 || r.Refs["annotation"] != "1" {
		t.Errorf("%d annotations, receipt %+v", len(s.marks), r)
	}
}

// TestTexts: whatever there is to say, Grafana takes it, and nothing in it is HTML.
func TestTexts(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL))
	for _, text := range append(actiontest.Long(), `<script>alert(1)</script><img src=x onerror="x">`) {
		for _, event := range actiontest.Told() {
			actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
		}
	}
	actiontest.Done(t, a, actiontest.Held(actiontest.About(1, analysis.EventHoldEngaged, nil), analysis.HoldManyServices))
	for _, m := range s.marks {
		if strings.Contains(m.Text, "<script") || strings.Contains(m.Text, "<img") || len(m.Text) > 60_000 {
			t.Errorf("text of %d bytes: %.300s", len(m.Text), m.Text)
		}
	}
}

// TestCheckAndSettings: the token is tried, and each mistake is found at its field.
func TestCheckAndSettings(t *testing.T) {
	s := newStandIn(t)
	if err := open(t, settings(s.URL)).(analysis.Checker).Check(t.Context()); err != nil || len(s.marks) != 0 {
		t.Errorf("check says %v", err)
	}
	const planted = "planted-Secret"
	wrong := settings(s.URL, func(s *grafana.Settings) { s.Token = config.NewSecret(planted) })
	if err := open(t, wrong).(analysis.Checker).Check(t.Context()); analysis.KindOf(err) != analysis.Denied {
		t.Errorf("check says %v, want denied", err)
	}
	for _, c := range []struct {
		field  string
		change func(*grafana.Settings)
	}{
		{"url", func(s *grafana.Settings) { s.URL = "grafana" }},
		{"token", func(s *grafana.Settings) { s.Token = config.Secret{} }},
		{"token", func(s *grafana.Settings) { s.Token = config.NewSecret(planted + "\n") }},
		{"tags[0]", func(s *grafana.Settings) { s.Tags = []string{"{{.Nowhere}}"} }},
		{"dashboard_uid", func(s *grafana.Settings) { s.DashboardUID = "{{" }},
		{"tls.ca", func(s *grafana.Settings) { s.TLS.CA = "/nowhere" }},
	} {
		set := settings(s.URL, c.change)
		got := set.Check()
		_, err := set.Open(config.Env{Name: "marks"})
		if len(got) != 1 || got[0].Field != c.field || err == nil || strings.Contains(fmt.Sprintf("%+v %v %+v", got, err, set), planted) {
			t.Errorf("problems %+v, error %v, want one at %s", got, err, c.field)
		}
	}
	if set := settings(s.URL); set.ChangesWorld() || !set.Threads() {
		t.Error("it tells people, and goes on with the rollback")
	}
}
