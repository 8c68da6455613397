package slack

import (
	"sync"

	"github.com/haldane-dev/haldane/config"
)

// desk is where presses are handed to the action that posted the button. Slack tells one
// address of an app, or one of its sockets, of every press, and several actions of a
// config may be the same app.
type desk struct {
	mu    sync.Mutex
	boxes map[string]chan press // by the action's name
}

func newDesk() any { return &desk{boxes: map[string]chan press{}} }

func sharedDesk(s *config.Shared) *desk { return s.Once("slack/desk", newDesk).(*desk) }

// waiting is how many presses may wait for those before them.
const waiting = 32

// join opens a box for an action's presses. After a reload there may be two of a name for
// a moment; the newer one has them.
func (d *desk) join(name string) (box <-chan press, leave func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := make(chan press, waiting)
	d.boxes[name] = c
	return c, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.boxes[name] == c {
			delete(d.boxes, name)
		}
	}
}

// pass hands a press over. It is false when nobody is there to take it.
func (d *desk) pass(p press) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.boxes[p.action]
	if !ok {
		return false
	}
	select {
	case c <- p:
		return true
	default:
		return false
	}
}
