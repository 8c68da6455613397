package email

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// maxHeard is how much a server may say in one conversation.
const maxHeard = 256 << 10

// dialer connects where Egress lets it.
func dialer(e config.Egress, timeout time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	return e.Client(timeout).Transport.(*http.Transport).DialContext
}

// session is one conversation with the server.
type session struct {
	client *mail.Client
	smtp   *smtp.Client
	conn   net.Conn
	stop   func() bool
}

// open connects, encrypts and signs in. The library does not look at the context once
// it is connected, reads lines without a bound, and leaves connections open when a
// server misbehaves: so the connection is kept here.
func (a *Action) open(ctx context.Context) (*session, error) {
	s, whole := &session{stop: func() bool { return true }}, ctx
	options := []mail.Option{
		mail.WithPort(a.parts.port), mail.WithTimeout(a.settings.Timeout.Std()), mail.WithTLSConfig(a.parts.tls.Clone()),
		mail.WithoutNoop(), mail.WithHELO(helo(a.parts.from.Address)),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := a.dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			s.conn = &bounded{Conn: conn}
			s.stop = context.AfterFunc(whole, func() { _ = conn.Close() })
			if a.settings.Security == fullTLS {
				return tls.Client(s.conn, a.parts.tls.Clone()), nil
			}
			return s.conn, nil
		}),
	}
	switch a.settings.Security {
	case startTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case fullTLS:
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if a.settings.Username != "" {
		options = append(options, mail.WithUsername(a.settings.Username), mail.WithPassword(a.settings.Password.Reveal()),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	var err error
	if s.client, err = mail.NewClient(a.parts.host, options...); err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "%s: its settings cannot be used", a.who).Because(err)
	}
	if s.smtp, err = s.client.DialToSMTPClientWithContext(ctx); err != nil {
		s.close()
		return nil, a.trouble(ctx, err)
	}
	return s, nil
}

// goodbye is how long a server may take over a last word that changes nothing.
const goodbye = time.Second

// close ends the conversation, with a word of goodbye if one is open.
func (s *session) close() {
	if s.smtp != nil {
		_ = s.conn.SetDeadline(time.Now().Add(goodbye))
		_ = s.client.CloseWithSMTPClient(s.smtp)
	}
	s.stop()
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// helo is the name that Haldane gives itself: the sender's domain.
func helo(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// bounded is a connection on which only so much is heard.
type bounded struct {
	net.Conn

	heard atomic.Int64
}

// Read implements net.Conn.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.heard.Add(int64(n)) > maxHeard {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// trouble puts what went wrong into plain words. 4xx of SMTP is for now, 5xx for good.
func (a *Action) trouble(ctx context.Context, err error) *analysis.Error {
	var reply *textproto.Error
	var sent *mail.SendError
	code, said := 0, ""
	switch {
	case errors.As(err, &reply):
		code, said = reply.Code, reply.Msg
	case errors.As(err, &sent) && sent.ErrorCode() > 0:
		code, said = sent.ErrorCode(), sent.Error()
	case ctx.Err() != nil:
		return config.Unreachable(a.who, ctx.Err())
	case strings.Contains(err.Error(), "not support STARTTLS"):
		return analysis.Errorf(analysis.Invalid, "%s: it offers no STARTTLS", a.who).Because(err).WithHint("security: tls, and its port")
	case strings.Contains(err.Error(), "not support SMTP AUTH"), strings.Contains(err.Error(), "not supported"), strings.Contains(err.Error(), "auto-discover"):
		return analysis.Errorf(analysis.Invalid, "%s: it offers no way to sign in that is known", a.who).Because(err).WithHint("another port, or no username")
	default:
		return config.Unreachable(a.who, err)
	}
	kind, why := analysis.Invalid, "refused the mail"
	switch {
	case code >= 400 && code < 500:
		kind, why = analysis.Unavailable, "cannot take the mail now"
	case code == 530 || code == 534 || code == 535 || code == 538:
		kind, why = analysis.Denied, "did not let Haldane sign in"
	}
	e := analysis.Errorf(kind, "%s: %s (%d): %s", a.who, why, code, a.redact.Text([]byte(said), 200)).Because(err)
	if kind == analysis.Denied {
		e = e.WithHint("check username and password")
	}
	return e
}
