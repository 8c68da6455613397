package config_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func TestEgressPermits(t *testing.T) {
	some := config.Egress{
		Allow: []netip.Prefix{netip.MustParsePrefix("169.254.1.0/24"), netip.MustParsePrefix("10.1.2.3/32")},
		Deny:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
	}
	for _, c := range []struct {
		addr        string
		plain, some bool
	}{
		{"192.0.2.1", true, true},
		{"127.0.0.1", true, true},
		{"10.9.9.9", true, false},
		{"10.1.2.3", true, true}, // allow wins
		{"2001:db8::1", true, false},
		{"169.254.169.254", false, false},
		{"169.254.1.9", false, true},
		{"::ffff:169.254.169.254", false, false},
		{"::ffff:10.9.9.9", true, false},
		{"fe80::1%eth0", false, false},
		{"fd00:ec2::254", false, false},
		{"fd20:ce::254", false, false},
		{"100.100.100.200", false, false},
		{"192.0.0.192", false, false},
		{"0.0.0.0", false, false},
		{"::", false, false},
		{"224.0.0.1", false, false},
		{"ff02::1", false, false},
	} {
		addr := netip.MustParseAddr(c.addr)
		if got := (config.Egress{}).Permits(addr); got != c.plain {
			t.Errorf("%s: %v", addr, got)
		}
		if got := some.Permits(addr); got != c.some {
			t.Errorf("%s with ranges: %v", addr, got)
		}
	}
}

func TestEgressClient(t *testing.T) {
	reached := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- r.URL.Path
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer srv.Close()

	resp, err := (config.Egress{}).Client(5 * time.Second).Get(srv.URL + "/first")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusFound || len(reached) != 1 {
		t.Errorf("status %d, %d requests: the redirect was followed", resp.StatusCode, len(reached))
	}

	denies := config.Egress{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, target := range []string{srv.URL, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)} {
		resp, err := denies.Client(5 * time.Second).Get(target)
		if err == nil {
			resp.Body.Close()
		}
		var own *analysis.Error
		if !errors.As(err, &own) || own.Kind != analysis.Invalid || !strings.Contains(own.Message, "is refused") {
			t.Errorf("%s: %v", target, err)
		}
	}
	if len(reached) != 1 {
		t.Error("a refused address was reached")
	}
}
