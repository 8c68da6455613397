package kubernetes

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/analysis"
)

// Follow implements analysis.Follower: it asks once how far the roll-out is, by the
// same signs as kubectl rollout status.
func (a *Action) Follow(ctx context.Context, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	p, err := a.where(d)
	if err != nil {
		return r, err
	}
	var now deployment
	if err := cluster.Get(ctx, a.client, p.path, "Deployment", &now); err != nil {
		return r, err
	}
	if now.Metadata.UID == "" || len(now.Spec.Template.Raw) == 0 {
		return r, analysis.Errorf(analysis.Unavailable, "%s: its answer was not understood", p.who)
	}
	if f := a.parts.finder; !f.Carries(now.Spec.Template, p.to) {
		return r, analysis.Errorf(analysis.Conflict, "%s has %s now: somebody changed it again", p.who, f.Tells(now.Spec.Template))
	}
	text, done, err := now.progress(p)
	if err != nil {
		return r, err
	}
	return analysis.Receipt{At: time.Now(), Text: text, Refs: r.Refs, Done: done}, nil
}

// progress says how far a Deployment is.
func (d *deployment) progress(p place) (text string, done bool, err error) {
	s := d.Status
	if s.ObservedGeneration < d.Metadata.Generation {
		return "waiting for its controller", false, nil
	}
	for _, c := range s.Conditions {
		if c.Type == "Progressing" && c.Reason == "ProgressDeadlineExceeded" {
			return "", false, analysis.Errorf(analysis.Conflict, "%s: the pods of version %s do not become ready within its progress deadline", p.who, p.to)
		}
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	switch {
	case s.UpdatedReplicas < want:
		return fmt.Sprintf("%d of %d pods are of version %s", s.UpdatedReplicas, want, p.to), false, nil
	case s.Replicas > s.UpdatedReplicas:
		return fmt.Sprintf("%d old pods are still there", s.Replicas-s.UpdatedReplicas), false, nil
	case s.AvailableReplicas < s.UpdatedReplicas:
		return fmt.Sprintf("%d of %d pods are available", s.AvailableReplicas, s.UpdatedReplicas), false, nil
	}
	return fmt.Sprintf("rolled out: %d pods of version %s", want, p.to), true, nil
}
