package daemon

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// certificates are what the daemon shows its clients and wants of them, as the files said
// when they were last sound.
type certificates struct {
	files   config.TLS
	log     *slog.Logger
	inForce atomic.Pointer[tls.Config]
	tried   [sha256.Size]byte // what the files were when they were last read, sound or not
	problem error             // what was wrong with that
	refused prometheus.Gauge
}

// openTLS reads the certificates for the first time; nil when the daemon speaks plainly.
func openTLS(files config.TLS, log *slog.Logger, r prometheus.Registerer) (*certificates, error) {
	c := &certificates{files: files, log: log, refused: prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "haldane", Name: "tls_certificate_refused", Help: "1 while the TLS files on disk are broken and those before them are in force.",
	})}
	r.MustRegister(c.refused, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "haldane", Name: "tls_certificate_expires_timestamp_seconds", Help: "When the TLS certificate in force expires; 0 without TLS.",
	}, c.expires))
	if !files.On() {
		return nil, nil
	}
	conf, err := c.load()
	if err != nil {
		return nil, err
	}
	if at := expires(conf); time.Now().After(at) {
		log.Error("the TLS certificate has expired: clients refuse it", "file", files.Cert, "expired", at)
	}
	c.inForce.Store(conf)
	return c, nil
}

func (c *certificates) expires() float64 {
	if conf := c.inForce.Load(); conf != nil {
		return float64(expires(conf).Unix())
	}
	return 0
}

// server is the configuration of the server: each connection takes what is in force when
// it begins.
func (c *certificates) server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.inForce.Load(), nil },
	}
}

var protocols = []string{"h2", "http/1.1"}

// again reads the files again and, when they have changed and are sound, puts them in
// force. Broken ones are refused, and those before them stay. Not for use at the same time.
func (c *certificates) again() error {
	if c == nil {
		return nil
	}
	before := c.tried
	conf, err := c.load()
	if c.tried == before {
		return c.problem
	}
	if err == nil && time.Now().After(expires(conf)) {
		err = analysis.Errorf(analysis.Invalid, "HALDANE_TLS_CERT: the certificate in %s has expired", c.files.Cert)
	}
	c.problem = err
	if err != nil {
		c.log.Error("the TLS certificate is refused, the one before it stays in force", "error", err)
		c.refused.Set(1)
		return err
	}
	c.inForce.Store(conf)
	c.refused.Set(0)
	c.log.Info("the TLS certificate was read again", "expires", expires(conf))
	return nil
}

// load reads and checks the files, and remembers what they were.
func (c *certificates) load() (*tls.Config, error) {
	cert, err1 := os.ReadFile(c.files.Cert)
	key, err2 := os.ReadFile(c.files.Key)
	var ca []byte
	var err3 error
	if c.files.ClientCA != "" {
		ca, err3 = os.ReadFile(c.files.ClientCA)
	}
	h := sha256.New()
	for _, b := range [][]byte{cert, key, ca} {
		sum := sha256.Sum256(b)
		h.Write(sum[:])
	}
	copy(c.tried[:], h.Sum(nil))
	for _, f := range []struct {
		name, file string
		err        error
	}{{"HALDANE_TLS_CERT", c.files.Cert, err1}, {"HALDANE_TLS_KEY", c.files.Key, err2}, {"HALDANE_TLS_CLIENT_CA", c.files.ClientCA, err3}} {
		if f.err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "%s: file %s cannot be read", f.name, f.file).
				WithHint("look whether it is there, and readable for the user that Haldane runs as").Because(f.err)
		}
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "HALDANE_TLS_CERT: %s and %s are not a certificate and its key, as PEM", c.files.Cert, c.files.Key).
			WithHint("openssl x509 -noout -pubkey -in %s; openssl pkey -pubout -in %s: they must print the same", c.files.Cert, c.files.Key).Because(err)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protocols, Certificates: []tls.Certificate{pair}}
	if ca != nil {
		// Also where every client needs one: health checks of Kubernetes cannot show any. The
		// API's door turns away the others.
		conf.ClientAuth, conf.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
		if !conf.ClientCAs.AppendCertsFromPEM(ca) {
			return nil, analysis.Errorf(analysis.Invalid, "HALDANE_TLS_CLIENT_CA: %s has no certificate, as PEM", c.files.ClientCA)
		}
	}
	return conf, nil
}

// expires is when the first certificate of those that are shown expires.
func expires(conf *tls.Config) time.Time {
	var first time.Time
	for _, der := range conf.Certificates[0].Certificate {
		if cert, err := x509.ParseCertificate(der); err == nil && (first.IsZero() || cert.NotAfter.Before(first)) {
			first = cert.NotAfter
		}
	}
	return first
}
