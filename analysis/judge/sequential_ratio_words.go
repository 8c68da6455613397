package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// describe fills in what a person wants to know. If the evidence speaks for a change,
// that is about the time since then, else about the whole run.
func (t *rateTest) describe(e *evidence) {
	onset, price, unrest := 0, 0.0, t.unrest
	failing := e.fail >= -math.Log(t.c.rate)
	if failing && t.found.Onset > 0 {
		// The weights of the noise models say how much doubt a failure must overcome; how
		// the events scattered about this change is for the interval.
		onset, unrest = t.found.Onset, t.rate.Scatter(t.found.Onset)
		price = math.Log(float64(t.c.planned))
		e.since = onset
	}
	s := t.rate.Totals(onset)
	e.seen, e.expected = s.Canary/s.CanaryTotals, s.Baseline/s.BaselineTotals
	t.compare(e, s, onset, price-math.Log(t.c.rate), unrest)
	if failing {
		t.exclude(e)
	}
	if unrest >= bursty && s.Canary+s.Baseline > 0 {
		e.also("the events scatter " + figures(unrest, 2) + " times more than chance does, which is allowed for")
	}
	if !e.enough {
		t.more(e, failing)
	}
}

// compare fills in the effect and its interval: as a change of the baseline's rate,
// or as a difference where the tolerance is one and where the baseline has no events.
//
// The difference takes the events of both sides together as given: with R times the
// baseline's rate it is Y / (R C + B). Without any events, each rate is at most
// log(2/alpha) in its exposure.
func (t *rateTest) compare(e *evidence, s stats.RateTotals, onset int, threshold, unrest float64) {
	events := s.Canary + s.Baseline
	if !(events > 0) {
		most := threshold + math.Ln2
		e.unit, e.effect, e.lo, e.hi = "absolute", 0, -most/s.BaselineTotals, most/s.CanaryTotals
		return
	}
	lo, hi := t.rate.Interval(onset, threshold, unrest)
	shown := func(ratio float64) float64 { return ratio - 1 }
	if t.metric.Tolerance.Absolute > 0 || s.Baseline == 0 {
		e.unit = "absolute"
		shown = func(ratio float64) float64 {
			if math.IsInf(ratio, 1) {
				return events / s.CanaryTotals
			}
			return (ratio - 1) * events / (ratio*s.CanaryTotals + s.BaselineTotals)
		}
	}
	e.effect = shown(t.rate.Estimate(onset))
	if lo > 1/vague || hi < vague {
		e.lo = shown(lo)
		e.hi = max(e.lo, shown(hi))
	}
}

// exclude leaves out of the interval what the evidence for a failure excludes: changes
// within the tolerance.
func (t *rateTest) exclude(e *evidence) {
	above, below := t.above.Ratio-1, 1/t.below.Ratio-1
	if e.unit != "" {
		above, below = t.above.Plus, -t.below.Plus
	}
	switch {
	case e.effect > 0:
		e.lo, e.hi = max(e.lo, above), max(e.hi, above)
	case e.effect < 0:
		e.lo, e.hi = min(e.lo, below), min(e.hi, below)
	}
}

// more says how much longer it takes at this traffic until a change worth naming
// would show, and one of the tolerance's size.
func (t *rateTest) more(e *evidence, failing bool) {
	fall := t.metric.Direction == analysis.Decrease
	limit := t.above
	if fall {
		limit = t.below
	}
	if missing := (fewestSteps - t.steps()) * t.every; missing > 0 {
		e.wait = plural(missing, "more sample") + t.c.ofWhich() + ": it has " + figures(float64(t.n[0]), 15)
		return
	}
	if !(limit.Ratio > 0) {
		e.wait = "a tolerance below 100 %: a fall by more than all there is cannot be"
		return
	}
	harm, whole := t.harm(limit, fall), t.rate.Totals(0)
	usual := whole.Baseline / whole.BaselineTotals
	rest := max(1, t.needed(harm, fall)-float64(t.n[0]))
	e.wait = aboutSamples(rest, "more sample", t.c.step) + " at this traffic before " + t.sized(harm, usual) + " would show"
	if finer := t.needed(limit, fall); finer < 1e6 && !failing && usual > 0 {
		e.also(t.sized(limit, usual) + " takes " + aboutSamples(finer, "sample", t.c.step) + " to be seen")
	}
}

// needed is how many samples it takes at this traffic to tell equal rates from a
// limit: log(1/passRate), and about 3 more for what is not known.
func (t *rateTest) needed(limit stats.RateLimit, fall bool) float64 {
	information := t.rate.Information(0, limit, fall, t.unrest)
	if !(information > 0) {
		return math.Inf(1)
	}
	return math.Ceil((3 - math.Log(passRate)) / information * float64(t.n[0]))
}

// sized names a change up to a limit of the baseline's rate: "a rise to 1.3 %".
func (t *rateTest) sized(limit stats.RateLimit, rate float64) string {
	u := unitOf(t.metric)
	up, down := limit.Ratio*rate+limit.Plus, (rate-limit.Plus)/limit.Ratio
	switch {
	case t.metric.Direction == analysis.Decrease && down > 0:
		return "a fall to " + u.digits(down, 2)
	case t.metric.Direction == analysis.Decrease:
		return "a fall to nothing"
	}
	return "a rise to " + u.digits(up, 2)
}
