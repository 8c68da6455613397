package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// describe fills in what a person wants to know: the effect with its interval, the
// levels, since when, and what a longer run could have seen. If the evidence speaks
// for a change, that is about the time since then, else about the whole run.
func (g *gaugeTest) describe(p *analysis.Pair, found foundChange, e *evidence) {
	from := g.from / g.scale
	if g.whole.Len()-from < stats.LevelMin {
		return
	}
	onset, price := from, 0.0
	if found.logE >= math.Log(leaning/g.c.rate) && found.onset > g.from {
		onset = max(from, min(found.onset/g.scale, g.whole.Len()-stats.LevelLasting))
		price = -math.Log(found.weight)
		e.since = g.at[found.onset] * g.every
	}
	estimate := g.whole.Estimate(onset)
	lo, hi := g.whole.Interval(onset, math.Log(2/g.c.rate)+price)
	e.effect, e.lo, e.hi = g.effect(estimate.Mean), g.effect(lo), g.effect(hi)
	if g.absolute {
		e.unit = "absolute"
	}
	e.expected = g.baselineSince(p, e.since)
	if g.seen(e); !e.enough {
		e.wait, e.fine = g.more(estimate, g.harm()), g.finer(estimate)
	}
	if e.history > 0 {
		e.also("noise known from " + plural(e.history, "sample") + " of earlier runs")
	}
}

// seen is where the effect puts the canary.
func (g *gaugeTest) seen(e *evidence) {
	if e.seen = e.expected + e.effect; !g.absolute {
		e.seen = e.expected + e.effect*math.Abs(e.expected)
	}
}

// baselineSince is the baseline's level over the samples from i on that were used.
func (g *gaugeTest) baselineSince(p *analysis.Pair, i int) float64 {
	if !g.c.together {
		return g.middle(p.Baseline.Values, nil)
	}
	canary, baseline := p.Canary.Values, p.Baseline.Values
	i = min(i, len(canary), len(baseline))
	return g.middle(baseline[i:], canary[i:])
}

// more says about how much longer a change of this size, beyond the tolerance, takes
// to be seen or to be excluded: the information of a value is (size - mean)^2 / (2
// unrest^2), and it takes log(1/passRate) of it, and about 3 more for what is not
// known.
func (g *gaugeTest) more(now stats.LevelEstimate, size float64) string {
	gap := g.above + size - now.Mean
	if g.direction == analysis.Decrease {
		gap = g.below + size + now.Mean
	}
	have := g.whole.Len() - g.from/g.scale
	steps := max(1, g.values(now, max(gap, size/2))-float64(have)) * float64(g.scale*g.every)
	return aboutSamples(steps, "more sample", g.c.step) + " before " + g.sized(size) + " would show"
}

// values is how many values it takes to tell means this far apart.
func (g *gaugeTest) values(now stats.LevelEstimate, gap float64) float64 {
	return math.Ceil((3 - math.Log(passRate)) * 2 * now.Unrest * now.Unrest / (gap * gap))
}

// sized names a change of this size beyond the tolerance.
func (g *gaugeTest) sized(size float64) string {
	up, down := math.Abs(g.effect(g.above+size)), math.Abs(g.effect(-g.below-size))
	word, share := "a rise of ", up
	switch g.direction {
	case analysis.Decrease:
		word, share = "a fall of ", down
	case analysis.Either:
		word = "a change of "
	}
	if g.absolute {
		return word + figures(share, 2)
	}
	return word + percent(twoDigits(share))
}

// finer says how long it takes to see a change of the tolerance's own size.
func (g *gaugeTest) finer(now stats.LevelEstimate) string {
	gap := g.above
	if g.direction == analysis.Decrease {
		gap = g.below
	}
	if !(gap > 0) {
		return ""
	}
	steps := max(stats.LevelMin, g.values(now, gap)) * float64(g.scale*g.every)
	return g.sized(0) + " takes " + aboutSamples(steps, "sample", g.c.step) + " to be seen"
}

// aboutSamples says how long so many samples take, in two digits.
func aboutSamples(n float64, noun string, step time.Duration) string {
	if !(n < 1e6) {
		return "more samples than a run can have"
	}
	if n = twoDigits(n); n == 1 {
		return "about one " + noun
	}
	text := "about " + plural(int(n), noun)
	if step > 0 {
		text += " (" + roughly(time.Duration(n)*step) + ")"
	}
	return text
}

// roughly writes a duration that is an estimate.
func roughly(d time.Duration) string {
	for _, r := range []struct{ from, to time.Duration }{
		{240 * time.Hour, 24 * time.Hour}, {10 * time.Hour, time.Hour}, {time.Hour, 10 * time.Minute}, {10 * time.Minute, time.Minute},
	} {
		if d >= r.from {
			d = d.Round(r.to)
			break
		}
	}
	return analysis.Duration(d).String()
}
