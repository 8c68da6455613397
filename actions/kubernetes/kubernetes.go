package kubernetes

import (
	"context"
	"maps"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// What Kubernetes calls things.
const (
	hashLabel    = "pod-template-hash"
	revisionNote = "deployment.kubernetes.io/revision"
	deliveryNote = "haldane.dev/delivery" // ours: which delivery it was
)

// own are the annotations of a Deployment that stay its own, because they tell of it
// and not of a revision.
func own(annotation string) bool {
	switch annotation {
	case "kubectl.kubernetes.io/last-applied-configuration", revisionNote, "deployment.kubernetes.io/revision-history",
		"deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to":
		return true
	}
	return false
}

// Action rolls Deployments back.
type Action struct {
	client *web.Client
	parts  parts
}

var (
	_ analysis.Action   = (*Action)(nil)
	_ analysis.Follower = (*Action)(nil)
	_ analysis.Checker  = (*Action)(nil)
)

// deployment is what is read of one.
type deployment struct {
	Metadata cluster.Meta
	Spec     struct {
		Replicas *int32
		Paused   bool
		Selector cluster.Selector
		Template cluster.Pods
	}
	Status struct {
		ObservedGeneration                           int64
		Replicas, UpdatedReplicas, AvailableReplicas int32
		Conditions                                   []struct{ Type, Status, Reason, Message string }
	}
}

// place is one Deployment, and the versions as they are written in it.
type place struct {
	namespace, path, who string
	from, to             string
}

// where finds out which Deployment a delivery is about.
func (a *Action) where(d analysis.Delivery) (place, error) {
	target, err := web.Target(d)
	if err != nil {
		return place{}, err
	}
	data := config.NewMessageData(d)
	p := place{}
	if p.namespace, err = a.parts.namespace.Of(data); err != nil {
		return p, err
	}
	name, err := a.parts.deployment.Of(data)
	if err != nil {
		return p, err
	}
	p.who = a.client.Who() + ": deployment " + p.namespace + "/" + name
	if p.path, err = web.Path("apis", "apps", "v1", "namespaces", p.namespace, "deployments", name); err != nil {
		return p, err
	}
	if p.to, err = a.parts.finder.Written(data, target.To); err != nil {
		return p, err
	}
	p.from, err = a.parts.finder.Left(data, target)
	return p, err
}

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	p, err := a.where(d)
	if err != nil {
		return analysis.Receipt{}, err
	}
	var now deployment
	if err := cluster.Get(ctx, a.client, p.path, "Deployment", &now); err != nil {
		return analysis.Receipt{}, err
	}
	f := a.parts.finder
	switch running := now.Spec.Template; {
	case f.Carries(running, p.to) && p.from != "" && f.Carries(running, p.from):
		return analysis.Receipt{}, analysis.Errorf(analysis.Conflict, "%s has both versions, %s and %s, in its containers", p.who, p.from, p.to).WithHint("container: ...")
	case f.Carries(running, p.to):
		return analysis.Receipt{At: time.Now(), Text: "it has version " + p.to + " already"}, nil
	case now.Spec.Paused:
		return analysis.Receipt{}, analysis.Errorf(analysis.Conflict, "%s is paused", p.who).WithHint("kubectl rollout resume")
	case p.from != "" && !f.Carries(running, p.from):
		return analysis.Receipt{}, analysis.Errorf(analysis.Conflict, "%s has %s, which is not the version %s that failed: left as it is", p.who, f.Tells(running), p.from)
	}
	sets, err := cluster.ReplicaSets(ctx, a.client, p.namespace, now.Metadata, now.Spec.Selector)
	if err != nil {
		return analysis.Receipt{}, err
	}
	revision, err := f.Pick(p.who, p.to, cluster.Revisions(sets, revisionNote))
	if err != nil {
		return analysis.Receipt{}, err
	}
	return a.patch(ctx, p, now, revision, d.ID)
}

// patch writes a revision back into the Deployment.
func (a *Action) patch(ctx context.Context, p place, now deployment, to cluster.Revision, id string) (analysis.Receipt, error) {
	template, err := to.Pods.Without(hashLabel)
	if err != nil {
		return analysis.Receipt{}, err
	}
	annotations := map[string]string{}
	maps.Copy(annotations, to.Notes)
	maps.DeleteFunc(annotations, func(k, _ string) bool { return own(k) })
	for k, v := range now.Metadata.Annotations {
		if own(k) {
			annotations[k] = v
		}
	}
	annotations[deliveryNote] = id
	patch, err := cluster.JSONPatch(p.path, id,
		cluster.Op{Op: "test", Path: "/metadata/generation", Value: now.Metadata.Generation},
		cluster.Op{Op: "replace", Path: "/spec/template", Value: template},
		cluster.Op{Op: "add", Path: "/metadata/annotations", Value: annotations}, // add also replaces
	)
	if err != nil {
		return analysis.Receipt{}, err
	}
	answer, err := a.client.Send(ctx, patch)
	if err != nil {
		return analysis.Receipt{}, cluster.Moved(answer, err)
	}
	if err := cluster.Read(answer, "Deployment", &deployment{}); err != nil {
		return analysis.Receipt{}, err
	}
	return analysis.Receipt{At: time.Now(), Text: "rolling back to version " + p.to + ", revision " + to.Name}, nil
}

// Check implements analysis.Checker: the API server is reached, and knows us.
func (a *Action) Check(ctx context.Context) error {
	answer, err := a.client.Send(ctx, web.Request{Path: "/version"})
	if err != nil {
		return err
	}
	var version struct{ GitVersion string }
	return answer.JSON(&version)
}
