package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// transport makes the client's connections: HALDANE_CA are authorities that it trusts
// beside those of the system, HALDANE_CLIENT_CERT and HALDANE_CLIENT_KEY what it shows.
func transport(env func(string) (string, bool)) (http.RoundTripper, error) {
	get := func(name string) string { v, _ := env(name); return v }
	ca, cert, key := get("HALDANE_CA"), get("HALDANE_CLIENT_CERT"), get("HALDANE_CLIENT_KEY")
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "HALDANE_CA: file %s cannot be read", ca).Because(err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, analysis.Errorf(analysis.Invalid, "HALDANE_CA: %s has no certificate, as PEM", ca)
		}
		conf.RootCAs = pool
	}
	if (cert == "") != (key == "") {
		return nil, analysis.Errorf(analysis.Invalid, "HALDANE_CLIENT_CERT and HALDANE_CLIENT_KEY: one of them is missing")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "HALDANE_CLIENT_CERT: %s and %s are not a certificate and its key, as PEM", cert, key).Because(err)
		}
		// Always: one of a wrong authority is to be refused, not left away in silence.
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("http.DefaultTransport is no transport")
	}
	t = t.Clone()
	t.TLSClientConfig = conf
	return t, nil
}

// distrust is a connection that cannot work however often it is tried: the two sides do
// not speak the same, or do not trust each other.
type distrust struct{ text string }

// Error implements error.
func (d *distrust) Error() string { return d.text }

// distrusted says in plain words why TLS failed, and what to do; nil when it was not TLS.
func (c *client) distrusted(err error) error {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		alert     *net.OpError
	)
	say := func(format string, args ...any) error { return &distrust{fmt.Sprintf(format, args...)} }
	switch {
	case errors.As(err, &authority):
		return say("the daemon at %s shows a certificate of an unknown authority (try: HALDANE_CA=ca.crt, the file of the one that signed it)", c.base)
	case errors.As(err, &name):
		return say("the daemon at %s shows a certificate for other names: %s (try: one of them in HALDANE_URL)", c.base, names(name.Certificate))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return say("the daemon at %s shows a certificate that is not valid now: from %s to %s", c.base,
			invalid.Cert.NotBefore.UTC().Format("2006-01-02 15:04"), invalid.Cert.NotAfter.UTC().Format("2006-01-02 15:04"))
	case errors.As(err, &invalid):
		return say("the daemon at %s shows a certificate that does not verify: %v", c.base, invalid)
	case errors.As(err, &record), err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return say("what answers at %s speaks no TLS (try: HALDANE_URL=http%s)", c.base, strings.TrimPrefix(c.base, "https"))
	case errors.As(err, &alert) && alert.Op == "remote error":
		return say("the daemon at %s refuses the connection: %v (try: HALDANE_CLIENT_CERT and HALDANE_CLIENT_KEY of an authority that it trusts)", c.base, alert.Err)
	}
	return nil
}

func names(cert *x509.Certificate) string {
	all := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "none at all"
	}
	return strings.Join(all, ", ")
}
