package cluster

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
)

// Meta is what is read of an object's metadata.
type Meta struct {
	Name            string
	UID             string
	Generation      int64
	ResourceVersion string
	Labels          map[string]string
	Annotations     map[string]string
	OwnerReferences []struct {
		UID        string
		Controller bool
	}
}

// ownedBy reports whether an object is managed by another.
func (m Meta) ownedBy(uid string) bool {
	return slices.ContainsFunc(m.OwnerReferences, func(o struct {
		UID        string
		Controller bool
	},
	) bool {
		return o.Controller && o.UID == uid
	})
}

// Selector is a label selector.
type Selector struct {
	MatchLabels      map[string]string
	MatchExpressions []struct {
		Key, Operator string
		Values        []string
	}
}

// String writes the selector as queries have it.
func (s Selector) String() string {
	var parts []string
	for k, v := range s.MatchLabels {
		parts = append(parts, k+"="+v)
	}
	for _, e := range s.MatchExpressions {
		switch values := strings.Join(e.Values, ","); e.Operator {
		case "In":
			parts = append(parts, e.Key+" in ("+values+")")
		case "NotIn":
			parts = append(parts, e.Key+" notin ("+values+")")
		case "Exists":
			parts = append(parts, e.Key)
		case "DoesNotExist":
			parts = append(parts, "!"+e.Key)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// ReplicaSet is one revision of a Deployment or a Rollout.
type ReplicaSet struct {
	Metadata Meta
	Spec     struct{ Template Pods }
}

// ReplicaSets lists those of an owner, whose revision numbers stand in an annotation.
func ReplicaSets(ctx context.Context, c *web.Client, namespace string, owner Meta, s Selector) ([]ReplicaSet, error) {
	path, err := web.Path("apis", "apps", "v1", "namespaces", namespace, "replicasets")
	if err != nil {
		return nil, err
	}
	selector := s.String()
	if selector == "" || owner.UID == "" {
		return nil, analysis.Errorf(analysis.Unavailable, "%s: %s has no selector or no uid", c.Who(), owner.Name)
	}
	var list struct{ Items []ReplicaSet }
	if err := Get(ctx, c, path+"?labelSelector="+url.QueryEscape(selector), "ReplicaSetList", &list); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(r ReplicaSet) bool { return !r.Metadata.ownedBy(owner.UID) }), nil
}

// Revisions are the ReplicaSets as revisions.
func Revisions(sets []ReplicaSet, annotation string) []Revision {
	out := make([]Revision, len(sets))
	for i, s := range sets {
		n, _ := strconv.ParseInt(s.Metadata.Annotations[annotation], 10, 64) // none is the oldest
		out[i] = Revision{Name: s.Metadata.Name, Number: n, Pods: s.Spec.Template, Notes: s.Metadata.Annotations}
	}
	return out
}
