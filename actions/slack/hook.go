package slack

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// postToWebhook posts a message that stands alone. Slack takes no metadata here;
// the delivery's id is the header's block_id, for whoever looks at the traffic.
func (a *Action) postToWebhook(ctx context.Context, d analysis.Delivery, m config.Message) (analysis.Receipt, error) {
	l, no := root(m, a.mention(d, m), d.ID, plainButtons(m)), false
	err := slack.PostWebhookCustomHTTPContext(ctx, a.settings.WebhookURL.Reveal(), a.guarded, &slack.WebhookMessage{
		Text: l.text, Blocks: &slack.Blocks{BlockSet: l.blocks}, Parse: "none", UnfurlLinks: &no, UnfurlMedia: &no,
	})
	if err != nil {
		return analysis.Receipt{}, config.Unreachable(a.who, err)
	}
	return analysis.Receipt{At: time.Now(), Text: "posted through the incoming webhook", Done: true}, nil
}
