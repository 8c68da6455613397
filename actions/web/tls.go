package web

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/haldane-dev/haldane/analysis"
)

// TLS says how to speak TLS.
type TLS struct {
	CA                 string `yaml:"ca" doc:"file with the certificates to trust; default: the system's"`
	Cert               string `yaml:"cert" doc:"file with our certificate, for servers that ask for one; read again at each connection"`
	Key                string `yaml:"key" doc:"file with its key"`
	ServerName         string `yaml:"server_name" doc:"name in the server's certificate; default: the URL's host"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" doc:"true: believe any certificate; anybody in between can then read and change requests"`
}

// TLSFiles is TLS with its files read; Field names the one that is wrong.
type TLSFiles struct {
	Config *tls.Config
	Field  string
}

// Load reads the files. Certificates that are renewed on disk are read again at
// each handshake, so that no restart is needed.
func (t TLS) Load() (*TLSFiles, error) {
	f := &TLSFiles{Config: &tls.Config{
		ServerName: t.ServerName, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // the operator asked for it by name
	}}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			f.Field = "ca"
			return f, analysis.Errorf(analysis.Invalid, "file %s cannot be read", t.CA).Because(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			f.Field = "ca"
			return f, analysis.Errorf(analysis.Invalid, "file %s holds no certificate in PEM", t.CA)
		}
		f.Config.RootCAs = pool
	}
	switch {
	case t.Cert == "" && t.Key == "":
		return f, nil
	case t.Cert == "":
		f.Field = "cert"
		return f, analysis.Errorf(analysis.Invalid, "missing: a key needs its certificate")
	case t.Key == "":
		f.Field = "key"
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
		f.Field = "cert"
		return f, err
	}
	f.Config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return read() }
	return f, nil
}
