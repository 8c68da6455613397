package engine

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// split narrows the queries of each side to one half of the replicas, and returns how
// many those are where there are fewest. Thresholds compare nothing: their queries stay.
func (s *Setup) split(ctx context.Context, label string, step time.Duration, parts []*part) int {
	bySource := map[string][]*part{}
	for _, p := range parts {
		if p.err == nil && !p.pushed() && p.metric.Threshold == nil {
			bySource[p.metric.Source] = append(bySource[p.metric.Source], p)
		}
	}
	least := 0
	for _, name := range sortedKeys(bySource) {
		own := bySource[name]
		queries := make([]analysis.Query, len(own))
		for i, p := range own {
			queries[i] = p.question(step)
		}
		for i, h := range s.halves(ctx, name, queries, label) {
			if own[i].err = errorOf(h.Err); h.Err != nil {
				continue
			}
			if own[i].query = h.A; own[i].side == analysis.SideBaseline {
				own[i].query = h.B
			}
			if least == 0 || h.Replicas < least {
				least = h.Replicas
			}
		}
	}
	return least
}

// halves asks a source to split queries, all in one go, so that all are split alike.
func (s *Setup) halves(ctx context.Context, source string, qs []analysis.Query, label string) []analysis.Halves {
	if sp, ok := s.Sources[source].Source.(analysis.Splitter); ok {
		return sp.Split(ctx, qs, label)
	}
	out := make([]analysis.Halves, len(qs))
	for i := range out {
		out[i].Err = CannotSplit(source)
	}
	return out
}

// CannotSplit is the error of a source that is no Splitter.
func CannotSplit(source string) *analysis.Error {
	return analysis.Errorf(analysis.Invalid, "source %s cannot split replicas", source).
		WithHint("adjacent windows: --aa without --split")
}
