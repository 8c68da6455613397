package datadog

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// budget shares what an organisation may ask in a period among all who want to, in this
// process: every run, every section of the config, over reloads.
//
// While plenty is left everybody passes. When a quarter is left requests are spaced
// evenly over what remains of the period, and who comes too early is told when to come
// back: it keeps its place in a queue, served in turn, so that nobody is served twice
// while somebody waits. Nobody has to hold a place by waiting inside a call; who does not
// come back in time loses it. A caller is recognised by what it asks.
//
// All it knows comes from the headers of answers; until the first, everybody passes.
type budget struct {
	endpoint string
	share    float64 // of the time between two requests, that this process comes later

	mu      sync.Mutex
	limits  []*limit
	queue   []*ticket // in turn
	next    time.Time // no request that is spaced out goes before it
	pledged int       // requests that were let through and are not done
}

// ticket is a place in the queue.
type ticket struct {
	caller caller
	n      int       // requests that it needs
	back   time.Time // when it was told to come back
}

const (
	// atMost is the longest that anybody is told to wait, so that those who do not wait
	// any more are found out.
	atMost = 10 * time.Minute
	// grace is how much later than told a caller may come back, and find its place.
	grace = 10 * time.Minute
	// punctual is how late a caller may be before others need not wait for it.
	punctual = 2 * time.Second
	// early is how much sooner than its turn the first may go, at least.
	early = time.Second
)

func newBudget(endpoint string) *budget {
	return &budget{endpoint: endpoint, share: rand.Float64()}
}

// hear takes up the headers of an answer, and reports whether there is something to
// know from them.
func (b *budget) hear(status int, h http.Header, now time.Time) {
	t, ok := listen(status, h, now)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll(now)
	i := slices.IndexFunc(b.limits, func(l *limit) bool { return l.name == t.name })
	if i < 0 {
		i = len(b.limits)
		b.limits = append(b.limits, &limit{name: t.name})
	}
	b.limits[i].learn(t, now)
}

// admit lets n requests of a caller through, or says when to come back. done must be
// called when they are over. Errors lack the name of the source.
func (b *budget) admit(who caller, n int, now time.Time) (done func(), refused *analysis.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll(now)
	b.purge(now)
	i, ahead := b.place(who)
	if i < 0 && len(b.queue) == 0 && b.plenty() {
		return b.pledge(n), nil
	}
	turn, fits := b.turn(ahead, n, now)
	soon := now
	if ahead == 0 && fits { // to send it away for a moment would cost it an interval
		soon = now.Add(max(early, b.between(now, now)/4))
	}
	if turn.After(soon) {
		if i < 0 {
			b.queue = append(b.queue, &ticket{})
			i = len(b.queue) - 1
		}
		return nil, b.wait(b.queue[i], who, n, turn, now)
	}
	if i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
	}
	base := b.base(now)
	b.next = base.Add(time.Duration(n) * b.between(base, now))
	return b.pledge(n), nil
}

// refuse gives a caller that was let through, and met the limit all the same, its place
// back: the first.
func (b *budget) refuse(who caller, n int, now time.Time) *analysis.Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll(now)
	b.purge(now)
	if i, _ := b.place(who); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
	}
	t := &ticket{}
	b.queue = slices.Insert(b.queue, 0, t)
	turn, _ := b.turn(0, n, now)
	return b.wait(t, who, n, later(turn, now.Add(time.Second)), now)
}

// exhausted reports that nothing at all is left, not even of the reserve: then not even
// a check, and no second try, is worth sending.
func (b *budget) exhausted(now time.Time) *analysis.Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll(now)
	for _, l := range b.limits {
		if l.left <= 0 {
			e := analysis.Errorf(analysis.Limited, "%s", l.sentence(now))
			e.RetryAfter = l.reset.Sub(now)
			return e
		}
	}
	return nil
}

// shown lists the limits, as far as they are known.
func (b *budget) shown(now time.Time) []analysis.Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.roll(now)
	var out []analysis.Budget
	for _, l := range b.limits {
		s := l.shown()
		if s.Name == "" {
			s.Name = b.endpoint
		}
		out = append(out, s)
	}
	return out
}

// pledge counts requests as on their way until they are done.
func (b *budget) pledge(n int) func() {
	b.pledged += n
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.pledged -= n
	})
}

// roll begins new periods, and forgets limits of which nothing is known any more.
func (b *budget) roll(now time.Time) {
	b.limits = slices.DeleteFunc(b.limits, func(l *limit) bool { return !l.roll(now) })
}

// plenty reports whether no limit is near.
func (b *budget) plenty() bool {
	return !slices.ContainsFunc(b.limits, func(l *limit) bool { return !l.plenty(b.pledged) })
}
