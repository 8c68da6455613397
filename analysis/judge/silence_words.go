package judge

import (
	"math"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// whySilent says which side never had a sample and what it answered instead.
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

// quietWords say which side went silent in mid-run, and since when: "has had no samples
// of the canary since 12:31 UTC (6 steps), while the baseline goes on".
func (l *look) quietWords(s *subject, p *analysis.Pair, q *quiet) string {
	canary, baseline := &q.tails[0], &q.tails[1]
	one := func(t *tail, side string) string {
		return t.nature.of(side) + " since " + l.clock(p, t.last) + " (" + plural(t.steps, "step") + ")"
	}
	switch {
	case q.canary && q.baseline && canary.nature == baseline.nature && near(canary.last, baseline.last):
		t := canary
		if baseline.last > canary.last {
			t = baseline
		}
		return one(t, "either side") + ": that is traffic or the source, not the release"
	case q.canary && q.baseline:
		second := one(baseline, "the baseline")
		if canary.nature == baseline.nature {
			second = strings.Replace(second, canary.nature.of(""), canary.nature.again(), 1)
		}
		return one(canary, "the canary") + ", and " + second
	case q.baseline:
		return one(baseline, "the baseline") + ", while the canary goes on"
	case s.compared && s.together:
		return one(canary, "the canary") + ", while the baseline goes on"
	}
	return one(canary, "the canary")
}

// near reports whether two sides fell silent at about the same time.
func near(a, b int) bool { return a-b <= 1 && b-a <= 1 }

// of says what a side had instead of samples.
func (n nature) of(side string) string {
	switch n {
	case notNumbers:
		return "has been NaN (a division by zero traffic?) on " + side
	case noTraffic:
		return "has had no traffic (totals of 0) on " + side
	case noEvents:
		return "has had totals but no events of " + side
	}
	return "has had no samples of " + side
}

// again says it of the other side, too.
func (n nature) again() string {
	switch n {
	case notNumbers:
		return "on "
	case noTraffic:
		return "none on "
	}
	return "none of "
}

// clock is the time up to which so many steps reach: "12:31 UTC", or which sample it is
// when the time is not known.
func (l *look) clock(p *analysis.Pair, steps int) string {
	if p.Start.IsZero() {
		return "sample " + figures(float64(steps), 15)
	}
	step := l.stepOf(p)
	layout := "15:04 UTC"
	if step%time.Minute != 0 || p.Start.Second() != 0 {
		layout = "15:04:05 UTC"
	}
	return p.Start.Add(time.Duration(steps) * step).UTC().Format(layout)
}
