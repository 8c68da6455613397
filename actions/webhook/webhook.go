package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// How much of an answer is read, and how much of that is kept for people.
const (
	maxReply = 64 << 10
	maxText  = 200
)

// Action calls a URL.
type Action struct {
	who       string // for errors: the action's name and the host
	userAgent string
	settings  *Settings
	parts     parts
	client    *http.Client
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

func newAction(s *Settings, p parts, env config.Env) *Action {
	client := env.Egress.Client(s.Timeout.Std())
	client.Transport.(*http.Transport).TLSClientConfig = p.tls
	return &Action{
		who: "webhook " + env.Name + " at " + p.url.Host, userAgent: web.Agent(env.Version),
		settings: s, parts: p, client: client,
	}
}

// Perform implements analysis.Action: it sends the delivery once. The receipt
// says what the receiver answered. Of an action that changes the world it does
// not say that this is done: the receiver took it, no more is known until Follow has
// asked.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	req, err := a.request(ctx, d)
	if err != nil {
		return analysis.Receipt{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return analysis.Receipt{}, config.Unreachable(a.who, err)
	}
	defer resp.Body.Close()                                     // what is left of a large answer is not read, the connection goes with it
	reply, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply)) // the status has been read: it decides
	text := a.text(req, reply)
	if refused := config.Refused(a.who, resp, time.Now()); refused != nil {
		if text != "" {
			refused.Message += ": " + text
		}
		return analysis.Receipt{}, refused
	}
	said := fmt.Sprintf("HTTP %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if text != "" {
		said += ": " + text
	}
	receipt := analysis.Receipt{At: time.Now(), Text: said, Done: !a.settings.ChangeWorld && a.parts.poll == nil}
	address, err := a.address(req, newView(resp, reply, d))
	if err != nil {
		receipt.Text += "; it cannot be followed: " + analysis.AsError(err).Message // it has been accepted all the same
	}
	if address != "" {
		receipt.Refs = map[string]string{pollRef: address}
	}
	return receipt, nil
}

// text is the beginning of an answer, for people. A page is none.
func (a *Action) text(req *http.Request, reply []byte) string {
	if strings.HasPrefix(strings.TrimSpace(string(reply)), "<") {
		return ""
	}
	return a.redactor(req).Text(reply, maxText)
}

// Check implements analysis.Checker: the host is reached, nothing is sent.
func (a *Action) Check(ctx context.Context) error {
	return config.Connect(ctx, a.who, a.client, a.parts.url.Origin)
}

// request makes the request of one attempt.
func (a *Action) request(ctx context.Context, d analysis.Delivery) (*http.Request, error) {
	values := config.NewMessageData(d)
	values.Type = wireType(values.Type)
	target, err := a.parts.url.Render(values)
	if err != nil {
		return nil, a.about("url", err)
	}
	body, err := a.body(d, values)
	if err != nil {
		return nil, a.about("body", err)
	}
	req, err := http.NewRequestWithContext(ctx, a.settings.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "%s: its URL cannot be used", a.who).Because(err)
	}
	req.Header.Set("User-Agent", a.userAgent)
	req.Header.Set("Content-Type", a.settings.ContentType)
	if err := a.credentials(req, values); err != nil {
		return nil, err
	}
	req.Header.Set("Idempotency-Key", d.ID)
	sign(req.Header, d.ID, time.Now(), body, a.parts.keys)
	return req, nil
}

// credentials adds the further headers and who we are.
func (a *Action) credentials(req *http.Request, values config.MessageData) error {
	for name, t := range a.parts.headers {
		value, err := t.Render(values)
		if err != nil {
			return a.about("header "+name, err)
		}
		req.Header.Set(name, value)
	}
	if token := a.settings.BearerToken.Reveal(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if b := a.settings.BasicAuth; b != nil {
		req.SetBasicAuth(b.Username, b.Password.Reveal())
	}
	return nil
}

func (a *Action) body(d analysis.Delivery, values config.MessageData) ([]byte, error) {
	if a.parts.body == nil {
		return defaultBody(d)
	}
	text, err := a.parts.body.Render(values)
	return []byte(text), err
}

// about says which setting an error is about.
func (a *Action) about(field string, err error) *analysis.Error {
	e := *analysis.AsError(err)
	e.Message = a.who + ": " + field + ": " + e.Message
	return &e
}
