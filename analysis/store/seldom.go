package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// sayAgain is how often the same thing is logged while it goes on.
const sayAgain = 30 * time.Second

// seldom is a log that takes warnings only, and each of them once in a while: River's
// notices are about its own housekeeping, and while a database is away its loops say
// the same many times a second.
func seldom(log *slog.Logger) *slog.Logger {
	return slog.New(&seldomHandler{log.Handler(), &said{by: map[string]saying{}}})
}

type seldomHandler struct {
	slog.Handler
	said *said
}

type said struct {
	mu sync.Mutex
	by map[string]saying
}

type saying struct {
	at   time.Time
	left int // unsaid since
}

func (h *seldomHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h *seldomHandler) Handle(ctx context.Context, r slog.Record) error {
	h.said.mu.Lock()
	last := h.said.by[r.Message]
	if !last.at.IsZero() && r.Time.Sub(last.at).Abs() < sayAgain {
		last.left++
		h.said.by[r.Message] = last
		h.said.mu.Unlock()
		return nil
	}
	h.said.by[r.Message] = saying{at: r.Time}
	h.said.mu.Unlock()
	if last.left > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("times_unsaid", last.left))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *seldomHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return &seldomHandler{h.Handler.WithAttrs(as), h.said}
}

// WithGroup implements slog.Handler.
func (h *seldomHandler) WithGroup(name string) slog.Handler {
	return &seldomHandler{h.Handler.WithGroup(name), h.said}
}
