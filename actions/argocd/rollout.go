package argocd

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
)

// rolloutVersion is the version of the API of Rollouts.
const rolloutVersion = "v1alpha1"

// rollout is what is read of one.
type rollout struct {
	Spec   struct{ Template cluster.Pods }
	Status struct {
		Abort                    bool
		CurrentPodHash, StableRS string
		Phase, Message           string
	}
}

// replicaSet is what is read of one.
type replicaSet struct {
	Spec struct{ Template cluster.Pods }
}

// stage is a Rollout with its stable version.
type stage struct {
	namespace, name string
	now             rollout
	stable          cluster.Pods
}

// stage reads the Rollout and the ReplicaSet that is stable, as they are in the cluster.
func (a *Action) stage(ctx context.Context, s *scene) (*stage, error) {
	g := &stage{}
	var err error
	if g.namespace, err = a.parts.namespace.Of(s.data); err != nil {
		return nil, err
	}
	if g.name, err = a.parts.rollout.Of(s.data); err != nil {
		return nil, err
	}
	s.who += ": rollout " + g.namespace + "/" + g.name
	if err := a.live(ctx, s, g.ref("argoproj.io", rolloutVersion, "Rollout", g.name), &g.now); err != nil {
		return nil, err
	}
	if g.now.Status.StableRS == "" {
		return nil, s.refuse("it has no stable version")
	}
	var stable replicaSet
	err = a.live(ctx, s, g.ref("apps", "v1", "ReplicaSet", g.name+"-"+g.now.Status.StableRS), &stable)
	g.stable = stable.Spec.Template
	return g, err
}

// ref names a resource as Argo CD wants it.
func (g *stage) ref(group, version, kind, name string) map[string]any {
	return map[string]any{"namespace": g.namespace, "group": group, "version": version, "kind": kind, "resourceName": name}
}

// live reads a resource of the application, of which Argo CD gives the manifest.
func (a *Action) live(ctx context.Context, s *scene, ref map[string]any, into any) error {
	q, err := url.ParseQuery(s.query)
	if err != nil {
		return analysis.Errorf(analysis.Internal, "a query cannot be written").Because(err)
	}
	for k, v := range ref {
		q.Set(k, v.(string))
	}
	answer, err := a.client.Send(ctx, web.Request{Path: s.path + "/resource?" + q.Encode()})
	if err != nil {
		return err
	}
	var out struct{ Manifest string }
	if err := answer.JSON(&out); err != nil {
		return err
	}
	var is struct{ Kind string }
	if json.Unmarshal([]byte(out.Manifest), &is) != nil || is.Kind != ref["kind"] || json.Unmarshal([]byte(out.Manifest), into) != nil {
		return answer.Nonsense()
	}
	return nil
}

// abort sends the traffic back to the stable version, if that is the one to go back to.
func (a *Action) abort(ctx context.Context, s *scene, id string) (analysis.Receipt, error) {
	g, err := a.stage(ctx, s)
	if err != nil {
		return analysis.Receipt{}, err
	}
	f, status := a.parts.finder, g.now.Status
	switch {
	case !f.Carries(g.stable, s.to):
		return analysis.Receipt{}, s.refuse("its stable version is %s, not %s", f.Tells(g.stable), s.to).
			WithHint("action: rollback, when the bad version has been promoted already")
	case status.CurrentPodHash == status.StableRS:
		return receipt("version %s is the only one already", s.to)
	case s.from != "" && !f.Carries(g.now.Spec.Template, s.from):
		return analysis.Receipt{}, s.refuse("it is rolling out %s, which is not the version %s that failed: left as it is", f.Tells(g.now.Spec.Template), s.from)
	case status.Abort:
		return receipt("it has been aborted already")
	}
	in := g.ref("argoproj.io", rolloutVersion, "Rollout", g.name)
	in["name"], in["action"], in["appNamespace"], in["project"] = s.name, "abort", s.appNamespace, s.project
	answer, err := a.post(ctx, s.path+"/resource/actions/v2", id, in)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if err := answer.JSON(&struct{}{}); err != nil {
		return analysis.Receipt{}, err
	}
	return receipt("aborting: traffic goes back to version %s", s.to)
}

// aborting says how far an abort is. The controller reports an aborted Rollout as
// Degraded: that is the end which is wanted.
func (a *Action) aborting(ctx context.Context, s *scene) (text string, done bool, err error) {
	g, err := a.stage(ctx, s)
	if err != nil {
		return "", false, err
	}
	f, status := a.parts.finder, g.now.Status
	switch {
	case !f.Carries(g.stable, s.to):
		return "", false, s.refuse("its stable version is %s now: somebody changed it", f.Tells(g.stable))
	case status.CurrentPodHash == status.StableRS && status.Phase == "Healthy":
		return "version " + s.to + " is the only one", true, nil
	case status.CurrentPodHash == status.StableRS:
		return "version " + s.to + " is " + strings.ToLower(status.Phase), false, nil
	case s.from != "" && !f.Carries(g.now.Spec.Template, s.from):
		return "", false, s.refuse("it is rolling out %s now: somebody changed it", f.Tells(g.now.Spec.Template))
	case !status.Abort:
		return "", false, s.refuse("it is not aborted any more: somebody tried again")
	case status.Phase == "Degraded" && strings.HasPrefix(status.Message, "RolloutAborted"):
		return "aborted: traffic goes to version " + s.to, true, nil
	}
	return "waiting for its controller to abort", false, nil
}
