package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// At says when in the run's life a look happens.
type At struct {
	Elapsed time.Duration // of the run's time, up to the last sample that is judged
	Final   bool          // no look follows: continue is no answer
}

// Judge looks at the samples so far. The pairs are all there is: one for each metric
// and segment, in any order, over the same growing window; the findings come in
// their order.
//
// The outcome is continue until something is decided. A look fails when the score
// falls below plan.Score.Marginal or a critical metric is bad; the final one passes
// at plan.Score.Pass and is marginal in between. A metric about which nothing can be
// said, because of its source or for want of samples, never counts against the
// release. At the final look it makes the run inconclusive, unless the others fail it
// or its no_data policy is ignore.
//
// Metrics with a threshold are judged by it, whatever the plan's judge.
func Judge(plan *analysis.Plan, pairs []analysis.Pair, at At) analysis.Verdict {
	l := look{plan: plan, at: at}
	switch plan.Judge {
	case analysis.JudgeKayenta:
		l.compare = newKayentaMethod(plan).judge
		l.score = kayentaPlanScore
	case analysis.JudgeThreshold:
		l.score = weightedScore
	case analysis.JudgeSequential:
		l.evidence = newSequential(plan, pairs)
		l.compare = l.evidence.judge
		l.score = weightedScore
	default:
		return unknownJudge(plan, pairs)
	}
	opinions := make([]opinion, 0, len(pairs))
	seen := make(map[string]bool, len(plan.Metrics))
	for i := range pairs {
		opinions = append(opinions, l.judge(&pairs[i]))
		seen[pairs[i].Metric] = true
	}
	for _, m := range plan.Metrics {
		if !seen[m.Name] {
			opinions = append(opinions, l.judge(&analysis.Pair{Metric: m.Name}))
		}
	}
	if l.evidence != nil {
		l.evidence.weigh(opinions, at)
	}
	for i := range opinions {
		l.finish(&opinions[i])
	}
	return l.conclude(opinions)
}

// method compares the two sides of a pair that has samples on both.
type method func(m *analysis.Metric, p *analysis.Pair) opinion

// look is one evaluation of a plan.
type look struct {
	plan    *analysis.Plan
	at      At
	compare method // nil when the plan's judge compares nothing
	score   scorer

	evidence *sequential // nil unless the plan's judge is sequential
}

// opinion is a finding on its way to the verdict.
type opinion struct {
	analysis.Finding
	state    state
	severe   bool    // bad, and that alone fails the run
	weight   float64 // within its group
	ignore   bool    // left out when nothing can be said
	headline string  // the reason without its details, for the verdict's sentence

	evidence *evidence // of the sequential judge
	share    float64   // of the run's evidence
	leans    bool      // not bad, but on the way
}

// state says what a finding counts for.
type state int

const (
	decided    state = iota // good or bad
	collecting              // its samples are still coming
	undecided               // nothing can be said: no data, or trouble of a source
	leftOut                 // on purpose: it counts for nothing
)

// judge gives the word on one pair, and adds what every finding carries.
func (l *look) judge(p *analysis.Pair) opinion {
	m, known := l.plan.Metric(p.Metric)
	o := l.opinion(&m, p, known)
	o.Metric, o.Segment, o.Group, o.Critical = p.Metric, p.Segment, m.Group, m.Critical
	o.Warnings = warnings(p)
	o.Queries = queries(p)
	o.Link = p.Canary.Link
	if o.Link == "" {
		o.Link = p.Baseline.Link
	}
	o.weight = m.Weight
	if !(o.weight > 0) || math.IsInf(o.weight, 1) {
		o.weight = 1
	}
	o.ignore = m.NoData.Policy == analysis.NoDataIgnore
	return o
}

// finish adds what depends on all opinions.
func (l *look) finish(o *opinion) {
	if o.Reason == "" {
		o.Reason = o.headline
	}
	if o.ignore && (o.state == undecided || o.state == collecting && l.at.Final) {
		o.state = leftOut
		o.Reason += "; it is left out"
	}
}

func (l *look) opinion(m *analysis.Metric, p *analysis.Pair, known bool) opinion {
	switch {
	case !known:
		return trouble(who(p) + " is not a metric of the plan")
	case m.Threshold == nil && l.compare == nil:
		return trouble(who(p) + " has no threshold, and nothing else is judged")
	}
	if o, silent := l.silence(m, p); silent {
		return o
	}
	if m.Threshold != nil {
		return judgeThreshold(m, p)
	}
	return l.compare(m, p)
}

// trouble is the opinion on a pair that cannot be judged through no fault of the
// release.
func trouble(headline string) opinion {
	return opinion{Finding: analysis.Finding{Class: analysis.ClassError}, state: undecided, headline: headline}
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

// warnings of both sides, each said once.
func warnings(p *analysis.Pair) []string {
	var all []string
	said := map[string]bool{}
	for _, list := range [][]string{p.Canary.Warnings, p.Baseline.Warnings} {
		for _, w := range list {
			if !said[w] {
				said[w] = true
				all = append(all, w)
			}
		}
	}
	return all
}

func queries(p *analysis.Pair) *analysis.Queries {
	q := analysis.Queries{
		Canary: p.Canary.Query, Baseline: p.Baseline.Query,
		CanaryTotal: p.Canary.Total, BaselineTotal: p.Baseline.Total,
	}
	if q == (analysis.Queries{}) {
		return nil
	}
	return &q
}
