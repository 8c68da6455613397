package engine

import (
	"context"
	"log/slog"

	"github.com/haldane-dev/haldane/analysis"
)

// AskerOf gives tests an asker of one source.
func AskerOf(src analysis.Source) func(context.Context, analysis.Query) analysis.Answer {
	a := newAsker("prom", src, newMetrics(nil), slog.New(slog.DiscardHandler))
	return func(ctx context.Context, q analysis.Query) analysis.Answer { return a.ask(ctx, []analysis.Query{q})[0] }
}
