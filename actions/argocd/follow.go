package argocd

import (
	"cmp"
	"context"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/analysis"
)

// Follow implements analysis.Follower: it asks once how far the sync, or the abort, is.
func (a *Action) Follow(ctx context.Context, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	s, err := a.where(d)
	if err != nil {
		return r, err
	}
	var text string
	var done bool
	if a.settings.Action == doAbort {
		text, done, err = a.aborting(ctx, s)
	} else {
		text, done, err = a.syncing(ctx, s)
	}
	if err != nil {
		return r, err
	}
	return analysis.Receipt{At: time.Now(), Text: text, Refs: r.Refs, Done: done}, nil
}

// syncing says how far a rollback is: synced, and then healthy.
func (a *Action) syncing(ctx context.Context, s *scene) (text string, done bool, err error) {
	app, err := a.get(ctx, s)
	if err != nil {
		return "", false, err
	}
	state := app.Status.OperationState
	if state == nil || app.Operation != nil && state.Phase != "Running" && state.Phase != "Terminating" {
		return "waiting for its controller", false, nil
	}
	switch state.Phase {
	case "Running", "Terminating":
		return "sync " + cmp.Or(cluster.Short(state.Message), state.Phase), false, nil
	case "Failed", "Error":
		return "", false, s.refuse("the sync failed: %s", cmp.Or(cluster.Short(state.Message), "no message"))
	case "Succeeded":
		if latest := app.latest(); !a.settings.carries(latest, s.to) {
			return "", false, s.refuse("what was synced last is not version %s: somebody synced another", s.to)
		}
	default:
		return "sync " + state.Phase, false, nil
	}
	if h := app.Status.Health; h.Status != "Healthy" {
		return "synced; its health is " + cmp.Or(h.Status, "not known"), false, nil
	}
	return "synced and healthy: version " + s.to, true, nil
}
