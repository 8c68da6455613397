package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	client.Transport.(*http.Transport).TLSClientConfig = p.tls.config
	a := &Action{
		who: "webhook " + env.Name + " at " + p.url.Host, userAgent: "haldane",
		settings: s, parts: p, client: client,
	}
	if env.Version != "" {
		a.userAgent += "/" + env.Version
	}
	return a
}

// Perform implements analysis.Action: it sends the delivery once. The receipt
// says what the receiver answered. Of an action that changes the world it does
// not say that this is done: the receiver took it, no more is known.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	req, err := a.request(ctx, d)
	if err != nil {
		return analysis.Receipt{}, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return analysis.Receipt{}, config.Unreachable(a.who, err)
	}
	defer resp.Body.Close() // what is left of a large answer is not read, the connection goes with it
	text := a.text(req, resp)
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
	return analysis.Receipt{At: time.Now(), Text: said, Done: !a.settings.ChangeWorld}, nil
}

// text is the beginning of an answer, for people. A page is none.
func (a *Action) text(req *http.Request, resp *http.Response) string {
	reply, _ := io.ReadAll(io.LimitReader(resp.Body, maxReply)) // the status has been read: it decides
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
	for name, t := range a.parts.headers {
		value, err := t.Render(values)
		if err != nil {
			return nil, a.about("header "+name, err)
		}
		req.Header.Set(name, value)
	}
	if token := a.settings.BearerToken.Reveal(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if b := a.settings.BasicAuth; b != nil {
		req.SetBasicAuth(b.Username, b.Password.Reveal())
	}
	req.Header.Set("Idempotency-Key", d.ID)
	sign(req.Header, d.ID, time.Now(), body, a.parts.keys)
	return req, nil
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

// redactor takes out of an answer what it may repeat of this request.
func (a *Action) redactor(req *http.Request) config.Redactor {
	secrets := []string{a.settings.URL.Reveal(), req.URL.String(), a.settings.BearerToken.Reveal()}
	if len(req.URL.Path) > 1 || req.URL.RawQuery != "" {
		secrets = append(secrets, req.URL.RequestURI(), req.URL.EscapedPath())
	}
	for _, s := range a.settings.Secret {
		secrets = append(secrets, s.Reveal(), strings.TrimPrefix(s.Reveal(), "whsec_"))
	}
	if b := a.settings.BasicAuth; b != nil {
		secrets = append(secrets, b.Password.Reveal(), b.Username+":"+b.Password.Reveal())
	}
	for name, t := range a.parts.headers {
		secrets = append(append(secrets, req.Header.Get(name)), t.Literals()...)
	}
	return config.NewRedactor(append(secrets, urlSecrets(a.parts.url)...)...)
}

// urlSecrets are the parts of a URL that may be a token when they stand alone:
// values in its query, and segments of its path that are no plain words.
func urlSecrets(u *config.URLTemplate) []string {
	var out []string
	for i, literal := range u.Literals() {
		if i == 0 {
			literal = strings.TrimPrefix(literal, u.Origin)
		}
		path, query, _ := strings.Cut(literal, "?")
		for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
			if plain, err := url.PathUnescape(part); err == nil && !plainWord(plain) {
				out = append(out, part, plain)
			}
		}
		for part := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' }) {
			_, value, _ := strings.Cut(part, "=")
			if plain, err := url.QueryUnescape(value); err == nil {
				out = append(out, value, plain)
			}
		}
	}
	return out
}

// plainWord reports whether a segment is a word that replies may well use.
func plainWord(s string) bool {
	if len(s) >= 24 {
		return false
	}
	return len(s) < 8 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
