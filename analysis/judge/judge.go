package judge

import (
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// At says when in the run's life a look happens.
type At struct {
	Elapsed time.Duration // of the run's time, up to the last sample that is judged
	Final   bool          // no look follows: continue is no answer
}

// Judge looks at the samples so far. The pairs are all there is: one for each metric
// and segment, in any order, over the same growing window. The findings come in the
// order of the metrics' first pairs; of a metric with segments the worst come first, at
// most ten, and with those of its segments that of their sum.
//
// The outcome is continue until something is decided. A look fails when the score
// falls below plan.Score.Marginal or a critical metric is bad; the final one passes
// at plan.Score.Pass and is marginal in between. A metric about which nothing can be
// said, because of its source or for want of samples, never counts against the
// release. At the final look it makes the run inconclusive, unless the others fail it
// or its no_data policy is ignore. A metric with segments counts once.
//
// Metrics with a threshold are judged by it, whatever the plan's judge. A look after
// which nothing more can be learnt is final by itself: see endWithBaseline.
func Judge(plan *analysis.Plan, pairs []analysis.Pair, at At) analysis.Verdict {
	l := look{plan: plan, at: at}
	switch plan.Judge {
	case analysis.JudgeKayenta:
		l.compare = newKayentaMethod(plan).judge
		l.score = kayentaPlanScore
	case analysis.JudgeThreshold:
		l.score = weightedScore
	case analysis.JudgeSequential:
		l.evidence = newSequential(plan)
		l.compare = l.evidence.judge
		l.score = weightedScore
	default:
		return unknownJudge(plan, pairs)
	}
	subjects := l.subjects(pairs)
	l.short = l.lacksTraffic(subjects)
	l.endWithBaseline(subjects)
	for i := range subjects {
		l.judge(&subjects[i])
	}
	if l.evidence != nil {
		l.evidence.weigh(subjects, l.at)
	}
	for i := range subjects {
		for k := range subjects[i].opinions {
			l.finish(&subjects[i], k)
		}
	}
	return l.conclude(subjects)
}

// method compares the two sides of a subject's i-th pair, which has samples on both.
type method func(s *subject, i int) opinion

// look is one evaluation of a plan.
type look struct {
	plan    *analysis.Plan
	at      At
	compare method // nil when the plan's judge compares nothing
	score   scorer

	evidence *sequential // nil unless the plan's judge is sequential
	short    string      // of traffic: nothing is judged; "" is enough
	ended    *ending     // this is the last look, because the baseline is gone; else nil
}

// judge gives the word on each pair of a subject, and adds what every finding carries.
func (l *look) judge(s *subject) {
	if l.evidence != nil {
		l.evidence.share(s)
	}
	s.opinions = make([]opinion, len(s.pairs))
	for i := range s.pairs {
		p, m := &s.pairs[i], &s.metric
		o := &s.opinions[i]
		*o = l.opinion(s, i)
		o.Metric, o.Segment, o.Group, o.Critical = p.Metric, p.Segment, m.Group, m.Critical
		o.Warnings = warnings(p)
		o.Queries = queries(p)
		o.Link = p.Canary.Link
		if o.Link == "" {
			o.Link = p.Baseline.Link
		}
		o.weight = usableWeight(m.Weight)
		o.ignore = m.NoData.Policy == analysis.NoDataIgnore
	}
}

// finish adds what depends on all opinions.
func (l *look) finish(s *subject, i int) {
	o := &s.opinions[i]
	if o.Reason == "" {
		o.Reason = o.headline
	}
	if o.quiet != nil {
		l.hush(s, &s.pairs[i], o)
	}
	if o.ignore && (o.state == undecided || o.state == collecting && l.at.Final) {
		o.state = leftOut
		o.Reason += "; it is left out"
	}
}

func (l *look) opinion(s *subject, i int) opinion {
	m, p := &s.metric, &s.pairs[i]
	switch {
	case !s.known:
		return trouble(who(p) + " is not a metric of the plan")
	case s.compared && l.compare == nil:
		return trouble(who(p) + " has no threshold, and nothing else is judged")
	}
	if why := sourceTrouble(p, s.compared); why != "" {
		o := trouble(who(p) + " was not judged: " + why)
		o.Samples = sampleNote(m, p)
		return o
	}
	if l.short != "" {
		return opinion{
			Finding: analysis.Finding{Class: analysis.ClassNoData, Samples: sampleNote(m, p)}, state: collecting,
			headline: who(p) + " was not judged: " + l.short,
		}
	}
	if o, silent := l.silence(s, p); silent {
		return o
	}
	quiet := l.quietOf(s, p)
	o := l.compared(s, i)
	o.quiet = quiet
	return o
}

// compared judges a pair that has samples.
func (l *look) compared(s *subject, i int) opinion {
	m, p := &s.metric, &s.pairs[i]
	note := sampleNote(m, p)
	have := note.Canary
	if s.compared {
		have = min(have, note.Baseline)
	}
	switch {
	case have < l.least():
		return tooFew(p, have, l.least(), note)
	case !s.compared:
		return judgeThreshold(m, p)
	}
	return l.compare(s, i)
}

// sampleNote counts the samples that can be judged.
func sampleNote(m *analysis.Metric, p *analysis.Pair) analysis.SampleNote {
	return analysis.SampleNote{Canary: countLevels(m.Kind, &p.Canary), Baseline: countLevels(m.Kind, &p.Baseline)}
}

// unknownJudge says that this build cannot judge the plan.
func unknownJudge(plan *analysis.Plan, pairs []analysis.Pair) analysis.Verdict {
	reason := "this build has no judge " + string(plan.Judge)
	v := analysis.Verdict{Outcome: analysis.OutcomeInconclusive, Reason: reason, Findings: []analysis.Finding{}}
	for i := range pairs {
		f := trouble(who(&pairs[i]) + " was not judged: " + reason)
		f.Metric, f.Segment, f.Reason = pairs[i].Metric, pairs[i].Segment, f.headline
		v.Findings = append(v.Findings, f.Finding)
	}
	return v
}
