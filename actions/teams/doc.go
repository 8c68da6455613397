// Package teams is the action that tells people in Microsoft Teams, through a workflow
// ("post to a channel when a webhook request is received"): an adaptive card for each
// event. A workflow says nothing back, so cards stand alone and are never updated.
//
// What it changes in the world: nothing but a channel. A repeat may appear twice: a
// workflow recognises none, though the delivery's id is sent as X-Haldane-Delivery. What
// is tried again and what is final stands in config.Refused. Never logged or returned:
// the URL, whose signature lets anybody post.
//
// Texts from outside stand in text runs only, which Teams shows as they are: nothing in
// a name becomes a link, a mention or formatting. A card stays under the 28 KB that
// Teams takes, by leaving out metrics first.
//
// It imports analysis, config and actions/web. Start reading at card.go.
package teams
