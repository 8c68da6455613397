package slack

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action posts to a channel, or to several, and hears of the buttons in its messages.
type Action struct {
	name     string
	who      string // for errors
	words    *config.Composer
	settings *Settings
	log      *slog.Logger
	plain    *http.Client  // to check whether a webhook's host can be reached
	guarded  *http.Client  // for everything else
	api      *slack.Client // nil with an incoming webhook

	desk          *desk       // where presses of buttons are handed over
	toldNoPicture atomic.Bool // that pictures are not allowed

	mu  sync.Mutex
	ids map[string]string // of channels by their names, once they are known
}

var (
	_ analysis.Action   = (*Action)(nil)
	_ analysis.Checker  = (*Action)(nil)
	_ analysis.Listener = (*Action)(nil)
)

func newAction(s *Settings, env config.Env) *Action {
	a := &Action{
		name: env.Name, who: "slack " + env.Name, settings: s, words: s.Composer(env), log: env.Log, plain: env.Egress.Client(s.Timeout.Std()),
		desk: sharedDesk(env.Shared), ids: map[string]string{},
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	guarded := *a.plain
	guarded.Transport = &guard{next: a.plain.Transport, who: a.who, hook: !s.WebhookURL.Empty()}
	a.guarded = &guarded
	if !s.Token.Empty() {
		a.api = slack.New(s.Token.Reveal(), slack.OptionHTTPClient(a.guarded),
			slack.OptionAPIURL(strings.TrimSuffix(s.APIURL, "/")+"/"), slack.OptionAppLevelToken(s.AppToken.Reveal()))
	}
	return a
}

// Perform implements analysis.Action. The first delivery of a run posts the head
// of a thread; each later one updates it, so that it shows how the run stands, and
// replies with the news. The receipt's refs say where: channel, ts and thread.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	if a.api == nil {
		return a.postToWebhook(ctx, d, m)
	}
	head, threaded := threadOf(d)
	if threaded {
		// First the head: doing it twice changes nothing, so an error here can be
		// tried again without posting the news twice.
		if err := a.updateHead(ctx, d, head, m); err != nil {
			return analysis.Receipt{}, err
		}
	}
	at, found := place{}, false
	if d.Attempts > 1 {
		at, found = a.find(ctx, d, head)
	}
	if !found {
		var err error
		if at, err = a.post(ctx, d, m, head); err != nil {
			return analysis.Receipt{}, err
		}
	}
	r := at.receipt()
	if trouble := a.illustrate(ctx, d, at, found); trouble != "" {
		r.Text += "; without the picture: " + trouble
	}
	return r, nil
}

// place is where a message stands.
type place struct{ channel, ts, thread string }

func (p place) receipt() analysis.Receipt {
	r := analysis.Receipt{At: time.Now(), Text: "posted in " + p.channel, Done: true}
	if p.ts != "" {
		r.Refs = map[string]string{"channel": p.channel, "ts": p.ts, "thread": p.thread}
	}
	return r
}

// threadOf finds the head of the run's thread in the receipts of earlier
// deliveries.
func threadOf(d analysis.Delivery) (head place, ok bool) {
	for _, r := range d.Earlier {
		if c, t := r.Refs["channel"], r.Refs["thread"]; c != "" && t != "" {
			return place{channel: c, ts: t, thread: t}, true
		}
	}
	return place{}, false
}

// post posts the head of a thread or, where there is one, a reply.
func (a *Action) post(ctx context.Context, d analysis.Delivery, m config.Message, head place) (place, error) {
	wanted := a.settings.channelFor(d)
	channel, l := wanted, root(m, a.mention(d, m), "", a.buttons(d.Event.Notice, m))
	options := []slack.MsgOption{
		slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: metadataType, EventPayload: map[string]any{metadataKey: d.ID},
		}),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	if head.ts != "" {
		channel, l = head.channel, reply(m, a.mention(d, m), verdict(d.Event.Type), a.buttons(d.Event.Notice, m))
		options = append(options, slack.MsgOptionTS(head.ts))
		if m.Urgent && a.settings.Broadcast {
			options = append(options, slack.MsgOptionBroadcast())
		}
	}
	channel, ts, err := a.api.PostMessageContext(ctx, channel, append(options, l.options()...)...)
	if err != nil {
		return place{}, config.Unreachable(a.who, err)
	}
	if head.ts == "" {
		a.learn(wanted, channel)
		return place{channel: channel, ts: ts, thread: ts}, nil
	}
	return place{channel: channel, ts: ts, thread: head.ts}, nil
}

// updateHead rewrites the head of a thread. When it is gone or may not be edited,
// the news still has to reach people.
func (a *Action) updateHead(ctx context.Context, d analysis.Delivery, head place, m config.Message) error {
	l := root(m, "", "", a.buttons(d.Event.Notice, m)) // an edit calls nobody, so it mentions nobody
	_, _, _, err := a.api.UpdateMessageContext(ctx, head.channel, head.ts, l.options()...)
	if err == nil {
		return nil
	}
	e := config.Unreachable(a.who, err)
	if e.Kind == analysis.Invalid || e.Kind == analysis.NotFound {
		a.log.Warn("the first message of a thread was not updated", "action", a.who, "error", e.Message)
		return nil
	}
	return e
}

// options make a message of it that calls nobody by a name in its text. Updates
// need parse as well: their default is another than that of posts.
func (l letter) options() []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(l.text, false), slack.MsgOptionBlocks(l.blocks...),
		slack.MsgOptionParse(false), slack.MsgOptionLinkNames(false),
	}
}

// verdict reports whether an event brings new findings.
func verdict(t analysis.EventType) bool {
	return slices.Contains([]analysis.EventType{
		analysis.EventRunFailed, analysis.EventRunMarginal, analysis.EventRunInconclusive,
	}, t)
}

// mention is whom the config wants to call, for what cannot wait.
func (a *Action) mention(d analysis.Delivery, m config.Message) string {
	if d.Event.Type != analysis.EventRunFailed && d.Event.Type != analysis.EventDeliveryFailed {
		return ""
	}
	if s, ok := a.settings.Mention[m.Severity]; ok {
		return s
	}
	return a.settings.Mention["any"]
}
