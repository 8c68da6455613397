package argorollouts_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/argorollouts"
	"github.com/haldane-dev/haldane/actions/cluster/clustertest"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

const (
	group = "/apis/argoproj.io/v1alpha1"
	path  = group + "/namespaces/shop/rollouts/checkout"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type change = func(clustertest.Object)

// newCluster is a cluster in which version 1.4.2 waits at a canary step beside 1.4.1.
func newCluster(t *testing.T, changes ...change) *clustertest.Server {
	t.Helper()
	s := &clustertest.Server{Token: "t0ken"}
	s.Put(group, `{"kind": "APIResourceList", "groupVersion": "argoproj.io/v1alpha1", "resources": []}`)
	s.Put(path, string(read(t, "rollout.json")))
	var list struct{ Items []clustertest.Object }
	if err := json.Unmarshal(read(t, "replicasets.json"), &list); err != nil {
		t.Fatal(err)
	}
	for _, item := range list.Items {
		b, _ := json.Marshal(item)
		s.Put("/apis/apps/v1/namespaces/shop/replicasets/"+object(item, "metadata")["name"].(string), string(b))
	}
	for _, c := range changes {
		s.Edit(path, c)
	}
	return s
}

func object(o clustertest.Object, keys ...string) clustertest.Object {
	for _, k := range keys {
		o = o[k].(map[string]any)
	}
	return o
}

// set puts a value at a place such as "status.phase".
func set(place string, value any) change {
	return func(o clustertest.Object) {
		keys := strings.Split(place, ".")
		object(o, keys[:len(keys)-1]...)[keys[len(keys)-1]] = value
	}
}

func all(changes ...change) change {
	return func(o clustertest.Object) {
		for _, c := range changes {
			c(o)
		}
	}
}

// runs makes the template that of a version.
func runs(version string) change {
	return func(o clustertest.Object) {
		c := object(o, "spec", "template", "spec")["containers"].([]any)[0].(map[string]any)
		c["image"] = "registry.example.com:5000/shop/checkout:" + version
	}
}

// settled is a Rollout whose template is a version that all pods have.
func settled(version, hash string) change {
	return all(runs(version), set("status.currentPodHash", hash), set("status.stableRS", hash), set("status.phase", "Healthy"), set("status.message", ""))
}

func open(t *testing.T, base string, with func(*argorollouts.Settings)) analysis.Action {
	t.Helper()
	s := argorollouts.New().(*argorollouts.Settings)
	s.APIServer, s.Token, s.Namespace, s.Rollout = base, config.NewSecret("t0ken"), "shop", "{{.Run.Service}}"
	with(s)
	if p := s.Check(); len(p) > 0 {
		t.Fatalf("settings have problems: %+v", p)
	}
	a, err := s.Open(config.Env{Name: "undo"})
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

func do(action string) func(*argorollouts.Settings) {
	return func(s *argorollouts.Settings) { s.Action = action }
}

// delivery is one for an action: promoting is for a run that passed.
func delivery(action string) analysis.Delivery {
	d := actiontest.Delivery(1)
	if action == "promote-full" {
		d.Event.Type, d.Event.Notice.Rollback = analysis.EventRunPassed, nil
	}
	return d
}

// These are what the cluster looks like later.
var (
	aborted = all(set("status.abort", true), set("status.phase", "Degraded"), set("status.message", "RolloutAborted: Rollout aborted update to revision 3"))
	gone    = all(aborted, set("status.updatedReplicas", 0.0))
)

func TestExercise(t *testing.T) {
	fresh := func(changes ...change) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s := newCluster(t, changes...)
			s.Token = ""
			s.ServeHTTP(w, r)
		}
	}
	for action, f := range map[string]*actiontest.Following{
		"abort": {
			Going: fresh(aborted), Done: fresh(gone),
			Failed: fresh(), // not aborted any more
		},
		"undo": {
			Going: fresh(runs("1.4.1"), set("status.phase", "Progressing")), Done: fresh(settled("1.4.1", "6d4cf56db6")),
			Failed: fresh(runs("1.4.1"), set("status.phase", "Degraded")),
		},
		"promote-full": {
			Going: fresh(), Done: fresh(settled("1.4.2", "7c9d8b5f44")), Failed: fresh(set("status.phase", "Degraded")),
		},
	} {
		t.Run(action, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					r := argorollouts.New().(*argorollouts.Settings)
					r.Action, r.APIServer, r.Namespace, r.Rollout = action, s.Base, "shop", "{{.Run.Service}}"
					r.Timeout = analysis.Duration(s.Timeout)
					r.Token = config.NewSecret(strings.Join(strings.Fields(s.Secret), " "))
					a, err := r.Open(s.Env)
					if err != nil {
						t.Fatal(err)
					}
					return a
				},
				Accept:    fresh(),
				Key:       func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
				Following: f,
			})
		})
	}
}

// TestRequests looks at what is sent, and at what a repeat of it does.
func TestRequests(t *testing.T) {
	template := `{"metadata":{"annotations":{"example.com/build":"build-141"},"labels":{"app":"checkout","app.kubernetes.io/version":"1.4.1"}},` +
		`"spec":{"containers":[{"image":"registry.example.com:5000/shop/checkout:1.4.1","name":"checkout","ports":[{"containerPort":8080}],"resources":{"limits":{"memory":"512Mi"}}},` +
		`{"image":"envoyproxy/envoy:v1.36.0","name":"proxy"}],"terminationGracePeriodSeconds":30}}`
	for action, want := range map[string]clustertest.Patch{
		"abort":        {Path: path + "/status", Type: "application/merge-patch+json", Body: []byte(`{"status":{"abort":true}}`)},
		"promote-full": {Path: path + "/status", Type: "application/merge-patch+json", Body: []byte(`{"status":{"promoteFull":true}}`)},
		"undo": {Path: path, Type: "application/json-patch+json", Body: []byte(`[{"op":"test","path":"/metadata/generation","value":12},` +
			`{"op":"replace","path":"/spec/template","value":` + template + `}]`)},
	} {
		for _, old := range []bool{false, true} {
			c := newCluster(t)
			if old && action != "undo" { // a CRD without the status subresource
				c.Edit(path, set("statusIsNoSubresource", true))
				want.Path = path
			}
			a, d := open(t, serve(t, c), do(action)), delivery(action)
			for range 2 {
				if r, err := a.Perform(t.Context(), d); err != nil || r.Done || r.Text == "" {
					t.Fatalf("%s: receipt %+v, error %v", action, r, err)
				}
			}
			got := c.Patches()
			if len(got) != 1 || got[0].Path != want.Path || got[0].Type != want.Type || string(got[0].Body) != string(want.Body) {
				t.Errorf("%s: patches %+v\nwant one: %+v", action, got, want)
			}
		}
	}
}

// TestFollow goes through the states of each action.
func TestFollow(t *testing.T) {
	routed := set("spec.strategy", map[string]any{"canary": map[string]any{"trafficRouting": map[string]any{"istio": map[string]any{}}}})
	weight := func(n float64) change {
		return set("status.canary", map[string]any{"weights": map[string]any{"canary": map[string]any{"weight": n}}})
	}
	blueGreen := func(active string) change {
		return all(set("spec.strategy", map[string]any{"blueGreen": map[string]any{"activeService": "checkout"}}),
			set("status.blueGreen", map[string]any{"activeSelector": active}))
	}
	for _, c := range []struct {
		action string
		now    change
		text   string
		done   bool
		kind   analysis.Kind
	}{
		{"abort", aborted, "1 pods of the aborted version", false, ""},
		{"abort", all(gone, set("status.availableReplicas", 4.0)), "4 of 5 available", false, ""},
		{"abort", gone, "all traffic goes to version 1.4.1", true, ""},
		{"abort", all(aborted, routed), "waiting for the traffic", false, ""},
		{"abort", all(aborted, routed, weight(20)), "20 % of the traffic", false, ""},
		{"abort", all(aborted, routed, weight(0)), "all traffic goes to version 1.4.1", true, ""},
		{"abort", all(aborted, blueGreen("7c9d8b5f44")), "the active service selects 7c9d8b5f44", false, ""},
		{"abort", all(aborted, blueGreen("6d4cf56db6")), "all traffic goes to version 1.4.1", true, ""},
		{"abort", all(gone, set("status.stableRS", "7c9d8b5f44")), "its stable version is 1.4.2", false, analysis.Conflict},
		{"abort", set("status.abort", false), "somebody tried again", false, analysis.Conflict},
		{"abort", all(gone, set("status.currentPodHash", "5f6b7c8d9")), "it is rolling out 1.4.0", false, analysis.Conflict},
		{"abort", settled("1.4.1", "6d4cf56db6"), "version 1.4.1 is the only one", true, ""},
		{"undo", all(runs("1.4.1"), set("status.observedGeneration", "11")), "waiting for its controller", false, ""},
		{"undo", all(runs("1.4.1"), set("status.phase", "Progressing")), "Progressing: CanaryPauseStep", false, ""},
		{"undo", all(runs("1.4.1"), set("status.phase", "Healthy")), "not the stable one yet", false, ""},
		{"undo", all(settled("1.4.1", "6d4cf56db6"), set("status.observedGeneration", "69b7f")), "version 1.4.1 is healthy", true, ""},
		{"undo", all(runs("1.4.1"), set("status.phase", "Degraded")), "it is degraded: CanaryPauseStep", false, analysis.Conflict},
		{"undo", all(runs("1.4.3"), set("status.currentPodHash", "unknown")), "it has 1.4.3", false, analysis.Conflict},
		{"promote-full", set("status.phase", "Progressing"), "Progressing", false, ""},
		{"promote-full", settled("1.4.2", "7c9d8b5f44"), "version 1.4.2 is healthy", true, ""},
	} {
		s := newCluster(t, c.now)
		f := open(t, serve(t, s), do(c.action)).(analysis.Follower)
		r, err := f.Follow(t.Context(), delivery(c.action), analysis.Receipt{})
		text := r.Text
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, c.text) || r.Done != c.done || analysis.KindOf(err) != c.kind {
			t.Errorf("%s: %q, done %v, error %v; want %q, %v, %q", c.action, text, r.Done, err, c.text, c.done, c.kind)
		}
	}
}

// TestRefusals: nothing is patched when it is not the versions of the run that are at
// work.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		action string
		now    change
		d      func(*analysis.Delivery)
		kind   analysis.Kind
		says   string
	}{
		{"abort", settled("1.4.2", "7c9d8b5f44"), nil, analysis.Conflict, "its stable version is 1.4.2, v1.36.0, not 1.4.1 (try: action: undo"},
		{"abort", set("status.currentPodHash", "5f6b7c8d9"), nil, analysis.Conflict, "left as it is"},
		{"abort", nil, func(d *analysis.Delivery) { d.Event.Notice.Rollback = nil }, analysis.Invalid, "names no version"},
		{"undo", runs("1.4.3"), nil, analysis.Conflict, "it has 1.4.3"},
		{"undo", set("spec.workloadRef", map[string]any{"kind": "Deployment", "name": "checkout"}), nil, analysis.Conflict, "an action of type kubernetes"},
		{"undo", nil, func(d *analysis.Delivery) { d.Event.Notice.Rollback.To = "1.3.9" }, analysis.NotFound, "none of its 3 revisions"},
		{"undo", nil, func(d *analysis.Delivery) { d.Event.Notice.Rollback.To = "v1.36.0" }, analysis.Conflict, "both versions"},
		{"promote-full", set("status.abort", true), nil, analysis.Conflict, "it has been aborted"},
		{"promote-full", set("status.currentPodHash", "5f6b7c8d9"), nil, analysis.Conflict, "it is rolling out 1.4.0"},
		{"promote-full", nil, func(d *analysis.Delivery) { d.Event.Notice.Run.Version = "" }, analysis.Invalid, "no version to promote"},
		{"abort", nil, func(d *analysis.Delivery) { d.Event.Notice.Run.Service = "cart" }, analysis.NotFound, `rollouts "cart" not found`},
	} {
		s, d := newCluster(t), delivery(c.action)
		if c.now != nil {
			s.Edit(path, c.now)
		}
		if c.d != nil {
			c.d(&d)
		}
		_, err := open(t, serve(t, s), do(c.action)).Perform(t.Context(), d)
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || len(s.Patches()) != 0 {
			t.Errorf("%s: error %v, %d patches; want %s, %q", c.action, err, len(s.Patches()), c.kind, c.says)
		}
	}
}

// TestRepeats: what is as it should be is left alone.
func TestRepeats(t *testing.T) {
	for action, now := range map[string]change{
		"abort": settled("1.4.1", "6d4cf56db6"), "undo": settled("1.4.1", "6d4cf56db6"), "promote-full": settled("1.4.2", "7c9d8b5f44"),
	} {
		s := newCluster(t, now)
		r, err := open(t, serve(t, s), do(action)).Perform(t.Context(), delivery(action))
		if err != nil || !strings.Contains(r.Text, "already") || len(s.Patches()) != 0 {
			t.Errorf("%s: receipt %+v, error %v, %d patches", action, r, err, len(s.Patches()))
		}
	}
}

// TestRace: a release comes between looking and undoing.
func TestRace(t *testing.T) {
	s := newCluster(t)
	s.BeforePatch(func() { s.Edit(path, set("metadata.generation", 13.0)) })
	_, err := open(t, serve(t, s), do("undo")).Perform(t.Context(), actiontest.Delivery(1))
	if analysis.KindOf(err) != analysis.Unavailable || len(s.Patches()) != 0 {
		t.Errorf("error %v, %d patches; want it tried again", err, len(s.Patches()))
	}
}

func TestCheck(t *testing.T) {
	for field, with := range map[string]func(*argorollouts.Settings){
		"action":     do("retry"),
		"rollout":    func(s *argorollouts.Settings) { s.Rollout = "" },
		"namespace":  func(s *argorollouts.Settings) { s.Namespace = "{{" },
		"deadline":   func(s *argorollouts.Settings) { s.Deadline = -1 },
		"find":       func(s *argorollouts.Settings) { s.Find = "" },
		"api_server": func(s *argorollouts.Settings) { s.APIServer = "https://user:pw@kubernetes" },
	} {
		s := argorollouts.New().(*argorollouts.Settings)
		s.APIServer, s.Token, s.Rollout = "https://kubernetes:6443", config.NewSecret("t0ken"), "checkout"
		with(s)
		var fields []string
		for _, p := range s.Check() {
			fields = append(fields, p.Field)
		}
		if !slices.Equal(fields, []string{field}) {
			t.Errorf("problems at %v, want one at %s", fields, field)
		}
	}
	if s := argorollouts.New().(*argorollouts.Settings); s.FollowFor().String() != "15m" || !s.ChangesWorld() || s.Threads() {
		t.Error("the defaults are not those of the documentation")
	}
}
