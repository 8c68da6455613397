package actions_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions"
	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// step is one answer to a poll and what must become of it.
type step struct {
	answer string
	want   string // in the receipt or the error
	end    string // "", "done" or "failed"
}

// recipe is a file of deploy/recipes and the other side of it, as its vendor documents
// it: one request that is taken, with its headers, and one address that is polled.
type recipe struct {
	origin  string // that the file names, and that the stand-in takes the place of
	method  string
	path    string
	kind    string            // content type
	headers map[string]string // that must be there, also in polls
	body    string            // JSON that is equal, or a form
	code    int
	reply   string // its {base} is the stand-in's address
	at      string // Location
	polled  string // path and query
	steps   []step
	// moved is a second address that the first poll leads to.
	moved string
}

var basicHaldane = "Basic aGFsZGFuZTpzM2NyM3Q=" // haldane:s3cr3t

func recipes() map[string]recipe {
	const flux = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/shop/helmreleases/checkout"
	const flag = "/api/admin/projects/default/features/new-checkout/environments/production"
	const setting = "/v2/environments/08d86d63-2726-47cd-8bfc-59608ecb91e2/settings/77/value"
	release := func(version string, observed int, chart, kind, status string) string {
		return fmt.Sprintf(`{"metadata": {"generation": 4}, "spec": {"chart": {"spec": {"version": %q}}}, "status": {"observedGeneration": %d,
			"history": [{"chartVersion": %q}], "conditions": [{"type": %q, "status": %q, "message": "m"}]}}`, version, observed, chart, kind, status)
	}
	return map[string]recipe{
		"jenkins.yaml": {
			origin: "https://jenkins.example.com", method: "POST", path: "/job/rollback/buildWithParameters",
			kind: "application/x-www-form-urlencoded", headers: map[string]string{"Authorization": basicHaldane},
			body: "SERVICE=checkout&VERSION=1.4.1&DELIVERY={id}", code: 201, at: "{base}/queue/item/1234567890/",
			polled: "/queue/item/1234567890/api/json", moved: "/job/rollback/7/api/json",
			steps: []step{
				{`{"why": "In the quiet period", "executable": null, "cancelled": false}`, "In the quiet period", ""},
				{`{"executable": {"number": 7, "url": "{base}/job/rollback/7/"}, "cancelled": false}`, "still going", ""},
				{`{"building": true, "result": null, "displayName": "#7"}`, "#7", ""},
				{`{"building": false, "result": "UNSTABLE", "displayName": "#7"}`, "then it failed: #7", "failed"},
				{`{"building": false, "result": "SUCCESS", "displayName": "#7"}`, "done: #7", "done"},
			},
		},
		"gitlab.yaml": {
			origin: "https://gitlab.example.com", method: "POST", path: "/api/v4/projects/42/pipeline", kind: "application/json",
			headers: map[string]string{"Private-Token": "s3cr3t"}, code: 201, reply: `{"id": 1234567890, "project_id": 42, "status": "created", "web_url": "x"}`,
			body: `{"ref": "main", "variables": [{"key": "ROLLBACK_SERVICE", "value": "checkout"}, {"key": "ROLLBACK_TO", "value": "1.4.1"},
				{"key": "HALDANE_DELIVERY", "value": "{id}"}]}`,
			polled: "/api/v4/projects/42/pipelines/1234567890",
			steps: []step{
				{`{"status": "running"}`, "running", ""}, {`{"status": "canceled"}`, "failed: canceled", "failed"}, {`{"status": "success"}`, "done", "done"},
			},
		},
		"circleci.yaml": {
			origin: "https://circleci.com", method: "POST", path: "/api/v2/project/gh/example/shop/pipeline", kind: "application/json",
			headers: map[string]string{"Circle-Token": "s3cr3t"}, code: 201, reply: `{"id": "5034460f-c7c4-4c43-9457-de07e2029e7b", "state": "pending", "number": 25}`,
			body:   `{"branch": "main", "parameters": {"rollback_service": "checkout", "rollback_to": "1.4.1", "haldane_delivery": "{id}"}}`,
			polled: "/api/v2/pipeline/5034460f-c7c4-4c43-9457-de07e2029e7b/workflow",
			steps: []step{
				{`{"items": [], "next_page_token": null}`, "still going", ""},
				{`{"items": [{"name": "rollback", "status": "on_hold"}]}`, "rollback on_hold", ""},
				{`{"items": [{"name": "rollback", "status": "success"}, {"name": "check", "status": "failed"}]}`, "check failed", "failed"},
				{`{"items": [{"name": "rollback", "status": "success"}]}`, "done", "done"},
			},
		},
		"spinnaker.yaml": {
			origin: "https://gate.example.com", method: "POST", path: "/webhooks/webhook/haldane-rollback", kind: "application/json",
			headers: map[string]string{"Authorization": "Bearer s3cr3t"}, code: 200, reply: `{"eventProcessed": true, "eventId": "c1e1"}`,
			body:   `{"parameters": {"service": "checkout", "version": "1.4.1", "delivery": "{id}"}}`,
			polled: "/applications/checkout/executions/search?triggerTypes=webhook&eventId=c1e1",
			steps: []step{
				{`[]`, "still going", ""},
				{`[{"name": "rollback", "status": "RUNNING"}]`, "rollback RUNNING", ""},
				{`[{"name": "rollback", "status": "TERMINAL"}]`, "rollback TERMINAL", "failed"},
				{`[{"name": "rollback", "status": "SUCCEEDED"}]`, "done", "done"},
			},
		},
		"flux.yaml": {
			origin: "https://kubernetes.example.com:6443", method: "PATCH", path: flux, kind: "application/merge-patch+json",
			headers: map[string]string{"Authorization": "Bearer s3cr3t"}, code: 200, reply: release("1.4.1", 3, "1.4.2", "Ready", "True"),
			body:   `{"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "{id}"}}, "spec": {"chart": {"spec": {"version": "1.4.1"}}}}`,
			polled: flux,
			steps: []step{
				{release("1.4.1", 3, "1.4.2", "Ready", "True"), "still going", ""},
				{release("1.4.1", 4, "1.4.2", "Ready", "False"), "still going: m", ""},
				{`{"metadata": {"generation": 4}, "spec": {"chart": {"spec": {"version": "1.4.1"}}}}`, "still going", ""},
				{release("1.4.1", 4, "1.4.2", "Stalled", "True"), "then it failed", "failed"},
				{release("1.4.2", 5, "1.4.2", "Ready", "True"), "then it failed", "failed"}, // Git wrote it back
				{release("1.4.1", 4, "1.4.1", "Ready", "True"), "done: m", "done"},
			},
		},
		"unleash.yaml": {
			origin: "https://unleash.example.com", method: "POST", path: flag + "/off", kind: "application/json",
			headers: map[string]string{"Authorization": "s3cr3t"}, body: `{}`, code: 200, polled: flag,
			steps: []step{{`{"name": "production", "enabled": true}`, "still going", ""}, {`{"name": "production", "enabled": false}`, "done", "done"}},
		},
		"configcat.yaml": {
			origin: "https://api.configcat.com", method: "PATCH", path: setting, kind: "application/json",
			headers: map[string]string{"Authorization": "Basic MDhkOWExYjItaGFsZGFuZTpzM2NyM3Q="}, code: 200, reply: `{}`, polled: setting,
			body: `[{"op": "replace", "path": "/defaultValue/boolValue", "value": false}, {"op": "replace", "path": "/targetingRules", "value": []}]`,
			steps: []step{
				{`{"defaultValue": {"boolValue": true}, "targetingRules": []}`, "still going", ""},
				{`{"defaultValue": {"boolValue": false}, "targetingRules": [{}]}`, "still going", ""},
				{`{"defaultValue": {"boolValue": false}, "targetingRules": []}`, "done", "done"},
			},
		},
		"octopus.yaml": {
			origin: "https://octopus.example.com", method: "POST", path: "/api/Spaces-1/deployments/create/untenanted/v1", kind: "application/json",
			headers: map[string]string{"X-Octopus-Apikey": "s3cr3t"}, code: 201,
			reply:  `{"DeploymentServerTasks": [{"DeploymentId": "Deployments-3", "ServerTaskId": "ServerTasks-9"}]}`,
			body:   `{"SpaceId": "Spaces-1", "ProjectName": "checkout", "ReleaseVersion": "1.4.1", "EnvironmentNames": ["production"]}`,
			polled: "/api/Spaces-1/tasks/ServerTasks-9",
			steps: []step{
				{`{"State": "Executing"}`, "Executing", ""}, {`{"State": "TimedOut"}`, "failed: TimedOut", "failed"}, {`{"State": "Success"}`, "done: Success", "done"},
			},
		},
	}
}

// TestRecipes loads each recipe with the real loader and goes the whole way with it.
func TestRecipes(t *testing.T) {
	all, tell := recipes(), tellers()
	files, err := filepath.Glob(filepath.Join("..", "deploy", "recipes", "*.yaml"))
	if err != nil || len(files) != len(all)+len(tell) {
		t.Fatalf("%d recipes, %d and %d tests, error %v", len(files), len(all), len(tell), err)
	}
	for _, file := range files {
		if _, tells := tell[filepath.Base(file)]; tells {
			continue // TestRecipesTell
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			r, ok := all[filepath.Base(file)]
			if !ok {
				t.Fatal("no test of it")
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			side := &vendor{recipe: r, t: t}
			server := httptest.NewServer(side)
			defer server.Close()
			side.base = server.URL
			if !strings.Contains(string(text), r.origin) || !strings.HasPrefix(string(text), "# ") {
				t.Fatalf("the recipe does not name %s, or does not begin with what it does", r.origin)
			}
			side.run(loadRecipe(t, strings.ReplaceAll(string(text), r.origin, server.URL)))
		})
	}
}

// loadRecipe opens the only action of a recipe.
func loadRecipe(t *testing.T, text string) analysis.Action {
	t.Helper()
	list := readRecipe(t, text)
	if len(list) != 1 || !list[0].Settings.ChangesWorld() || list[0].Settings.(config.FollowSettings).FollowFor() == 0 {
		t.Fatal("a recipe is one action that changes the world, and is followed")
	}
	a, err := list[0].Settings.Open(config.Env{Name: list[0].Name})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// readRecipe reads the actions of a recipe with the real loader. Every secret is s3cr3t.
func readRecipe(t *testing.T, text string) []config.Action {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, config.Types{Actions: actions.Types(), Env: func(string) (string, bool) { return "s3cr3t", true }})
	if err != nil {
		t.Fatal(err)
	}
	return c.Actions
}

// vendor is the other side of a recipe.
type vendor struct {
	recipe

	t    *testing.T
	base string
	id   string
	now  int // step
	took int
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range v.headers {
		if r.Header.Get(name) != value {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	address := strings.ReplaceAll(r.URL.RequestURI(), v.base, "")
	switch {
	case r.Method == v.method && r.URL.Path == v.path:
		v.take(w, r)
	case r.Method == http.MethodGet && (address == v.polled || v.moved != "" && address == v.moved):
		fmt.Fprint(w, strings.ReplaceAll(v.steps[v.now].answer, "{base}", v.base))
	default:
		v.t.Errorf("%s %s was asked for", r.Method, address)
		http.NotFound(w, r)
	}
}

// take looks at the request closely.
func (v *vendor) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	want := strings.ReplaceAll(v.body, "{id}", v.id)
	if r.Header.Get("Content-Type") != v.kind {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	if same := string(body) == want || strings.Contains(v.kind, "json") && sameJSON(string(body), want); !same {
		v.t.Errorf("body %s\nwant %s", body, want)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	v.took++
	if v.at != "" {
		w.Header().Set("Location", strings.ReplaceAll(v.at, "{base}", v.base))
	}
	w.WriteHeader(v.code)
	fmt.Fprint(w, v.reply)
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

// run performs a delivery and follows it.
func (v *vendor) run(a analysis.Action) {
	d := actiontest.Delivery(1)
	d.Event.Notice.Run.Variables = map[string]string{"flag": "new-checkout", "flag_id": "77"}
	v.id = d.ID
	r, err := a.Perform(v.t.Context(), d)
	if err != nil || r.Done || v.took != 1 {
		v.t.Fatalf("receipt %+v, error %v, taken %d times", r, err, v.took)
	}
	for i, s := range v.steps {
		v.now = i
		next, err := a.(analysis.Follower).Follow(v.t.Context(), d, r)
		text, end := next.Text, ""
		switch {
		case analysis.KindOf(err) == analysis.Conflict:
			text, end = err.Error(), "failed"
		case err != nil:
			v.t.Fatal(err)
		case next.Done:
			end = "done"
		}
		if !strings.Contains(text, s.want) || end != s.end {
			v.t.Errorf("%s: %q, %q; want %q, %q", s.answer, text, end, s.want, s.end)
		}
		if err == nil {
			r = next
		}
	}
	if last := v.steps[len(v.steps)-1]; last.end != "done" || !slices.ContainsFunc(v.steps, func(s step) bool { return s.end == "" }) {
		v.t.Error("the steps do not go the whole way")
	}
}
