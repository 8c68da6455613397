// Package slack is the action that tells people in Slack: as a bot, with one
// thread a run whose first message always shows how the run stands, a picture of what a
// bad verdict rests on, and buttons; or through an incoming webhook, with less (messages
// stand alone and are never updated, because such a webhook says nothing back; no
// picture, no buttons).
//
// What it changes in the world: nothing but a channel. Safe to repeat: the
// delivery's id stands in the message's metadata, and a repeated delivery looks
// for it first; where the app may not read the channel, a message may appear
// twice, as it may through an incoming webhook. The picture's file is named for the
// delivery and looked for in the same way. What is tried again and what is
// final stands in errors.go and config.Refused; a picture that cannot be posted fails
// nothing. Never logged or returned: the tokens, the signing secret, the webhook's URL.
//
// A bot needs the scope chat:write, and to be in the channel. To recognise its own
// messages it also needs channels:history (groups:history in private channels),
// and channels:read (groups:read) where the config names the channel instead of
// giving its ID; for pictures files:write; for operators that are user groups
// usergroups:read. Socket Mode needs an app-level token with connections:write.
//
// With interactive, people press buttons. Whoever reads the channel may say whether a
// verdict was right; what changes the world (roll back, approve, keep) is for operators
// alone, and only they are asked: without operators there are no such buttons. A press
// carries a run's ID and nothing else. Who pressed is taken from what Slack signed or
// sent over its socket, and becomes the cause; whether they may, and whether the run
// still stands so that the button makes sense, is looked up then; and who pressed alone
// sees what came of it. Without interactive even links have no buttons: Slack marks
// a button as broken when nobody answers to it.
//
// It imports analysis, analysis/chart, config and actions/web. Start reading at
// slack.go; buttons begin in buttons.go, what a press does is in press.go.
package slack
