package config

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"

	"github.com/haldane-dev/haldane/analysis"
)

// Connect reaches the server of a URL and closes the connection again, without
// sending a request: it resolves the name, connects, and shakes hands when the
// URL says https. Behind a proxy it reaches the proxy only.
func Connect(ctx context.Context, who string, client *http.Client, target string) error {
	u, err := url.Parse(target)
	transport, ok := client.Transport.(*http.Transport)
	if err != nil || !ok {
		return analysis.Errorf(analysis.Invalid, "%s: its URL cannot be connected to", who).Because(err)
	}
	if client.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, client.Timeout)
		defer cancel()
	}
	proxied := false
	if transport.Proxy != nil {
		proxy, err := transport.Proxy(&http.Request{URL: u, Header: http.Header{}})
		if err != nil {
			return analysis.Errorf(analysis.Invalid, "%s: the proxy of the environment is not understood", who).Because(err)
		}
		if proxy != nil {
			u, proxied = proxy, true
		}
	}
	ports := map[string]string{"https": "443", "http": "80", "socks5": "1080", "socks5h": "1080"}
	addr := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ports[u.Scheme]))
	conn, err := transport.DialContext(ctx, "tcp", addr)
	if err != nil {
		return Unreachable(who, err)
	}
	defer func() { _ = conn.Close() }()
	if u.Scheme != "https" || proxied {
		return nil
	}
	settings := &tls.Config{}
	if transport.TLSClientConfig != nil {
		settings = transport.TLSClientConfig.Clone()
	}
	settings.ServerName = cmp.Or(settings.ServerName, u.Hostname())
	if err := tls.Client(conn, settings).HandshakeContext(ctx); err != nil {
		return Unreachable(who, err)
	}
	return nil
}
