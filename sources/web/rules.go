package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Rule says what an answer that is an error means.
type Rule struct {
	Kind  analysis.Kind
	Again bool          // asking once more may help
	Why   string        // "the query was refused"
	Hint  string        // without "try:"
	Wait  time.Duration // how long the server wants to be left alone; 0 when it does not say
	Cause error         // for errors.Is, not shown
}

// Status is the table of HTTP status codes. Vendors whose servers put errors into
// answers with status 200 look up what the status should have been.
func (c *Client) Status(code int) Rule {
	check := "check " + c.vendor.Keys
	switch code {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return Rule{Kind: analysis.Invalid, Why: "the query was refused"}
	case http.StatusUnauthorized:
		return Rule{Kind: analysis.Denied, Why: "credentials are missing or wrong", Hint: check}
	case http.StatusForbidden:
		return Rule{Kind: analysis.Denied, Why: "the credentials may not query", Hint: check}
	case http.StatusProxyAuthRequired:
		return Rule{Kind: analysis.Denied, Why: "the proxy wants credentials", Hint: "put them into proxy_url"}
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return Rule{Kind: analysis.Invalid, Why: "there is no " + c.vendor.API + " at its url", Hint: c.vendor.Where}
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return Rule{Kind: analysis.Invalid, Why: "the query is too long for it"}
	case http.StatusTooManyRequests:
		return Rule{Kind: analysis.Limited, Again: true, Why: "it asks to slow down"}
	case http.StatusRequestTimeout, http.StatusTooEarly, 499: // 499: it saw the query being given up
		return Rule{Kind: analysis.Unavailable, Again: true, Why: "it gave up on the query"}
	}
	switch {
	case code >= 300 && code < 400:
		return Rule{Kind: analysis.Unavailable, Why: "it redirects", Hint: "the final address as url"}
	case code >= 500:
		return Rule{Kind: analysis.Unavailable, Again: true, Why: "it answers " + strconv.Itoa(code)}
	}
	return Rule{Kind: analysis.Invalid, Why: "it refuses the request with status " + strconv.Itoa(code)}
}

// Fail makes an error of a rule and the server's words, which it cleans.
func (c *Client) Fail(r Rule, words string) error {
	e := analysis.Errorf(r.Kind, "%s: %s", c.who, r.Why)
	if words = c.hide.clean(words, 500); words != "" {
		e.Message += ": " + words
	}
	if r.Hint != "" {
		e = e.WithHint("%s", r.Hint)
	}
	e.RetryAfter, e.Err = r.Wait, r.Cause
	if r.Again {
		return Again(e)
	}
	return e
}

// Strange is the error of an answer that is not the vendor's: "it answers with a web
// page". Asking again does not help.
func (c *Client) Strange(why string) *analysis.Error {
	e := analysis.Errorf(analysis.Unavailable, "%s: %s", c.who, why)
	if c.vendor.Doubt != "" {
		e = e.WithHint("%s", c.vendor.Doubt)
	}
	return e
}

// CutOff is the error of an answer that ends too early; another try may mend it.
func (c *Client) CutOff(cause error) error {
	return Again(analysis.Errorf(analysis.Unavailable, "%s: its answer is cut off", c.who).Because(cause))
}

// Again marks an error that another try may mend.
func Again(e *analysis.Error) error { return retry.RetryableError(e) }

// Decode reads a body that must be JSON. An empty one and one that ends too early are
// cut off, anything else that does not fit is strange. What JSON leaves open, such as
// {} and null, is the caller's to refuse.
func (c *Client) Decode(a Answer, into any) error {
	err := json.Unmarshal(a.Body, into)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && strings.Contains(syntax.Error(), "unexpected end of JSON input"):
		return c.CutOff(err)
	}
	return c.Strange("its answer is not that of a " + c.vendor.API).Because(err)
}

// refusal turns an answer with a status other than 2xx into an error.
func (c *Client) refusal(a Answer) error {
	r := c.Status(a.Status)
	r.Wait = config.RetryAfter(a.Header, time.Now())
	words := ""
	if c.vendor.Words != nil {
		words = c.vendor.Words(a, &r)
	}
	if words == "" {
		words = text(a)
	}
	if a.Status/100 == 3 {
		words = a.target
	}
	if strings.Contains(words, "HTTP request to an HTTPS server") {
		r.Hint = "https:// in its url"
	}
	return c.Fail(r, words)
}

// text returns a body that is plain text.
func text(a Answer) string {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if kind == "text/plain" || kind == "" && !isPage(a.Body) {
		return string(a.Body)
	}
	return ""
}

// isPage reports whether an answer looks like HTML.
func isPage(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// target says where a redirect leads, without what may be secret in it.
func target(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil {
		return ""
	}
	return "to " + (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
