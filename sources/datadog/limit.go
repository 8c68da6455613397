package datadog

import (
	"net/http"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// limit is one of the server's limits, as far as its answers have told:
// https://docs.datadoghq.com/api/latest/rate-limits/.
type limit struct {
	name   string
	most   int           // requests in a period
	period time.Duration // aligned to the calendar; 0 when it is not known
	left   int           // of this period, the reserve included
	reset  time.Time     // when the next period begins
}

// reserve is what only a check may use: 5 %, and not all of it.
func (l *limit) reserve() int { return min(max(1, l.most/20), max(0, l.most-1)) }

// each is the time between requests that go out evenly over a whole period.
func (l *limit) each() time.Duration {
	if l.period == 0 || l.most == 0 {
		return time.Second
	}
	return l.period / time.Duration(max(1, l.most-l.reserve()))
}

// plenty reports whether nobody needs to be spaced out yet.
func (l *limit) plenty(pledged int) bool { return l.left-pledged > l.most/4 }

// told is what the headers of one answer say.
type told struct {
	name      string
	most      int // -1 when it does not say
	left      int // -1 when it does not say
	period    time.Duration
	reset     time.Time // zero when it does not say
	exhausted bool      // 429
}

// listen reads an answer's headers. ok is false when they say nothing about limits.
func listen(status int, h http.Header, now time.Time) (t told, ok bool) {
	t = told{name: h.Get("X-RateLimit-Name"), most: number(h, "X-RateLimit-Limit"), left: number(h, "X-RateLimit-Remaining")}
	t.exhausted = status == http.StatusTooManyRequests
	if s := number(h, "X-RateLimit-Period"); s > 0 {
		t.period = time.Duration(s) * time.Second
	}
	if s := number(h, "X-RateLimit-Reset"); s >= 0 {
		t.reset = now.Add(time.Duration(s) * time.Second)
	}
	if !t.exhausted {
		return t, t.left >= 0 && (t.period > 0 || !t.reset.IsZero())
	}
	t.left = 0
	if after := config.RetryAfter(h, now); after > 0 && t.reset.Before(now.Add(after)) {
		t.reset = now.Add(after)
	}
	if t.reset.IsZero() && t.period == 0 {
		t.reset = now.Add(unknownWait)
	}
	return t, true
}

// unknownWait is how long a server is left alone that does not say how long.
const unknownWait = time.Minute

// longestPeriod keeps nonsense in a header from stopping everything for ever.
const longestPeriod = 24 * time.Hour

func number(h http.Header, name string) int {
	n, err := strconv.Atoi(h.Get(name))
	if err != nil || n < 0 || n > 1<<30 {
		return -1
	}
	if (name == "X-RateLimit-Period" || name == "X-RateLimit-Reset") && n > int(longestPeriod/time.Second) {
		return -1
	}
	return n
}

// learn takes up what an answer said. Answers overtake each other: within a period the
// smallest remainder is the newest, and one that still speaks of the period before is
// too late to tell anything.
func (l *limit) learn(t told, now time.Time) {
	if t.most > 0 {
		l.most = t.most
	}
	if t.period > 0 {
		l.period = t.period
	}
	if t.reset.IsZero() {
		t.reset = now.Truncate(l.period).Add(l.period)
	}
	slack := max(l.period/2, 2*time.Second)
	switch apart := t.reset.Sub(l.reset); {
	case l.reset.IsZero() || apart > slack:
		l.left, l.reset = t.left, t.reset
	case apart < -slack:
		return
	default:
		l.left = min(l.left, t.left)
		if apart > 0 { // the header counts whole seconds
			l.reset = t.reset
		}
	}
	l.most = max(l.most, l.left)
}

// roll begins the next period when its time has come. It returns false when nothing is
// known about that.
func (l *limit) roll(now time.Time) bool {
	if now.Before(l.reset) {
		return true
	}
	if l.period == 0 || l.most == 0 {
		return false
	}
	l.reset = l.reset.Add((now.Sub(l.reset)/l.period + 1) * l.period) //nolint:durationcheck // a number of periods, times one
	l.left = l.most
	return true
}

// at returns when a request may go out before which ahead others have to: evenly over
// what remains of this period (fits), then evenly over those that follow. next is when
// the first of them all may; share is this process's own part of the time between two, so
// that several do not all come back at once.
func (l *limit) at(next time.Time, ahead, n, pledged int, share float64, now time.Time) (at time.Time, fits bool) {
	free := l.left - l.reserve() - pledged
	if n > l.most-l.reserve() { // more than there ever is: then all there is
		n = max(1, l.most-l.reserve())
	}
	if ahead+n <= free {
		between := max(0, l.reset.Sub(later(next, now))) / time.Duration(free)
		return next.Add(time.Duration(ahead) * between), true
	}
	over := max(0, ahead-max(0, free))
	first := l.reset.Add(early + time.Duration(share*float64(l.each()))) // the header counts whole seconds
	return later(next, first.Add(time.Duration(over)*l.each())), false
}

// between is the time between two requests from now on.
func (l *limit) between(next time.Time, pledged int, now time.Time) time.Duration {
	return max(0, l.reset.Sub(later(next, now))) / time.Duration(max(1, l.left-l.reserve()-pledged))
}

// shown is the limit as the house knows it.
func (l *limit) shown() analysis.Budget {
	return analysis.Budget{Name: l.name, Limit: l.most, Remaining: max(0, l.left), Reset: l.reset}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
