package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// authority signs certificates, as files in a folder.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, time.Hour, true)
	return a
}

// sign makes NAME.crt and NAME.key, for 127.0.0.1 and for clients.
func (a *authority) sign(name string, lasts time.Duration, ca bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(lasts), IsCA: ca, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := c, key
	if !ca {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	a.write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	c, err = x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c, key
}

func (a *authority) write(name string, content []byte) {
	a.t.Helper()
	if err := os.WriteFile(a.file(name), content, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// startTLS starts the daemon with the certificate "server" of an authority.
func (o *outside) startTLS(a *authority, env ...string) {
	o.Helper()
	o.start(append(env, "HALDANE_TLS_CERT="+a.file("server.crt"), "HALDANE_TLS_KEY="+a.file("server.key"))...)
	o.url = strings.Replace(o.url, "http:", "https:", 1)
}

// client runs the program as one, and returns its status and what it said.
func (o *outside) client(env map[string]string, args ...string) (int, string) {
	var out bytes.Buffer
	status := run(o.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &out, env: func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}})
	return status, out.String()
}

// get asks the daemon with the certificate of a client, or without ("").
func (o *outside) get(a *authority, client, path string) (int, string, error) {
	o.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	conf := &tls.Config{RootCAs: pool}
	if client != "" {
		pair, err := tls.LoadX509KeyPair(client+".crt", client+".key")
		if err != nil {
			o.Fatal(err)
		}
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
	resp, err := c.Get(o.url + path)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if resp.ProtoMajor != 2 {
		o.Errorf("%s came over %s", path, resp.Proto)
	}
	return resp.StatusCode, string(b), err
}

// TestClientSpeaksTLS: the commands say what is wrong and what to do, at once.
func TestClientSpeaksTLS(t *testing.T) {
	a, other := newAuthority(t, "ca"), newAuthority(t, "other")
	a.sign("server", time.Hour, false)
	a.sign("client", time.Hour, false)
	other.sign("client", time.Hour, false)
	plain := newOutside(t)
	plain.start()
	o := newOutside(t)
	o.startTLS(a, "HALDANE_TLS_CLIENT_CA="+a.file("ca.crt"))
	pair := func(a *authority) map[string]string {
		return map[string]string{"HALDANE_CA": o.dir + "/ca.crt", "HALDANE_CLIENT_CERT": a.file("client.crt"), "HALDANE_CLIENT_KEY": a.file("client.key")}
	}
	ca, err := os.ReadFile(a.file("ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.dir+"/ca.crt", ca, 0o600); err != nil {
		t.Fatal(err)
	}
	name := strings.Replace(o.url, "127.0.0.1", "localhost", 1)
	for what, c := range map[string]struct {
		url  string
		env  map[string]string
		says string // "": the run starts
	}{
		"all is well":          {o.url, pair(a), ""},
		"unknown authority":    {o.url, nil, "of an unknown authority (try: HALDANE_CA=ca.crt"},
		"wrong name":           {name, pair(a), "for other names: 127.0.0.1 (try:"},
		"no certificate":       {o.url, map[string]string{"HALDANE_CA": a.file("ca.crt")}, "says 403: certificate: this daemon wants one of the client (try: curl --cert"},
		"foreign certificate":  {o.url, pair(other), "unknown certificate authority (try: HALDANE_CLIENT_CERT"},
		"http to https":        {"http" + strings.TrimPrefix(o.url, "https"), nil, "it speaks TLS (try: HALDANE_URL=https://127.0.0.1:"},
		"https to http":        {"https" + strings.TrimPrefix(plain.url, "http"), nil, "speaks no TLS (try: HALDANE_URL=http://127.0.0.1:"},
		"key without its half": {o.url, map[string]string{"HALDANE_CLIENT_KEY": a.file("client.key")}, "one of them is missing"},
		"no such file":         {o.url, map[string]string{"HALDANE_CA": "/nope"}, "file /nope cannot be read"},
		"no certificate in it": {o.url, map[string]string{"HALDANE_CA": a.file("ca.key")}, "has no certificate, as PEM"},
	} {
		env := map[string]string{"HALDANE_URL": c.url}
		for k, v := range c.env {
			env[k] = v
		}
		status, said := o.client(env, "run", "shop", "--version", "2", "--baseline", "1")
		if c.says == "" && (status != exitOK || !strings.Contains(said, "https://127.0.0.1")) || c.says != "" && (status != exitTrouble || !strings.Contains(said, c.says)) {
			t.Errorf("%s: status %d: %s", what, status, said)
		}
		// The daemon may have gone before the client has read why.
		if strings.Contains(said, "trying again") && what != "foreign certificate" {
			t.Errorf("%s: what cannot work was tried again: %s", what, said)
		}
	}
}

// TestCertificatesOfClients: where they are required health checks need none, and nothing
// else is answered; where they are not, one that is given must be good.
func TestCertificatesOfClients(t *testing.T) {
	a, other := newAuthority(t, "ca"), newAuthority(t, "other")
	a.sign("server", time.Hour, false)
	a.sign("client", time.Hour, false)
	a.sign("late", -time.Hour, false)
	other.sign("client", time.Hour, false)
	for mode, without := range map[string]int{"require": http.StatusForbidden, "if-given": http.StatusOK} {
		o := newOutside(t)
		o.startTLS(a, "HALDANE_TLS_CLIENT_CA="+a.file("ca.crt"), "HALDANE_TLS_CLIENT_AUTH="+mode)
		for path, needs := range map[string]bool{"/healthz": false, "/readyz": false, "/metrics": true, "/api/v1/runs": true, "/": true, "/openapi.json": true} {
			want := http.StatusOK
			if needs {
				want = without
			}
			if status, body, err := o.get(a, "", path); status != want {
				t.Errorf("%s: %s without a certificate: %d %s %v", mode, path, status, body, err)
			}
			if status, body, err := o.get(a, a.file("client"), path); status != http.StatusOK {
				t.Errorf("%s: %s with a certificate: %d %s %v", mode, path, status, body, err)
			}
			for _, bad := range []string{other.file("client"), a.file("late")} {
				if status, _, err := o.get(a, bad, path); err == nil {
					t.Errorf("%s: %s with a bad certificate: %d", mode, path, status)
				}
			}
		}
		o.stop(syscall.SIGTERM)
	}
}

// TestCertificateIsReadAgain: a new one is in force without a restart; a broken one is
// refused, and the metrics say so; old versions of TLS are not spoken.
func TestCertificateIsReadAgain(t *testing.T) {
	a := newAuthority(t, "ca")
	a.sign("server", time.Hour, false)
	o := newOutside(t)
	o.startTLS(a)
	serial := func() string {
		t.Helper()
		conn, err := tls.Dial("tcp", strings.TrimPrefix(o.url, "https://"), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	metric := func(line string) bool {
		_, body, err := o.get(a, "", "/metrics")
		return err == nil && strings.Contains(body, line+"\n")
	}
	hup := func() { _ = o.cmd.Process.Signal(syscall.SIGHUP) }

	first := serial()
	next, _ := a.sign("server", 2*time.Hour, false)
	hup()
	until(t, "the new certificate is shown", func() (string, bool) { s := serial(); return s, s != first })
	if at := fmt.Sprintf("haldane_tls_certificate_expires_timestamp_seconds %s", formatSeconds(next.NotAfter)); !metric(at) || !metric("haldane_tls_certificate_refused 0") {
		t.Errorf("the metrics do not say: %s", at)
	}
	good, err := os.ReadFile(a.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	second := serial()
	for _, broken := range []func(){
		func() { a.write("server.key", []byte("nonsense")) },
		func() {
			a.sign("other", time.Hour, false)
			a.write("server.key", must(os.ReadFile(a.file("other.key"))))
		},
		func() { _ = os.Remove(a.file("server.key")) },
	} {
		broken()
		hup()
		until(t, "the broken one is refused", func() (string, bool) { return o.log(), metric("haldane_tls_certificate_refused 1") })
		if serial() != second {
			t.Error("a broken certificate is in force")
		}
		a.write("server.key", good)
		hup()
		until(t, "all is well again", func() (string, bool) { return o.log(), metric("haldane_tls_certificate_refused 0") })
	}
	if !strings.Contains(o.log(), "are not a certificate and its key") {
		t.Errorf("the log does not say it:\n%s", o.log())
	}
	if strings.Contains(o.log(), "PRIVATE KEY") {
		t.Error("the log has a key")
	}
	if _, err := tls.Dial("tcp", strings.TrimPrefix(o.url, "https://"), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// formatSeconds is a time as Prometheus prints it.
func formatSeconds(at time.Time) string {
	digits := fmt.Sprint(at.Unix())
	return strings.TrimRight(digits[:1]+"."+digits[1:], "0.") + "e+09"
}
