package email

import (
	"bytes"
	"context"
	"net"
	"net/mail"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/chart"
	"github.com/haldane-dev/haldane/config"
)

// Action sends mails through one server.
type Action struct {
	who      string // for errors
	words    *config.Composer
	settings *Settings
	parts    parts
	version  string
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	redact   config.Redactor
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	t := a.threadOf(d, m)
	letter, err := a.write(d, m, t, picture(d.Event.Notice))
	if err != nil {
		return analysis.Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.settings.Timeout.Std())
	defer cancel()
	s, err := a.open(ctx)
	if err != nil {
		return analysis.Receipt{}, err
	}
	defer s.close()
	if err := s.client.SendWithSMTPClient(s.smtp, letter); err != nil && !letter.IsDelivered() {
		return analysis.Receipt{}, a.trouble(ctx, err)
	}
	return analysis.Receipt{At: time.Now(), Text: "the server took the mail", Refs: t.refs(), Done: true}, nil
}

// recipients are the addresses of a delivery.
func (a *Action) recipients(d analysis.Delivery) ([]string, error) {
	var out []string
	data := config.NewMessageData(d)
	for _, name := range a.parts.to {
		to, err := name.Of(data)
		if err != nil {
			return nil, err
		}
		if _, err := mail.ParseAddress(to); err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "%s: to: what the template makes of this run is no address", a.who)
		}
		out = append(out, to)
	}
	return out, nil
}

// Check implements analysis.Checker: the server is reached and lets Haldane sign in.
func (a *Action) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.settings.Timeout.Std())
	defer cancel()
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// picture draws what a verdict rests on; nil when there is nothing to see. What is said in
// words is what counts: a drawing that fails is left out.
func picture(n *analysis.Notice) []byte {
	ps := chart.OfNotice(n)
	if len(ps) == 0 {
		return nil
	}
	var png bytes.Buffer
	if err := chart.Grid(&png, chart.PNG, ps); err != nil {
		return nil
	}
	return png.Bytes()
}
