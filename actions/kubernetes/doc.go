// Package kubernetes is the action that rolls a Deployment back to a named version, as
// kubectl rollout undo --to-revision does: it writes the pod template of the
// ReplicaSet that carries the version back into the Deployment.
//
// What it changes in the world: one Deployment's spec.template, and its annotations
// (those of the revision, as kubectl does, and haldane.dev/delivery). It refuses, for
// good, when no ReplicaSet or several carry the version, when the Deployment is paused,
// and when it runs neither the version that failed nor the one to go back to: then
// somebody has released another meanwhile, and knows more. The patch tests the
// generation that the decision was based on.
//
// Safe to repeat: a Deployment that has the version already is not touched. The
// delivery is followed until the Deployment is rolled out; exceeding its own
// progressDeadlineSeconds is a failure. What is tried again stands in config.Refused,
// and a patch that lost a race is. Never logged or returned: the token.
//
// DaemonSets and StatefulSets are not rolled back, nor is a canary that is a Deployment
// of its own beside the stable one; use a webhook. Where pods have several containers,
// name the one whose image tells the version. A tool that keeps the
// Deployment as Git says, such as Argo CD or Flux, will undo this: use its action.
//
// It needs get and patch on deployments, and list on replicasets, in its namespace. It
// imports analysis, config, actions/web and actions/cluster. Start reading at
// kubernetes.go.
package kubernetes
