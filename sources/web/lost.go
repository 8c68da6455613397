package web

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

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
	if e.Kind == analysis.Unavailable {
		return Again(e)
	}
	return e
}
