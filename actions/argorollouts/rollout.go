package argorollouts

import (
	"context"
	"strconv"

	"github.com/haldane-dev/haldane/actions/cluster"
	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// What Argo Rollouts calls things.
const (
	hashLabel    = "rollouts-pod-template-hash"
	revisionNote = "rollout.argoproj.io/revision"
)

// rollout is what is read of one.
type rollout struct {
	Metadata cluster.Meta
	Spec     struct {
		Replicas    *int32
		Selector    cluster.Selector
		Template    cluster.Pods
		WorkloadRef *struct{ Kind, Name string }
		Strategy    struct {
			Canary    *struct{ TrafficRouting *struct{} }
			BlueGreen *struct{}
		}
	}
	Status struct {
		Abort              bool
		PromoteFull        bool
		ObservedGeneration string
		CurrentPodHash     string
		StableRS           string
		Phase, Message     string
		UpdatedReplicas    int32
		AvailableReplicas  int32
		Canary             struct {
			Weights *struct{ Canary struct{ Weight int32 } }
		}
		BlueGreen struct{ ActiveSelector string }
	}
}

// observed reports whether the controller has seen the latest change of the spec. Old
// controllers give a hash, which says nothing.
func (r *rollout) observed() bool {
	n, err := strconv.ParseInt(r.Status.ObservedGeneration, 10, 64)
	return err != nil || n >= r.Metadata.Generation
}

// underWay reports whether two versions are at work: one stable, one that comes.
func (r *rollout) underWay() bool { return r.Status.CurrentPodHash != r.Status.StableRS }

// scene is one Rollout with the revisions that the cluster keeps of it.
type scene struct {
	namespace, path, who string
	from, to             string // as they are written in the cluster; promote-full only goes to
	now                  rollout
	sets                 []cluster.ReplicaSet
}

// look reads the Rollout that a delivery is about.
func (a *Action) look(ctx context.Context, d analysis.Delivery) (*scene, error) {
	s, data := &scene{}, config.NewMessageData(d)
	var err error
	if s.namespace, err = a.parts.namespace.Of(data); err != nil {
		return nil, err
	}
	name, err := a.parts.rollout.Of(data)
	if err != nil {
		return nil, err
	}
	s.who = a.client.Who() + ": rollout " + s.namespace + "/" + name
	if s.path, err = web.Path("apis", "argoproj.io", "v1alpha1", "namespaces", s.namespace, "rollouts", name); err != nil {
		return nil, err
	}
	if err := a.versions(d, data, s); err != nil {
		return nil, err
	}
	if err := cluster.Get(ctx, a.client, s.path, "Rollout", &s.now); err != nil {
		return nil, err
	}
	if s.now.Metadata.UID == "" {
		return nil, analysis.Errorf(analysis.Unavailable, "%s: its answer was not understood", s.who)
	}
	s.sets, err = cluster.ReplicaSets(ctx, a.client, s.namespace, s.now.Metadata, s.now.Spec.Selector)
	return s, err
}

// versions finds out what is to be left, and what is to come.
func (a *Action) versions(d analysis.Delivery, data config.MessageData, s *scene) (err error) {
	if a.parts.do == doPromote {
		if data.Run.Version == "" {
			return analysis.Errorf(analysis.Invalid, "%s: the event %s names no version to promote", s.who, d.Event.Type)
		}
		s.to, err = a.parts.finder.Written(data, data.Run.Version)
		return err
	}
	target, err := web.Target(d)
	if err != nil {
		return err
	}
	if s.to, err = a.parts.finder.Written(data, target.To); err != nil {
		return err
	}
	s.from, err = a.parts.finder.Left(data, target)
	return err
}

// pods returns the template of the ReplicaSet with a hash.
func (s *scene) pods(hash string) (cluster.Pods, bool) {
	for _, r := range s.sets {
		if hash != "" && r.Metadata.Labels[hashLabel] == hash {
			return r.Spec.Template, true
		}
	}
	return cluster.Pods{}, false
}

// stable and coming are the templates of the two versions that may be at work.
func (s *scene) stable() cluster.Pods {
	p, _ := s.pods(s.now.Status.StableRS)
	return p
}

func (s *scene) coming() cluster.Pods {
	if p, ok := s.pods(s.now.Status.CurrentPodHash); ok && s.now.observed() {
		return p
	}
	return s.now.Spec.Template
}
