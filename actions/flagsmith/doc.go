// Package flagsmith is the action that switches a feature of Flagsmith off in one
// environment.
//
// What it changes in the world: the environment's default of the feature, by the
// endpoint update-flag-v1, which works with and without feature versioning. Its value
// is read before and sent along, because older servers would lose it; a value of
// nothing becomes an empty text there. There is no version to go back to: a feature
// that is off is the state before the release. Overrides of segments and identities are
// left alone, as Flagsmith has it: the receipt counts the segments that still switch it
// on.
//
// Safe to repeat: a feature that is off already is left alone. Afterwards it is read
// again; only when it is off it is done. Where change requests are on, Flagsmith refuses.
// What is tried again stands in config.Refused. Never logged or returned: the key.
//
// The endpoint is marked as experimental by Flagsmith. The API key needs
// UPDATE_FEATURE_STATE. It imports analysis, config and actions/web. Start reading at
// flagsmith.go.
package flagsmith
