package faults

import (
	"context"
	"net"
	"sync"
	"time"
)

// proxy stands between a replica and what it needs, on loopback, and does to
// connections what networks do.
type proxy struct {
	listener net.Listener
	dial     func(ctx context.Context) (net.Conn, error)

	mu       sync.Mutex
	weather  weather
	changed  chan struct{} // closed when the weather changes
	links    map[*link]bool
	onAccept func() // called once, for the next connection, which is dropped
}

// weather is how connections fare.
type weather struct {
	cut   bool          // none gets through, those there are were reset
	stall bool          // nothing moves
	slow  time.Duration // each piece of data is late by this much
	after int           // bytes after which a connection is reset; 0: none
}

// link is one connection through the proxy.
type link struct {
	in, out net.Conn
	moved   int // bytes in both directions since the weather changed
}

// newProxy listens on a port of loopback and sends on to where dial leads.
func newProxy(ctx context.Context, dial func(ctx context.Context) (net.Conn, error)) (*proxy, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, dial: dial, changed: make(chan struct{}), links: map[*link]bool{}}
	go p.accept(ctx)
	return p, nil
}

// to dials an address.
func to(network, address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
	}
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// set changes the weather. Cutting resets what is connected.
func (p *proxy) set(w weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
	close(p.changed)
	p.changed = make(chan struct{})
	for l := range p.links {
		l.moved = 0
		if w.cut {
			l.reset()
		}
	}
}

// trap has f called when the next connection comes; nil takes a trap away.
func (p *proxy) trap(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onAccept = f
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.set(weather{cut: true})
}

func (p *proxy) accept(ctx context.Context) {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		trap, cut := p.onAccept, p.weather.cut
		p.onAccept = nil
		p.mu.Unlock()
		if trap != nil {
			trap()
		}
		if cut || trap != nil {
			reset(c)
			continue
		}
		go p.serve(ctx, c)
	}
}

func (p *proxy) serve(ctx context.Context, in net.Conn) {
	out, err := p.dial(ctx)
	if err != nil {
		reset(in)
		return
	}
	l := &link{in: in, out: out}
	p.mu.Lock()
	p.links[l] = true
	if p.weather.cut {
		l.reset()
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(l, in, out) })
	both.Go(func() { p.pump(l, out, in) })
	both.Wait()
	_, _ = in.Close(), out.Close()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// pump moves data one way until an end is closed.
func (p *proxy) pump(l *link, from, to net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			n, broken := p.pass(l, n)
			if n > 0 {
				if _, e := to.Write(buf[:n]); e != nil {
					broken = true
				}
			}
			if broken {
				l.reset()
				return
			}
		}
		if err != nil {
			closeWrite(to)
			return
		}
	}
}

// pass waits until data may go on, and returns how much of it.
func (p *proxy) pass(l *link, n int) (may int, broken bool) {
	for waited := false; ; {
		p.mu.Lock()
		w, changed := p.weather, p.changed
		if !w.stall && (w.slow == 0 || waited) {
			l.moved += n
			over := l.moved - w.after
			p.mu.Unlock()
			switch {
			case w.cut:
				return 0, true
			case w.after > 0 && over > 0:
				return max(0, n-over), true
			}
			return n, false
		}
		p.mu.Unlock()
		if w.stall {
			<-changed
			continue
		}
		select {
		case <-changed:
		case <-time.After(w.slow):
			waited = true
		}
	}
}

// reset ends both sides at once, without a goodbye.
func (l *link) reset() {
	reset(l.in)
	reset(l.out)
}

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

func closeWrite(c net.Conn) {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		_ = h.CloseWrite()
	}
}
