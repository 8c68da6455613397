package actiontest

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// refusedAddresses are those of metadata services, and what the operator denies.
func refusedAddresses(t *testing.T, k Kit) {
	for _, base := range []string{"http://169.254.169.254", "http://[::ffff:169.254.169.254]", "https://[fe80::1]"} {
		a := k.open(t, base, func(s *Setup) { s.Timeout = 5 * time.Second })
		if _, err := perform(t, a, Delivery(1)); err == nil || err.Kind != analysis.Invalid {
			t.Errorf("%s: error %v, want invalid", base, err)
		}
	}
	s := serve(t, k.accept)
	a := k.open(t, s.URL, func(s *Setup) {
		s.Env.Egress.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	if _, err := perform(t, a, Delivery(1)); err == nil || err.Kind != analysis.Invalid {
		t.Errorf("denied address: error %v, want invalid", err)
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("a denied address got %d requests", n)
	}
}

// manyAtOnce performs deliveries of different runs at the same time.
func manyAtOnce(t *testing.T, k Kit) {
	s := serve(t, k.accept)
	a := k.open(t, s.URL)
	const n = 24
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := a.Perform(t.Context(), Delivery(i)); err != nil {
				t.Errorf("delivery %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	times := map[string]int{}
	for _, key := range k.keys(s) {
		times[key]++
	}
	for i := range n {
		if got := times[Delivery(i).ID]; got != 1 {
			t.Errorf("delivery %d arrived %d times", i, got)
		}
	}
}

// check must reach the other side and change nothing: it sends no request that
// carries a repeat key.
func check(t *testing.T, k Kit) {
	s := serve(t, k.accept)
	c, ok := k.open(t, s.URL).(analysis.Checker)
	if !ok {
		t.Fatal("the action cannot be checked")
	}
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := k.keys(s); len(keys) != 0 {
		t.Errorf("check performed a delivery: %q", keys)
	}
}
