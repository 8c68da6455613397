package api

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestLimiterFillsUpAgain(t *testing.T) {
	l := newLimiter(2, 4)
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	for i, c := range []struct {
		at   time.Duration
		n    float64
		wait time.Duration
	}{
		{0, 1, 0},
		{0, 1, 0},
		{0, 1, 0},
		{0, 1, 0}, // all at once
		{0, 1, 500 * time.Millisecond},
		{0, 0, 500 * time.Millisecond},
		{250 * time.Millisecond, 1, 250 * time.Millisecond},
		{500 * time.Millisecond, 1, 0},
		{500 * time.Millisecond, 1, 500 * time.Millisecond},
		{-time.Hour, 1, 500 * time.Millisecond}, // a clock that jumps back gives nothing and takes nothing
		{-time.Hour + 500*time.Millisecond, 0, 0},
		{time.Hour, 1, 0},
		{time.Hour, 1, 0},
		{time.Hour, 1, 0},
		{time.Hour, 1, 0},
		{time.Hour, 1, 500 * time.Millisecond}, // no more than the burst
	} {
		if got := l.take("a", c.n, at(c.at)); got != c.wait {
			t.Errorf("%d: waits %v, want %v", i, got, c.wait)
		}
	}
	if got := l.take("b", 1, at(0)); got != 0 {
		t.Errorf("another client waits %v", got)
	}
}

// TestLimiterIsBounded: of millions of addresses few are remembered; those who are refused
// stay remembered, and newcomers share what is left.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(1, 2)
	for range 2 {
		l.take("busy", 1, noon)
	}
	for i := range 3 * mostClients {
		l.take(fmt.Sprint(i), 1, noon)
	}
	if len(l.clients) > mostClients {
		t.Errorf("%d clients are remembered", len(l.clients))
	}
	if l.take("busy", 1, noon) == 0 || l.take("newcomer", 1, noon) == 0 {
		t.Error("a crowd lets somebody past the limit")
	}
	l.vouch("newcomer", "boss", noon)
	if l.vouched("newcomer", "boss") {
		t.Error("the crowd is vouched for")
	}
	if later := noon.Add(time.Minute); l.take("newcomer", 1, later) != 0 || len(l.clients) > 2 {
		t.Errorf("%d clients are remembered a minute later", len(l.clients))
	}
}

func TestOrigin(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64",
		"[::1]:1": "::1", "[fe80::1%eth0]:1": "fe80::/64", "pipe": "pipe",
	} {
		if got := origin(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
