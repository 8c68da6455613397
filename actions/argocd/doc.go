// Package argocd is the action that makes Argo CD bring a named version back, or stop
// an Argo Rollout that it manages.
//
// What it changes in the world, by its setting action:
//
//	rollback        one sync of the application to the entry of its history that has the
//	                version. Argo CD refuses this while auto-sync is on, because it would
//	                bring Git's version back; so does the action, before asking, unless
//	                disable_auto_sync is set. Then auto-sync stays off until a person has
//	                put Git right, and the receipt says what it was.
//	abort-rollout   the resource action abort of a Rollout: traffic goes back to the
//	                stable version. It does not fight Git, so auto-sync may stay on.
//	                Refused unless the stable version is the one to go back to.
//
// Which entry of the history: by the commit or tag that was synced, by the value of a
// Helm parameter, or by the tag of a Kustomize image. None, or several that differ, is
// refused for good. So is an application that runs neither the version that failed nor
// the one to go back to.
//
// Safe to repeat: an application whose latest entry has the version, or that is being
// synced to it, is left alone, and so is a Rollout that has been aborted. Followed: by
// operationState.phase, then health; a Rollout by its status. What is tried again stands
// in config.Refused, and another operation in progress is waited for. Never logged or
// returned: the token.
//
// The token's account needs get, sync and, for disable_auto_sync, update on the
// application, or action/argoproj.io/Rollout/abort. It imports analysis, config,
// actions/web and actions/cluster. Start reading at argocd.go.
package argocd
