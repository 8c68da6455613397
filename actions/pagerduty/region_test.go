package pagerduty

import "testing"

// TestBase: each region has its host, and an address of one's own wins.
func TestBase(t *testing.T) {
	for _, c := range []struct{ region, url, want string }{
		{"us", "", "https://events.pagerduty.com"},
		{"eu", "", "https://events.eu.pagerduty.com"},
		{"eu", "http://proxy.example.com/pd/", "http://proxy.example.com/pd"},
	} {
		if got := (&Settings{Region: c.region, URL: c.url}).base(); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.region, c.url, got, c.want)
		}
	}
}
