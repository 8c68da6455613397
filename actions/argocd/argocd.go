package argocd

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
)

// Action speaks with Argo CD.
type Action struct {
	settings *Settings
	parts    parts
	client   *web.Client
}

var (
	_ analysis.Action   = (*Action)(nil)
	_ analysis.Follower = (*Action)(nil)
	_ analysis.Checker  = (*Action)(nil)
)

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	s, err := a.where(d)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if a.settings.Action == doAbort {
		return a.abort(ctx, s, d.ID)
	}
	return a.rollback(ctx, s, d.ID)
}

func receipt(format string, args ...any) (analysis.Receipt, error) {
	return analysis.Receipt{At: time.Now(), Text: fmt.Sprintf(format, args...)}, nil
}

func (s *scene) refuse(format string, args ...any) *analysis.Error {
	return analysis.Errorf(analysis.Conflict, "%s: "+format, append([]any{s.who}, args...)...)
}

// rollback asks for a sync to the entry that has the version.
func (a *Action) rollback(ctx context.Context, s *scene, id string) (analysis.Receipt, error) {
	app, err := a.get(ctx, s)
	if err != nil {
		return analysis.Receipt{}, err
	}
	to, err := a.settings.pick(s.who, s.to, app.Status.History)
	if err != nil {
		return analysis.Receipt{}, err
	}
	latest := app.latest()
	switch {
	case app.Operation != nil && app.Operation.to(to):
		return receipt("it is being synced to version %s already", s.to)
	case app.Operation != nil:
		return analysis.Receipt{}, analysis.Errorf(analysis.Unavailable, "%s: another operation is in progress", s.who)
	case a.settings.carries(latest, s.to):
		return receipt("version %s is what was synced last already", s.to)
	case s.from != "" && !a.settings.carries(latest, s.from):
		return analysis.Receipt{}, s.refuse("what was synced last is %s, which is not the version %s that failed: left as it is",
			strings.Join(a.settings.versions(latest), ", "), s.from)
	}
	said := ""
	if app.autoSync() {
		if said, err = a.stopAutoSync(ctx, s, app); err != nil {
			return analysis.Receipt{}, err
		}
	}
	answer, err := a.post(ctx, s.path+"/rollback", id, map[string]any{
		"name": s.name, "id": to.ID, "prune": a.settings.Prune, "appNamespace": s.appNamespace, "project": s.project,
	})
	if err != nil {
		return analysis.Receipt{}, waited(answer, err)
	}
	var taken application
	if err := answer.JSON(&taken); err != nil {
		return analysis.Receipt{}, err
	}
	if taken.Metadata.Name != s.name {
		return analysis.Receipt{}, answer.Nonsense()
	}
	return receipt("syncing to version %s, entry %d of the history%s", s.to, to.ID, said)
}

// to reports whether an operation goes to an entry of the history.
func (o *operation) to(e entry) bool {
	return o.Sync.Revision != "" && o.Sync.Revision == e.Revision || len(e.Revisions) > 0 && slices.Equal(o.Sync.Revisions, e.Revisions)
}

// stopAutoSync switches auto-sync off, or refuses to.
func (a *Action) stopAutoSync(ctx context.Context, s *scene, app application) (string, error) {
	if !a.settings.DisableAutoSync {
		return "", s.refuse("auto-sync is on: Argo CD would bring Git's version back").
			WithHint("action: abort-rollout for an Argo Rollout, disable_auto_sync: true, or revert in Git")
	}
	body, err := web.Encode(map[string]any{
		"name": s.name, "appNamespace": s.appNamespace, "project": s.project,
		"patch": `{"spec":{"syncPolicy":{"automated":null}}}`, "patchType": "merge",
	})
	if err != nil {
		return "", err
	}
	if _, err := a.client.Send(ctx, web.Request{Method: http.MethodPatch, Path: s.path, Body: body}); err != nil {
		return "", err
	}
	return "; auto-sync is off now, it was " + string(app.Spec.SyncPolicy.Automated) + ": put it back when Git is right", nil
}

func (a *Action) post(ctx context.Context, path, id string, in map[string]any) (web.Answer, error) {
	for k, v := range in {
		if v == "" {
			delete(in, k)
		}
	}
	body, err := web.Encode(in)
	if err != nil {
		return web.Answer{}, err
	}
	return a.client.Send(ctx, web.Request{Method: http.MethodPost, Path: path, Body: body, Key: id})
}

// waited makes the refusal that another operation is in progress one that is tried
// again. Argo CD answers all that it refuses for the state of things with 400.
func waited(answer web.Answer, err error) error {
	if answer.Status != http.StatusBadRequest || !strings.Contains(string(answer.Body), "another operation is already in progress") {
		return err
	}
	e := *analysis.AsError(err)
	e.Kind = analysis.Unavailable
	return &e
}

// Check implements analysis.Checker: Argo CD is reached, and knows us.
func (a *Action) Check(ctx context.Context) error {
	answer, err := a.client.Send(ctx, web.Request{Path: "/api/v1/session/userinfo"})
	if err != nil {
		return err
	}
	var who struct{ LoggedIn bool }
	if err := answer.JSON(&who); err != nil {
		return err
	}
	if !who.LoggedIn {
		return analysis.Errorf(analysis.Denied, "%s: the token is not known", a.client.Who()).WithHint("argocd account generate-token")
	}
	return nil
}
