package judge

import (
	"cmp"
	"math"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// conclude decides over all opinions of a look.
func (l *look) conclude(subjects []subject) analysis.Verdict {
	v := analysis.Verdict{Findings: []analysis.Finding{}}
	opinions := make([]opinion, len(subjects))
	for i := range subjects {
		var findings []analysis.Finding
		opinions[i], findings = l.count(&subjects[i])
		v.Findings = append(v.Findings, findings...)
	}
	if slices.ContainsFunc(opinions, isState(decided)) {
		var score float64
		score, v.Groups = l.score(l.plan, opinions)
		if l.evidence != nil {
			score = l.evidence.score(score, opinions)
		}
		if slices.ContainsFunc(opinions, func(o opinion) bool { return o.severe }) {
			score = 0
		}
		v.Score = &score
	}
	v.Outcome = l.outcome(opinions, v.Score)
	v.Reason = l.reason(opinions, &v)
	return v
}

func isState(states ...state) func(opinion) bool {
	return func(o opinion) bool { return slices.Contains(states, o.state) }
}

func (l *look) outcome(opinions []opinion, score *float64) analysis.Outcome {
	switch {
	case score != nil && l.fails(opinions, *score):
		return analysis.OutcomeFail
	case l.evidence != nil && l.evidence.passesEarly(opinions, score, l.at):
		return analysis.OutcomePass
	case !l.at.Final:
		return analysis.OutcomeContinue
	case score == nil || slices.ContainsFunc(opinions, isState(collecting, undecided)):
		return analysis.OutcomeInconclusive
	case *score >= l.plan.Score.Pass:
		return analysis.OutcomePass
	}
	return analysis.OutcomeMarginal
}

// fails reports whether the release fails now. While samples of some metrics are
// still coming, it must fail even if those turn out well: otherwise the first metric
// that has enough samples would decide alone.
func (l *look) fails(opinions []opinion, score float64) bool {
	if l.evidence != nil && l.evidence.failed {
		return true
	}
	if slices.ContainsFunc(opinions, func(o opinion) bool { return o.severe }) {
		return true
	}
	if score >= l.plan.Score.Marginal {
		return false
	}
	if l.at.Final || !slices.ContainsFunc(opinions, isState(collecting)) {
		return true
	}
	hopeful := slices.Clone(opinions)
	for i := range hopeful {
		if hopeful[i].state == collecting {
			hopeful[i].state = decided
		}
	}
	best, _ := l.score(l.plan, hopeful)
	return best < l.plan.Score.Marginal
}

// worstFirst returns the bad opinions: those that fail the run alone first, then
// critical ones, then by the size of the effect where it is relative.
func worstFirst(opinions []opinion) []opinion {
	bad := slices.DeleteFunc(slices.Clone(opinions), func(o opinion) bool { return !o.Bad })
	slices.SortStableFunc(bad, func(a, b opinion) int {
		return cmp.Or(
			trueFirst(a.severe, b.severe),
			trueFirst(a.Critical, b.Critical),
			cmp.Compare(b.size(), a.size()),
		)
	})
	return bad
}

// trueFirst compares by something that is so or is not.
func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// size of an effect, where it is relative.
func (o *opinion) size() float64 {
	if o.Effect == nil || o.EffectUnit != "" {
		return 0
	}
	return math.Abs(float64(*o.Effect))
}
