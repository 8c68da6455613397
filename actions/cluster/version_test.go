package cluster

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// pods reads a pod template with one container, and one that is done before.
func pods(t *testing.T, image string) Pods {
	t.Helper()
	var p Pods
	text := `{"metadata": {"labels": {"app": "a", "hash": "1"}, "annotations": {"v": "7"}}, "spec": {"containers": [{"name": "a", "image": "` + image + `"}],
		"initContainers": [{"name": "init", "image": "busybox:1"}], "big": 9007199254740993}}`
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestImageVersions: registries have ports, names have no tag, digests are versions.
func TestImageVersions(t *testing.T) {
	for image, want := range map[string][]string{
		"checkout:1.4.1": {"1.4.1", ""}, "r.example.com:5000/shop/checkout:1.4.1": {"1.4.1", ""}, "r.example.com:5000/shop/checkout": {"latest", ""},
		"checkout@sha256:ab": {"", "sha256:ab"}, "r:5000/checkout:1@sha256:ab": {"1", "sha256:ab"}, "checkout": {"latest", ""},
	} {
		if got := imageVersions(image); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", image, got, want)
		}
	}
}

// TestVersions: by each place in which pods carry them.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		f    Finding
		want string
	}{
		{Finding{Find: "image"}, "1.4.1, 1"},
		{Finding{Find: "image", Container: "a"}, "1.4.1"},
		{Finding{Find: "image", Container: "b"}, "a version that is not known by image"},
		{Finding{Find: "label", Key: "app"}, "a"},
		{Finding{Find: "label"}, "a version that is not known by label"},
		{Finding{Find: "annotation", Key: "v"}, "7"},
	} {
		if got := (Finder{s: c.f}).Tells(pods(t, "checkout:1.4.1")); got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
}

// TestPick: one is found, none and several are not guessed.
func TestPick(t *testing.T) {
	revisions := []Revision{
		{Name: "one", Number: 1, Pods: pods(t, "a:1.0")}, {Name: "three", Number: 3, Pods: pods(t, "a:1.1")}, {Name: "two", Number: 2, Pods: pods(t, "a:1.1")},
	}
	for _, c := range []struct {
		version, several, want string
		kind                   analysis.Kind
	}{
		{"1.0", "refuse", "one", ""},
		{"1.1", "refuse", "three, two", analysis.Conflict},
		{"1.1", "newest", "three", ""},
		{"1.2", "newest", "none of its 3 revisions", analysis.NotFound},
	} {
		r, err := (Finder{s: Finding{Find: "image", Container: "a", Several: c.several}}).Pick("who", c.version, revisions)
		text := r.Name
		if err != nil {
			text = err.Error()
		}
		if analysis.KindOf(err) != c.kind || !strings.Contains(text, c.want) {
			t.Errorf("%s, %s: %q, error %v; want %q", c.version, c.several, r.Name, err, c.want)
		}
	}
}

// TestWithout: a label goes, everything else stays as it was written.
func TestWithout(t *testing.T) {
	p := pods(t, "a:1")
	raw, err := p.Without("hash")
	if err != nil || strings.Contains(string(raw), "hash") || !strings.Contains(string(raw), "9007199254740993") || !strings.Contains(string(raw), `"app":"a"`) {
		t.Errorf("%s, error %v", raw, err)
	}
	if same, err := p.Without("other"); err != nil || string(same) != string(p.Raw) {
		t.Errorf("%s, error %v", same, err)
	}
	if _, err := (Pods{Raw: []byte(`{"metadata": 7}`)}).Without("hash"); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("error %v", err)
	}
}

// TestLeft: the version that is left can only be told when the template goes by it.
func TestLeft(t *testing.T) {
	target := analysis.RollbackTarget{From: "1.4.2", To: "1.4.1"}
	data := config.MessageData{Rollback: &target}
	for text, want := range map[string]string{"{{.Rollback.To}}": "1.4.2", "v{{.Rollback.To}}": "v1.4.2", "stable": ""} {
		n := &web.Names{}
		f := Finding{Find: "image", Version: text, Several: "refuse"}.Compile(n)
		if got, err := f.Left(data, target); err != nil || got != want || len(n.Problems) != 0 {
			t.Errorf("%s: %q, error %v, want %q", text, got, err, want)
		}
	}
	if target.To != "1.4.1" {
		t.Error("the target was changed")
	}
}

func TestSelector(t *testing.T) {
	var s Selector
	text := `{"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["x", "y"]},
		{"key": "old", "operator": "DoesNotExist"}, {"key": "new", "operator": "Exists"}, {"key": "env", "operator": "NotIn", "values": ["dev"]}]}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	if got, want := s.String(), "!old,a=1,b=2,env notin (dev),new,tier in (x,y)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestMoved: only a lost race is tried again.
func TestMoved(t *testing.T) {
	refused := analysis.Errorf(analysis.Invalid, "refused")
	for _, c := range []struct {
		status int
		body   string
		kind   analysis.Kind
	}{
		{409, "", analysis.Unavailable},
		{422, `{"message": "the server rejected our request due to an error in our request"}`, analysis.Unavailable},
		{422, `{"message": "Deployment.apps \"a\" is invalid: spec.template: Invalid value"}`, analysis.Invalid},
		{400, "test", analysis.Invalid},
	} {
		if err := Moved(web.Answer{Status: c.status, Body: []byte(c.body)}, refused); analysis.KindOf(err) != c.kind {
			t.Errorf("HTTP %d %s: %v, want %s", c.status, c.body, err, c.kind)
		}
	}
	if refused.Kind != analysis.Invalid || !errors.Is(refused, analysis.Invalid) {
		t.Error("the error was changed in place")
	}
}
