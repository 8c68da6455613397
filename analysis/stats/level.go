package stats

import "math"

// Level weighs whether the level of a noisy series is higher, or lower, than it may
// be, from its start or from some later value on.
//
// The values y[0..n-1] are differences between two things that are observed side by
// side. The noise is stationary, with an unknown scale and an unknown
// autocorrelation.
//
//	H0: the mean of the values is at most Above, from any value on
//	H1: from a value s on, the mean is higher than Above
//
// and the mirror image with Below. The result is the natural logarithm of an e-value:
// under H0 its expectation is at most 1, so that it ever exceeds 1/alpha, over all n,
// with probability about alpha at most. It is a function of the values alone; earlier
// calls do not matter.
//
// Formula: E = sum over s of w(s) E(s), with E(s) = sum of L1(m) / sum of L0(m) over
// the noise models m of levelModels, each a stationary ARMA(1,1) filter. L0 and L1
// are the likelihoods of the filtered values under "mean a before s, Above from s
// on" and "mean a before s, Above + shift from s on", where a is the mean of the
// values before s, shrunk and at most Above; the scale is integrated over d sigma /
// sigma, and the shift over a normal prior cut to above 0. From 0 < s on, each model
// stands beside a second one whose scale is multiplied after s.
//
// The sum over models in the denominator makes E an e-value on average over the
// noise models, not for each of them; the maximum, Options.Strict, does for each, up
// to the grid. What that costs is in the documentation of analysis/judge. Before it
// the values are cleaned: see levelClean.
//
// Fewer than LevelMin values from From on: no evidence, -Inf. Values must be finite.
//
// Reference: Ville (1939), Etude critique de la notion de collectif; Robbins (1970),
// Statistical methods related to the law of the iterated logarithm, Annals of
// Mathematical Statistics 41; Lai (1976), On confidence sequences, Annals of
// Statistics 4, 265-280 (the t-mixture); Shiryaev (1963) and Pollak (1985) for
// mixtures over onsets. Checked against: a plain second implementation, numerical
// integration over shift and scale, and simulation (analysis/judge).
type Level struct {
	opts   LevelOptions
	n      int
	values []float64 // cleaned
	prefix []float64 // prefix[t] is the sum of the first t of them
	scale  float64   // of an innovation
	bend   float64   // 1/s^2 of the prior on the scale, 0 without one

	facts          [levelCount]modelFacts
	sums           [levelCount]modelSums
	known          knownNoise
	nulls, changes logSum
	rare, wider    float64 // log of levelUnsteadyWeight and of levelUnsteady
	scratch, spare []float64
}

// LevelOptions are constants of a run: what Level needs beside the values.
type LevelOptions struct {
	Above, Below float64 // how far the mean may be from 0, both at least 0

	// The values before From belong to an earlier time in which nothing changed; a
	// change begins at From or later, and before Until unless that is 0. First is the
	// weight of a change with From, Each that of every later onset; together at most 1.
	From, Until int
	First, Each float64

	Down      bool        // the question is Fall, not Rise
	Strict    bool        // maximum over the noise models instead of the sum
	FreeScale bool        // the unit of the values means nothing: no prior on their scale
	Known     *LevelNoise // what earlier values say about the noise; nil is nothing
}

// LevelMin is how many values it takes before anything is said, and LevelLasting how
// many a change must have lasted.
const (
	LevelMin     = 8
	LevelLasting = 5
)

// LevelChange is evidence for a change, with the onset that carries most of it.
type LevelChange struct {
	LogE  float64
	Onset int // index of its first value
	// Share is the logarithm of that onset's own part of the evidence.
	Share float64
}

// Load takes the values in. They are not kept and not changed. It reports whether
// there are enough of them; if not, the other methods must not be called.
func (l *Level) Load(values []float64, opts LevelOptions) bool {
	l.opts, l.n = opts, len(values)
	if l.n-opts.From < LevelMin {
		return false
	}
	l.setUp()
	l.clean(values)
	l.filter()
	l.known.load(opts.Known, l)
	return true
}

// Len is how many values were loaded.
func (l *Level) Len() int { return l.n }

func (l *Level) setUp() {
	if l.facts[0].gain == 0 {
		l.facts = newModelFacts()
		l.rare, l.wider = math.Log(levelUnsteadyWeight), math.Log(levelUnsteady)
	}
	l.bend = 1 / (levelPrior * levelPrior)
	if l.opts.FreeScale {
		l.bend = 0
	}
}

// Rise weighs whether the level is higher than Above.
func (l *Level) Rise() LevelChange { return l.change(1, l.opts.Above) }

// Fall weighs whether the level is lower than -Below.
func (l *Level) Fall() LevelChange { return l.change(-1, l.opts.Below) }

// change is the mixture over onsets, in the direction of sign.
func (l *Level) change(sign, limit float64) LevelChange {
	c := LevelChange{LogE: math.Inf(-1), Onset: l.opts.From, Share: math.Inf(-1)}
	until := l.n - LevelLasting + 1
	if l.opts.Until > 0 {
		until = min(until, l.opts.Until)
	}
	weight, each := math.Log(l.opts.First), math.Log(l.opts.Each)
	for s := l.opts.From; s < until; s, weight = s+1, each {
		q := l.question(s, sign, limit)
		if !l.promising(&q, weight, max(levelTrifle, c.Share+levelRest)) {
			continue
		}
		e := weight + l.ratio(&q, s > 0, l.opts.Strict)
		if c.LogE = LogAdd(c.LogE, e); e > c.Share {
			c.Share, c.Onset = e, s
		}
	}
	return c
}

// LogAtLeast weighs, for a change with the given onset alone, whether the mean from
// it on is higher than limit (sign 1) or lower than it (sign -1). It is a log e-value
// for each onset and limit that is fixed beforehand; strict, for each noise model.
func (l *Level) LogAtLeast(onset int, sign, limit float64, strict bool) float64 {
	q := l.question(onset, sign, sign*limit)
	return l.ratio(&q, false, strict || l.opts.Strict)
}

// LogAdd is log(exp(a) + exp(b)): the sum of two e-values, or of two likelihoods, that
// are given by their logarithms. -Inf stands for 0.
func LogAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
