package webhook_test

import (
	"encoding/json"
	"fmt"
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

// polled are the conditions of the tests.
func polled(change ...func(*webhook.Poll)) *webhook.Poll {
	p := &webhook.Poll{Done: `body?.status == "succeeded"`, Failed: `body?.status == "failed"`, Progress: "body?.progress"}
	for _, c := range change {
		c(p)
	}
	return p
}

func answers(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// TestExerciseFollowed is the whole list for a webhook that is followed, by each way of
// finding the address, with each kind of credentials.
func TestExerciseFollowed(t *testing.T) {
	oneLine := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	accept := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path+"/runs/5?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": 1234567890, "status": "queued", "poll": r.URL.String()})
	}
	for name, with := range map[string]func(*webhook.Settings, actiontest.Setup){
		"location header, bearer token": func(w *webhook.Settings, s actiontest.Setup) {
			w.BearerToken = config.NewSecret(oneLine(s.Secret))
		},
		"location header, token in path and query": func(w *webhook.Settings, s actiontest.Setup) {
			w.URL = config.NewSecret(s.Base + "/hooks/" + url.PathEscape(s.Secret) + "/{{.Run.Service}}?key=" + url.QueryEscape(s.Secret))
		},
		"from the reply, basic auth": func(w *webhook.Settings, s actiontest.Setup) {
			w.BasicAuth = &webhook.BasicAuth{Username: "haldane", Password: config.NewSecret(s.Secret)}
			w.Poll.Location = `"/runs/" + string(body?.id)`
		},
		"fixed address with a token": func(w *webhook.Settings, s actiontest.Setup) {
			w.Poll.URL = config.NewSecret(s.Base + "/state/{{.Run.Service}}?key=" + url.QueryEscape(s.Secret))
			w.Headers = map[string]config.Secret{"X-Api-Key": config.NewSecret(oneLine(s.Secret))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					w := settings(s.Base+"/rollback", func(w *webhook.Settings) { w.Poll = polled() })
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
				Accept: accept,
				Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
				Following: &actiontest.Following{
					Going: answers(`{"status": "running", "progress": 0.5}`), Done: answers(`{"status": "succeeded"}`),
					Failed: answers(`{"status": "failed"}`),
				},
			})
		})
	}
}

// deployTool is the other side: it answers by path, and keeps what it was asked.
type deployTool struct {
	*httptest.Server

	answers map[string]string
	asked   []*http.Request
}

func newDeployTool(t *testing.T, answers map[string]string) *deployTool {
	t.Helper()
	d := &deployTool{answers: answers}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked = append(d.asked, r)
		text, ok := d.answers[r.Method+" "+r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		header, body, _ := strings.Cut(text, "\n")
		if header != "" {
			w.Header().Set("Location", header)
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(d.Close)
	return d
}

// start performs a delivery and returns how to ask on.
func start(t *testing.T, s *webhook.Settings) (r analysis.Receipt, ask func() error) {
	t.Helper()
	a, d := open(t, s), actiontest.Delivery(1)
	r, err := a.Perform(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r, func() error {
		var err error
		r, err = a.(analysis.Follower).Follow(t.Context(), d, r)
		if r.Done {
			return fmt.Errorf("done: %s", r.Text)
		}
		return err
	}
}

// TestFollowQueue follows a queue's entry to the build that it becomes, as Jenkins has
// them, with ids that are larger than a float prints whole.
func TestFollowQueue(t *testing.T) {
	tool := newDeployTool(t, map[string]string{
		"POST /job":             "/queue/item/1234567890/\n",
		"GET /queue/1234567890": "\n" + `{"executable": null}`,
	})
	s := settings(tool.URL+"/job", func(s *webhook.Settings) {
		s.BearerToken = config.NewSecret("t0ken")
		s.Poll = polled(func(p *webhook.Poll) {
			p.Location = `"/queue/" + split(headers.location, "/")[3]`
			p.Next = `body?.executable?.url`
			p.Every = analysis.Duration(9 * time.Second)
		})
	})
	r, ask := start(t, s)
	if want := tool.URL + "/queue/1234567890"; r.Refs["poll"] != want || r.Done {
		t.Fatalf("receipt %+v, want %s to be asked", r, want)
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	tool.answers["GET /queue/1234567890"] = "\n" + `{"executable": {"number": 7, "url": "` + tool.URL + `/build/7"}}`
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	tool.answers["GET /build/7"] = "\n" + `{"status": "succeeded", "progress": "7 of 7"}`
	if err := ask(); err == nil || err.Error() != "done: done: 7 of 7" {
		t.Errorf("after the end: %v", err)
	}
	for _, r := range tool.asked[1:] {
		if r.Header.Get("Authorization") != "Bearer t0ken" || r.Header.Get("Idempotency-Key") != "" {
			t.Errorf("GET %s had the headers %v", r.URL.Path, r.Header)
		}
	}
}

// TestFollowElsewhere: credentials stay with the host that they are for.
func TestFollowElsewhere(t *testing.T) {
	other := newDeployTool(t, map[string]string{"GET /runs/5": "\n" + `{"status": "succeeded"}`})
	tool := newDeployTool(t, map[string]string{"POST /job": other.URL + "/runs/5\n"})
	s := settings(tool.URL+"/job", func(s *webhook.Settings) {
		s.BearerToken, s.Headers = config.NewSecret("t0ken"), map[string]config.Secret{"X-Key": config.NewSecret("k3y")}
		s.Poll = polled()
	})
	r, ask := start(t, s)
	if err := ask(); analysis.KindOf(err) != analysis.Invalid || !strings.Contains(r.Text, "another host") || len(other.asked) != 0 {
		t.Errorf("not listed: receipt %q, error %v, %d requests", r.Text, err, len(other.asked))
	}
	s.Poll.Hosts = []string{strings.TrimPrefix(other.URL, "http://")}
	if _, ask = start(t, s); ask() == nil {
		t.Error("not done")
	}
	if len(other.asked) != 1 || other.asked[0].Header.Get("Authorization") != "" || other.asked[0].Header.Get("X-Key") != "" {
		t.Errorf("the other host got %d requests, the first with %v", len(other.asked), other.asked[0].Header)
	}
}

// TestFollowAddresses: what a reply may name, and what not.
func TestFollowAddresses(t *testing.T) {
	for location, want := range map[string]string{
		"/runs/5": "/runs/5", "runs/5": "/runs/5", "?run=5": "/job?run=5", "/runs/5#top": "/runs/5",
		"": "names no address", "ftp://x/": "another host", "//other.example.com/": "another host", "http://user:pw@HOST/": "another host",
		"http://%zz/": "not a URL",
	} {
		tool := newDeployTool(t, map[string]string{})
		tool.answers["POST /job"] = strings.ReplaceAll(location, "HOST", strings.TrimPrefix(tool.URL, "http://")) + "\n"
		r, ask := start(t, settings(tool.URL+"/job", func(s *webhook.Settings) { s.Poll = polled() }))
		if strings.HasPrefix(want, "/") {
			if r.Refs["poll"] != tool.URL+want {
				t.Errorf("%q: %q is asked, want %q", location, r.Refs["poll"], want)
			}
			continue
		}
		if err := ask(); analysis.KindOf(err) != analysis.Invalid || len(r.Refs) != 0 {
			t.Errorf("%q: receipt %+v, error %v, want a final error", location, r, err)
		}
	}
}

// TestFollowExpressions: what they see, and what becomes of those that do not fit.
func TestFollowExpressions(t *testing.T) {
	for _, c := range []struct {
		done, failed, body, want string
	}{
		{`body.version == to`, "", `{"version": "1.4.1"}`, "done: done"},
		{`body.version == to`, "", `{"version": "1.4.2"}`, ""},
		{`status == 200 && headers["content-type"] startsWith "text"`, "", "x", "done: done"},
		{`body == "ok"`, "", "ok", "done: done"},
		{`body.done`, `body.done`, `{"done": true}`, "webhook undo at HOST: it was accepted, and then it failed"},
		{`body.done`, "", `{"done": "yes"}`, "poll.done gives a string"},
		{`body.a.b == 1`, "", `{}`, "poll.done does not fit the answer"},
		{`body?.a?.b == 1`, "", `{}`, ""},
		{`all(1..1000000, # > 0)`, "", `{}`, "poll.done does not fit the answer"},
		{`body.n == 9007199254740993`, "", `{"n": 9007199254740993}`, "done: done"},
		{`body.n == 0.5`, "", `{"n": 0.5}`, "done: done"},
		{`body[0].state == "x"`, "", `[{"state": "x"}] `, "done: done"},
	} {
		tool := newDeployTool(t, map[string]string{"POST /job": "/runs/5\n", "GET /runs/5": "\n" + c.body})
		_, ask := start(t, settings(tool.URL+"/job", func(s *webhook.Settings) {
			s.Poll = &webhook.Poll{Done: c.done, Failed: c.failed}
		}))
		err, want := ask(), strings.ReplaceAll(c.want, "HOST", strings.TrimPrefix(tool.URL, "http://"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("done %q, failed %q on %s: %v, want %q", c.done, c.failed, c.body, err, c.want)
		}
	}
}

// TestPollCheck: each mistake is found at its field.
func TestPollCheck(t *testing.T) {
	secret := config.NewSecret
	for name, c := range map[string]struct {
		field, says string
		change      func(*webhook.Poll)
	}{
		"no done":              {"poll.done", "missing", func(p *webhook.Poll) { p.Done = " " }},
		"not an expression":    {"poll.done", "not an expression", func(p *webhook.Poll) { p.Done = "body.status ==" }},
		"unknown name":         {"poll.failed", "unknown name", func(p *webhook.Poll) { p.Failed = "response.status" }},
		"endless expression":   {"poll.progress", "more than 4096", func(p *webhook.Poll) { p.Progress = strings.Repeat("1+", 4000) + "1" }},
		"too many parts":       {"poll.progress", "not an expression", func(p *webhook.Poll) { p.Progress = strings.Repeat("1+", 1500) + "1" }},
		"another host":         {"poll.url", "not that of url", func(p *webhook.Poll) { p.URL = secret("https://ci.example.com/x") }},
		"in the open":          {"poll.url", "not that of url", func(p *webhook.Poll) { p.URL = secret("http://deploy.example.com/x") }},
		"not a URL":            {"poll.url", "http://", func(p *webhook.Poll) { p.URL = secret("deploy.example.com/x") }},
		"two addresses":        {"poll.location", "beside", func(p *webhook.Poll) { p.URL, p.Location = secret("https://deploy.example.com/x"), "body.url" }},
		"host with a path":     {"poll.hosts", "not a host", func(p *webhook.Poll) { p.Hosts = []string{"ci.example.com/x"} }},
		"seldom":               {"poll.every", "longer", func(p *webhook.Poll) { p.Every = analysis.Duration(time.Hour) }},
		"backwards":            {"poll.every", "negative", func(p *webhook.Poll) { p.Deadline = -1 }},
		"template in the host": {"poll.url", "scheme or host", func(p *webhook.Poll) { p.URL = secret("https://{{.Run.Service}}/x") }},
	} {
		s := settings("https://deploy.example.com/rollback", func(s *webhook.Settings) { s.Poll = polled(c.change) })
		got := s.Check()
		if len(got) != 1 || got[0].Field != c.field || !strings.Contains(got[0].Message+got[0].Hint, c.says) {
			t.Errorf("%s: problems %+v, want one at %s that says %q", name, got, c.field, c.says)
		}
	}
	s := settings("https://deploy.example.com/rollback", func(s *webhook.Settings) {
		s.Poll = polled(func(p *webhook.Poll) {
			p.Hosts, p.URL = []string{"ci.example.com"}, secret("https://CI.example.com:443/x")
		})
	})
	if got := s.Check(); len(got) != 0 || s.FollowFor().String() != "15m" || settings("https://h/").FollowFor() != 0 {
		t.Errorf("problems %+v, followed for %s", got, s.FollowFor())
	}
}
