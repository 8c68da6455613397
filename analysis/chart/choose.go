package chart

import (
	"cmp"
	"math"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// Choose makes the pictures of a run's metric and segment, worst first; an empty name
// stands for any. Metrics of the plan of which nothing is known yet have a picture,
// too, which says so. None at all means that there is no such metric or segment.
func Choose(run *analysis.Run, pairs []analysis.Pair, findings []analysis.Finding, metric, segment string) []Picture {
	var out []Picture
	for _, pair := range completed(run, pairs, findings) {
		if metric != "" && pair.Metric != metric || segment != "" && pair.Segment != segment {
			continue
		}
		i := slices.IndexFunc(findings, func(f analysis.Finding) bool { return f.Metric == pair.Metric && f.Segment == pair.Segment })
		if i < 0 {
			out = append(out, Of(run, pair, nil))
		} else {
			out = append(out, Of(run, pair, &findings[i]))
		}
	}
	slices.SortStableFunc(out, func(a, b Picture) int { return worse(a.Finding, b.Finding) })
	return out
}

// completed adds empty pairs for what was judged, or will be, without samples.
func completed(run *analysis.Run, pairs []analysis.Pair, findings []analysis.Finding) []analysis.Pair {
	type key struct{ metric, segment string }
	pairs = slices.Clone(pairs)
	known, metrics := map[key]bool{}, map[string]bool{}
	for _, p := range pairs {
		known[key{p.Metric, p.Segment}], metrics[p.Metric] = true, true
	}
	add := func(metric, segment string) {
		pairs = append(pairs, analysis.Pair{Metric: metric, Segment: segment, Step: run.Snapshot.Step.Std()})
		metrics[metric] = true
	}
	for _, f := range findings {
		if !known[key{f.Metric, f.Segment}] {
			add(f.Metric, f.Segment)
		}
	}
	for _, m := range run.Snapshot.Metrics {
		if !metrics[m.Name] {
			add(m.Name, "")
		}
	}
	return pairs
}

// Worst returns findings in the order in which people want to see them: what counts
// against the release, what points that way, what could not be judged, the rest.
func Worst(findings []analysis.Finding) []analysis.Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b analysis.Finding) int { return worse(&a, &b) })
	return out
}

// pointing is the share of the evidence that it takes to fail from which on a metric
// is worth a look.
const pointing = 0.1

// worse compares what was said of two metrics: the worse one is first. Nothing said is
// last.
func worse(a, b *analysis.Finding) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 || a == nil {
		return c
	}
	if c := cmp.Compare(number(b.Evidence), number(a.Evidence)); c != 0 {
		return c
	}
	return cmp.Compare(math.Abs(number(b.Effect)), math.Abs(number(a.Effect)))
}

func rank(f *analysis.Finding) int {
	switch {
	case f == nil:
		return 5
	case f.Bad && f.Critical:
		return 0
	case f.Bad:
		return 1
	case number(f.Evidence) >= pointing:
		return 2
	case f.Undecided():
		return 3
	}
	return 4
}

// number is a number that was left out, or is none, as the smallest.
func number(n *analysis.Number) float64 {
	if n == nil || math.IsNaN(float64(*n)) {
		return 0
	}
	return float64(*n)
}
