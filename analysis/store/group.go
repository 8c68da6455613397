package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
)

// group lets those who want to write at the same time share one transaction: what takes
// long is that the disk must have it, and SQLite has one writer anyway. Each has a
// savepoint of its own, so that one who gives up takes nothing with him.
type group struct {
	begin func() (groupTx, error)

	mu      sync.Mutex
	waiting []*member
	busy    bool // somebody leads
}

// groupTx is a transaction that can be gone back in.
type groupTx interface {
	transaction
	commit(ctx context.Context) error
	rollback(ctx context.Context)
}

// member is one who wants to write.
type member struct {
	ctx  context.Context //nolint:containedctx // whoever leads works for others
	do   func(t transaction) error
	lead chan struct{} // closed when it is his turn to lead
	done chan struct{} // closed when he has been served
	err  error
	// broke is what he panicked with: that is his own affair.
	broke any
}

// mostInGroup bounds how long the first waits for the last.
const mostInGroup = 64

// write runs do in a transaction and commits it. It may run it again, alone, when what it
// shared its transaction with came to nothing.
func (g *group) write(ctx context.Context, do func(t transaction) error) error {
	m := &member{ctx: ctx, do: do, lead: make(chan struct{}), done: make(chan struct{})}
	g.mu.Lock()
	leads := !g.busy
	g.busy = true
	g.waiting = append(g.waiting, m)
	g.mu.Unlock()
	if !leads {
		leads = g.wait(m)
	}
	if leads {
		g.serve()
		<-m.done
	}
	if m.broke != nil {
		panic(m.broke)
	}
	return m.err
}

// wait waits until m has been served, or has to lead.
func (g *group) wait(m *member) (leads bool) {
	select {
	case <-m.done:
		return false
	case <-m.lead:
		return true
	case <-m.ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(g.waiting, m)
	if i < 0 { // he is being served
		g.mu.Unlock()
		<-m.done
		return false
	}
	select {
	case <-m.lead:
		g.mu.Unlock()
		return true // and finds himself out of time
	default:
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	m.err = m.ctx.Err()
	g.mu.Unlock()
	return false
}

// serve serves all who wait, and hands over to the next who came meanwhile.
func (g *group) serve() {
	g.mu.Lock()
	n := min(len(g.waiting), mostInGroup)
	members := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.waiting) > 0 {
			close(g.waiting[0].lead)
		} else {
			g.busy = false
		}
	}()
	for len(members) > 0 {
		rest := g.together(members)
		if len(rest) == len(members) { // nothing came of them together: one by one
			for _, m := range members {
				g.alone(m)
			}
			return
		}
		members = rest
	}
}

// together serves members in one transaction and returns those that must be served again.
func (g *group) together(members []*member) []*member {
	if len(members) == 1 {
		g.alone(members[0])
		return nil
	}
	ctx := context.Background()
	t, err := g.begin()
	if err != nil { // each alone would wait for the same in vain
		for _, m := range members {
			m.end(err)
		}
		return nil
	}
	var well []*member
	for i, m := range members {
		if err := m.ctx.Err(); err != nil {
			m.end(err)
			continue
		}
		if _, err := t.exec(ctx, "SAVEPOINT one"); err != nil {
			t.rollback(ctx)
			return append(well, members[i:]...)
		}
		err := m.run(t)
		if err == nil && m.broke == nil {
			if _, err := t.exec(ctx, "RELEASE one"); err != nil {
				t.rollback(ctx)
				return append(well, members[i:]...)
			}
			well = append(well, m)
			continue
		}
		_, back := t.exec(ctx, "ROLLBACK TO one")
		if back == nil {
			_, back = t.exec(ctx, "RELEASE one")
		}
		if back != nil { // his trouble has ended the transaction of all
			t.rollback(ctx)
			m.broke = nil
			return append(well, members[i:]...)
		}
		m.end(err)
	}
	if err := t.commit(ctx); err != nil {
		t.rollback(ctx)
		return well
	}
	for _, m := range well {
		m.end(nil)
	}
	return nil
}

// alone serves one in a transaction of his own.
func (g *group) alone(m *member) {
	if err := m.ctx.Err(); err != nil {
		m.end(err)
		return
	}
	t, err := g.begin()
	if err != nil {
		m.end(err)
		return
	}
	if err = m.run(t); err == nil && m.broke == nil {
		err = t.commit(context.Background())
	}
	if err != nil || m.broke != nil {
		t.rollback(context.Background())
	}
	m.end(err)
}

func (m *member) run(t transaction) (err error) {
	defer func() {
		if p := recover(); p != nil {
			m.broke = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	return m.do(t)
}

func (m *member) end(err error) {
	m.err = err
	close(m.done)
}
