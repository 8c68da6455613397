// Package slack is the action that tells people in Slack: as a bot, with one
// thread a run whose first message always shows how the run stands; or through an
// incoming webhook, with less (messages stand alone and are never updated, because
// such a webhook says nothing back).
//
// What it changes in the world: nothing but a channel. Safe to repeat: the
// delivery's id stands in the message's metadata, and a repeated delivery looks
// for it first; where the app may not read the channel, a message may appear
// twice, as it may through an incoming webhook. What is tried again and what is
// final stands in errors.go and config.Refused. Never logged or returned: the
// token, the webhook's URL.
//
// A bot needs the scope chat:write, and to be in the channel. To recognise its own
// messages it also needs channels:history (groups:history in private channels),
// and channels:read (groups:read) where the config names the channel instead of
// giving its ID.
//
// It imports analysis and config. Start reading at slack.go.
package slack
