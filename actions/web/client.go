package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// How much of an answer is read unless the vendor says otherwise, and how much of a
// refusal is kept for people.
const (
	DefaultMax = 4 << 20
	maxText    = 200
)

// Options are what a Client needs to know.
type Options struct {
	Who     string // for errors: "argocd undo"
	Base    string // scheme, host and, if there is one, the path that all paths follow
	Timeout time.Duration
	TLS     *tls.Config
	Env     config.Env
	// Sign puts the credentials into a request and returns those that must not be seen.
	// Nil sends none.
	Sign func(http.Header) ([]string, error)
	// Header is sent with every request.
	Header map[string]string
	// Adjust may look at a refusal and say what it means at this vendor. Nil leaves it.
	Adjust func(Answer, *analysis.Error)
	// Max is how large an answer may be; 0 is DefaultMax.
	Max int64
}

// Client speaks with one vendor's API.
type Client struct {
	who, base string
	agent     string
	options   Options
	http      *http.Client
}

// New makes a Client. It does not reach out.
func New(o Options) *Client {
	c := &Client{base: strings.TrimSuffix(o.Base, "/"), agent: Agent(o.Env.Version), options: o, http: o.Env.Egress.Client(o.Timeout)}
	if u, err := url.Parse(o.Base); err == nil {
		c.who = o.Who + " at " + u.Host
		// Encoded, because net/url encodes a path that holds an é anew, and takes the %2F of a name for a slash.
		c.base = strings.TrimSuffix(u.String(), "/")
	}
	if o.TLS != nil {
		c.http.Transport.(*http.Transport).TLSClientConfig = o.TLS
	}
	if c.options.Max == 0 {
		c.options.Max = DefaultMax
	}
	return c
}

// Who names the action and the host, for errors.
func (c *Client) Who() string { return c.who }

// Nonsense is the error for an answer that lacks what it must have.
func (c *Client) Nonsense() error { return nonsense(c.who) }

// Connect reaches the server and sends nothing.
func (c *Client) Connect(ctx context.Context) error {
	return config.Connect(ctx, c.who, c.http, c.base)
}

// Request is one request.
type Request struct {
	Method string // default: GET
	Path   string // of Path, and a query if there is one
	Body   []byte
	Type   string // of the body; default: application/json
	Key    string // the delivery's id, of a request that changes something
	// Mark is the delivery's id for a vendor that recognises no repeat. It is not sent as
	// Idempotency-Key: seeing that, net/http sends a request again by itself when a
	// connection breaks, and a message would appear twice.
	Mark string
}

// Send sends a request. Statuses other than 2xx are errors by the table of
// config.Refused; the Answer is there all the same, so that a vendor's own words can
// be looked at.
func (c *Client) Send(ctx context.Context, r Request) (Answer, error) {
	a := Answer{who: c.who}
	req, secrets, err := c.request(ctx, r)
	if err != nil {
		return a, err
	}
	a.redact = config.NewRedactor(secrets...)
	resp, err := c.http.Do(req)
	if err != nil {
		return a, config.Unreachable(c.who, err)
	}
	defer resp.Body.Close() // what is left of a large answer is not read, the connection goes with it
	a.Status, a.Header = resp.StatusCode, resp.Header
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.options.Max+1))
	a.Body = body
	if refused := config.Refused(c.who, resp, time.Now()); refused != nil {
		if text := a.Said(); text != "" {
			refused.Message += ": " + text
		}
		if c.options.Adjust != nil {
			c.options.Adjust(a, refused)
		}
		return a, refused
	}
	if err != nil {
		return a, config.Unreachable(c.who, err)
	}
	if int64(len(body)) > c.options.Max {
		return a, config.Unreachable(c.who, &http.MaxBytesError{Limit: c.options.Max})
	}
	return a, nil
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, []string, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, nil, analysis.Errorf(analysis.Invalid, "%s: its URL cannot be used", c.who).Because(err)
	}
	req.Header.Set("Accept", "application/json")
	for name, value := range c.options.Header {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", c.agent)
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
		if r.Type != "" {
			req.Header.Set("Content-Type", r.Type)
		}
	}
	if r.Key != "" {
		req.Header.Set("Idempotency-Key", r.Key)
	}
	if r.Mark != "" {
		req.Header.Set("X-Haldane-Delivery", r.Mark)
	}
	var secrets []string
	if c.options.Sign != nil {
		if secrets, err = c.options.Sign(req.Header); err != nil {
			return nil, nil, analysis.AsError(err)
		}
		secrets = append(slices.Clone(secrets), req.Header.Get("Authorization"))
	}
	return req, secrets, nil
}

// Bearer signs with a token.
func Bearer(token config.Secret) func(http.Header) ([]string, error) {
	return InHeader("Authorization", "Bearer ", token)
}

// InHeader signs with a token in a header, behind a prefix or none.
func InHeader(name, prefix string, token config.Secret) func(http.Header) ([]string, error) {
	return func(h http.Header) ([]string, error) {
		h.Set(name, prefix+token.Reveal())
		return []string{token.Reveal()}, nil
	}
}

// BasicAuth is a user name with its password.
type BasicAuth struct {
	Username string        `yaml:"username" doc:"user name"`
	Password config.Secret `yaml:"password" doc:"password"`
}

// Sign signs with them, and returns what must not be seen.
func (b BasicAuth) Sign(h http.Header) []string {
	req := http.Request{Header: h}
	req.SetBasicAuth(b.Username, b.Password.Reveal())
	return []string{b.Password.Reveal(), b.Username + ":" + b.Password.Reveal()}
}

// Agent is what Haldane calls itself to other programs.
func Agent(version string) string { return strings.TrimSuffix("haldane/"+version, "/") }

// Until reads a header that says when a limit ends, in units since 1970: how long that
// is from now, or 0.
func Until(stamp string, unit time.Duration) time.Duration {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || n <= 0 || n > int64(time.Duration(1<<62)/unit) {
		return 0
	}
	return max(0, time.Until(time.Unix(0, n*int64(unit))))
}
