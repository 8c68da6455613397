package config_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestConnect reaches servers of all sorts, and none of them gets a request.
func TestConnect(t *testing.T) {
	var requests atomic.Int64
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	plain := httptest.NewServer(count)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(count)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(secure.Certificate())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()

	through := func(proxy string) func(*http.Transport) {
		return func(tr *http.Transport) {
			u, err := url.Parse(proxy)
			if err != nil {
				t.Fatal(err)
			}
			tr.Proxy = http.ProxyURL(u)
		}
	}
	for _, c := range []struct {
		name, target string
		change       func(*http.Transport)
		want         analysis.Kind
	}{
		{"http", plain.URL + "/x?y", nil, ""},
		{"https", secure.URL, func(tr *http.Transport) { tr.TLSClientConfig = &tls.Config{RootCAs: trusted} }, ""},
		{"https, stranger", secure.URL, nil, analysis.Unavailable},
		{"https, another name", secure.URL, func(tr *http.Transport) {
			tr.TLSClientConfig = &tls.Config{RootCAs: trusted, ServerName: "other.internal"}
		}, analysis.Unavailable},
		{"https to a plain server", "https" + plain.URL[4:], nil, analysis.Unavailable},
		{"https, no handshake", "https://" + silent.Addr().String(), nil, analysis.Unavailable},
		{"metadata address", "http://169.254.169.254/", nil, analysis.Invalid},
		{"no such host", "http://no..such..host/", nil, analysis.Unavailable},
		{"no URL", "http://[", nil, analysis.Invalid},
		{"through a proxy", "https://deploy.internal/", through(plain.URL), ""},
		{"through a proxy that is away", "https://deploy.internal/", through("http://169.254.169.254:3128"), analysis.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := config.Egress{}.Client(200 * time.Millisecond)
			client.Transport.(*http.Transport).Proxy = nil // whatever the environment says
			if c.change != nil {
				c.change(client.Transport.(*http.Transport))
			}
			if err := config.Connect(t.Context(), "undo", client, c.target); analysis.KindOf(err) != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestUnreachableTellsNoURL: not even the cause of the error does.
func TestUnreachableTellsNoURL(t *testing.T) {
	cause := &url.Error{Op: "Post", URL: "https://h/planted", Err: io.ErrUnexpectedEOF}
	e := config.Unreachable("undo", cause)
	for err := error(e); err != nil; {
		if s := err.Error(); len(s) > 60 || s == cause.Error() {
			t.Errorf("the chain tells %q", s)
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			break
		}
		err = u.Unwrap()
	}
}
