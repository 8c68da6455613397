package cluster

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Finding says how a version is recognised; embed it with `yaml:",inline"`.
type Finding struct {
	Find      string `yaml:"find" doc:"where pods carry their version: in the tag of an image, in a label or in an annotation of the pod template" jsonschema:"enum=image,enum=label,enum=annotation"`
	Key       string `yaml:"key" doc:"which label or annotation; default: app.kubernetes.io/version"`
	Container string `yaml:"container" doc:"whose image; default: any container's"`
	Version   string `yaml:"version" doc:"template: how a version is written there, from .Rollback.To; default: {{.Rollback.To}}"`
	Several   string `yaml:"several" doc:"when several revisions carry the version: refuse, or take the newest" jsonschema:"enum=refuse,enum=newest"`
}

// NewFinding returns the defaults.
func NewFinding() Finding {
	return Finding{Find: "image", Version: "{{.Rollback.To}}", Several: "refuse"}
}

// Finder is a Finding, parsed.
type Finder struct {
	s       Finding
	version web.Name
}

// Compile parses the settings and finds what is wrong with them.
func (f Finding) Compile(n *web.Names) Finder {
	if !slices.Contains([]string{"image", "label", "annotation"}, f.Find) {
		n.Add("find", "not image, label or annotation", "image")
	}
	if f.Find == "image" && f.Key != "" {
		n.Add("key", "only with find: label or annotation", "")
	}
	if f.Find != "image" && f.Container != "" {
		n.Add("container", "only with find: image", "")
	}
	if !slices.Contains([]string{"refuse", "newest"}, f.Several) {
		n.Add("several", "not refuse or newest", "refuse")
	}
	return Finder{s: f, version: n.Parse("version", f.Version, true)}
}

// Written returns how a version is written in the cluster.
func (f Finder) Written(data config.MessageData, version string) (string, error) {
	return f.version.Written(data, version)
}

// Left returns how the version that is to be left is written, or nothing when that
// cannot be told.
func (f Finder) Left(data config.MessageData, target analysis.RollbackTarget) (string, error) {
	return f.version.Left(data, target)
}

// Pods is a pod template as the cluster wrote it, with what carries a version read.
type Pods struct {
	Raw         json.RawMessage
	labels      map[string]string
	annotations map[string]string
	containers  []container
}

type container struct{ Name, Image string }

// UnmarshalJSON implements json.Unmarshaler.
func (p *Pods) UnmarshalJSON(b []byte) error {
	var in struct {
		Metadata struct{ Labels, Annotations map[string]string }
		Spec     struct{ Containers, InitContainers []container }
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*p = Pods{
		Raw: slices.Clone(b), labels: in.Metadata.Labels, annotations: in.Metadata.Annotations,
		containers: append(in.Spec.Containers, in.Spec.InitContainers...),
	}
	return nil
}

// Versions returns the versions that pods carry: several when containers differ.
func (f Finder) Versions(p Pods) []string {
	key := cmp.Or(f.s.Key, "app.kubernetes.io/version")
	var out []string
	switch f.s.Find {
	case "label":
		out = append(out, p.labels[key])
	case "annotation":
		out = append(out, p.annotations[key])
	default:
		for _, c := range p.containers {
			if f.s.Container == "" || f.s.Container == c.Name {
				out = append(out, imageVersions(c.Image)...)
			}
		}
	}
	return slices.DeleteFunc(slices.Compact(out), func(v string) bool { return v == "" })
}

// imageVersions are the tag of an image and its digest.
func imageVersions(image string) []string {
	name, digest, _ := strings.Cut(image, "@")
	_, tag, ok := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	if !ok && digest == "" {
		tag = "latest" // what a name alone means
	}
	return []string{tag, digest}
}

// Carries reports whether pods are of a version.
func (f Finder) Carries(p Pods, written string) bool { return slices.Contains(f.Versions(p), written) }

// Tells names the versions that pods carry, for people.
func (f Finder) Tells(p Pods) string {
	return cmp.Or(strings.Join(f.Versions(p), ", "), "a version that is not known by "+f.s.Find)
}

// Revision is one of the pod templates that a cluster keeps of a workload.
type Revision struct {
	Name   string
	Number int64
	Pods   Pods
	Notes  map[string]string // the annotations of what keeps it
}

// Pick finds the revision of a version. It never guesses.
func (f Finder) Pick(who, written string, revisions []Revision) (Revision, error) {
	var found []Revision
	for _, r := range revisions {
		if f.Carries(r.Pods, written) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b Revision) int { return cmp.Compare(b.Number, a.Number) })
	switch {
	case len(found) == 0:
		return Revision{}, analysis.Errorf(analysis.NotFound, "%s: none of its %d revisions has version %s by %s", who, len(revisions), written, f.s.Find).
			WithHint("check find, key and version; old revisions go after revisionHistoryLimit")
	case len(found) > 1 && f.s.Several != "newest":
		names := make([]string, len(found))
		for i, r := range found {
			names[i] = r.Name
		}
		return Revision{}, analysis.Errorf(analysis.Conflict, "%s: several revisions have version %s: %s", who, written, strings.Join(names, ", ")).
			WithHint("several: newest, if they differ in nothing that matters")
	}
	return found[0], nil
}

// Without returns a pod template without a label: the one that tells the pods of one
// revision from those of another is put on by its controller.
func (p Pods) Without(label string) (json.RawMessage, error) {
	var template map[string]json.RawMessage
	var metadata map[string]json.RawMessage
	var labels map[string]string
	err := json.Unmarshal(p.Raw, &template)
	if err == nil && template["metadata"] != nil {
		err = json.Unmarshal(template["metadata"], &metadata)
	}
	if err == nil && metadata["labels"] != nil {
		err = json.Unmarshal(metadata["labels"], &labels)
	}
	if err != nil {
		return nil, analysis.Errorf(analysis.Unavailable, "a pod template was not understood").Because(err)
	}
	if _, has := labels[label]; !has {
		return p.Raw, nil
	}
	delete(labels, label)
	metadata["labels"], _ = json.Marshal(labels) // texts only
	template["metadata"], _ = json.Marshal(metadata)
	return json.Marshal(template)
}
