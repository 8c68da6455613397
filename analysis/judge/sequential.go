package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// evidence is what a measure says about one pair from its samples so far. It is a
// function of the series and of constants of the run: the looks before do not
// matter. All evidence is the natural logarithm of an e-value: a number whose
// expectation is at most 1 as long as its null hypothesis holds, so that it ever
// exceeds 1/alpha with probability alpha at most.
type evidence struct {
	fail float64 // against "not worse than the tolerance, from any time on"; -Inf or 0 while nothing can be said
	pass float64 // against "worse than the tolerance", over the whole run; the same

	// What a person wants to know. NaN is unknown.
	effect, lo, hi float64 // of canary to baseline, with the interval at level 1 - alpha
	unit           string  // of these three: "" is a fraction, "absolute" the metric's own unit
	seen, expected float64 // the levels of canary and baseline, in the metric's unit
	since          int     // sample with which the change began as far as one can tell; 0 is the first
	n              [2]int  // samples that were used: canary, baseline
	history        int     // samples of earlier runs that were used

	// enough says that silence means something: had the release done harm of a size
	// worth naming, it would show by now. The end of the time passes a run only if
	// that is so for all metrics; else wait says what is missing, and about how long
	// it takes: "about 25 more samples (25m) before ...". It follows on "p99 needs".
	enough bool
	wait   string

	fine string // how long a change of the tolerance's own size takes to be seen: "a rise of 5 % takes .."

	warnings []string
	note     string // for the finding's reason: what else is worth knowing
}

// also adds to the note.
func (e *evidence) also(text string) {
	if e.note != "" && text != "" {
		e.note += "; "
	}
	e.note += text
}

// measure weighs one pair that has samples on both sides.
type measure func(m *analysis.Metric, p *analysis.Pair, c *circumstances) evidence

// circumstances are what a measure knows besides the samples: constants of the run,
// and buffers.
type circumstances struct {
	rate     float64 // false_rollback_rate
	need     float64 // evidence (log) that this metric alone needs to fail the run: log(1/(share*rate))
	planned  int     // samples of a whole run, at least 1
	step     time.Duration
	strict   bool
	together bool // sample i of both sides belongs to the same moment
	work     *workspace
}

// ofWhich says which samples count, for sentences.
func (c *circumstances) ofWhich() string {
	if c.together {
		return " of both sides"
	}
	return " of the canary"
}

// workspace holds the buffers of the measures, so that a look allocates nothing
// but its findings.
type workspace struct {
	gauge gaugeWork
	rate  rateWork
}

// measureOf says how a kind of metric is weighed.
func measureOf(kind analysis.MetricKind) measure {
	if kind.HasTotal() {
		return measureRate
	}
	return measureGauge
}

// nothing is the evidence of samples that cannot say anything.
func nothing() evidence {
	nan := math.NaN()
	return evidence{fail: math.Inf(-1), pass: math.Inf(-1), effect: nan, lo: nan, hi: nan, seen: nan, expected: nan}
}
