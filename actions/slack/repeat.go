package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// The metadata of each message, by which a repeat is recognised.
const (
	metadataType = "haldane_delivery"
	metadataKey  = "delivery_id"
)

// How far a repeat looks for the message of an earlier attempt. Beyond it the
// message is posted again: an alert that comes twice is better than none.
const (
	pageSize = 200
	maxPages = 5
	skew     = 2 * time.Minute // between our clock and Slack's
)

// find looks for the message that an earlier attempt of a delivery may have posted
// before it was interrupted: in the thread, or else in the channel. Whatever keeps
// it from looking (most often a scope that the app does not have) means "not
// found".
func (a *Action) find(ctx context.Context, d analysis.Delivery, head place) (at place, found bool) {
	channel := head.channel
	if channel == "" {
		channel = a.channelID(ctx, a.settings.channelFor(d))
	}
	if channel == "" {
		return place{}, false
	}
	oldest := fmt.Sprintf("%d.000000", d.CreatedAt.Add(-skew).Unix())
	a.read(ctx, channel, head.ts, oldest, func(m slack.Message) bool {
		if m.Metadata.EventType != metadataType || m.Metadata.EventPayload[metadataKey] != d.ID {
			return false
		}
		at, found = place{channel: channel, ts: m.Timestamp, thread: head.ts}, true
		if at.thread == "" {
			at.thread = m.Timestamp
		}
		return true
	})
	return at, found
}

// read shows messages of a thread, or of the channel when there is none, until one is
// what was looked for.
func (a *Action) read(ctx context.Context, channel, thread, oldest string, isIt func(slack.Message) bool) {
	cursor := ""
	for range maxPages {
		messages, next, err := a.page(ctx, channel, thread, oldest, cursor)
		if err != nil {
			a.log.Info("an earlier attempt's message could not be looked for", "action", a.who, "error", config.Unreachable(a.who, err).Message)
			return
		}
		if slices.ContainsFunc(messages, isIt) {
			return
		}
		if cursor = next; cursor == "" {
			return
		}
	}
}

// page reads messages of a thread, or of the channel when there is none.
func (a *Action) page(ctx context.Context, channel, thread, oldest, cursor string) ([]slack.Message, string, error) {
	if thread != "" {
		messages, _, next, err := a.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		return messages, next, err
	}
	answer, err := a.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", err
	}
	return answer.Messages, answer.ResponseMetaData.NextCursor, nil
}

// channelID returns a channel's ID, which reading needs and posting does not: from the
// config, from what an earlier message taught, or by its name. It is "" when it cannot
// be found out.
func (a *Action) channelID(ctx context.Context, channel string) string {
	if channelForm.MatchString(channel) {
		return channel
	}
	a.mu.Lock()
	id := a.ids[channel]
	a.mu.Unlock()
	if id != "" {
		return id
	}
	name, cursor := strings.TrimPrefix(channel, "#"), ""
	for range maxPages {
		channels, next, err := a.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 1000, Cursor: cursor,
		})
		if err != nil {
			a.log.Info("the channel's ID could not be found out", "action", a.who, "error", config.Unreachable(a.who, err).Message)
			return ""
		}
		for _, c := range channels {
			if c.Name == name {
				a.learn(channel, c.ID)
				return c.ID
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return ""
}

// learn keeps a channel's ID.
func (a *Action) learn(channel, id string) {
	if channelForm.MatchString(id) {
		a.mu.Lock()
		a.ids[channel] = id
		a.mu.Unlock()
	}
}
