// Package discord is the action that tells people in a channel of Discord, through a
// webhook: one message a run that always shows how the run stands, and a further one
// for news that people should not miss, because an edit tells nobody.
//
// What it changes in the world: nothing but a channel. A repeat may appear twice:
// Discord lets a webhook neither name its messages nor look for them; an edit that is
// repeated changes nothing. What is tried again and what is final stands in
// config.Refused. Never logged or returned: the webhook's URL.
//
// Nobody is called by a name in a text: no mention is allowed, and what Discord would
// take for markup is escaped.
//
// It imports analysis, config and actions/web. Start reading at discord.go.
package discord
