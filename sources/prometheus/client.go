package prometheus

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/client_golang/api"

	"github.com/haldane-dev/haldane/analysis"
)

// longestURL is what every proxy and cache lets through; longer queries are
// posted.
const longestURL = 2000

// client carries api/v1's requests. api/v1 would post every query and hide status
// and headers of errors, so all of that is decided here: it is only ever given
// answers with status 2xx.
type client struct {
	who  string
	base *url.URL
	http *http.Client
	max  Size // of an answer
	hide secrets
}

var _ api.Client = (*client)(nil)

// URL implements api.Client. The endpoints that are used have no arguments.
func (c *client) URL(endpoint string, _ map[string]string) *url.URL {
	return c.base.JoinPath(endpoint)
}

// Do implements api.Client. A short query is sent by GET, which caches like and
// read-only gateways allow; a long one is posted, and sent by GET after all when
// posting is what the server refuses.
func (c *client) Do(ctx context.Context, posted *http.Request) (*http.Response, []byte, error) {
	form, err := io.ReadAll(posted.Body)
	if err != nil {
		return nil, nil, analysis.Errorf(analysis.Internal, "%s: the query cannot be sent", c.who).Because(err)
	}
	asURL := *posted.URL
	asURL.RawQuery = string(form)
	short := len(asURL.String()) <= longestURL
	if !short {
		resp, body, err := c.send(ctx, http.MethodPost, posted.URL.String(), form)
		if err != nil || !refusesPost(resp.StatusCode) {
			return c.sort(resp, body, err)
		}
	}
	return c.sort(c.send(ctx, http.MethodGet, asURL.String(), nil))
}

// refusesPost reports whether the method may be what a server refused.
func refusesPost(code int) bool {
	return code == http.StatusForbidden || code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
}

// send makes one request and reads its answer.
func (c *client) send(ctx context.Context, method, address string, form []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(form))
	if err != nil {
		return nil, nil, analysis.Errorf(analysis.Internal, "%s: the query cannot be sent", c.who).Because(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header["Idempotency-Key"] = nil // not sent; lets a lost connection be replaced
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, lost(c.who, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return resp, body, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, int64(c.max)))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, nil, analysis.Errorf(analysis.Unavailable, "%s: its answer is larger than %s", c.who, c.max).
			WithHint("a query with fewer series, or a larger max_response").Because(err)
	}
	if err != nil {
		return nil, nil, lost(c.who, err)
	}
	return resp, body, nil
}

// sort lets answers with status 2xx through and turns all others into errors.
func (c *client) sort(resp *http.Response, body []byte, err error) (*http.Response, []byte, error) {
	switch {
	case err != nil:
		return nil, nil, err
	case resp.StatusCode/100 != 2:
		return nil, nil, refusal(c.who, resp, body, c.hide)
	case isPage(body):
		return nil, nil, notPrometheus(c.who, "it answers with a web page")
	}
	return resp, body, nil
}

// stay keeps an HTTP client from following redirects: credentials are for one
// server only.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
