package argocd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

type object = map[string]any

// standIn answers as the API server of Argo CD does: gRPC errors as its gateway writes
// them, strict about what a request may hold.
type standIn struct {
	token string

	mu       sync.Mutex
	app      object
	rollout  object
	stable   string // version of the stable ReplicaSet
	requests []string
}

const (
	good = "1111111111111111111111111111111111111111"
	bad  = "2222222222222222222222222222222222222222"
	old  = "0000000000000000000000000000000000000000"
)

// entry is one line of the history.
func entry(id int, revision, tag string) object {
	return object{"id": id, "revision": revision, "deployedAt": "2026-03-04T02:00:00Z", "source": object{
		"repoURL": "https://git.example.com/deploy", "path": "checkout", "targetRevision": "v" + tag,
		"helm":      object{"parameters": []object{{"name": "image.tag", "value": tag}}},
		"kustomize": object{"images": []string{"registry.example.com:5000/shop/checkout:" + tag}},
	}}
}

// newStandIn is Argo CD with an application that has just been synced to 1.4.2.
func newStandIn() *standIn {
	return &standIn{
		token: "t0ken", stable: "1.4.1",
		app: object{
			"metadata": object{"name": "checkout", "namespace": "argocd"},
			"spec":     object{"project": "shop", "syncPolicy": object{"syncOptions": []string{"CreateNamespace=true"}}},
			"status": object{
				"health":  object{"status": "Progressing"},
				"history": []object{entry(3, old, "1.4.0"), entry(4, good, "1.4.1"), entry(5, bad, "1.4.2")},
				"operationState": object{
					"phase": "Succeeded", "startedAt": "2026-03-04T02:00:00Z",
					"operation": object{"sync": object{"revision": bad}},
				},
			},
		},
		rollout: manifest("Rollout", "1.4.2", object{"currentPodHash": "222", "stableRS": "111", "phase": "Paused", "message": "CanaryPauseStep"}),
	}
}

func manifest(kind, version string, status object) object {
	return object{"kind": kind, "metadata": object{"name": "checkout"}, "status": status, "spec": object{"template": object{
		"metadata": object{}, "spec": object{"containers": []object{{"name": "checkout", "image": "checkout:" + version}}},
	}}}
}

func (s *standIn) status() object { return s.app["status"].(object) }

// synced is what the controller does when a sync has ended.
func (s *standIn) synced(phase, message string, entries ...object) *standIn {
	delete(s.app, "operation")
	s.status()["operationState"] = object{"phase": phase, "message": message, "operation": object{"sync": object{"revision": good}}}
	s.status()["history"] = append(s.status()["history"].([]object), entries...)
	return s
}

func (s *standIn) healthy(health string) *standIn {
	s.status()["health"] = object{"status": health}
	return s
}

// aborted is what the controller of Rollouts does.
func (s *standIn) aborted(phase, message string) *standIn {
	st := s.rollout["status"].(object)
	st["abort"], st["phase"], st["message"] = true, phase, message
	return s
}

func (s *standIn) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *standIn) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// fail answers as the gRPC gateway does.
func fail(w http.ResponseWriter, code, grpc int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"error": text, "code": grpc, "message": text})
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method != http.MethodGet {
		s.requests = append(s.requests, r.Method+" "+r.URL.Path+" "+string(body))
	}
	known := s.token == "" || r.Header.Get("Authorization") == "Bearer "+s.token
	if r.URL.Path == "/api/v1/session/userinfo" {
		_ = json.NewEncoder(w).Encode(object{"loggedIn": known})
		return
	}
	in := object{}
	switch {
	case !known:
		fail(w, 401, 16, "no session information")
		return
	case r.Method != http.MethodGet && r.Header.Get("Content-Type") != "application/json":
		fail(w, 415, 3, "Content-Type must be application/json")
		return
	case r.Method != http.MethodGet && json.Unmarshal(body, &in) != nil:
		fail(w, 400, 3, "invalid body")
		return
	case r.URL.Query().Get("project") != "" && r.URL.Query().Get("project") != "shop":
		fail(w, 403, 7, "permission denied")
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/v1/applications/checkout")
	if !ok {
		fail(w, 403, 7, "permission denied") // of what does not exist, as of what may not be seen
		return
	}
	s.answer(w, r.Method+" "+rest, in, r)
}

// answer is for what concerns the application.
func (s *standIn) answer(w http.ResponseWriter, what string, in object, r *http.Request) {
	allowed := map[string][]string{
		"POST /rollback":            {"name", "id", "prune", "dryRun", "appNamespace", "project"},
		"PATCH ":                    {"name", "patch", "patchType", "appNamespace", "project"},
		"POST /resource/actions/v2": {"name", "namespace", "resourceName", "group", "version", "kind", "action", "appNamespace", "project"},
	}
	for k := range maps.Keys(in) {
		if !slices.Contains(allowed[what], k) {
			fail(w, 400, 3, fmt.Sprintf("unknown field %q", k))
			return
		}
	}
	policy := s.app["spec"].(object)["syncPolicy"].(object)
	switch what {
	case "GET ":
	case "PATCH ":
		if in["patchType"] != "merge" || in["patch"] != `{"spec":{"syncPolicy":{"automated":null}}}` {
			fail(w, 400, 3, "this stand-in knows one patch")
			return
		}
		delete(policy, "automated")
	case "POST /rollback":
		if automated, ok := policy["automated"].(object); ok && automated["enabled"] != false {
			fail(w, 400, 9, "rollback cannot be initiated when auto-sync is enabled")
			return
		}
		if s.app["operation"] != nil {
			fail(w, 400, 9, "another operation is already in progress")
			return
		}
		i := slices.IndexFunc(s.status()["history"].([]object), func(e object) bool { return fmt.Sprint(e["id"]) == fmt.Sprint(in["id"]) })
		if i < 0 {
			fail(w, 400, 3, fmt.Sprintf("application argocd/checkout does not have deployment with id %v", in["id"]))
			return
		}
		s.app["operation"] = object{"sync": object{"revision": s.status()["history"].([]object)[i]["revision"]}}
		delete(s.status(), "operationState")
	case "GET /resource":
		s.resource(w, r)
		return
	case "POST /resource/actions/v2":
		if in["kind"] != "Rollout" || in["group"] != "argoproj.io" || in["action"] != "abort" || in["resourceName"] != "checkout" || in["namespace"] != "shop" {
			fail(w, 400, 3, "action not available")
			return
		}
		s.rollout["status"].(object)["abort"] = true
		_ = json.NewEncoder(w).Encode(object{})
		return
	default:
		fail(w, 404, 5, "Not Found")
		return
	}
	_ = json.NewEncoder(w).Encode(s.app)
}

// resource gives a manifest as a text.
func (s *standIn) resource(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var out object
	switch q.Get("namespace") + "/" + q.Get("group") + "/" + q.Get("version") + "/" + q.Get("kind") + "/" + q.Get("resourceName") {
	case "shop/argoproj.io/v1alpha1/Rollout/checkout":
		out = s.rollout
	case "shop/apps/v1/ReplicaSet/checkout-111":
		out = manifest("ReplicaSet", s.stable, nil)
	default:
		fail(w, 400, 3, q.Get("kind")+" "+q.Get("resourceName")+" not found as part of application checkout")
		return
	}
	b, _ := json.Marshal(out)
	_ = json.NewEncoder(w).Encode(object{"manifest": string(b)})
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// rawJSON is a value as it came.
func rawJSON(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err) // a mistake of the test
	}
	return v
}
