package config

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Egress says where actions may connect to. Link-local addresses, and with them
// the metadata services of clouds, are always refused unless Allow names them;
// Deny refuses more, and Allow wins over Deny.
type Egress struct {
	Allow []netip.Prefix
	Deny  []netip.Prefix
}

// never lists what is refused by default: link-local (IPv4 and IPv6), the IPv6
// metadata addresses of AWS and GCP, Alibaba's and Oracle's metadata addresses,
// unspecified and multicast addresses.
var never = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fd00:ec2::/32"),
	netip.MustParsePrefix("fd20:ce::254/128"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("192.0.0.192/32"),
	netip.MustParsePrefix("0.0.0.0/32"),
	netip.MustParsePrefix("::/128"),
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("ff00::/8"),
}

// Permits reports whether an address may be connected to.
func (e Egress) Permits(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	in := func(p netip.Prefix) bool { return p.Contains(addr) }
	return slices.ContainsFunc(e.Allow, in) ||
		!slices.ContainsFunc(never, in) && !slices.ContainsFunc(e.Deny, in)
}

// control refuses a connection by the address that was really resolved, so that a
// name cannot change its mind between a check and the connection.
func (e Egress) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	if !e.Permits(ap.Addr()) {
		return analysis.Errorf(analysis.Invalid, "address %s is refused", ap.Addr()).
			WithHint("allow it under egress in the config, if it is meant")
	}
	return nil
}

// Client returns an HTTP client for actions: it connects only where Egress lets
// it, follows no redirect, and gives up after timeout. Proxies of the environment
// are obeyed; an address behind a proxy is the proxy's business.
func (e Egress) Client(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Control: e.control}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, addr)
	}
	transport.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
