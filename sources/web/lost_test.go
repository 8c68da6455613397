package web

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// TestLost is about what is hard to bring about for real.
func TestLost(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "/ca.pem", Err: fs.ErrNotExist}
	for want, c := range map[string]struct {
		err   error
		kind  analysis.Kind
		again bool
	}{
		"a file of its tls settings cannot be read": {fmt.Errorf("reading: %w", missing), analysis.Unavailable, false},
		"it refuses the TLS connection (try: check tls.cert and tls.key)": {
			&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, analysis.Denied, false,
		},
		"it closed the connection":        {&url.Error{Op: "Get", URL: "http://a/?b=sesame", Err: io.ErrUnexpectedEOF}, analysis.Unavailable, true},
		"host name not found":             {&net.DNSError{IsNotFound: true}, analysis.Unavailable, true},
		"the request did not get through": {errors.New("sesame"), analysis.Unavailable, true},
	} {
		err := lost("source prom", c.err)
		e := analysis.AsError(err)
		if e.Kind != c.kind || !strings.Contains(e.Error(), want) || strings.Contains(e.Error(), "sesame") {
			t.Errorf("error %v, want %s about %q", e, c.kind, want)
		}
		if _, plain := err.(*analysis.Error); plain == c.again {
			t.Errorf("%q is asked again: %v, want %v", want, !plain, c.again)
		}
	}
}
