package judge

import (
	"math"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// silence says what it means when a side has nothing to judge. A sick source, a
// query that answers nothing, a division by zero traffic and a canary that gets no
// traffic are told apart in words; none of them is a bad canary.
//
// Trouble of a source comes first, even if older samples are there: they do not say
// how the release does now. Silence goes by the metric's policy. It is bad only
// with the policy fail, and only if both sources answered without error or warning,
// the baseline has samples, the canary has none, and the rule's time is over; so it
// is never bad for a metric without a baseline.
func (l *look) silence(m *analysis.Metric, p *analysis.Pair) (opinion, bool) {
	compared := m.Threshold == nil
	note := analysis.SampleNote{Canary: countLevels(m.Kind, &p.Canary), Baseline: countLevels(m.Kind, &p.Baseline)}
	if why := sourceTrouble(p, compared); why != "" {
		o := trouble(who(p) + " was not judged: " + why)
		o.Samples = note
		return o, true
	}
	if note.Canary > 0 && (note.Baseline > 0 || !compared) {
		return opinion{}, false
	}
	o := opinion{Finding: analysis.Finding{Class: analysis.ClassNoData, Samples: note}, state: undecided}
	what := who(p) + " " + whySilent(m, p, compared)
	if said := warnings(p); len(said) > 0 {
		what += " (its source warns: " + said[0] + ")"
	}
	after := m.NoData.After.Std()
	early := l.at.Elapsed < after
	switch policy := l.policy(m); {
	case policy == analysis.NoDataIgnore:
		o.headline = what // and is left out, at once
	case early && !l.at.Final:
		o.state, o.headline = collecting, what+" yet; waiting until "+m.NoData.After.String()+" into the run"
	case !early && policy == analysis.NoDataFail && canaryAloneSilent(p, note):
		o.state, o.Bad, o.severe = decided, true, m.Critical
		o.headline = what + " while the baseline has " + plural(note.Baseline, "sample")
		if after > 0 {
			o.headline += ", " + m.NoData.After.String() + " into the run"
		}
	default:
		o.headline = what
	}
	return o, true
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

// canaryAloneSilent is the part of the policy fail that looks at the samples. It asks
// about the baseline's source even where a threshold needs no baseline.
func canaryAloneSilent(p *analysis.Pair, note analysis.SampleNote) bool {
	warned := len(p.Canary.Warnings) > 0 || len(p.Baseline.Warnings) > 0
	return note.Canary == 0 && note.Baseline > 0 && !warned && sourceTrouble(p, true) == ""
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

// whySilent says which side has no samples and what it answered instead.
func whySilent(m *analysis.Metric, p *analysis.Pair, compared bool) string {
	canary := whySideSilent(m.Kind, &p.Canary)
	baseline := ""
	if compared {
		baseline = whySideSilent(m.Kind, &p.Baseline)
	}
	put := func(why, side string) string { return strings.ReplaceAll(why, "{side}", side) }
	switch {
	case canary == "":
		return put(baseline, "the baseline")
	case canary == baseline:
		return put(canary, "either side")
	case baseline != "":
		return put(canary, "the canary") + ", and " + put(baseline, "the baseline")
	}
	return put(canary, "the canary")
}

// whySideSilent looks for the reason on one side: "" if it has samples.
func whySideSilent(kind analysis.MetricKind, s *analysis.Samples) string {
	if countLevels(kind, s) > 0 {
		return ""
	}
	events, totals := answered(s.Values), answered(s.Totals)
	if !kind.HasTotal() {
		if events == 0 {
			return "has no samples of {side}"
		}
		return "has " + plural(events, "sample") + " of {side}, all NaN: a division by zero traffic?"
	}
	positive := 0
	for _, v := range s.Totals {
		if v > 0 && !math.IsInf(v, 1) {
			positive++
		}
	}
	switch {
	case events == 0 && totals == 0:
		return "has no samples of {side}"
	case totals == 0:
		return "has no totals of {side}"
	case positive == 0:
		return "has no traffic on {side}: the total is not above 0 in any of " + plural(totals, "sample")
	case events == 0:
		return "has no events of {side} but " + plural(totals, "total") + ": if the query is silent when there are none, let it answer 0"
	}
	return "has no step of {side} with both events and a total above 0"
}
