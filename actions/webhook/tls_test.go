package webhook_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/analysis"
)

// identity makes a certificate that vouches for itself, and its key, in files.
func identity(t *testing.T, host string) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, data := range map[string][]byte{certFile: certPEM, keyFile: keyPEM} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err = tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, pair
}

// TestTLS: both sides show certificates of authorities of their own.
func TestTLS(t *testing.T) {
	serverCert, _, server := identity(t, "deploy.internal")
	clientCert, clientKey, client := identity(t, "haldane")
	trusted := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(client.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trusted.AddCert(leaf)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()

	for _, c := range []struct {
		name string
		tls  webhook.TLS
		want analysis.Kind
	}{
		{"all is well", webhook.TLS{CA: serverCert, ServerName: "deploy.internal", Cert: clientCert, Key: clientKey}, ""},
		{"any certificate is believed", webhook.TLS{InsecureSkipVerify: true, Cert: clientCert, Key: clientKey}, ""},
		{"unknown authority", webhook.TLS{ServerName: "deploy.internal", Cert: clientCert, Key: clientKey}, analysis.Unavailable},
		{"another name", webhook.TLS{CA: serverCert, ServerName: "other.internal", Cert: clientCert, Key: clientKey}, analysis.Unavailable},
		{"no certificate of ours", webhook.TLS{CA: serverCert, ServerName: "deploy.internal"}, analysis.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := open(t, settings(s.URL, func(s *webhook.Settings) { s.TLS = c.tls }))
			receipt, err := a.Perform(t.Context(), actiontest.Delivery(1))
			if analysis.KindOf(err) != c.want || err == nil && receipt.Text != "HTTP 200 OK: haldane" {
				t.Errorf("receipt %q, error %v, want %q", receipt.Text, err, c.want)
			}
		})
	}
}

// TestRenewedCertificate: a certificate that was renewed on disk is used at the
// next connection.
func TestRenewedCertificate(t *testing.T) {
	certFile, keyFile, _ := identity(t, "first")
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	a := open(t, settings(s.URL, func(s *webhook.Settings) {
		s.TLS = webhook.TLS{InsecureSkipVerify: true, Cert: certFile, Key: keyFile}
	}))
	for _, name := range []string{"first", "second"} {
		newCert, newKey, _ := identity(t, name)
		for from, to := range map[string]string{newCert: certFile, newKey: keyFile} {
			data, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		receipt, err := a.Perform(t.Context(), actiontest.Delivery(1))
		if err != nil || receipt.Text != "HTTP 200 OK: "+name {
			t.Errorf("receipt %q, error %v, want %q", receipt.Text, err, name)
		}
	}
}
