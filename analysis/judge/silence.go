package judge

import (
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// silence says what it means when a side never had anything to judge. A sick source, a
// query that answers nothing, a division by zero traffic and a canary that gets no
// traffic are told apart in words; none of them is a bad canary.
//
// Trouble of a source came first, even if older samples are there: they do not say
// how the release does now. Silence goes by the metric's policy. It is bad only
// with the policy fail, and only if both sources answered without error or warning,
// the baseline has samples, the canary has none, and the rule's time is over; so it
// is never bad for a metric without a baseline. Silence that begins in mid-run is
// quietOf's.
func (l *look) silence(s *subject, p *analysis.Pair) (opinion, bool) {
	m := &s.metric
	note := sampleNote(m, p)
	if note.Canary > 0 && (note.Baseline > 0 || !s.compared) {
		return opinion{}, false
	}
	o := opinion{Finding: analysis.Finding{Class: analysis.ClassNoData, Samples: note}, state: undecided}
	what := who(p) + " " + whySilent(m, p, s.compared)
	if said := warnings(p); len(said) > 0 {
		what += " (its source warns: " + said[0] + ")"
	}
	after := m.NoData.After.Std()
	early := l.waited(s, p) < after
	switch policy := l.policy(m); {
	case policy == analysis.NoDataIgnore:
		o.headline = what // and is left out, at once
	case early && !l.at.Final:
		o.state, o.headline = collecting, what+" yet; waiting until "+m.NoData.After.String()+" into "+life(p)
	case !early && policy == analysis.NoDataFail && note.Canary == 0 && note.Baseline > 0 && sourcesWell(p):
		o.state, o.Bad, o.severe = decided, true, m.Critical
		o.headline = what + " while the baseline has " + plural(note.Baseline, "sample")
		if after > 0 {
			o.headline += ", " + m.NoData.After.String() + " into " + life(p)
		}
	default:
		o.headline = what
	}
	return o, true
}

// waited is for how long nothing has come: since the run began, or, of a segment, since
// anything was there of it.
func (l *look) waited(s *subject, p *analysis.Pair) time.Duration {
	if p.Segment == "" {
		return l.at.Elapsed
	}
	n := s.steps()
	for i := range n {
		if sampled(s.metric.Kind, &p.Canary, i) || sampled(s.metric.Kind, &p.Baseline, i) {
			return time.Duration(n-i) * l.stepOf(p)
		}
	}
	return 0
}

// life names what began when the waiting did.
func life(p *analysis.Pair) string {
	if p.Segment != "" {
		return "its samples"
	}
	return "the run"
}

// policy is the metric's; Kayenta's mustHaveData asks for fail, unless the metric is
// to be ignored.
func (l *look) policy(m *analysis.Metric) analysis.NoDataPolicy {
	must := l.plan.Judge == analysis.JudgeKayenta && m.Kayenta != nil && m.Kayenta.MustHaveData
	if must && m.NoData.Policy != analysis.NoDataIgnore {
		return analysis.NoDataFail
	}
	return m.NoData.Policy
}

// sourcesWell reports whether both sides' sources answered without error or warning, so
// that a canary's silence is its own. It asks about the baseline's even where a
// threshold needs no baseline.
func sourcesWell(p *analysis.Pair) bool {
	return len(p.Canary.Warnings) == 0 && len(p.Baseline.Warnings) == 0 && sourceTrouble(p, true) == ""
}

// sourceTrouble says which side's source could not answer, "" if both could. An
// answer of no data is an answer.
func sourceTrouble(p *analysis.Pair, compared bool) string {
	failed := func(s *analysis.Samples) bool { return s.Err != nil && s.Err.Kind != analysis.NoData }
	canary, baseline := failed(&p.Canary), compared && failed(&p.Baseline)
	switch {
	case canary && baseline && p.Canary.Err.Message == p.Baseline.Err.Message:
		return p.Canary.Err.Message
	case canary:
		return p.Canary.Err.Message + " (the canary's query)"
	case baseline:
		return p.Baseline.Err.Message + " (the baseline's query)"
	}
	return ""
}
