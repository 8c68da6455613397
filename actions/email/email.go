package email

import (
	"context"
	"net"
	"net/mail"
	"time"

	"github.com/haldane-dev/haldane/analysis"
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
	return a.send(ctx, d, nil)
}

// send sends the mail of a delivery, with a picture in it if there is one. Once the
// server has taken it, nothing that comes then makes it undone.
func (a *Action) send(ctx context.Context, d analysis.Delivery, picture []byte) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	t := a.threadOf(d, m)
	letter, err := a.write(d, m, t, picture)
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
