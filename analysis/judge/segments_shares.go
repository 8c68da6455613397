package judge

import (
	"cmp"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// How a metric's share of the evidence is divided among its segments.
const (
	// wholeShare is what the sum of the segments has, where there is one.
	wholeShare = 0.5
	// foundingSteps is how long segments have to show up to be founders: from the first
	// step at which one is there on both sides. Founders share foundersShare.
	foundingSteps = 5
	foundersShare = 0.9
)

// divide gives each segment its part of 1, and returns what counts as evidence of 1: what
// is left for those that may still come. first is the step at which a segment was there on both sides for the first
// time, -1 if it never was; names order those of the same step; most is how many segments
// there may be, n how many steps there are.
//
// Founders share foundersShare equally; while their steps are not over, and it is not
// known how many there will be, each has its part of as many as there may be. The j-th
// segment that comes later has (1 - foundersShare) / (j (j+1)), which is enough for as
// many as there are ever going to be.
//
// # Why that keeps the promise
//
// With e-values E of the segments and weights w that add up to 1 at most,
//
//	M = sum of w E + (1 - sum of w)
//
// is an e-value at every look at once (a nonnegative supermartingale that begins with 1)
// if each weight is fixed before the first sample of its segment: it is taken out of what
// was not spent, where it counted as 1, and given to an e-value that still is 1. That is
// so for segments that come later: their weight depends on when and in which order
// segments were there, and nothing of that changes when more come.
//
// For founders it is so given the steps at which segments are there; of ratios and
// counts: given the totals, as the chance of their events is calculated anyway. What is
// needed is that a segment is not there because it is bad. (Gauges need not even that:
// their evidence is still 1 when the founders are known, because stats.LevelMin is more
// than foundingSteps.) Then M with the final weights is the e-value, and what is used
// before all founders are known is never more: their weights are smaller, and what is
// left of their part counts as nothing.
func divide(first []int, names []string, most, n int) (parts []float64, rest float64) {
	parts, rest = make([]float64, len(first)), 1
	begin := -1
	for _, f := range first {
		if f >= 0 && (begin < 0 || f < begin) {
			begin = f
		}
	}
	var founders, later []int
	for i, f := range first {
		switch {
		case f < 0:
		case f < begin+foundingSteps:
			founders = append(founders, i)
		default:
			later = append(later, i)
		}
	}
	among := len(founders)
	if n < begin+foundingSteps {
		among = max(among, most)
	}
	if begin >= 0 {
		rest = 1 - foundersShare
	}
	for _, i := range founders {
		parts[i] = foundersShare / float64(among)
	}
	slices.SortFunc(later, func(a, b int) int {
		return cmp.Or(cmp.Compare(first[a], first[b]), cmp.Compare(names[a], names[b]))
	})
	for k, i := range later {
		j := float64(k + 1)
		parts[i] = (1 - foundersShare) / (j * (j + 1))
		rest -= parts[i]
	}
	return parts, max(0, rest)
}

// share divides the metric's share of the run's evidence among its pairs.
func (s *subject) share(of float64) {
	s.shares, s.unspent = make([]float64, len(s.pairs)), 0
	if !s.split {
		s.shares[0] = of
		return
	}
	rest, segments, shares := of, s.segments(), s.shares
	if s.whole {
		s.shares[0] = of * wholeShare
		rest, shares = of-s.shares[0], s.shares[1:]
	}
	first, names := make([]int, len(segments)), make([]string, len(segments))
	for i := range segments {
		first[i], _ = s.presence(&segments[i])
		names[i] = segments[i].Segment
	}
	most := s.metric.Segments()
	if most == 0 {
		most = analysis.DefaultMaxSegments
	}
	parts, unspent := divide(first, names, most, s.steps())
	for i := range parts {
		shares[i] = rest * parts[i]
	}
	s.unspent = rest * unspent
}
