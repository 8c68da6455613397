package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Unreachable puts what went wrong on the way to a server into plain words. The
// text of such errors quotes URLs, and with them secrets, so it is never shown.
// An *analysis.Error inside is returned as it is.
func Unreachable(who string, err error) *analysis.Error {
	var (
		own      *analysis.Error
		dns      *net.DNSError
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		timeout  interface{ Timeout() bool }
		tooLarge *http.MaxBytesError
		wrapped  *url.Error
	)
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL, not even the cause can tell it
	}
	say := func(kind analysis.Kind, why, hint string) *analysis.Error {
		e := analysis.Errorf(kind, "%s: %s", who, why).Because(err)
		if hint != "" {
			e = e.WithHint("%s", hint)
		}
		return e
	}
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &tooLarge):
		return say(analysis.Unavailable, "the answer is larger than "+strconv.FormatInt(tooLarge.Limit>>20, 10)+" MiB", "")
	case errors.As(err, &dns) && dns.IsNotFound:
		return say(analysis.Unavailable, "host name not found", "check the host in its URL")
	case errors.As(err, &unknown):
		return say(analysis.Unavailable, "its certificate is signed by an unknown authority", "set tls.ca")
	case errors.As(err, &host):
		return say(analysis.Unavailable, "its certificate is for another host name", "set tls.server_name")
	case errors.As(err, &invalid):
		return say(analysis.Unavailable, "its certificate is not valid, perhaps expired", "")
	case errors.As(err, &record):
		return say(analysis.Unavailable, "it does not speak TLS", "use http:// in its URL")
	case errors.Is(err, context.Canceled):
		return say(analysis.Unavailable, "interrupted", "")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return say(analysis.Unavailable, "no answer in time", "")
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(analysis.Unavailable, "connection refused", "check that it is running and its URL's port")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return say(analysis.Unavailable, "it closed the connection", "")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return say(analysis.Unavailable, "no route to it", "")
	}
	return say(analysis.Unavailable, "the request did not get through", "")
}

// RetryAfter reads a Retry-After header, seconds or a date; 0 when there is none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if s, err := strconv.Atoi(v); err == nil {
		return max(0, time.Duration(s)*time.Second)
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
