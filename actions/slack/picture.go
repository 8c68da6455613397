package slack

import (
	"bytes"
	"context"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/chart"
	"github.com/haldane-dev/haldane/config"
)

// maxAlt is a limit of Slack's.
const maxAlt = 1000

// illustrate posts a picture of what a verdict rests on into the thread. What was said in
// words is what counts: trouble here is told in the receipt, and nothing fails for it.
func (a *Action) illustrate(ctx context.Context, d analysis.Delivery, at place, repeated bool) (trouble string) {
	if !a.settings.Picture || !verdict(d.Event.Type) {
		return ""
	}
	ps := chart.OfNotice(d.Event.Notice)
	if len(ps) == 0 {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 2*a.settings.Timeout.Std())
	defer cancel()
	name := "haldane-" + d.ID + ".png"
	if repeated && a.hasFile(ctx, at, name) {
		return ""
	}
	err := a.upload(ctx, at, name, ps)
	if err == nil {
		return ""
	}
	e := config.Unreachable(a.who, err)
	if e.Kind == analysis.Denied && !a.toldNoPicture.Swap(true) {
		a.log.Warn("pictures cannot be posted", "action", a.who, "error", e.Message, "hint", e.Hint)
	} else {
		a.log.Info("a picture was not posted", "action", a.who, "error", e.Message)
	}
	return e.Error()
}

func (a *Action) upload(ctx context.Context, at place, name string, ps []chart.Picture) error {
	var png bytes.Buffer
	if err := chart.Grid(&png, chart.PNG, ps); err != nil {
		return err
	}
	_, err := a.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Filename: name, FileSize: png.Len(), Reader: &png, Title: "What the verdict rests on",
		AltTxt: cutRunes(chart.Alt(ps), maxAlt), Channel: at.channel, ThreadTimestamp: at.thread,
	})
	return err
}

// hasFile reports whether an earlier attempt left its file in the thread. When that cannot
// be found out, it did not.
func (a *Action) hasFile(ctx context.Context, at place, name string) bool {
	found := false
	a.read(ctx, at.channel, at.thread, at.thread, func(m slack.Message) bool {
		for _, f := range m.Files {
			found = found || f.Name == name
		}
		return found
	})
	return found
}

func cutRunes(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-3]) + "..."
	}
	return s
}
