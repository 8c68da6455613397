package datadog

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// caller is who asks, recognised by the texts of its queries, whatever their window:
// their hashes, sorted.
type caller []uint64

// moment matches what changes in a query from look to look.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?|\b[12]\d{9}(\d{3})?\b`)

func callerOf(texts []string) caller {
	var c caller
	for _, text := range texts {
		h := fnv.New64a()
		_, _ = h.Write([]byte(moment.ReplaceAllString(text, "#")))
		c = append(c, h.Sum64())
	}
	slices.Sort(c)
	return slices.Compact(c)
}

// within reports whether all that c asks is part of what d asks. A run asks less than
// before when another run has the answer to a part of it.
func (c caller) within(d caller) bool {
	return !slices.ContainsFunc(c, func(h uint64) bool {
		_, ok := slices.BinarySearch(d, h)
		return !ok
	})
}

// place finds a caller's ticket: its index, -1 for none, and how many requests are ahead
// of it, or of the end.
func (b *budget) place(who caller) (i, ahead int) {
	i = slices.IndexFunc(b.queue, func(t *ticket) bool { return slices.Equal(t.caller, who) })
	if i < 0 {
		i = slices.IndexFunc(b.queue, func(t *ticket) bool { return who.within(t.caller) || t.caller.within(who) })
	}
	last := i
	if i < 0 {
		last = len(b.queue)
	}
	for _, t := range b.queue[:last] {
		ahead += t.n
	}
	return i, ahead
}

// purge drops the tickets of those who did not come back.
func (b *budget) purge(now time.Time) {
	b.queue = slices.DeleteFunc(b.queue, func(t *ticket) bool { return now.Sub(t.back) > grace })
}

// base is when the first of all may go: next, or now when that is over. What those who
// are late have not used is kept for them.
func (b *budget) base(now time.Time) time.Time {
	late := 0
	for _, t := range b.queue {
		if now.Sub(t.back) > punctual {
			late += t.n
		}
	}
	return later(b.next, now.Add(-time.Duration(late)*b.between(now, now)))
}

// turn is when a request may go that has others ahead: when the tightest of all limits
// allows it, and whether that is in this period.
func (b *budget) turn(ahead, n int, now time.Time) (turn time.Time, fits bool) {
	base := b.base(now)
	turn, fits = base, true
	if len(b.limits) == 0 { // known to be limited, but not how
		turn = base.Add(time.Duration(ahead) * time.Second)
	}
	for _, l := range b.limits {
		at, ok := l.at(base, ahead, n, b.pledged, b.share, now)
		turn, fits = later(turn, at), fits && ok
	}
	return turn, fits
}

// between is the time between two requests.
func (b *budget) between(base, now time.Time) time.Duration {
	longest := time.Duration(0)
	for _, l := range b.limits {
		longest = max(longest, l.between(base, b.pledged, now))
	}
	return longest
}

// wait tells a ticket when to come back.
func (b *budget) wait(t *ticket, who caller, n int, turn, now time.Time) *analysis.Error {
	wait := min(turn.Sub(now), atMost)
	if !t.caller.within(who) { // it asks less now, and may ask more again
		who = t.caller
	}
	t.caller, t.n, t.back = who, n, now.Add(wait)
	e := analysis.Errorf(analysis.Limited, "%s; this look waits until %s", b.sentence(now), clock(turn))
	e.RetryAfter = wait
	return e
}

// sentence says why there is a wait, by the limit that has least left.
func (b *budget) sentence(now time.Time) string {
	if len(b.limits) == 0 {
		return "its organisation's limit was used up a moment ago"
	}
	return slices.MinFunc(b.limits, func(x, y *limit) int { return x.left - y.left }).sentence(now)
}

// sentence says how a limit stands.
func (l *limit) sentence(time.Time) string {
	what := "its organisation's limit"
	if l.most > 0 && l.period > 0 {
		what += fmt.Sprintf(" of %d requests %s", l.most, each(l.period))
	}
	if l.left <= 0 {
		return fmt.Sprintf("%s is used up (new ones at %s)", what, clock(l.reset))
	}
	return fmt.Sprintf("%s is nearly used up (%d left, new ones at %s)", what, l.left, clock(l.reset))
}

func each(period time.Duration) string {
	switch period {
	case time.Minute:
		return "a minute"
	case time.Hour:
		return "an hour"
	case 24 * time.Hour:
		return "a day"
	}
	return "in " + analysis.Duration(period).String()
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }
