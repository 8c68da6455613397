package config_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func TestUnreachableWords(t *testing.T) {
	for _, c := range []struct {
		err        error
		words, try string
	}{
		{&http.MaxBytesError{Limit: 16 << 20}, "the answer is larger than 16 MiB", ""},
		{&net.DNSError{IsNotFound: true, Name: "secret.example.com"}, "host name not found", "host"},
		{x509.UnknownAuthorityError{}, "unknown authority", "tls.ca"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "secret"}, "another host name", "tls.server_name"},
		{x509.CertificateInvalidError{}, "not valid", ""},
		{tls.RecordHeaderError{}, "does not speak TLS", "http://"},
		{context.Canceled, "interrupted", ""},
		{context.DeadlineExceeded, "no answer in time", ""},
		{&net.OpError{Err: syscall.ECONNREFUSED}, "connection refused", "running"},
		{syscall.ECONNRESET, "closed the connection", ""},
		{io.ErrUnexpectedEOF, "closed the connection", ""},
		{syscall.ENETUNREACH, "no route to it", ""},
		{errors.New("secret thing"), "did not get through", ""},
	} {
		inner := fmt.Errorf("dial: %w", c.err)
		wrapped := &url.Error{Op: "Get", URL: "https://user:secret@example.com/secret", Err: inner}
		e := config.Unreachable("source prom", wrapped)
		if e.Kind != analysis.Unavailable || !strings.HasPrefix(e.Message, "source prom: ") ||
			!strings.Contains(e.Message, c.words) || !strings.Contains(e.Hint, c.try) {
			t.Errorf("%v: %v", c.err, e)
		}
		if strings.Contains(e.Error(), "secret") {
			t.Errorf("a secret in %v", e)
		}
		if !errors.Is(e, inner) {
			t.Errorf("%v: the cause is lost", c.err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		h := http.Header{}
		if value != "" {
			h.Set("Retry-After", value)
		}
		if got := config.RetryAfter(h, now); got != want {
			t.Errorf("%q: %s instead of %s", value, got, want)
		}
	}
}
