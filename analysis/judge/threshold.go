package judge

import (
	"math"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// judgeThreshold compares the canary's samples with a fixed limit. The metric is bad
// when so many samples in a row, anywhere in the window, are beyond it. A step
// without a sample neither breaks a streak nor adds to it; an infinity is a sample,
// a NaN is none. For ratios and counts a sample is events per total.
//
// Too few samples for a streak leave it collecting.
func judgeThreshold(m *analysis.Metric, p *analysis.Pair) opinion {
	t := m.Threshold
	need := max(1, t.Consecutive)
	values := levels(m.Kind, &p.Canary)
	o := opinion{Finding: analysis.Finding{Class: analysis.ClassPass}}
	for _, v := range values {
		if !math.IsNaN(v) {
			o.Samples.Canary++
		}
	}
	if o.Samples.Canary < need {
		return tooFew(p, o.Samples.Canary, need, o.Samples)
	}
	var sides []limit
	if t.Max != nil {
		sides = append(sides, limit{at: *t.Max, sign: 1})
	}
	if t.Min != nil {
		sides = append(sides, limit{at: *t.Min, sign: -1})
	}
	for i := range sides {
		sides[i].measure(values, need)
		if sides[i].broken {
			sides[i].breach(&o, m, p, need)
			return o
		}
	}
	if len(sides) == 0 {
		return trouble(who(p) + " has a threshold with neither max nor min")
	}
	o.Seen, o.Expected = ptr(sides[0].extreme), ptr(sides[0].at)
	words := make([]string, len(sides))
	for i := range sides {
		words[i] = sides[i].words(unitOf(m), need)
	}
	o.headline = who(p) + " kept to its limits: " + strings.Join(words, "; ")
	return o
}

// limit is one side of a threshold: a maximum (sign 1) or a minimum (-1).
type limit struct {
	at, sign float64

	longest int     // streak of samples beyond it
	broken  bool    // by a streak that is long enough
	extreme float64 // of those streaks, or of all samples if there is none
}

// measure runs over the samples.
func (l *limit) measure(values []float64, need int) {
	all, breach := math.Inf(-1), math.Inf(-1) // both times sign
	streak, worst := 0, math.Inf(-1)
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		s := l.sign * v
		all = max(all, s)
		if s <= l.sign*l.at {
			streak, worst = 0, math.Inf(-1)
			continue
		}
		streak++
		worst = max(worst, s)
		l.longest = max(l.longest, streak)
		if streak >= need {
			l.broken = true
			breach = max(breach, worst)
		}
	}
	l.extreme = l.sign * all
	if l.broken {
		l.extreme = l.sign * breach
	}
}

// breach writes a bad finding.
func (l *limit) breach(o *opinion, m *analysis.Metric, p *analysis.Pair, need int) {
	o.Class, o.Bad, o.severe = analysis.ClassHigh, true, m.Critical
	beyond := "above"
	if l.sign < 0 {
		o.Class, beyond = analysis.ClassLow, "below"
	}
	o.Seen, o.Expected = ptr(l.extreme), ptr(l.at)
	if l.at != 0 && !math.IsInf(l.extreme, 0) {
		o.Effect = ptr((l.extreme - l.at) / math.Abs(l.at))
	}
	seen, at := unitOf(m).values(l.extreme, l.at)
	o.headline = who(p) + " was " + beyond + " its limit of " + at
	if need > 1 {
		o.headline += " for " + plural(l.longest, "sample") + " in a row"
	}
	o.headline += ", at worst " + seen
}

// words says how near to the limit the samples came.
func (l *limit) words(u unit, need int) string {
	seen, at := u.values(l.extreme, l.at)
	text := "highest " + seen + ", allowed " + at
	if l.sign < 0 {
		text = "lowest " + seen + ", needed " + at
	}
	if l.longest > 0 {
		text += ", beyond it for " + plural(l.longest, "sample") + " in a row where " + figures(float64(need), 15) + " fail"
	}
	return text
}

// tooFew is the opinion on a pair whose samples do not suffice yet.
func tooFew(p *analysis.Pair, have, need int, note analysis.SampleNote) opinion {
	return opinion{
		Finding: analysis.Finding{Class: analysis.ClassNoData, Samples: note}, state: collecting,
		headline: who(p) + " has " + figures(float64(have), 15) + " of " + plural(need, "sample"),
	}
}
