// Package launchdarkly is the action that turns a flag of LaunchDarkly off in one
// environment, so that everybody gets its off variation.
//
// What it changes in the world: the flag's targeting in that environment (semantic
// patch turnFlagOff). Rules, targets and roll-outs stay as they are, for when it is
// turned on again. There is no version to go back to: a flag that is off is the state
// before the release.
//
// Safe to repeat: a flag that is off already is left alone. LaunchDarkly's answer says
// whether it is off; only then it is done. What is tried again stands in config.Refused;
// after 429, when X-Ratelimit-Reset or Retry-After says. Where changes need an approval
// the refusal says so. Never logged or returned: the token.
//
// The token needs a role that may do updateOn on the flag. It imports analysis, config
// and actions/web. Start reading at launchdarkly.go.
package launchdarkly
