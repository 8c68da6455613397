package clustertest

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// patch changes an object, or refuses to.
func (s *Server) patch(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.before
	s.before = nil
	s.mu.Unlock()
	if before != nil {
		before()
	}
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	path, isStatus := strings.CutSuffix(r.URL.Path, "/status")
	o, ok := s.objects[path]
	if !ok || isStatus && o["statusIsNoSubresource"] != nil {
		missing(w, r)
		return
	}
	kind := r.Header.Get("Content-Type")
	after, code, why := patched(o, kind, body)
	if why != "" {
		status(w, code, strings.ReplaceAll(http.StatusText(code), " ", ""), why)
		return
	}
	if isStatus { // of a patch of the status nothing else is taken, and the other way round
		next := clone(o)
		next["status"] = after["status"]
		after = next
	} else if o["statusIsNoSubresource"] == nil {
		after["status"] = o["status"]
	}
	changed(after, o["spec"])
	s.objects[path] = after
	s.patches = append(s.patches, Patch{Path: r.URL.Path, Type: kind, Body: body})
	reply(w, after)
}

// patched returns an object with a patch applied, or why it cannot be.
func patched(o Object, kind string, body []byte) (after Object, code int, why string) {
	after = clone(o)
	switch kind {
	case "application/json-patch+json":
		var ops []struct {
			Op, Path string
			Value    any
		}
		if err := json.Unmarshal(body, &ops); err != nil {
			return nil, http.StatusBadRequest, "error decoding patch: " + err.Error()
		}
		for _, op := range ops {
			if !operate(after, op.Op, op.Path, op.Value) { // the API server does not say which it was
				return nil, http.StatusUnprocessableEntity, "the server rejected our request due to an error in our request"
			}
		}
	case "application/merge-patch+json":
		var with Object
		if err := json.Unmarshal(body, &with); err != nil {
			return nil, http.StatusBadRequest, "error decoding patch: " + err.Error()
		}
		merge(after, with)
	default:
		return nil, http.StatusUnsupportedMediaType, "the body of the request was in an unknown format - accepted media types include: " +
			"application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
	}
	return after, 0, ""
}

// clone copies an object in depth.
func clone(o Object) Object {
	b, _ := json.Marshal(o)
	var out Object
	_ = json.Unmarshal(b, &out)
	return out
}

// operate applies one operation of a JSON patch to members of objects, or reports that
// it cannot.
func operate(o Object, op, path string, value any) bool {
	keys := strings.Split(strings.TrimPrefix(path, "/"), "/")
	last := keys[len(keys)-1]
	parent, ok := at(o, keys[:len(keys)-1]...).(map[string]any)
	if !ok {
		return false
	}
	old, has := parent[last]
	switch op {
	case "test":
		return reflect.DeepEqual(old, value)
	case "replace":
		if !has {
			return false
		}
		parent[last] = value
		return true
	case "add":
		parent[last] = value
		return true
	}
	return false
}

// merge lays one object over another; null removes.
func merge(o, with Object) {
	for k, v := range with {
		to, both := o[k].(map[string]any)
		from, isObject := v.(map[string]any)
		switch {
		case v == nil:
			delete(o, k)
		case both && isObject:
			merge(to, from)
		default:
			o[k] = v
		}
	}
}
