package jira_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/jira"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func settings(base string, change ...func(*jira.Settings)) *jira.Settings {
	s := jira.New().(*jira.Settings)
	s.URL, s.Email, s.Token, s.Project = base, "haldane@example.com", config.NewSecret("t0ken"), "OPS"
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *jira.Settings) analysis.Action {
	t.Helper()
	a, err := s.Open(config.Env{Name: "issues"})
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

// TestExercise runs the suite of all actions. Each attempt begins with a search, which
// is what carries the delivery's id outside of a document.
func TestExercise(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			set := settings(s.Base)
			set.Token, set.Timeout = config.NewSecret(s.Secret), analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/mypermissions"):
				fmt.Fprint(w, `{"permissions":{"CREATE_ISSUES":{"havePermission":true}}}`)
			case strings.HasSuffix(r.URL.Path, "/search/jql"):
				fmt.Fprint(w, `{"issues":[],"isLast":true}`)
			default:
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, `{"id":"1","key":"OPS-1"}`)
			}
		},
		Key: func(r *http.Request, _ []byte) string { return r.Header.Get("X-Haldane-Delivery") },
		Replies: []actiontest.Reply{
			{Name: "a wrong token", Want: analysis.Denied, Answer: says(401, `{"errorMessages":["Client must be authenticated to access this resource."]}`)},
			{Name: "a wrong search", Want: analysis.Invalid, Answer: says(400, `{"errorMessages":["The value 'OPS' does not exist for the field 'project'."]}`)},
			{Name: "a key that is none", Want: analysis.Unavailable, Answer: says(200, `{"issues":[{"key":"../../x"}]}`)},
			{Name: "no key", Want: analysis.Unavailable, Answer: says(200, `{}`)},
			{Name: "a page", Want: analysis.Unavailable, Answer: says(200, "<html>log in</html>")},
		},
	})
}

// TestStory: one issue for a service, with comments; a run that passes needs none.
func TestStory(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL, func(s *jira.Settings) {
		s.Labels, s.Priority = []string{"team {{.Plan.Owner}}"}, map[string]string{"critical": "Highest"}
	}))
	started := actiontest.Done(t, a, actiontest.About(1, analysis.EventRunStarted, nil))
	if len(s.calls) != 0 || started.Text != "no issue is needed" {
		t.Errorf("calls %v, receipt %+v", s.calls, started)
	}
	failed := actiontest.Done(t, a, actiontest.About(1, analysis.EventRunFailed, nil, started))
	i := s.issues[0]
	if i.summary != "checkout 1.4.2 in production: failed, rolling back to 1.4.1" || strings.Join(i.labels, " ") != "haldane haldane-checkout-production team_team-checkout" ||
		i.priority != "Highest" || failed.Refs["issue"] != "OPS-1" || failed.Text != "made OPS-1" {
		t.Errorf("issue %+v, receipt %+v", i, failed)
	}
	for _, want := range []string{"errors rose from 0.1 % to 5 %.", "Next: Wait", "errors (critical): ", "Runbook", actiontest.About(1, analysis.EventRunFailed, nil).ID} {
		if !strings.Contains(i.description.all(), want) {
			t.Errorf("no %q in %s", want, i.description.all())
		}
	}
	actiontest.Done(t, a, actiontest.About(1, analysis.EventRollbackVerified, nil, started, failed))
	actiontest.Done(t, a, actiontest.About(2, analysis.EventRunFailed, nil)) // another release of the same service
	if len(s.issues) != 1 || len(i.comments) != 2 {
		t.Errorf("%d issues, %d comments; want 1 and 2", len(s.issues), len(i.comments))
	}
	i.done = true
	actiontest.Done(t, a, actiontest.About(3, analysis.EventRunFailed, nil))
	actiontest.Done(t, a, actiontest.About(4, analysis.EventRunFailed, func(n *analysis.Notice) { n.Run.Service = "search" }))
	if len(s.issues) != 3 {
		t.Errorf("%d issues, want one more after the first was done, and one of another service", len(s.issues))
	}
}

// TestRepeat: an answer that got lost makes neither a second issue nor a second comment.
func TestRepeat(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL))
	var earlier []analysis.Receipt
	for _, step := range []struct {
		event analysis.EventType
		lose  string
	}{{analysis.EventRunFailed, "/issue"}, {analysis.EventRollbackVerified, "/issue/OPS-1/comment"}} {
		d := actiontest.About(1, step.event, nil, earlier...)
		s.lose = step.lose
		if _, err := a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable {
			t.Fatalf("%s: error %v, want unavailable", step.event, err)
		}
		d.Attempts = 2
		r := actiontest.Done(t, a, d)
		if r.Text != "told in OPS-1 before" || r.Refs["issue"] != "OPS-1" {
			t.Errorf("%s: receipt %+v", step.event, r)
		}
		earlier = append(earlier, r)
	}
	other := actiontest.About(2, analysis.EventRunFailed, nil)
	s.lose = "/issue/OPS-1/comment"
	_, _ = a.Perform(t.Context(), other)
	other.Attempts = 2
	actiontest.Done(t, a, other)
	if len(s.issues) != 1 || len(s.issues[0].comments) != 2 {
		t.Errorf("%d issues, %d comments; want 1 and 2", len(s.issues), len(s.issues[0].comments))
	}
}

// TestTexts: whatever there is to say, Jira takes it.
func TestTexts(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL))
	for _, text := range append(actiontest.Long(), `" OR project != "x`) {
		for _, event := range actiontest.Told() {
			first := actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
			d := actiontest.Verbose(event, text, 60)
			d.Earlier = []analysis.Receipt{first}
			actiontest.Done(t, a, d)
		}
	}
	actiontest.Done(t, a, actiontest.Held(actiontest.About(1, analysis.EventHoldEngaged, nil), analysis.HoldManyServices))
}

// TestWords: Jira's reasons are in the error, also those of single fields.
func TestWords(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL, func(s *jira.Settings) { s.Project, s.IssueType = "{{.Plan.Labels.project}}", "Incident" }))
	_, err := a.Perform(t.Context(), actiontest.About(1, analysis.EventRunFailed, func(n *analysis.Notice) { n.Plan.Labels = map[string]string{"project": "NONE"} }))
	if want := ": answered HTTP 400 Bad Request: project: valid project is required; issuetype: Specify a valid issue type"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	_, err = a.Perform(t.Context(), actiontest.About(1, analysis.EventRunFailed, func(n *analysis.Notice) { n.Plan.Labels = map[string]string{"project": `X" OR "1`} }))
	if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "not the key of a project") {
		t.Errorf("error %v, want that it is no key", err)
	}
}

// TestCheck: the account is let in, and may make issues.
func TestCheck(t *testing.T) {
	s := newStandIn(t)
	check := func(change ...func(*jira.Settings)) error {
		return open(t, settings(s.URL, change...)).(analysis.Checker).Check(t.Context())
	}
	template := func(s *jira.Settings) { s.Project = "{{.Plan.Labels.project}}" }
	if err := check(); err != nil {
		t.Error(err)
	}
	if err := check(template); err != nil {
		t.Error(err)
	}
	if err := check(func(s *jira.Settings) { s.Token = config.NewSecret("wrong") }); analysis.KindOf(err) != analysis.Denied {
		t.Errorf("a wrong token: %v", err)
	}
	s.refuse = true
	if err := check(); analysis.KindOf(err) != analysis.Denied || !strings.Contains(err.Error(), "Create Issues") {
		t.Errorf("no permission: %v", err)
	}
}

// TestSettings: each mistake is found, said at its field, and tells no secret.
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		field  string
		change func(*jira.Settings)
	}{
		{"url", func(s *jira.Settings) { s.URL = "acme" }},
		{"email", func(s *jira.Settings) { s.Email = "" }},
		{"token", func(s *jira.Settings) { s.Token = config.Secret{} }},
		{"project", func(s *jira.Settings) { s.Project = "" }},
		{"project", func(s *jira.Settings) { s.Project = "ops team" }},
		{"issue_type", func(s *jira.Settings) { s.IssueType = "" }},
		{"labels[0]", func(s *jira.Settings) { s.Labels = []string{"{{.Nowhere}}"} }},
		{"tls.ca", func(s *jira.Settings) { s.TLS.CA = "/nowhere" }},
	} {
		s := settings("https://acme.atlassian.net", c.change)
		got := s.Check()
		_, err := s.Open(config.Env{Name: "issues"})
		if len(got) != 1 || got[0].Field != c.field || err == nil || strings.Contains(fmt.Sprintf("%+v %v %+v", got, err, s), "t0ken") {
			t.Errorf("problems %+v, error %v, want one at %s", got, err, c.field)
		}
	}
	if s := settings("https://acme.atlassian.net"); s.ChangesWorld() || !s.Threads() {
		t.Error("it tells people, and what comes later")
	}
}
