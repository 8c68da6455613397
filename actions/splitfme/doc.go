// Package splitfme is the action that kills a feature flag of Split, now Harness FME,
// in one environment, so that everybody gets its default treatment.
//
// What it changes in the world: the flag is killed in that environment; its rules stay,
// for when it is restored. There is no version to go back to: the default treatment is
// the state before the release.
//
// Safe to repeat: a flag that is killed already is left alone. After the kill the flag
// is read again; only when it says killed it is done. What is tried again stands in
// config.Refused. Never logged or returned: the key.
//
// The Admin API key needs the role API_FEATURE_FLAG_EDITOR. It imports analysis, config
// and actions/web. Start reading at splitfme.go.
package splitfme
