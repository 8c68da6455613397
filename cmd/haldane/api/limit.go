package api

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// limiter gives every client a bucket of tokens that fills up again at a steady rate.
// Buckets that are full again are forgotten; when there are too many others, new clients
// share one bucket.
type limiter struct {
	rate  float64 // tokens a second
	burst float64

	mu      sync.Mutex
	clients map[string]*bucket
	crowd   bucket
	swept   time.Time // when full buckets were last forgotten: a crowd must not make that the work
}

// bucket is one client's.
type bucket struct {
	spent float64 // at the time of last
	last  time.Time
	known map[string]bool // names of the tokens that were used well
}

// mostClients bounds what a limiter remembers: about 2 MB.
const mostClients = 10_000

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, clients: map[string]*bucket{}}
}

// take takes n tokens of a client's bucket, when they are there; with n = 0 it asks
// whether one is. It returns how long to wait for it, or 0.
func (l *limiter) take(client string, n float64, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of(client, now)
	if missing := b.spent + max(n, 1) - l.burst; missing > 0 {
		return time.Duration(missing / l.rate * float64(time.Second))
	}
	b.spent += n
	return 0
}

// vouch remembers that a client used a token well; vouched reports whether it did.
func (l *limiter) vouch(client, token string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.of(client, now); b != &l.crowd {
		if b.known == nil {
			b.known = map[string]bool{}
		}
		b.known[token] = true
	}
}

func (l *limiter) vouched(client, token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.clients[client]
	return b != nil && b.known[token]
}

// of returns a client's bucket as it is now.
func (l *limiter) of(client string, now time.Time) *bucket {
	b := l.clients[client]
	if b == nil {
		if len(l.clients) >= mostClients && now.Sub(l.swept).Abs() >= time.Second {
			l.forget(now)
			l.swept = now
		}
		if b = new(bucket); len(l.clients) >= mostClients {
			b = &l.crowd
		} else {
			l.clients[client] = b
		}
	}
	b.refill(l.rate, now)
	return b
}

func (b *bucket) refill(rate float64, now time.Time) {
	if passed := now.Sub(b.last).Seconds(); passed > 0 { // clocks may jump back
		b.spent = max(0, b.spent-passed*rate)
	}
	b.last = now
}

// forget drops the buckets that are full.
func (l *limiter) forget(now time.Time) {
	for client, b := range l.clients {
		if b.refill(l.rate, now); b.spent == 0 {
			delete(l.clients, client)
		}
	}
}

// origin names the machine that a request comes from: its address, of IPv6 the network,
// within which a machine may choose its addresses. Headers such as X-Forwarded-For say
// what whoever sent them likes, so they do not count.
func origin(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if addr = addr.Unmap().WithZone(""); addr.Is6() && !addr.IsLoopback() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
