package judge

import (
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// How strange a gap must be, given those before it.
const (
	// rare is to be called silence: one step after seven or more without a gap, more
	// after fewer, or after gaps.
	rare = 0.0625
	// strange is to have consequences where there were gaps before: with a request a
	// minute, every fourth hour has five minutes without any. A run ends for it where
	// there were none and nothing is answered any more, else for what is impossible.
	strange    = 1e-4
	impossible = 1e-6
)

// tail is the newest part of a side: the steps without a sample.
type tail struct {
	steps   int
	last    int     // steps up to and with the last sample; 0: there was none
	gaps    bool    // there were some before
	chance  float64 // of as many steps without a sample, if samples came as before
	unusual bool    // silence, by itself
	nature  nature
}

// nature is what a source answered for steps without a sample.
type nature int

const (
	nothingThere nature = iota
	notNumbers          // NaN
	noTraffic           // totals of 0
	noEvents            // totals, but no events
)

// tailOf looks at a side. What is missing at its end is unusual when it is longer than
// any gap before it, and would be rare if samples came as before.
func tailOf(kind analysis.MetricKind, s *analysis.Samples) tail {
	n := len(s.Values)
	t := tail{last: n}
	for t.last > 0 && !sampled(kind, s, t.last-1) {
		t.last--
	}
	t.steps = n - t.last
	if t.last == 0 || t.steps == 0 {
		return t
	}
	first, missing, gap, longest := 0, 0, 0, 0
	for !sampled(kind, s, first) {
		first++
	}
	for i := first; i < t.last; i++ {
		if sampled(kind, s, i) {
			gap = 0
			continue
		}
		missing++
		gap++
		longest = max(longest, gap)
	}
	t.gaps, t.chance = missing > 0, gapChance(missing, t.last-first, t.steps)
	t.unusual = t.steps > longest && t.chance <= rare
	t.nature = natureOf(kind, s, t.last, n)
	return t
}

// gapChance is how likely so many missing steps in a row are after so many missing ones
// of all: predicted with Jeffreys' prior of the share, Beta(1/2, 1/2).
func gapChance(missing, all, steps int) float64 {
	chance := 1.0
	for i := range steps {
		chance *= (float64(missing+i) + 0.5) / float64(all+i+1)
	}
	return chance
}

// over reports whether the samples have stopped coming, rather than paused.
func (t *tail) over() bool {
	return t.unusual && (t.chance <= impossible || !t.gaps && t.nature == nothingThere && t.chance <= strange)
}

// natureOf says what was answered from a step on: one thing for all steps, or nothing.
func natureOf(kind analysis.MetricKind, s *analysis.Samples, from, to int) nature {
	of := func(i int) nature {
		value, total := i < len(s.Values) && !analysis.IsMissing(s.Values[i]), i < len(s.Totals) && !analysis.IsMissing(s.Totals[i])
		switch {
		case !kind.HasTotal() && value:
			return notNumbers
		case kind.HasTotal() && total && s.Totals[i] == 0:
			return noTraffic
		case kind.HasTotal() && total && !value:
			return noEvents
		}
		return nothingThere
	}
	all := of(from)
	for i := from + 1; i < to; i++ {
		if of(i) != all {
			return nothingThere
		}
	}
	return all
}

// quiet is a metric that had samples and has none any more, on one side or both.
type quiet struct {
	canary, baseline bool // which are silent
	tails            [2]tail
	lasted           time.Duration
	sure             bool // it is no gap as there were before
	words            string
}

// quietOf looks for silence that began in mid-run. It is judged against a side's own
// gaps: a metric that always had some is not silent at each.
func (l *look) quietOf(s *subject, p *analysis.Pair) *quiet {
	k := s.metric.Kayenta
	gapsAreZeros := l.plan.Judge == analysis.JudgeKayenta && k != nil && k.NaNStrategy == "replace"
	if s.compared && (l.ended != nil || gapsAreZeros) {
		return nil
	}
	q := &quiet{tails: [2]tail{tailOf(s.metric.Kind, &p.Canary), {}}}
	c, b := &q.tails[0], &q.tails[1]
	if s.compared && s.together {
		*b = tailOf(s.metric.Kind, &p.Baseline)
	}
	q.canary = c.unusual || b.unusual && c.steps >= b.steps
	q.baseline = b.unusual || c.unusual && b.steps >= c.steps
	if !q.canary && !q.baseline {
		return nil
	}
	steps := 0
	for i, silent := range []bool{q.canary, q.baseline} {
		if t := &q.tails[i]; silent {
			steps = max(steps, t.steps)
			q.sure = q.sure || t.unusual && (!t.gaps || t.chance <= strange)
		}
	}
	q.lasted = time.Duration(steps) * l.stepOf(p)
	q.words = l.quietWords(s, p, q)
	return q
}

func (l *look) stepOf(p *analysis.Pair) time.Duration {
	if p.Step > 0 {
		return p.Step
	}
	return l.plan.Step.Std()
}

// hush lets silence that began in mid-run count by the metric's policy. Evidence for a
// failure that was there before stays what it is; what was fine is so no more.
func (l *look) hush(s *subject, p *analysis.Pair, o *opinion) {
	q := o.quiet
	policy, after := l.policy(&s.metric), s.metric.NoData.After
	over := q.lasted >= after.Std() && q.lasted > 0
	switch {
	case o.Bad, l.at.Final && !(over && q.sure):
		o.Reason += "; it " + q.words
	case o.state == leftOut:
	case over && !q.sure:
		o.state = collecting
		l.silentWords(o, p, q.words+"; but it had gaps before")
	case over && policy == analysis.NoDataFail && q.canary && !q.baseline && sourcesWell(p):
		o.Class, o.Bad, o.severe, o.state, o.evidence, o.leans = analysis.ClassNoData, true, s.metric.Critical, decided, nil, false
		l.silentWords(o, p, q.words)
	case over:
		o.Class, o.state = analysis.ClassNoData, undecided
		l.silentWords(o, p, q.words)
	default:
		o.state = collecting
		l.silentWords(o, p, q.words+"; "+quietFate(policy, q)+" if that lasts "+after.String())
	}
}

// quietFate is what becomes of a metric that stays silent.
func quietFate(policy analysis.NoDataPolicy, q *quiet) string {
	switch {
	case policy == analysis.NoDataIgnore:
		return "it is left out"
	case policy == analysis.NoDataFail && q.canary && !q.baseline:
		return "it is bad"
	}
	return "it is undecided"
}

// silentWords puts the silence before what was said of the samples.
func (l *look) silentWords(o *opinion, p *analysis.Pair, words string) {
	before := o.Reason
	o.headline = who(p) + " " + words
	if o.Reason = o.headline; before != "" {
		o.Reason += "; before that: " + before
	}
}
