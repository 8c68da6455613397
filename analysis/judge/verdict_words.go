package judge

import (
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// reason says in one sentence why the outcome is what it is.
func (l *look) reason(opinions []opinion, v *analysis.Verdict) string {
	bad := headlines(worstFirst(opinions))
	leaning := headlines(slices.DeleteFunc(slices.Clone(opinions), func(o opinion) bool { return !o.leans }))
	open := headlines(slices.DeleteFunc(slices.Clone(opinions), isState(decided, leftOut)))
	if l.short != "" && allWait(opinions) {
		open = []string{l.short}
	}
	score := ""
	if v.Score != nil {
		score = "score " + figures(*v.Score, 15)
	}
	fine := "nothing is bad"
	if n := countState(opinions, decided) - len(bad); len(bad) == 0 && n > 0 {
		fine = plural(n, "metric") + " judged, none bad"
	}
	if v.Outcome == analysis.OutcomeInconclusive {
		return l.cannotSay(open, len(leaning) > 0)
	}
	if v.Outcome == analysis.OutcomeContinue {
		return l.noDecisionYet(bad, leaning, open, score, fine)
	}
	text := ""
	switch {
	case v.Outcome == analysis.OutcomeMarginal:
		text = list(bad) + "; " + score + ", and it takes " + figures(l.plan.Score.Pass, 15) + " to pass"
	case v.Outcome == analysis.OutcomeFail:
		text = list(bad)
		if !l.failsOutright(opinions) {
			text += "; " + score + " is below " + figures(l.plan.Score.Marginal, 15)
		}
	case len(bad) > 0:
		text = score + " passes although " + list(bad)
	case !l.at.Final:
		text = "passed before the end: " + plural(countState(opinions, decided), "metric") + " judged, each within its tolerance"
	case len(leaning) > 0:
		text = fine + ", but " + list(leaning)
	default:
		text = fine
	}
	if l.ended != nil {
		text += "; " + l.ended.replaced()
	}
	return text
}

// failsOutright reports whether a failure is not for the score.
func (l *look) failsOutright(opinions []opinion) bool {
	return l.evidence != nil && l.evidence.failed || slices.ContainsFunc(opinions, func(o opinion) bool { return o.severe })
}

// allWait reports whether nothing but samples is missing.
func allWait(opinions []opinion) bool {
	return !slices.ContainsFunc(opinions, func(o opinion) bool { return o.Class == analysis.ClassError })
}

func (l *look) cannotSay(open []string, leaning bool) string {
	switch {
	case len(open) == 0:
		return "cannot say: no metric was judged"
	case l.ended != nil:
		return "cannot say: " + l.ended.cannotSay(open, leaning)
	}
	return "cannot say: " + list(open)
}

func (l *look) noDecisionYet(bad, leaning, open []string, score, fine string) string {
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
