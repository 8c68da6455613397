package argocd

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// application is what is read of one.
type application struct {
	Metadata struct{ Name string }
	Spec     struct {
		SyncPolicy struct{ Automated json.RawMessage }
	}
	Operation *operation
	Status    struct {
		History        []entry
		Health         struct{ Status, Message string }
		OperationState *struct {
			Phase, Message string
			StartedAt      time.Time
			Operation      operation
		}
	}
}

// operation is a sync that was asked for.
type operation struct {
	Sync struct {
		Revision  string
		Revisions []string
	}
}

// entry is one line of the history.
type entry struct {
	ID        int64
	Revision  string
	Revisions []string
	Source    json.RawMessage
	Sources   []json.RawMessage
}

// source is what is read of where an entry came from.
type source struct {
	TargetRevision string
	Helm           struct {
		Parameters []struct{ Name, Value string }
	}
	Kustomize struct{ Images []string }
}

func (e entry) sources() []source {
	var out []source
	for _, raw := range append([]json.RawMessage{e.Source}, e.Sources...) {
		var s source
		if len(raw) > 0 && json.Unmarshal(raw, &s) == nil {
			out = append(out, s)
		}
	}
	return out
}

// autoSync reports whether Argo CD syncs by itself; enabled came with its version 3.1.
func (a *application) autoSync() bool {
	var automated *struct{ Enabled *bool }
	if raw := a.Spec.SyncPolicy.Automated; len(raw) == 0 || json.Unmarshal(raw, &automated) != nil || automated == nil {
		return false
	}
	return automated.Enabled == nil || *automated.Enabled
}

// latest is the newest entry of the history: what was last synced; an empty one when
// nothing was.
func (a *application) latest() entry {
	if len(a.Status.History) == 0 {
		return entry{}
	}
	return slices.MaxFunc(a.Status.History, func(x, y entry) int { return cmp.Compare(x.ID, y.ID) })
}

// versions are what an entry may be called.
func (s *Settings) versions(e entry) []string {
	var out []string
	if s.Find == "revision" {
		out = append(append(out, e.Revision), e.Revisions...)
	}
	for _, src := range e.sources() {
		switch s.Find {
		case "revision":
			out = append(out, src.TargetRevision)
		case "parameter":
			for _, p := range src.Helm.Parameters {
				if p.Name == cmp.Or(s.Parameter, "image.tag") {
					out = append(out, p.Value)
				}
			}
		case "image":
			for _, image := range src.Kustomize.Images {
				name := image[strings.LastIndex(image, "/")+1:]
				if i := strings.LastIndexAny(name, ":@"); i >= 0 {
					out = append(out, name[i+1:])
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return v == "" })
}

// carries reports whether an entry has a version. A commit may be shortened.
func (s *Settings) carries(e entry, version string) bool {
	return slices.ContainsFunc(s.versions(e), func(v string) bool {
		return v == version || s.Find == "revision" && len(version) >= 7 && len(v) == 40 && isHex(version) && strings.HasPrefix(v, version)
	})
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// pick finds the entry of a version. Entries that are the same in all but the time are
// one; of those that differ none is guessed.
func (s *Settings) pick(who, version string, history []entry) (entry, error) {
	var found []entry
	for _, e := range history {
		if s.carries(e, version) {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return entry{}, analysis.Errorf(analysis.NotFound, "%s: none of the %d entries of its history has version %s by %s", who, len(history), version, s.Find).
			WithHint("check find and version; old entries go after revisionHistoryLimit")
	}
	newest := slices.MaxFunc(found, func(x, y entry) int { return cmp.Compare(x.ID, y.ID) })
	for _, e := range found {
		if e.Revision != newest.Revision || !slices.Equal(e.Revisions, newest.Revisions) || !bytes.Equal(e.Source, newest.Source) {
			return entry{}, analysis.Errorf(analysis.Conflict, "%s: several different entries of its history have version %s by %s: %d and %d", who, version, s.Find, e.ID, newest.ID).
				WithHint("use the full commit as the version")
		}
	}
	return newest, nil
}
