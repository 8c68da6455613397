package github_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/github"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

type object = map[string]any

// standIn answers as GitHub's REST API does.
type standIn struct {
	token  string
	server bool // an Enterprise Server that does not say which run it started
	inputs []string
	runs   []object

	mu   sync.Mutex
	seen []string
}

func newStandIn() *standIn { return &standIn{token: "t0ken", inputs: []string{"version", "delivery"}} }

func fail(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"message": text, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(code)})
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodPost {
		s.seen = append(s.seen, r.URL.Path+" "+string(body))
	}
	in := object{}
	switch {
	case r.Header.Get("User-Agent") == "":
		fail(w, 403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
	case s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		fail(w, 401, "Bad credentials")
	case r.Header.Get("X-GitHub-Api-Version") != "2022-11-28" || r.Header.Get("Accept") != "application/vnd.github+json":
		fail(w, 400, "unsupported version of the API")
	case r.Method == http.MethodPost && (r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil):
		fail(w, 400, "Problems parsing JSON")
	default:
		s.answer(w, r, in)
	}
}

func (s *standIn) answer(w http.ResponseWriter, r *http.Request, in object) {
	const repo = "/repos/shop/checkout"
	switch r.Method + " " + r.URL.Path {
	case "GET /rate_limit":
		_ = json.NewEncoder(w).Encode(object{"rate": object{"remaining": 5000}})
	case "POST " + repo + "/actions/workflows/rollback.yml/dispatches":
		s.dispatch(w, in)
	case "GET " + repo + "/actions/workflows/rollback.yml/runs":
		at, ok := strings.CutPrefix(r.URL.Query().Get("created"), ">=")
		if _, err := time.Parse(time.RFC3339, at); err != nil || !ok || r.URL.Query().Get("event") != "workflow_dispatch" {
			fail(w, 422, "Validation Failed")
			return
		}
		runs := s.runs
		if runs == nil {
			runs = []object{}
		}
		_ = json.NewEncoder(w).Encode(object{"total_count": len(runs), "workflow_runs": runs})
	case "POST " + repo + "/deployments/77/statuses":
		if d, _ := in["description"].(string); len([]rune(d)) > 140 {
			fail(w, 422, "description is too long (maximum is 140 characters)")
			return
		}
		if !slices.Contains([]string{"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}, fmt.Sprint(in["state"])) {
			fail(w, 422, "state is not included in the list")
			return
		}
		w.WriteHeader(201)
		_ = json.NewEncoder(w).Encode(object{"id": 1, "state": in["state"]})
	default:
		for _, run := range s.runs {
			if r.Method == http.MethodGet && r.URL.Path == fmt.Sprintf("%s/actions/runs/%v", repo, run["id"]) {
				_ = json.NewEncoder(w).Encode(run)
				return
			}
		}
		fail(w, 404, "Not Found")
	}
}

func (s *standIn) dispatch(w http.ResponseWriter, in object) {
	if in["ref"] != "main" {
		fail(w, 422, "No ref found for: "+fmt.Sprint(in["ref"]))
		return
	}
	inputs, _ := in["inputs"].(object)
	for name := range inputs {
		if !slices.Contains(s.inputs, name) {
			fail(w, 422, fmt.Sprintf("Unexpected inputs provided: [%q]", name))
			return
		}
	}
	id := 30433642000 + len(s.runs)
	s.runs = append(s.runs, object{
		"id": id, "name": "rollback", "display_title": strings.TrimSpace("rollback " + fmt.Sprint(inputs["delivery"])),
		"status": "queued", "conclusion": nil, "event": "workflow_dispatch",
	})
	if s.server || in["return_run_details"] != true {
		w.WriteHeader(204)
		return
	}
	_ = json.NewEncoder(w).Encode(object{"workflow_run_id": id, "run_url": "https://api.github.com/x", "html_url": "https://github.com/x"})
}

func (s *standIn) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

type change = func(*github.Settings)

func settings(base string, changes ...change) *github.Settings {
	s := github.New().(*github.Settings)
	s.APIURL, s.Token, s.Owner, s.Repository, s.Workflow = base, config.NewSecret("t0ken"), "shop", "{{.Run.Service}}", "rollback.yml"
	for _, c := range changes {
		c(s)
	}
	return s
}

func open(t *testing.T, s *github.Settings) analysis.Action {
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

func titled(s *github.Settings) {
	s.Inputs = map[string]string{"version": "{{.Rollback.To}}", "delivery": "{{.DeliveryID}}"}
}

func tells(s *github.Settings) { s.Action, s.Deployment = "deployment_status", "77" }

func answers(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestExercise(t *testing.T) {
	kit := func(with change) actiontest.Kit {
		return actiontest.Kit{
			Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
				g := settings(s.Base, with)
				g.Timeout, g.Token = analysis.Duration(s.Timeout), config.NewSecret(strings.Join(strings.Fields(s.Secret), " "))
				a, err := g.Open(s.Env)
				if err != nil {
					t.Fatal(err)
				}
				return a
			},
			Accept: func(w http.ResponseWriter, r *http.Request) {
				s := newStandIn()
				s.token = ""
				s.ServeHTTP(w, r)
			},
			Key: func(r *http.Request, _ []byte) string {
				return cmp.Or(r.Header.Get("X-Haldane-Delivery"), r.Header.Get("Idempotency-Key"))
			},
			Replies: []actiontest.Reply{
				{Name: "rate limit as 403", Want: analysis.Limited, RetryAfter: 60 * time.Second, Answer: func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", "60")
					fail(w, 403, "You have exceeded a secondary rate limit")
				}},
				{Name: "used up, long ago", Want: analysis.Limited, Answer: func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("X-RateLimit-Remaining", "0")
					w.Header().Set("X-RateLimit-Reset", "1700000000")
					fail(w, 403, "API rate limit exceeded")
				}},
				{Name: "no permission", Want: analysis.Denied, Answer: func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("X-RateLimit-Remaining", "4999")
					fail(w, 403, "Resource not accessible by integration")
				}},
			},
		}
	}
	t.Run("deployment_status", func(t *testing.T) { actiontest.Exercise(t, kit(tells)) })
	t.Run("dispatch", func(t *testing.T) {
		k := kit(titled)
		k.Following = &actiontest.Following{
			Going:  answers(`{"id": 30433642000, "status": "in_progress", "conclusion": null}`),
			Done:   answers(`{"id": 30433642000, "status": "completed", "conclusion": "success"}`),
			Failed: answers(`{"id": 30433642000, "status": "completed", "conclusion": "failure"}`),
		}
		actiontest.Exercise(t, k)
	})
}

// TestRequests looks at what is sent.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		with change
		want string
	}{
		"dispatch": {func(*github.Settings) {}, `/repos/shop/checkout/actions/workflows/rollback.yml/dispatches {"inputs":{"version":"1.4.1"},"ref":"main","return_run_details":true}`},
		"status": {tells, `/repos/shop/checkout/deployments/77/statuses {"state":"failure","description":"checkout 1.4.2 in production failed: rolling back to 1.4.1",` +
			`"log_url":"https://haldane.example.com/runs/1","auto_inactive":false}`},
	} {
		s := newStandIn()
		r, err := open(t, settings(s.serve(t), c.with)).Perform(t.Context(), actiontest.Delivery(1))
		if err != nil || r.Done == (name == "dispatch") {
			t.Errorf("%s: receipt %+v, error %v", name, r, err)
		}
		if got := s.seen; len(got) != 1 || name == "dispatch" && got[0] != c.want || !strings.HasPrefix(got[0], c.want[:60]) {
			t.Errorf("%s: requests\n%s\nwant\n%s", name, strings.Join(got, "\n"), c.want)
		}
	}
}

// TestRepeat: the reply to the first attempt was lost.
func TestRepeat(t *testing.T) {
	s := newStandIn()
	a, d := open(t, settings(s.serve(t), titled)), actiontest.Delivery(1)
	first, err := a.Perform(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	d.Attempts = 2
	second, err := a.Perform(t.Context(), d)
	if err != nil || first.Refs["run"] != second.Refs["run"] || len(s.seen) != 1 {
		t.Errorf("receipt %+v, error %v, %d dispatches; want the first run %s recognised", second, err, len(s.seen), first.Refs["run"])
	}
	d = actiontest.Delivery(2)
	d.Attempts = 2
	if _, err = a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Conflict || len(s.seen) != 1 {
		t.Errorf("another's run: error %v, %d dispatches; want it refused", err, len(s.seen))
	}
}

// TestFollow goes through the states, on GitHub and on a server that does not say
// which run it started.
func TestFollow(t *testing.T) {
	for _, server := range []bool{false, true} {
		s := newStandIn()
		s.server = server
		a, d := open(t, settings(s.serve(t), titled)), actiontest.Delivery(1)
		r, err := a.Perform(t.Context(), d)
		if err != nil || (r.Refs["run"] == "") != server {
			t.Fatalf("server %v: receipt %+v, error %v", server, r, err)
		}
		if server {
			if r, err = a.(analysis.Follower).Follow(t.Context(), d, r); err != nil || r.Refs["run"] != "30433642000" {
				t.Fatalf("receipt %+v, error %v, want the run found", r, err)
			}
		}
		for _, c := range []struct {
			status, conclusion, text string
			done                     bool
		}{
			{"queued", "", "is queued", false},
			{"waiting", "", "waits for an approval", false},
			{"completed", "cancelled", "ended: cancelled", false},
			{"completed", "timed_out", "ended: timed_out", false},
			{"completed", "success", "succeeded", true},
		} {
			s.runs[0]["status"], s.runs[0]["conclusion"] = c.status, c.conclusion
			got, err := a.(analysis.Follower).Follow(t.Context(), d, r)
			text := got.Text
			if err != nil {
				text = err.Error()
			}
			if !strings.Contains(text, c.text) || err == nil && got.Done != c.done {
				t.Errorf("%s %s: receipt %+v, error %v", c.status, c.conclusion, got, err)
			}
		}
	}
}

// TestFind: on such a server, a run that nobody can tell apart is not guessed.
func TestFind(t *testing.T) {
	for n, want := range map[int]string{0: "looking for the run", 1: "run 1: found", 2: "2 runs were started"} {
		s := newStandIn()
		for i := range n {
			s.runs = append(s.runs, object{"id": i + 1, "status": "queued"})
		}
		r, err := open(t, settings(s.serve(t))).(analysis.Follower).Follow(t.Context(), actiontest.Delivery(1), analysis.Receipt{})
		if text := fmt.Sprint(r.Text, err); !strings.Contains(text, want) {
			t.Errorf("%d runs: %s, want %q", n, text, want)
		}
	}
}

// TestStates: what events mean for a deployment.
func TestStates(t *testing.T) {
	for event, want := range map[analysis.EventType]string{
		analysis.EventRunStarted: "in_progress", analysis.EventRunPassed: "success", analysis.EventRunInconclusive: "error",
		analysis.EventRollbackVerified: "inactive", analysis.EventHoldEngaged: "nothing",
	} {
		s, d := newStandIn(), actiontest.Delivery(1)
		d.Event.Type = event
		r, err := open(t, settings(s.serve(t), tells)).Perform(t.Context(), d)
		if err != nil || !r.Done || !strings.Contains(r.Text, want) {
			t.Errorf("%s: receipt %+v, error %v, want %s", event, r, err, want)
		}
	}
}

// TestRefusals are GitHub's, in its words.
func TestRefusals(t *testing.T) {
	for says, c := range map[string]struct {
		with change
		kind analysis.Kind
	}{
		"Bad credentials":    {func(s *github.Settings) { s.Token = config.NewSecret("other") }, analysis.Denied},
		"Not Found":          {func(s *github.Settings) { s.Workflow = "deploy.yml" }, analysis.NotFound},
		"Unexpected inputs":  {func(s *github.Settings) { s.Inputs = map[string]string{"to": "{{.Rollback.To}}"} }, analysis.Invalid},
		"No ref found":       {func(s *github.Settings) { s.Ref = "trunk" }, analysis.Invalid},
		"inputs.x: the temp": {func(s *github.Settings) { s.Inputs = map[string]string{"x": "{{.Run.ReleaseID}}"} }, analysis.Invalid},
	} {
		_, err := open(t, settings(newStandIn().serve(t), c.with)).Perform(t.Context(), actiontest.Delivery(1))
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %s, %q", err, c.kind, says)
		}
	}
}

func TestCheck(t *testing.T) {
	many := map[string]string{}
	for i := range 26 {
		many[fmt.Sprint("i", i)] = "x"
	}
	for field, with := range map[string]change{
		"api_url": func(s *github.Settings) { s.APIURL = "api.github.com" }, "token": func(s *github.Settings) { s.Token = config.Secret{} },
		"owner": func(s *github.Settings) { s.Owner = "" }, "repository": func(s *github.Settings) { s.Repository = "{{.X}}" },
		"workflow": func(s *github.Settings) { s.Workflow = "" }, "ref": func(s *github.Settings) { s.Ref = "" },
		"inputs": func(s *github.Settings) { s.Inputs = many }, "inputs.a": func(s *github.Settings) { s.Inputs = map[string]string{"a": "{{"} },
		"action": func(s *github.Settings) { s.Action = "revert" }, "deployment": func(s *github.Settings) { tells(s); s.Deployment = "" },
		"deadline": func(s *github.Settings) { s.Deadline = -1 }, "tls.ca": func(s *github.Settings) { s.TLS.CA = "/nowhere" },
	} {
		if p := settings("https://api.github.com", with).Check(); len(p) != 1 || p[0].Field != field {
			t.Errorf("problems %+v, want one at %s", p, field)
		}
	}
	d, s := settings("https://h"), settings("https://h", tells)
	if d.Limit() != 0 || !d.ChangesWorld() || s.ChangesWorld() || d.FollowFor() == 0 || s.FollowFor() != 0 {
		t.Error("dispatch changes the world and is followed, deployment_status does neither")
	}
}
