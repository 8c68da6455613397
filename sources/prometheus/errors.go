package prometheus

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/sethvargo/go-retry"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// rule says what an answer that is an error means.
type rule struct {
	kind  analysis.Kind
	again bool // asking once more may help
	why   string
	hint  string
}

// byStatus is the table of HTTP status codes.
func byStatus(code int) rule {
	switch code {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return rule{analysis.Invalid, false, "the query was refused", ""}
	case http.StatusUnauthorized:
		return rule{analysis.Denied, false, "credentials are missing or wrong", "check basic_auth, bearer_token, oauth2 and headers"}
	case http.StatusForbidden:
		return rule{analysis.Denied, false, "the credentials may not query", "check basic_auth, bearer_token, oauth2 and headers"}
	case http.StatusProxyAuthRequired:
		return rule{analysis.Denied, false, "the proxy wants credentials", "put them into proxy_url"}
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return rule{analysis.Invalid, false, "there is no Prometheus API at its url", "the address before /api/v1, with the path prefix if there is one"}
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return rule{analysis.Invalid, false, "the query is too long for it", ""}
	case http.StatusTooManyRequests:
		return rule{analysis.Limited, true, "it asks to slow down", ""}
	case http.StatusRequestTimeout, http.StatusTooEarly, 499: // 499: it saw the query being given up
		return rule{analysis.Unavailable, true, "it gave up on the query", ""}
	}
	switch {
	case code >= 300 && code < 400:
		return rule{analysis.Unavailable, false, "it redirects", "the final address as url"}
	case code >= 500:
		return rule{analysis.Unavailable, true, "it answers " + strconv.Itoa(code), ""}
	}
	return rule{analysis.Invalid, false, "it refuses the request with status " + strconv.Itoa(code), ""}
}

// byType is the table of Prometheus's own error types, for errors that come with
// status 200, or with 400 and 422 although the query is not to blame.
func byType(name v1.ErrorType) rule {
	switch name {
	case v1.ErrBadData, v1.ErrExec, "not_acceptable":
		return byStatus(http.StatusBadRequest)
	case "too_many_requests":
		return byStatus(http.StatusTooManyRequests)
	case v1.ErrTimeout, v1.ErrCanceled, "cancelled", "internal", "unavailable":
		return rule{analysis.Unavailable, true, "it could not answer", ""}
	}
	return rule{analysis.Unavailable, false, "it could not answer", ""}
}

// error gives a rule the words of the server and makes it an error.
func (r rule) error(who, words string) *analysis.Error {
	e := analysis.Errorf(r.kind, "%s: %s", who, r.why)
	if words != "" {
		e.Message += ": " + words
	}
	if r.hint != "" {
		e = e.WithHint("%s", r.hint)
	}
	return e
}

// mark tells go-retry which errors another try may mend.
func mark(e *analysis.Error, again bool) error {
	if again {
		return retry.RetryableError(e)
	}
	return e
}

// refusal turns an answer with a status other than 2xx into an error.
func refusal(who string, resp *http.Response, body []byte, hide secrets) error {
	r := byStatus(resp.StatusCode)
	words, name := said(resp, body)
	if r.kind == analysis.Invalid && byType(name).again {
		r = byType(name)
	}
	if r.kind == analysis.Unavailable && !r.again {
		words = target(resp)
	}
	if strings.Contains(words, "HTTP request to an HTTPS server") {
		r.hint = "https:// in its url"
	}
	e := r.error(who, hide.clean(words, 500))
	e.RetryAfter = config.RetryAfter(resp.Header, time.Now())
	return mark(e, r.again)
}

// said returns the server's own words: the error of its JSON, or plain text. Web
// pages are left out.
func said(resp *http.Response, body []byte) (string, v1.ErrorType) {
	var own struct {
		ErrorType v1.ErrorType `json:"errorType"`
		Error     string       `json:"error"`
	}
	if json.Unmarshal(body, &own) == nil {
		return strings.TrimPrefix(own.Error, `invalid parameter "query": `), own.ErrorType
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind == "text/plain" || kind == "" && !isPage(body) {
		return string(body), ""
	}
	return "", ""
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

// nonsense turns an error that api/v1 found in an answer with status 2xx into one
// of ours: an error inside, or something that is not Prometheus's JSON.
func nonsense(who string, err *v1.Error, hide secrets) error {
	if err.Type != v1.ErrBadResponse {
		r := byType(err.Type)
		return mark(r.error(who, hide.clean(err.Msg, 500)), r.again)
	}
	if strings.Contains(err.Msg, "unexpected end of JSON input") {
		return mark(analysis.Errorf(analysis.Unavailable, "%s: its answer is cut off", who).Because(err), true)
	}
	return notPrometheus(who, "its answer is not Prometheus's").Because(err)
}

func notPrometheus(who, why string) *analysis.Error {
	return analysis.Errorf(analysis.Unavailable, "%s: %s", who, why).
		WithHint("check that its url is that of a Prometheus")
}

// lost puts a request without an answer into plain words. Only certificates are
// beyond the help of another try.
func lost(who string, err error) error {
	var (
		own     *analysis.Error
		request *url.Error
		file    *fs.PathError
		remote  *net.OpError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &own) && errors.As(err, &request):
		return request.Err // of the token server, in plain words and marked already
	case errors.As(err, &file):
		return analysis.Errorf(analysis.Unavailable, "%s: a file of its tls settings cannot be read", who).Because(err)
	case errors.As(err, &remote) && remote.Op == "remote error":
		return analysis.Errorf(analysis.Denied, "%s: it refuses the TLS connection", who).
			WithHint("check tls.cert and tls.key").Because(err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return analysis.Errorf(analysis.Unavailable, "%s: it does not speak TLS", who).
			WithHint("http:// in its url").Because(err)
	case errors.As(err, &cert), errors.As(err, &record):
		return config.Unreachable(who, err)
	}
	e := config.Unreachable(who, err)
	return mark(e, e.Kind == analysis.Unavailable)
}
