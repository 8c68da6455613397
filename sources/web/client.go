package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Server is what a Client is made of.
type Server struct {
	Env    config.Env
	Common config.SourceCommon // max_concurrent and timeout are obeyed
	URL    string              // requests go below it
	Login  Login
	Reach  Reach
	Vendor Vendor

	// Transport replaces the network, and with it Login and Reach; for tests.
	Transport http.RoundTripper
	// Pause is about how long to wait before the second try; 0 is 250ms.
	Pause time.Duration
}

// Vendor is what a Client must know of a vendor's protocol.
type Vendor struct {
	API   string // what should be at the url: "Prometheus API"
	Where string // what to try when it is not there: "the address before /api/v1"
	Doubt string // what to try when something else answers: "check that its url is that of a Prometheus"
	Keys  string // the settings that say who Haldane is, for hints: LoginKeys, or the vendor's own

	// Words finds the server's own words in an error, an answer whose status is not
	// 2xx. It may change the rule that the table has for the status. When it returns
	// "", plain text is shown as it is; web pages never are. nil is plain text only.
	Words func(a Answer, r *Rule) string

	// Secrets are further ones that must not be shown, those in Login and Reach apart.
	Secrets []config.Secret

	// Before sees each request before it is sent, tries again included, when its turn
	// has come. An error, marked with Again or not, is returned instead of an answer.
	Before func(Request) error
	// After sees what became of each request that was sent: status and headers of the
	// answer, errors included; 0 and nil when there was none.
	After func(r Request, status int, h http.Header)
}

// Client asks one server on behalf of a source. It may be used by many at the same
// time. Its errors name the source.
type Client struct {
	who     string // for errors: "source prom"
	base    *url.URL
	http    *http.Client
	max     Size // of an answer
	hide    secrets
	log     *slog.Logger
	slots   chan struct{} // one for each request under way
	timeout time.Duration // of one request
	pause   time.Duration // before the second try, about
	vendor  Vendor
}

// New makes a client of settings that were checked. It reads the files of the TLS
// settings, and does not reach out.
func New(s Server) (*Client, error) {
	who := "source " + s.Env.Name
	base, err := url.Parse(s.URL)
	if err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "%s: its url is not an address", who).Because(err)
	}
	rt := s.Transport
	if rt == nil {
		if rt, err = way(who, s); err != nil {
			return nil, err
		}
	}
	c := &Client{
		who:     who,
		base:    base,
		http:    &http.Client{Transport: rt, CheckRedirect: stay},
		max:     s.Reach.MaxResponse,
		hide:    newSecrets(s),
		log:     s.Env.Log,
		slots:   make(chan struct{}, s.Common.MaxConcurrent),
		timeout: s.Common.Timeout.Std(),
		pause:   s.Pause,
		vendor:  s.Vendor,
	}
	if c.pause == 0 {
		c.pause = 250 * time.Millisecond
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.log = c.log.With("source", s.Env.Name)
	return c, nil
}

// Page is an address at which people look, with a path below it or none; nil when it is
// none that can be linked to.
func Page(external string, below ...string) *url.URL {
	page, err := url.Parse(external)
	if err != nil || page.Host == "" {
		return nil
	}
	page = &url.URL{Scheme: page.Scheme, Host: page.Host, Path: page.Path}
	if len(below) > 0 {
		page = page.JoinPath(below...)
	}
	return page
}

// Who names the source, as errors do: "source prom".
func (c *Client) Who() string { return c.who }

// Log is the source's log.
func (c *Client) Log() *slog.Logger { return c.log }

// URL returns an address below the server's.
func (c *Client) URL(path string) *url.URL { return c.base.JoinPath(path) }

// Named puts the source's name before an error.
func (c *Client) Named(e *analysis.Error) *analysis.Error {
	e.Message = c.who + ": " + e.Message
	return e
}

// Clean makes words of the server safe to show: without secrets, on one line, not
// longer than limit bytes. Everything that a source shows of an answer goes through
// it, warnings too.
func (c *Client) Clean(words string, limit int) string { return c.hide.clean(words, limit) }
