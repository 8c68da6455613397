package stats

import "math"

// LevelEstimate is what the values from an onset on say about their mean.
type LevelEstimate struct {
	Mean float64
	// Unrest is the sd that a mean of many values has, times the root of their number:
	// larger than that of a value when the noise is autocorrelated.
	Unrest float64
}

// Estimate fits the mean from the onset on by generalised least squares, under the
// noise model that explains the values best.
func (l *Level) Estimate(onset int) LevelEstimate {
	q := l.question(onset, 1, 0)
	q.limit = q.before
	best := math.Inf(-1)
	var e LevelEstimate
	for k := range l.facts {
		m, f := &l.facts[k], l.fit(k, &q)
		rest := max(f.null-f.b*f.b/f.a, q.floor)
		fits := m.logNull + m.start - q.freedom/2*math.Log(rest) - 2*math.Log1p(l.bend*m.gain*rest/q.freedom)
		if fits > best {
			best = fits
			e = LevelEstimate{Mean: q.limit + f.b/f.a, Unrest: math.Sqrt(rest/q.freedom) / m.reach}
		}
	}
	return e
}

// Interval returns the means from the onset on that the values do not speak against:
// those for which neither "higher" nor "lower" has a log e-value of at least
// threshold. With threshold log(2/alpha), for an onset that was fixed beforehand, it
// holds the true mean with probability 1 - alpha, at all lengths of the series at
// once. An end that is not found within 2^40 times the estimate's own spread is
// infinite.
//
// Reference: Darling and Robbins (1967), Confidence sequences for mean, variance, and
// median, Proceedings of the National Academy of Sciences 58, 66-68.
func (l *Level) Interval(onset int, threshold float64) (lo, hi float64) {
	e := l.Estimate(onset)
	// Where the ends are about, if the noise were known.
	step := e.Unrest*math.Sqrt((2*max(0, threshold)+6)/float64(l.n-onset)) + 1e-12*(1+math.Abs(e.Mean))
	excess := func(sign float64) func(float64) float64 {
		return func(distance float64) float64 {
			return l.LogAtLeast(onset, sign, e.Mean-sign*distance, false) - threshold
		}
	}
	return e.Mean - reach(excess(1), step), e.Mean + reach(excess(-1), step)
}

// reach finds the distance at which a function that grows turns positive, to about a
// fiftieth of it: it doubles until the sign changes, then cuts by the false position
// (the Illinois rule) of the root of the excess, which is nearly straight.
func reach(f func(float64) float64, step float64) float64 {
	near, far := 0.0, step
	below, above := math.Inf(-1), f(far)
	for i := 0; above < 0; i++ {
		if i == 40 {
			return math.Inf(1)
		}
		near, below = far, above
		far *= 2
		above = f(far)
	}
	for range 40 {
		if far-near <= 0.02*far {
			break
		}
		middle := (near + far) / 2
		if !math.IsInf(below, -1) {
			middle = near + (far-near)*min(0.9, max(0.1, below/(below-above)))
		}
		if v := f(middle); v < 0 {
			near, below, above = middle, v, above/2
		} else {
			far, above, below = middle, v, below/2
		}
	}
	return far
}
