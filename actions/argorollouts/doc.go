// Package argorollouts is the action that stops an Argo Rollout that goes wrong, takes
// one back to a named version, or promotes one that is fine.
//
// What it changes in the world, by its setting action:
//
//	abort         status.abort of a Rollout whose step is under way: traffic goes back to
//	              the stable version. Refused unless the stable version is the one to go
//	              back to. spec.template still names the bad version.
//	undo          spec.template, to that of the ReplicaSet that carries the version. Where
//	              Git says what runs (Argo CD, Flux), Git's version comes back.
//	promote-full  status.promoteFull: pauses, steps and analyses are skipped; for on_pass.
//	              Refused unless the version that is being rolled out is the run's.
//
// Safe to repeat: what has been done already is seen and left alone. A Rollout that
// has another version by now is not touched. Old installations without the status
// subresource are patched on the object itself. The delivery is followed by the
// Rollout's own status; see follow.go. What is tried again stands in config.Refused,
// and a patch that lost a race is. Never logged or returned: the token.
//
// It needs get and patch on rollouts, patch on rollouts/status, and list on
// replicasets. It imports analysis, config, actions/web and actions/cluster. Start
// reading at argorollouts.go.
package argorollouts
