package chart

import (
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// OfNotice makes the pictures of what a verdict rests on, worst first, with a mark where
// it fell. There are none when the notice keeps no samples.
func OfNotice(n *analysis.Notice) []Picture {
	if n == nil || n.Run == nil || n.Evidence == nil {
		return nil
	}
	run := *n.Run
	run.Snapshot = n.Evidence.Plan
	var findings []analysis.Finding
	for _, p := range n.Evidence.Pairs {
		i := slices.IndexFunc(n.Findings, func(f analysis.Finding) bool { return f.Metric == p.Metric && f.Segment == p.Segment })
		if i >= 0 {
			f := n.Findings[i]
			f.Since = max(0, f.Since-dropped(&run, p))
			findings = append(findings, f)
		}
	}
	return Choose(&run, n.Evidence.Pairs, findings, "", "")
}

// dropped is how many samples were cut off a pair's beginning. A finding counts them.
func dropped(run *analysis.Run, p analysis.Pair) int {
	if p.Step <= 0 || p.Start.IsZero() || run.StartedAt.IsZero() || run.Snapshot.Step <= 0 {
		return 0
	}
	if max(len(p.Canary.Values), len(p.Baseline.Values)) < analysis.EvidenceSteps {
		return 0 // only longer ones are cut
	}
	return max(0, int(p.Start.Sub(run.Whole().Start)/p.Step))
}

// Alt says in words what a drawing of pictures shows, for those who cannot see it.
func Alt(ps []Picture) string {
	out := ""
	for i := range ps[:min(len(ps), GridSize)] {
		if i > 0 {
			out += "; "
		}
		out += ps[i].title()
		if f := ps[i].Finding; f != nil && f.Reason != "" {
			out += ": " + f.Reason
		}
	}
	return plain(out)
}
