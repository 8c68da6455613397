package argorollouts

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/analysis"
)

// Follow implements analysis.Follower: it asks once how far the Rollout is.
//
//	abort         done when nobody is sent to the aborted version any more: its weight is
//	              0 (traffic routing), its pods are gone and the stable ones available
//	              (replicas), or the active service selects the stable ones (blue-green)
//	undo          done when the phase is Healthy; Degraded is a failure
//	promote-full  done when the version is the stable one and Healthy; Degraded is a
//	              failure
//
// Another version than expected is a failure: somebody changed it again.
func (a *Action) Follow(ctx context.Context, d analysis.Delivery, r analysis.Receipt) (analysis.Receipt, error) {
	s, err := a.look(ctx, d)
	if err != nil {
		return r, err
	}
	var text string
	var done bool
	if a.parts.do == doAbort {
		text, done, err = a.aborting(s)
	} else {
		text, done, err = a.comingUp(s)
	}
	if err != nil {
		return r, err
	}
	return analysis.Receipt{At: time.Now(), Text: text, Refs: r.Refs, Done: done}, nil
}

// aborting says how far an abort is.
func (a *Action) aborting(s *scene) (text string, done bool, err error) {
	f, status := a.parts.finder, s.now.Status
	if !f.Carries(s.stable(), s.to) {
		return "", false, s.refuse("its stable version is %s now: somebody changed it", f.Tells(s.stable()))
	}
	if !s.now.underWay() {
		return s.healthy("version " + s.to + " is the only one")
	}
	if s.from != "" && !f.Carries(s.coming(), s.from) {
		return "", false, s.refuse("it is rolling out %s now: somebody changed it", f.Tells(s.coming()))
	}
	if !status.Abort {
		return "", false, s.refuse("it is not aborted any more: somebody tried again")
	}
	want := int32(1)
	if s.now.Spec.Replicas != nil {
		want = *s.now.Spec.Replicas
	}
	switch strategy := s.now.Spec.Strategy; {
	case strategy.BlueGreen != nil:
		done = status.BlueGreen.ActiveSelector == status.StableRS
		text = "the active service selects " + cmp.Or(status.BlueGreen.ActiveSelector, "nothing")
	case strategy.Canary != nil && strategy.Canary.TrafficRouting != nil:
		done = status.Canary.Weights != nil && status.Canary.Weights.Canary.Weight == 0
		text = "waiting for the traffic to turn"
		if status.Canary.Weights != nil {
			text = fmt.Sprintf("%d %% of the traffic goes to the aborted version", status.Canary.Weights.Canary.Weight)
		}
	default:
		done = status.UpdatedReplicas == 0 && status.AvailableReplicas >= want
		text = fmt.Sprintf("%d pods of the aborted version, %d of %d available in all", status.UpdatedReplicas, status.AvailableReplicas, want)
	}
	if done {
		text = "aborted: all traffic goes to version " + s.to
	}
	return text, done, nil
}

// comingUp says how far a version is that was undone to, or promoted.
func (a *Action) comingUp(s *scene) (text string, done bool, err error) {
	if f := a.parts.finder; !f.Carries(s.now.Spec.Template, s.to) && !f.Carries(s.coming(), s.to) {
		return "", false, s.refuse("it has %s now: somebody changed it", f.Tells(s.coming()))
	}
	if !s.now.observed() {
		return "waiting for its controller", false, nil
	}
	text, done, err = s.healthy("version " + s.to + " is healthy")
	if done && s.now.underWay() {
		return "version " + s.to + " is not the stable one yet", false, nil
	}
	return text, done, err
}

// healthy reads the phase. The message is the controller's, and of no use when all is
// well.
func (s *scene) healthy(text string) (string, bool, error) {
	switch status := s.now.Status; status.Phase {
	case "Healthy":
		return text, true, nil
	case "Degraded":
		return "", false, s.refuse("it is degraded: %s", cmp.Or(cluster.Short(status.Message), "no message"))
	default:
		return cmp.Or(status.Phase, "no phase yet") + ": " + cmp.Or(cluster.Short(status.Message), "no message"), false, nil
	}
}
