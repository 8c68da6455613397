package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/haldane-dev/haldane/analysis"
)

// TLS says how to speak TLS.
type TLS struct {
	CA                 string `yaml:"ca" doc:"file with the certificates to trust; default: the system's"`
	Cert               string `yaml:"cert" doc:"file with our certificate, for receivers that ask for one; read again at each connection"`
	Key                string `yaml:"key" doc:"file with its key"`
	ServerName         string `yaml:"server_name" doc:"name in the receiver's certificate; default: the URL's host"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" doc:"true: believe any certificate; anybody in between can then read and change requests"`
}

// tlsFiles is TLS with its files read; field names the one that is wrong.
type tlsFiles struct {
	config *tls.Config
	field  string
}

// load reads the files. Certificates that are renewed on disk are read again at
// each handshake, so that no restart is needed.
func (t TLS) load() (*tlsFiles, error) {
	f := &tlsFiles{config: &tls.Config{
		ServerName: t.ServerName, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // the operator asked for it by name
	}}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			f.field = "ca"
			return f, analysis.Errorf(analysis.Invalid, "file %s cannot be read", t.CA).Because(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			f.field = "ca"
			return f, analysis.Errorf(analysis.Invalid, "file %s holds no certificate in PEM", t.CA)
		}
		f.config.RootCAs = pool
	}
	switch {
	case t.Cert == "" && t.Key == "":
		return f, nil
	case t.Cert == "":
		f.field = "cert"
		return f, analysis.Errorf(analysis.Invalid, "missing: a key needs its certificate")
	case t.Key == "":
		f.field = "key"
		return f, analysis.Errorf(analysis.Invalid, "missing: a certificate needs its key")
	}
	read := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "certificate %s and key %s cannot be read, or do not belong together",
				t.Cert, t.Key).Because(err)
		}
		return &pair, nil
	}
	if _, err := read(); err != nil {
		f.field = "cert"
		return f, err
	}
	f.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return read() }
	return f, nil
}
