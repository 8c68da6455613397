package judge

import (
	"cmp"
	"math"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// conclude decides over all opinions of a look.
func (l *look) conclude(opinions []opinion) analysis.Verdict {
	v := analysis.Verdict{Findings: make([]analysis.Finding, len(opinions))}
	for i, o := range opinions {
		v.Findings[i] = o.Finding
	}
	if slices.ContainsFunc(opinions, isState(decided)) {
		var score float64
		score, v.Groups = l.score(l.plan, opinions)
		if slices.ContainsFunc(opinions, func(o opinion) bool { return o.severe }) {
			score = 0
		}
		if l.evidence != nil {
			score = l.evidence.score(score, opinions)
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

// reason says in one sentence why the outcome is what it is.
func (l *look) reason(opinions []opinion, v *analysis.Verdict) string {
	bad := headlines(worstFirst(opinions))
	leaning := headlines(slices.DeleteFunc(slices.Clone(opinions), func(o opinion) bool { return !o.leans }))
	open := headlines(slices.DeleteFunc(slices.Clone(opinions), isState(decided, leftOut)))
	score := ""
	if v.Score != nil {
		score = "score " + figures(*v.Score, 15)
	}
	fine := "nothing is bad"
	if n := countState(opinions, decided) - len(bad); len(bad) == 0 && n > 0 {
		fine = plural(n, "metric") + " judged, none bad"
	}
	switch v.Outcome {
	case analysis.OutcomeFail:
		if l.evidence != nil && l.evidence.failed || slices.ContainsFunc(opinions, func(o opinion) bool { return o.severe }) {
			return list(bad)
		}
		return list(bad) + "; " + score + " is below " + figures(l.plan.Score.Marginal, 15)
	case analysis.OutcomeMarginal:
		return list(bad) + "; " + score + ", and it takes " + figures(l.plan.Score.Pass, 15) + " to pass"
	case analysis.OutcomePass:
		if len(bad) > 0 {
			return score + " passes although " + list(bad)
		}
		if !l.at.Final {
			return "passed before the end: " + plural(countState(opinions, decided), "metric") + " judged, each within its tolerance"
		}
		if len(leaning) > 0 {
			return fine + ", but " + list(leaning)
		}
		return fine
	case analysis.OutcomeInconclusive:
		if len(open) > 0 {
			return "cannot say: " + list(open)
		}
		return "cannot say: no metric was judged"
	}
	switch {
	case len(bad) > 0 && len(open) > 0:
		return "no decision yet, " + score + ": " + list(bad) + "; waiting because " + list(open)
	case len(bad) > 0:
		return "no decision yet, " + score + ": " + list(bad)
	case len(leaning) > 0:
		return "no decision yet: " + list(leaning)
	case len(open) > 0:
		return "no decision yet: " + list(open)
	}
	return "no decision yet: " + fine
}

func countState(opinions []opinion, s state) int {
	n := 0
	for _, o := range opinions {
		if o.state == s {
			n++
		}
	}
	return n
}

func headlines(opinions []opinion) []string {
	texts := make([]string, len(opinions))
	for i, o := range opinions {
		texts[i] = o.headline
	}
	return texts
}

// worstFirst returns the bad opinions: those that fail the run alone first, then
// critical ones, then by the size of the effect where it is relative.
func worstFirst(opinions []opinion) []opinion {
	bad := slices.DeleteFunc(slices.Clone(opinions), func(o opinion) bool { return !o.Bad })
	first := func(yes bool) int {
		if yes {
			return 0
		}
		return 1
	}
	size := func(o opinion) float64 {
		if o.Effect == nil || o.EffectUnit != "" {
			return 0
		}
		return math.Abs(float64(*o.Effect))
	}
	slices.SortStableFunc(bad, func(a, b opinion) int {
		return cmp.Or(
			cmp.Compare(first(a.severe), first(b.severe)),
			cmp.Compare(first(a.Critical), first(b.Critical)),
			cmp.Compare(size(b), size(a)),
		)
	})
	return bad
}
