package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/haldane-dev/haldane/analysis"
)

// longestURL is what every proxy and cache lets through; longer queries are
// posted.
const longestURL = 2000

// Request is a question to a server. At most one of Params, Form and JSON is set; the
// last two are sent by POST unless Method says otherwise.
type Request struct {
	Method string     // GET by default
	Path   string     // below the server's URL
	Query  url.Values // in the address
	// Params are in the address when it stays short, because caches like that and
	// read-only gateways allow nothing else. A long query is posted as a form, and sent
	// in the address after all when posting is what the server refuses.
	Params url.Values
	Form   url.Values  // in the body, as an HTML form
	JSON   any         // in the body
	Header http.Header // besides those of the settings
}

// Answer is what a server answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // of an error, its first 64 KiB

	target string // where it redirects to, safe to show
}

// maxError is how much of an error is read.
const maxError = 64 << 10

// Send makes one request and reads its answer, which has status 2xx and is no web
// page; everything else becomes an error. It does not wait for a turn and does not ask
// again: use it inside Call, or use Ask.
func (c *Client) Send(ctx context.Context, r Request) (Answer, error) {
	if r.Params == nil {
		return c.sort(c.exchange(ctx, r))
	}
	long := r
	long.Form, long.Params = r.Params, nil
	r.Query, r.Params = r.Params, nil
	address := c.URL(r.Path)
	address.RawQuery = r.Query.Encode()
	if len(address.String()) > longestURL {
		if a, err := c.exchange(ctx, long); err != nil || !refusesPost(a.Status) {
			return c.sort(a, err)
		}
	}
	return c.sort(c.exchange(ctx, r))
}

// refusesPost reports whether the method may be what a server refused.
func refusesPost(code int) bool {
	return code == http.StatusForbidden || code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
}

// exchange makes one HTTP request and reads its answer, whatever the status.
func (c *Client) exchange(ctx context.Context, r Request) (Answer, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return Answer{}, analysis.Errorf(analysis.Internal, "%s: the query cannot be sent", c.who).Because(err)
	}
	if c.vendor.Before != nil {
		if err := c.vendor.Before(r); err != nil {
			return Answer{}, err
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.after(r, 0, nil)
		return Answer{}, lost(c.who, err)
	}
	defer func() { _ = resp.Body.Close() }()
	c.after(r, resp.StatusCode, resp.Header)
	a := Answer{Status: resp.StatusCode, Header: resp.Header, target: target(resp)}
	if a.Status/100 != 2 {
		a.Body, _ = io.ReadAll(io.LimitReader(resp.Body, maxError))
		return a, nil
	}
	a.Body, err = c.read(resp.Body)
	return a, err
}

func (c *Client) after(r Request, status int, h http.Header) {
	if c.vendor.After != nil {
		c.vendor.After(r, status, h)
	}
}

// sort lets answers with status 2xx through and turns all others into errors.
func (c *Client) sort(a Answer, err error) (Answer, error) {
	switch {
	case err != nil:
		return Answer{}, err
	case a.Status/100 != 2:
		return Answer{}, c.refusal(a)
	case isPage(a.Body):
		return Answer{}, c.Strange("it answers with a web page")
	}
	return a, nil
}

// request makes the HTTP request of one try.
func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	method, body, kind := http.MethodGet, []byte(nil), ""
	switch {
	case r.Form != nil:
		method, body, kind = http.MethodPost, []byte(r.Form.Encode()), "application/x-www-form-urlencoded"
	case r.JSON != nil:
		raw, err := json.Marshal(r.JSON)
		if err != nil {
			return nil, err
		}
		method, body, kind = http.MethodPost, raw, "application/json"
	}
	if r.Method != "" {
		method = r.Method
	}
	address := c.URL(r.Path)
	address.RawQuery = r.Query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.Header["Idempotency-Key"] = nil // not sent; lets a lost connection be replaced
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	return req, nil
}

// read reads an answer that is not too large.
func (c *Client) read(from io.ReadCloser) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, from, int64(c.max)))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, analysis.Errorf(analysis.Unavailable, "%s: its answer is larger than %s", c.who, c.max).
			WithHint("a query with fewer series, or a larger max_response").Because(err)
	}
	if err != nil {
		return nil, lost(c.who, err)
	}
	return body, nil
}
