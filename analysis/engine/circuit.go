package engine

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// circuit is a circuit breaker: after several failures in a row its source is not asked
// for a while, so that looks do not queue up behind time-outs; then one question tries
// whether it is well again.
type circuit struct {
	name   string
	turned func(open bool, why string)

	mu       sync.Mutex
	failures int             // in a row
	last     *analysis.Error // of them
	pause    time.Duration   // the last one's length
	until    time.Time       // no question before it
	trying   bool            // one is on its way
}

const (
	mostFailures = 5
	firstBreak   = 5 * time.Second
	longestBreak = time.Minute
)

// allow reports whether a question may go out: nil, or why not.
func (c *circuit) allow(now time.Time) *analysis.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < mostFailures {
		return nil
	}
	if wait := c.until.Sub(now); wait > 0 || c.trying {
		wait = max(wait, time.Second)
		e := analysis.Errorf(analysis.Unavailable, "%s: its last %d requests failed, it is asked again in %s: %s",
			c.name, c.failures, analysis.Duration(wait.Round(time.Second)), strings.TrimPrefix(c.last.Message, c.name+": "))
		e.Hint, e.RetryAfter = c.last.Hint, wait
		return e
	}
	c.trying = true
	return nil
}

// record takes notice of how a round of questions went, in so many requests. Any answer
// shows that the source is there, also one that refuses.
func (c *circuit) record(answers []analysis.Answer, requests int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wasOpen, tried := c.failures >= mostFailures, c.trying
	c.trying = false
	for _, a := range answers {
		if analysis.KindOf(a.Err) != analysis.Unavailable {
			if c.failures = 0; wasOpen {
				c.turned(false, "")
			}
			return
		}
		c.last = analysis.AsError(a.Err)
	}
	c.failures += requests
	if c.failures < mostFailures || wasOpen && !tried { // it was under way before the break
		return
	}
	if c.pause = min(2*c.pause, longestBreak); !wasOpen {
		c.pause = firstBreak
	}
	c.until = now.Add(c.pause + rand.N(c.pause/4))
	if !wasOpen {
		c.turned(true, c.last.Message)
	}
}

// unknown is for questions that were given up.
func (c *circuit) unknown() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trying = false
}
