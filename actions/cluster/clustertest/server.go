// Package clustertest is a stand-in for the API server of a Kubernetes cluster, for
// tests: it keeps objects, and is as strict as the real one about paths, credentials,
// content types and patches. It imports the standard library. Start reading at
// server.go.
package clustertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Object is an object of the API, as its JSON.
type Object = map[string]any

// Server is the stand-in. Its token is that of who may do everything.
type Server struct {
	Token string // "" lets everybody in

	mu      sync.Mutex
	objects map[string]Object // by path
	patches []Patch
	before  func() // called before a patch, as if somebody were faster
}

// Patch is one that the server took.
type Patch struct {
	Path, Type string
	Body       []byte
}

// Put adds or replaces an object.
func (s *Server) Put(path, text string) {
	o := Object{}
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(fmt.Sprintf("%s: %v", path, err)) // a mistake of the test
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects = map[string]Object{}
	}
	s.objects[path] = o
}

// Edit changes an object as a controller or another person does.
func (s *Server) Edit(path string, change func(Object)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.objects[path])
}

// BeforePatch is called once, before the next patch is looked at.
func (s *Server) BeforePatch(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = do
}

// Patches returns those that were taken.
func (s *Server) Patches() []Patch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.patches)
}

// Text is an object as JSON.
func (s *Server) Text(path string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _ := json.Marshal(s.objects[path])
	return b
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token {
		status(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
		return
	}
	switch {
	case r.URL.Path == "/version":
		reply(w, Object{"major": "1", "minor": "35", "gitVersion": "v1.35.0"})
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/replicasets"):
		s.list(w, r)
	case r.Method == http.MethodGet:
		s.get(w, r)
	case r.Method == http.MethodPatch:
		s.patch(w, r)
	default:
		status(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource")
	}
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[r.URL.Path]
	if !ok {
		missing(w, r)
		return
	}
	reply(w, o)
}

func missing(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	status(w, http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", parts[max(0, len(parts)-2)], parts[len(parts)-1]))
}

// list answers with the ReplicaSets of a namespace that a selector of k=v selects.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []Object{}
	for _, path := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(path, r.URL.Path+"/") {
			continue
		}
		labels, _ := at(s.objects[path], "metadata", "labels").(map[string]any)
		if selected(labels, r.URL.Query().Get("labelSelector")) {
			o := maps.Clone(s.objects[path])
			delete(o, "kind") // a list's items have none
			delete(o, "apiVersion")
			items = append(items, o)
		}
	}
	reply(w, Object{"kind": "ReplicaSetList", "apiVersion": "apps/v1", "metadata": Object{"resourceVersion": "1"}, "items": items})
}

func selected(labels map[string]any, selector string) bool {
	for _, part := range strings.Split(selector, ",") {
		k, v, ok := strings.Cut(part, "=")
		if !ok || labels[k] != v {
			return false
		}
	}
	return true
}

// at follows keys into an object.
func at(v any, keys ...string) any {
	for _, k := range keys {
		o, _ := v.(map[string]any)
		v = o[k]
	}
	return v
}

func reply(w http.ResponseWriter, o any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o)
}

// status answers as the API server refuses.
func status(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(Object{
		"kind": "Status", "apiVersion": "v1", "metadata": Object{}, "status": "Failure",
		"message": message, "reason": reason, "code": code,
	})
}

// changed counts a change of the spec, as the API server does.
func changed(o Object, before any) {
	if !reflect.DeepEqual(before, o["spec"]) {
		meta := o["metadata"].(map[string]any)
		n, _ := meta["generation"].(float64)
		meta["generation"] = n + 1
	}
}
