package kubernetes_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/cluster/clustertest"
	"github.com/haldane-dev/haldane/actions/kubernetes"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

var update = flag.Bool("update", false, "write the golden patch anew")

const path = "/apis/apps/v1/namespaces/shop/deployments/checkout"

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// newCluster is a cluster with a Deployment that has had three versions.
func newCluster(t *testing.T, change ...func(o clustertest.Object)) *clustertest.Server {
	t.Helper()
	s := &clustertest.Server{Token: "t0ken"}
	s.Put(path, read(t, "deployment.json"))
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
		}
	}
	var raw struct{ Items []json.RawMessage }
	text := []byte(read(t, "replicasets.json"))
	if json.Unmarshal(text, &list) != nil || json.Unmarshal(text, &raw) != nil {
		t.Fatal("testdata cannot be read")
	}
	for i, item := range raw.Items {
		s.Put("/apis/apps/v1/namespaces/shop/replicasets/"+list.Items[i].Metadata.Name, string(item))
	}
	for _, c := range change {
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

// setImage makes the Deployment run another version.
func setImage(version string) func(clustertest.Object) {
	return func(o clustertest.Object) {
		c := object(o, "spec", "template", "spec")["containers"].([]any)[0].(map[string]any)
		c["image"] = "registry.example.com:5000/shop/checkout:" + version
		object(o, "spec", "template", "metadata", "labels")["app.kubernetes.io/version"] = version
	}
}

// rolled sets what its controller reports.
func rolled(updated, replicas, available float64, reason string) func(clustertest.Object) {
	return func(o clustertest.Object) {
		s := object(o, "status")
		s["updatedReplicas"], s["replicas"], s["availableReplicas"] = updated, replicas, available
		s["observedGeneration"] = object(o, "metadata")["generation"]
		s["conditions"] = []any{map[string]any{"type": "Progressing", "status": "True", "reason": reason}}
	}
}

func open(t *testing.T, base string, change ...func(*kubernetes.Settings)) analysis.Action {
	t.Helper()
	s := kubernetes.New().(*kubernetes.Settings)
	s.APIServer, s.Token, s.Namespace, s.Deployment = base, config.NewSecret("t0ken"), "shop", "{{.Run.Service}}"
	for _, c := range change {
		c(s)
	}
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

func TestExercise(t *testing.T) {
	fresh := func(change ...func(clustertest.Object)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s := newCluster(t, change...)
			s.Token = ""
			s.ServeHTTP(w, r)
		}
	}
	for name, with := range map[string]func(*testing.T, *kubernetes.Settings, string){
		"token": func(_ *testing.T, s *kubernetes.Settings, secret string) { s.Token = config.NewSecret(secret) },
		"token file": func(t *testing.T, s *kubernetes.Settings, secret string) {
			s.Token, s.TokenFile = config.Secret{}, filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(s.TokenFile, []byte(secret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					k := kubernetes.New().(*kubernetes.Settings)
					k.APIServer, k.Namespace, k.Deployment = s.Base, "shop", "{{.Run.Service}}"
					k.Timeout = analysis.Duration(s.Timeout)
					with(t, k, strings.Join(strings.Fields(s.Secret), " "))
					a, err := k.Open(s.Env)
					if err != nil {
						t.Fatal(err)
					}
					return a
				},
				Accept: fresh(),
				Key:    func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
				Following: &actiontest.Following{
					Going:  fresh(setImage("1.4.1"), rolled(1, 4, 3, "ReplicaSetUpdated")),
					Done:   fresh(setImage("1.4.1"), rolled(3, 3, 3, "NewReplicaSetAvailable")),
					Failed: fresh(setImage("1.4.1"), rolled(1, 4, 3, "ProgressDeadlineExceeded")),
				},
			})
		})
	}
}

// TestRollback goes the whole way: the patch is the golden one, and the Deployment is
// followed until it has rolled out.
func TestRollback(t *testing.T) {
	for find, change := range map[string]func(*kubernetes.Settings){
		"image":         func(*kubernetes.Settings) {},
		"one container": func(s *kubernetes.Settings) { s.Container = "checkout" },
		"label":         func(s *kubernetes.Settings) { s.Find = "label" },
		"annotation": func(s *kubernetes.Settings) {
			s.Find, s.Key, s.Version = "annotation", "example.com/build", `build-{{replace "." "" .Rollback.To}}`
		},
	} {
		t.Run(find, func(t *testing.T) {
			c := newCluster(t)
			a, d := open(t, serve(t, c), change), actiontest.Delivery(1)
			r, err := a.Perform(t.Context(), d)
			if err != nil || r.Done || !strings.HasSuffix(r.Text, "revision checkout-6d4cf56db6") {
				t.Fatalf("receipt %+v, error %v", r, err)
			}
			patches := c.Patches()
			if len(patches) != 1 || patches[0].Path != path || patches[0].Type != "application/json-patch+json" {
				t.Fatalf("patches %+v", patches)
			}
			golden(t, patches[0].Body)
			f := a.(analysis.Follower)
			for _, step := range []struct {
				change func(clustertest.Object)
				text   string
				done   bool
			}{
				{func(clustertest.Object) {}, "waiting for its controller", false},
				{rolled(0, 3, 3, ""), "0 of 3 pods are of version", false},
				{rolled(3, 5, 3, ""), "2 old pods are still there", false},
				{rolled(3, 3, 2, ""), "2 of 3 pods are available", false},
				{rolled(3, 3, 3, ""), "rolled out: 3 pods", true},
			} {
				c.Edit(path, step.change)
				if r, err = f.Follow(t.Context(), d, r); err != nil || !strings.HasPrefix(r.Text, step.text) || r.Done != step.done {
					t.Errorf("receipt %+v, error %v, want %q", r, err, step.text)
				}
			}
		})
	}
}

// golden compares a patch with the one that deploy's tests apply to the API's types.
func golden(t *testing.T, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/patch.json", append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, "patch.json"); strings.TrimSpace(want) != string(got) {
		t.Errorf("patch\n%s\nwant\n%s", got, want)
	}
}

// TestRepeat: whoever lost the reply finds the Deployment rolled back, and does not
// patch again.
func TestRepeat(t *testing.T) {
	c := newCluster(t)
	a, d := open(t, serve(t, c)), actiontest.Delivery(1)
	for range 2 {
		if _, err := a.Perform(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		d.Attempts++
	}
	if n := len(c.Patches()); n != 1 {
		t.Errorf("%d patches, want one", n)
	}
}

// TestRace: another release comes between reading and patching; the repeat finds out.
func TestRace(t *testing.T) {
	c := newCluster(t)
	a, d := open(t, serve(t, c)), actiontest.Delivery(1)
	c.BeforePatch(func() {
		c.Edit(path, func(o clustertest.Object) {
			setImage("1.4.3")(o)
			object(o, "metadata")["generation"] = 8
		})
	})
	if _, err := a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("error %v, want one that is tried again", err)
	}
	_, err := a.Perform(t.Context(), d)
	if analysis.KindOf(err) != analysis.Conflict || !strings.Contains(err.Error(), "has 1.4.3") || len(c.Patches()) != 0 {
		t.Errorf("error %v, %d patches; want it left alone", err, len(c.Patches()))
	}
}

// TestRefusals: nothing is patched when it is not clear what to do.
func TestRefusals(t *testing.T) {
	const old = "/apis/apps/v1/namespaces/shop/replicasets/checkout-5f6b7c8d9"
	for name, c := range map[string]struct {
		cluster func(*clustertest.Server)
		change  func(*kubernetes.Settings)
		d       func(*analysis.Delivery)
		kind    analysis.Kind
		says    string
	}{
		"paused": {
			cluster: func(s *clustertest.Server) {
				s.Edit(path, func(o clustertest.Object) { object(o, "spec")["paused"] = true })
			},
			kind: analysis.Conflict, says: "is paused (try: kubectl rollout resume)",
		},
		"no such version": {
			d:    func(d *analysis.Delivery) { d.Event.Notice.Rollback.To = "1.3.9" },
			kind: analysis.NotFound, says: "none of its 3 revisions has version 1.3.9",
		},
		"two revisions of it": {
			cluster: func(s *clustertest.Server) { s.Edit(old, setImage("1.4.1")) },
			kind:    analysis.Conflict, says: "checkout-6d4cf56db6, checkout-5f6b7c8d9",
		},
		"of another Deployment": {
			cluster: func(s *clustertest.Server) {
				s.Edit(strings.Replace(old, "5f6b7c8d9", "6d4cf56db6", 1), func(o clustertest.Object) {
					object(o, "metadata")["ownerReferences"].([]any)[0].(map[string]any)["uid"] = "another"
				})
			},
			kind: analysis.NotFound, says: "none of its 2 revisions",
		},
		"both versions": {
			d:    func(d *analysis.Delivery) { d.Event.Notice.Rollback.To = "v1.36.0" },
			kind: analysis.Conflict, says: "both versions",
		},
		"no rollback": {
			d:    func(d *analysis.Delivery) { d.Event.Notice.Rollback = nil },
			kind: analysis.Invalid, says: "names no version",
		},
		"no such Deployment": {
			change: func(s *kubernetes.Settings) { s.Deployment = "cart" },
			kind:   analysis.NotFound, says: `deployments "cart" not found`,
		},
		"leads out of the path": {
			change: func(s *kubernetes.Settings) { s.Deployment = ".." },
			kind:   analysis.Invalid, says: `a name for its URL is ".."`,
		},
		"wrong token": {
			change: func(s *kubernetes.Settings) { s.Token = config.NewSecret("other") },
			kind:   analysis.Denied, says: "Unauthorized",
		},
		"no token file": {
			change: func(s *kubernetes.Settings) { s.Token, s.TokenFile = config.Secret{}, "/nowhere/token" },
			kind:   analysis.Unavailable, says: "/nowhere/token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, d := newCluster(t), actiontest.Delivery(1)
			if c.cluster != nil {
				c.cluster(s)
			}
			if c.d != nil {
				c.d(&d)
			}
			var change []func(*kubernetes.Settings)
			if c.change != nil {
				change = append(change, c.change)
			}
			_, err := open(t, serve(t, s), change...).Perform(t.Context(), d)
			if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || len(s.Patches()) != 0 {
				t.Errorf("error %v, %d patches; want %s, %q", err, len(s.Patches()), c.kind, c.says)
			}
		})
	}
}

// TestNewest: several revisions of a version, and the operator says that any will do.
func TestNewest(t *testing.T) {
	c := newCluster(t)
	c.Edit("/apis/apps/v1/namespaces/shop/replicasets/checkout-5f6b7c8d9", setImage("1.4.1"))
	a := open(t, serve(t, c), func(s *kubernetes.Settings) { s.Several = "newest" })
	if r, err := a.Perform(t.Context(), actiontest.Delivery(1)); err != nil || !strings.Contains(r.Text, "6d4cf56db6") {
		t.Errorf("receipt %+v, error %v", r, err)
	}
}

// TestChangedAgain: somebody releases while the rollback is followed.
func TestChangedAgain(t *testing.T) {
	c := newCluster(t)
	a, d := open(t, serve(t, c)), actiontest.Delivery(1)
	r, err := a.Perform(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	c.Edit(path, setImage("1.4.3"))
	if _, err := a.(analysis.Follower).Follow(t.Context(), d, r); analysis.KindOf(err) != analysis.Conflict || !strings.Contains(err.Error(), "has 1.4.3, v1.36.0 now") {
		t.Errorf("error %v", err)
	}
}

func TestCheck(t *testing.T) {
	for field, change := range map[string]func(*kubernetes.Settings){
		"api_server": func(s *kubernetes.Settings) { s.APIServer = "kubernetes:6443" },
		"deployment": func(s *kubernetes.Settings) { s.Deployment = "" },
		"namespace":  func(s *kubernetes.Settings) { s.Namespace = "{{.Nope}}" },
		"find":       func(s *kubernetes.Settings) { s.Find = "tag" },
		"key":        func(s *kubernetes.Settings) { s.Key = "version" },
		"container":  func(s *kubernetes.Settings) { s.Find, s.Container = "label", "x" },
		"several":    func(s *kubernetes.Settings) { s.Several = "oldest" },
		"version":    func(s *kubernetes.Settings) { s.Version = "" },
		"token":      func(s *kubernetes.Settings) { s.Token = config.NewSecret("a\nb") },
		"token_file": func(s *kubernetes.Settings) { s.TokenFile = "/token" },
		"tls.ca":     func(s *kubernetes.Settings) { s.TLS.CA = "/nowhere" },
		"deadline":   func(s *kubernetes.Settings) { s.Deadline = -1 },
	} {
		s := kubernetes.New().(*kubernetes.Settings)
		s.APIServer, s.Token, s.Deployment = "https://kubernetes:6443", config.NewSecret("t0ken"), "checkout"
		change(s)
		if p := s.Check(); len(p) != 1 || p[0].Field != field {
			t.Errorf("problems %+v, want one at %s", p, field)
		}
		if _, err := s.Open(config.Env{Name: "undo"}); err == nil {
			t.Errorf("%s: it can be opened all the same", field)
		}
	}
}

// TestInCluster finds the cluster by the environment of a pod.
func TestInCluster(t *testing.T) {
	s := kubernetes.New().(*kubernetes.Settings)
	s.Deployment = "checkout"
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	if p := s.Check(); len(p) != 1 || p[0].Field != "api_server" {
		t.Errorf("outside of a cluster: %+v", p)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	if p := s.Check(); len(p) != 1 || !strings.Contains(p[0].Message, "serviceaccount/ca.crt") {
		t.Errorf("with an environment and no files: %+v", p)
	}
}
