package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// Constants of how rates are weighed.
const (
	// fewestSteps is how many steps a run must have before its silence means anything.
	fewestSteps = 8
	// What a run must have been able to see before its silence passes a release: a
	// ratio of namedHarm times what the tolerance allows, and namedShare (a percentage
	// point) on top; a count of namedTimes what the tolerance allows, and namedEvents
	// in the exposure so far on top. The second parts are for rates about zero, of which
	// a multiple is nothing to name: zero events in much traffic do say something.
	namedShare  = 0.01
	namedTimes  = 3
	namedEvents = 10
	// ignoredShare is the part of the evidence it takes to fail a run below which an
	// onset counts as nothing. It saves time; together they are less than this.
	ignoredShare = 0.02
	// bursty is from how much over-dispersion on a finding speaks of it.
	bursty = 1.5
	// vague is a ratio of rates so far from 1 that an interval from its inverse to it
	// says nothing, and is not shown.
	vague = 50
)

// measureRate weighs a ratio or a count: bad events in all events, events in an
// exposure. Given the events of both sides together in a step, those of the canary
// are binomial with its share of the exposure: whatever both sides feel alike
// cancels, unequal traffic is accounted for step by step, and zero events on one side
// are a sample like any other. See stats.Rate for the evidence, counts.read for the
// samples that are passed over.
//
// What a tolerance means: relative, the canary's rate may be (1 + tolerance) times
// the baseline's; for less, (1 - tolerance) times. Absolute, the canary's share may be
// the baseline's plus the tolerance; that is exact too, because the tolerance is
// counted as events of the baseline that came as expected.
//
// A baseline of another time (before the run) is laid over the run from its first to
// its last step, so that each step of the canary has its part of the baseline's events
// and exposure. Then nothing that both sides feel alike cancels, and no promise is
// made.
//
// # What was chosen, and what was tried
//
// Chosen: a mixture over onsets, effects and fifteen noise models. What a noise model
// is worth shows in how the split of the events scatters, and their sum. Measured with
// 1,000 releases a family (strict: 400) and a look at every sample, through Judge; to be
// repeated by haldane-bench judge -runs 1000 -family 'ratio/*,count/*', of other seeds:
//
//	good, ever failed                                  default  strict
//	independent events, 26 kinds of traffic            0 - 0.2 %
//	over-dispersion 0.5, 0.4 to 200 events a step      0 - 0.2 %
//	the same under bursts that both sides feel         0.3 %
//	with 10 %, 1 % of the traffic on the canary        0.6, 0.7 %  0
//	over-dispersion 2                                  0 - 0.5 %
//	bunches of 3 (count), 5, 10, 20                    1.0, 0.3, 0.1, 0.8 %  0
//	each side's rate wanders by 20, 30, 50 %: outside  2.7, 5.3, 28 %  0, 0, 4.5 %
//	each side has bursts of its own: outside           23 %     4.2 %
//
//	bad, found (median delay in samples)               default     strict
//	0.2 % of 2,000 errors a step, x2 from the start    100 % (15)  92 % (37)
//	the same from a random step on                     97 % (14)   52 % (30)
//	x5 from a random step on                           100 % (3)   99.8 % (9)
//	0.02 % of 500, x10 from the start                  99.9 % (19) 100 % (23)
//	the same from a random step on                     93 % (17)   83 % (21)
//	x1.5 from the start                                64 % (37)
//	over-dispersion 0.5, x5 from a random step on      99 % (13)
//
// What fails under noise that wanders by itself looks like what is bad: it doubles for
// ten minutes and goes back.
//
// These families are also those on which the constants were chosen, over several seeds;
// the table is from a fresh seed, not from fresh families. Expect a little worse
// elsewhere. Over-dispersion with a thin canary, and bunches, have no reserve: over
// seeds of 500 to 2,000 they failed 0.2 to 1.2 %.
//
// Tried, with 500 releases a family of one seed unless said otherwise, before the last
// change of two constants:
//   - Noise models weighed by the split alone, without the sum: bunches of 3, 5, 20
//     failed 2.2, 1.0, 1.2 % instead of 1.2, 0.4, 0.8 %. It is better with 1 % and 10 %
//     of the traffic on the canary and over-dispersion: 0 and 0.6 % instead of 0.4 and
//     1.2 %.
//   - To believe the sum without limits: bursts that both sides feel look like
//     over-dispersion, and x2 under them is found in 73 % instead of 98 %; with 1 % of
//     the traffic 9 % of good releases failed.
//   - A step's evidence cut at 8 whatever the noise, instead of 8/sqrt(psi): no
//     difference beyond chance (10 % of the traffic: 1.4 for 1.2 %). The smaller cut
//     is kept as a caution, but not below 8/3 for rates that scatter: there a canary
//     with 10 % of the traffic that fails every request took 19 samples; now 3.
//   - More weight on rates that scatter: 1.2 for 1.1 % (1,000 releases).
//   - More weight on small effects: x1.2 of 200 errors a step in mid-run is found in
//     91.9 and 92.5 % instead of 91.4 and 90.9 %, x10 of sparse errors in 92.5 and
//     91.8 % instead of 92.9 and 92.3 % (two seeds of 1,000).
//   - One dispersion for all, estimated from the split and used as exponent of the
//     likelihood ratio, failed 6 % of good releases with bunches of 20 and 1 % with
//     over-dispersion 2: in an earlier prototype, on its own families.
//
// Not measured: a beta mixture over sums of steps in place of the effects (it cannot be
// cut by the step; the interval and passing use it), and the gauge's test of the same
// rates as a second guard.
func measureRate(m *analysis.Metric, p *analysis.Pair, c *circumstances) evidence {
	e := nothing()
	w := &c.work.rate
	w.read(m, p, c)
	e.n, e.warnings = w.n, w.warnings()
	if w.n[0] == 0 {
		e.wait = plural(fewestSteps, "sample") + c.ofWhich() + " with a total above 0: it has none that can be used"
		return e
	}
	t := rateTest{rateWork: w, metric: m, c: c}
	t.limits()
	t.weigh(&e)
	t.describe(&e)
	return e
}

// rateWork are the buffers of measureRate.
type rateWork struct {
	counts
	rate stats.Rate
}

// rateTest is one look at one rate.
type rateTest struct {
	*rateWork
	metric       *analysis.Metric
	c            *circumstances
	above, below stats.RateLimit
	found        stats.RateChange
	unrest       float64 // over-dispersion over the whole run
}

// limits are what the tolerance allows. A fall of all that there is or more is no
// fall: the limit of Ratio 0 is one that nothing exceeds.
func (t *rateTest) limits() {
	tolerance := t.metric.Tolerance
	if tolerance.Absolute > 0 {
		t.above = stats.RateLimit{Ratio: 1, Plus: tolerance.Absolute}
		t.below = t.above
		return
	}
	share := max(0, tolerance.Relative)
	t.above = stats.RateLimit{Ratio: 1 + share}
	if share < 1 {
		t.below = stats.RateLimit{Ratio: 1 / (1 - share)}
	}
}

// weigh adds up the evidence: of either direction half each.
func (t *rateTest) weigh(e *evidence) {
	t.rate.Load(
		stats.RateCounts{Events: t.x, Totals: t.xTotal}, stats.RateCounts{Events: t.z, Totals: t.zTotal},
		stats.RateOptions{
			Above: t.above, Below: t.below, Planned: t.c.planned, Block: t.every,
			Ignore: math.Log(ignoredShare / t.c.rate), Strict: t.c.strict,
		})
	e.pass = math.Inf(1)
	enough := math.Inf(1)
	t.found.Share, t.unrest = math.Inf(-1), 1
	take := func(found stats.RateChange, limit stats.RateLimit, fall bool) {
		if e.fail = stats.LogAdd(e.fail, found.LogE); found.Share > t.found.Share {
			t.found = found
		}
		t.unrest = max(t.unrest, found.Unrest)
		if limit.Ratio > 0 {
			e.pass = min(e.pass, t.rate.LogWithin(0, limit, fall, found.Unrest))
			enough = min(enough, t.rate.LogWithin(0, t.harm(limit, fall), fall, found.Unrest))
		}
	}
	if t.metric.Direction != analysis.Decrease {
		take(t.rate.Rise(), t.above, false)
	}
	if t.metric.Direction != analysis.Increase {
		take(t.rate.Fall(), t.below, true)
	}
	if t.metric.Direction == analysis.Either {
		e.fail -= math.Ln2
	}
	e.enough = t.steps() >= fewestSteps && enough >= -math.Log(passRate)
}

// steps is how many of those that are weighed the samples make.
func (t *rateTest) steps() int { return (t.n[0] + t.every - 1) / t.every }

// harm is a change worth naming.
func (t *rateTest) harm(limit stats.RateLimit, fall bool) stats.RateLimit {
	if t.metric.Kind != analysis.Count {
		return stats.RateLimit{Ratio: limit.Ratio * namedHarm, Plus: limit.Plus + namedShare}
	}
	totals := t.rate.Totals(0)
	exposure := totals.CanaryTotals
	if fall {
		exposure = totals.BaselineTotals
	}
	return stats.RateLimit{Ratio: limit.Ratio * namedTimes, Plus: limit.Plus + namedEvents/exposure}
}
