package engine

import (
	"slices"
	"strings"
	"sync"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// memory keeps what the looks of open runs have got so far, so that a look need not read
// it all again. It is only a copy: rows never change, the database has them all, and what
// has no room here is read from there.
type memory struct {
	mu   sync.Mutex
	runs map[string]known
	size int // bytes, about
	most int
}

// mostRemembered is an hour of samples every 30 s of some 5,000 runs of five metrics.
const mostRemembered = 96 << 20

// known is what a run's looks have got, up to a look. It is never changed, as several may
// be reading it: what is added makes a new one.
type known struct {
	looks  int // the last of them
	chunks []store.Chunk
	noise  []analysis.Noise // of earlier runs; the same for all looks
}

func newMemory(most int) *memory { return &memory{runs: map[string]known{}, most: most} }

// of returns what is known of a run up to a look at most.
func (m *memory) of(runID string, look int) known {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.runs[runID]; ok && k.looks <= look {
		return k
	}
	return known{}
}

// keep remembers what is known of a run after a look has been recorded.
func (m *memory) keep(runID string, before known, look int, fetched []store.Chunk) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.runs[runID]; ok && k.looks >= look {
		return
	}
	m.drop(runID)
	k := before.with(fetched)
	k.looks = look
	n := k.size()
	for other := range m.runs { // in no order: whoever comes round by turns finds some
		if m.size+n <= m.most {
			break
		}
		m.drop(other)
	}
	if m.size+n <= m.most {
		m.runs[runID] = k
		m.size += n
	}
}

// forget lets go of a run that has ended.
func (m *memory) forget(runID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(runID)
}

func (m *memory) drop(runID string) {
	if k, ok := m.runs[runID]; ok {
		m.size -= k.size()
		delete(m.runs, runID)
	}
}

func (k known) size() int {
	n := 200
	for i := range k.chunks {
		c := &k.chunks[i]
		n += 150 + 8*cap(c.Values)
		for name, values := range c.Segments {
			n += 80 + len(name) + 8*cap(values)
		}
	}
	return n
}

// with adds what other looks got: a query's samples follow on those before, or are
// passed over.
func (k known) with(fetched []store.Chunk) known {
	end := 0
	for i := range fetched {
		end = max(end, fetched[i].First+fetched[i].Steps())
	}
	k.chunks = slices.Clone(k.chunks)
	own := make([]bool, len(k.chunks), len(k.chunks)+len(fetched)) // made here, and not read by anybody yet
	for i := range fetched {
		f := &fetched[i]
		at := slices.IndexFunc(k.chunks, func(c store.Chunk) bool {
			return c.Metric == f.Metric && c.Side == f.Side && c.Part == f.Part
		})
		if at < 0 {
			at = len(k.chunks)
			// Copies: the names are parts of the row that they were read from.
			fresh := store.Chunk{Metric: strings.Clone(f.Metric), Side: strings.Clone(f.Side), Part: strings.Clone(f.Part)}
			k.chunks, own = append(k.chunks, fresh), append(own, false)
		}
		c := &k.chunks[at]
		if c.Steps() != f.First {
			continue
		}
		if !own[at] {
			*c, own[at] = copied(*c, end), true
		}
		join(c, f)
	}
	return k
}

// copied is a chunk that shares nothing, with room for so many steps.
func copied(c store.Chunk, room int) store.Chunk {
	widen := func(values analysis.Values) analysis.Values {
		return append(make(analysis.Values, 0, max(room, len(values))), values...)
	}
	c.Values, c.Warnings = widen(c.Values), slices.Clone(c.Warnings)
	if segments := c.Segments; segments != nil {
		c.Values, c.Segments = nil, make(map[string]analysis.Values, len(segments))
		for segment, values := range segments {
			c.Segments[segment] = widen(values)
		}
	}
	return c
}

// join adds to a chunk the one that follows on it.
func join(c, next *store.Chunk) {
	steps := c.Steps()
	if len(next.Values) > 0 {
		c.Values = append(padded(c.Values, steps), next.Values...)
	}
	if next.Segments != nil && c.Segments == nil {
		c.Values, c.Segments = nil, map[string]analysis.Values{}
	}
	for segment, values := range next.Segments {
		before, ok := c.Segments[segment]
		if !ok {
			segment = strings.Clone(segment)
		}
		c.Segments[segment] = append(padded(before, steps), values...)
	}
	c.Count = steps + next.Steps()
	for _, w := range next.Warnings {
		if !slices.Contains(c.Warnings, w) {
			c.Warnings = append(c.Warnings, strings.Clone(w))
		}
	}
}
