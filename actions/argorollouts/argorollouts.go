package argorollouts

import (
	"context"
	"net/http"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
)

// Action speaks with Rollouts.
type Action struct {
	client *web.Client
	parts  parts
}

var (
	_ analysis.Action   = (*Action)(nil)
	_ analysis.Follower = (*Action)(nil)
	_ analysis.Checker  = (*Action)(nil)
)

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	s, err := a.look(ctx, d)
	if err != nil {
		return analysis.Receipt{}, err
	}
	switch a.parts.do {
	case doUndo:
		return a.undo(ctx, s, d.ID)
	case doPromote:
		return a.promote(ctx, s, d.ID)
	}
	return a.abort(ctx, s, d.ID)
}

func already(text string) (analysis.Receipt, error) {
	return analysis.Receipt{At: time.Now(), Text: text}, nil
}

func (s *scene) refuse(format string, args ...any) *analysis.Error {
	return analysis.Errorf(analysis.Conflict, "%s: "+format, append([]any{s.who}, args...)...)
}

// abort gives all traffic back to the stable version, if that is the one to go back to.
func (a *Action) abort(ctx context.Context, s *scene, id string) (analysis.Receipt, error) {
	f := a.parts.finder
	switch stable := s.stable(); {
	case !f.Carries(stable, s.to):
		e := s.refuse("its stable version is %s, not %s", f.Tells(stable), s.to)
		return analysis.Receipt{}, e.WithHint("action: undo, when the bad version has been promoted already")
	case !s.now.underWay():
		return already("version " + s.to + " is the only one already")
	case s.from != "" && !f.Carries(s.coming(), s.from):
		return analysis.Receipt{}, s.refuse("it is rolling out %s, which is not the version %s that failed: left as it is", f.Tells(s.coming()), s.from)
	case s.now.Status.Abort:
		return already("it has been aborted already")
	}
	return a.patchStatus(ctx, s, id, `{"status":{"abort":true}}`, "aborting: traffic goes back to version "+s.to)
}

// promote skips what is left of the steps, if it is the run's version that comes.
func (a *Action) promote(ctx context.Context, s *scene, id string) (analysis.Receipt, error) {
	f := a.parts.finder
	switch {
	case !f.Carries(s.coming(), s.to):
		return analysis.Receipt{}, s.refuse("it is rolling out %s, not %s: left as it is", f.Tells(s.coming()), s.to)
	case !s.now.underWay():
		return already("version " + s.to + " is promoted already")
	case s.now.Status.Abort:
		return analysis.Receipt{}, s.refuse("it has been aborted")
	case s.now.Status.PromoteFull:
		return already("it is being promoted already")
	}
	return a.patchStatus(ctx, s, id, `{"status":{"promoteFull":true}}`, "promoting version "+s.to)
}

// patchStatus changes the status, on the object itself where there is no subresource.
func (a *Action) patchStatus(ctx context.Context, s *scene, id, body, text string) (analysis.Receipt, error) {
	answer, err := a.client.Send(ctx, cluster.MergePatch(s.path+"/status", id, body))
	if err != nil && answer.Status == http.StatusNotFound {
		answer, err = a.client.Send(ctx, cluster.MergePatch(s.path, id, body))
	}
	return taken(answer, err, text)
}

// undo writes the template of the version back.
func (a *Action) undo(ctx context.Context, s *scene, id string) (analysis.Receipt, error) {
	f, running := a.parts.finder, s.now.Spec.Template
	if ref := s.now.Spec.WorkloadRef; ref != nil {
		e := s.refuse("its template is that of the %s %s", ref.Kind, ref.Name)
		return analysis.Receipt{}, e.WithHint("an action of type kubernetes")
	}
	switch {
	case f.Carries(running, s.to) && s.from != "" && f.Carries(running, s.from):
		return analysis.Receipt{}, s.refuse("it has both versions, %s and %s, in its containers", s.from, s.to).WithHint("container: ...")
	case f.Carries(running, s.to):
		return already("it has version " + s.to + " already")
	case s.from != "" && !f.Carries(running, s.from):
		return analysis.Receipt{}, s.refuse("it has %s, which is not the version %s that failed: left as it is", f.Tells(running), s.from)
	}
	revision, err := f.Pick(s.who, s.to, cluster.Revisions(s.sets, revisionNote))
	if err != nil {
		return analysis.Receipt{}, err
	}
	template, err := revision.Pods.Without(hashLabel)
	if err != nil {
		return analysis.Receipt{}, err
	}
	patch, err := cluster.JSONPatch(s.path, id,
		cluster.Op{Op: "test", Path: "/metadata/generation", Value: s.now.Metadata.Generation},
		cluster.Op{Op: "replace", Path: "/spec/template", Value: template},
	)
	if err != nil {
		return analysis.Receipt{}, err
	}
	answer, err := a.client.Send(ctx, patch)
	return taken(answer, err, "rolling back to version "+s.to+", revision "+revision.Name)
}

// taken makes a receipt of the answer to a patch.
func taken(answer web.Answer, err error, text string) (analysis.Receipt, error) {
	if err != nil {
		return analysis.Receipt{}, cluster.Moved(answer, err)
	}
	if err := cluster.Read(answer, "Rollout", &rollout{}); err != nil {
		return analysis.Receipt{}, err
	}
	return analysis.Receipt{At: time.Now(), Text: text}, nil
}

// Check implements analysis.Checker: the API server is reached, knows us, and has
// Rollouts.
func (a *Action) Check(ctx context.Context) error {
	answer, err := a.client.Send(ctx, web.Request{Path: "/apis/argoproj.io/v1alpha1"})
	if err != nil {
		return err
	}
	return cluster.Read(answer, "APIResourceList", &struct{}{})
}
