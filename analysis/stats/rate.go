package stats

import "math"

// Rate weighs whether events come more often, or more rarely, on one of two sides than
// they may, from the start or from some later step on: errors of requests, purchases
// of visits, crashes of pod-minutes.
//
// In step t the canary has x events in an exposure c, the baseline z events in an
// exposure b.
//
//	H0: the canary's rate is at most Ratio times the baseline's plus Plus, from any step on
//	H1: from a step s on it is higher
//
// and the mirror image. The rates themselves may change from step to step as they
// like, as long as they do so on both sides alike, and so may the exposures. The
// result is the natural logarithm of an e-value: under H0 its expectation is at most
// 1, so that it ever exceeds 1/alpha, over all n, with probability alpha at most. It
// is a function of the counts alone; earlier calls do not matter.
//
// Formula: given y = x + z + a, where a = Plus b / Ratio stands for the events that
// the tolerance gives the baseline, x is binomial with the share
// p = Ratio c / (Ratio c + b) under H0. An effect r multiplies the odds:
//
//	l(r) = x log r - y log(1 + p (r - 1))
//	E = sum over s of w(s) E(s)
//	E(s) = sum over k of L0(k) sum over r of q(r) exp(sum over t >= s of min(cut, l(r)/psi(k))) / sum over k of L0(k)
//
// over the noise models k of rateModels: events that come in bunches, rates that
// scatter by themselves, rates that wander by themselves. psi(k) = bunch + spread
// y p (1-p) is by how much more the counts of a step scatter than binomial ones, L0
// the quasi-likelihood of the counts under H0 (see rateNoise); the sums for wandering
// rates are those of a Kalman filter. No step counts for more than cut = 8/sqrt(psi),
// or 8/3 if that is more and psi is large because of spread: then it is the ratio of
// the rates that scatters, not the counts. An onset at a step without events is the one at the next step
// with some.
//
// With independent events every part l is exact: the expectation of exp(l) is 1 at
// the limit, at most 1 below it, whatever the exposures and the shared rate; with a it
// is so for Poisson counts, because exp(u) >= 1 + u. Binomial counts vary less than
// Poisson ones, so that shares above a tenth or so are weighed conservatively. For
// events that are not independent E is an e-value on average over the noise models;
// with Options.Strict, the maximum in place of the denominator's sum, for each of
// them, up to the quality of the quasi-likelihood.
//
// Counts may be fractions, as queries that extrapolate answer them. Steps with a
// number that is not finite, with a negative one, with an exposure of 0 or with one
// beyond 1e15 are passed over. No events: no evidence, -Inf.
//
// Reference: Przyborowski and Wilenski (1940), Homogeneity of results in testing
// samples from Poisson series, Biometrika 31, 313-323 (the conditional test); Wald
// (1945); Ville (1939); Shiryaev (1963) and Pollak (1985) for mixtures over onsets;
// Lindon and Malek (2022), Anytime-valid inference for multinomial count data;
// McCullagh and Nelder (1989), Generalized linear models (quasi-likelihood). Checked
// against: a plain second implementation, full enumeration for small counts, and
// simulation (analysis/judge).
type Rate struct {
	opts RateOptions
	raw  []rateRaw // the steps that are used

	noise rateNoise
	onset rateOnsets
}

// RateCounts are one side's events and exposures, one of each a step.
type RateCounts struct{ Events, Totals []float64 }

// RateLimit is a bound for one rate by another: Ratio times the other plus Plus.
type RateLimit struct{ Ratio, Plus float64 }

// RateOptions are constants of a run: what Rate needs beside the counts.
type RateOptions struct {
	Above RateLimit // up to which the canary's rate is not higher
	Below RateLimit // up to which the baseline's rate is not higher than the canary's

	Planned int     // steps of the whole run: a change begins before that
	Block   int     // steps that are put together; 0 is 1
	Ignore  float64 // onsets with a log e-value below this count as 0
	Strict  bool    // maximum over the noise models instead of the sum
}

// RateChange is evidence for a change, with the onset that carries most of it.
type RateChange struct {
	LogE  float64
	Onset int     // index of its first step
	Share float64 // the logarithm of that onset's own part of the evidence
	// By how much more the counts scatter than independent events, as far as one can
	// tell: a ratio of variances, at least 1.
	Unrest float64
}

// rateRaw is a step of the input.
type rateRaw struct {
	x, z, c, b float64 // events and exposures of canary and baseline
	at         int     // its index
}

// rateMost bounds counts and exposures.
const rateMost = 1e15

// Load takes the counts in. They are not kept and not changed. It returns how many
// steps can be used.
func (r *Rate) Load(canary, baseline RateCounts, opts RateOptions) int {
	opts.Block, opts.Planned = max(1, opts.Block), max(1, opts.Planned)
	r.opts, r.raw = opts, r.raw[:0]
	n := min(len(canary.Events), len(canary.Totals), len(baseline.Events), len(baseline.Totals))
	for i := range n {
		s := rateRaw{x: canary.Events[i], c: canary.Totals[i], z: baseline.Events[i], b: baseline.Totals[i], at: i}
		if s.usable() {
			r.raw = append(r.raw, s)
		}
	}
	return len(r.raw)
}

func (s *rateRaw) usable() bool {
	return s.x >= 0 && s.z >= 0 && s.c > 0 && s.b > 0 && s.x <= rateMost && s.z <= rateMost && s.c <= rateMost && s.b <= rateMost
}

// Rise weighs whether the canary's rate is higher than Above.
func (r *Rate) Rise() RateChange { return r.change(r.opts.Above, false) }

// Fall weighs whether the canary's rate is so low that the baseline's is higher than
// Below.
func (r *Rate) Fall() RateChange { return r.change(r.opts.Below, true) }

// change is the mixture over onsets.
func (r *Rate) change(limit RateLimit, fall bool) RateChange {
	c := RateChange{LogE: math.Inf(-1), Share: math.Inf(-1), Unrest: 1}
	if !(limit.Ratio > 0) || limit.Ratio > rateMost || !(limit.Plus >= 0) || limit.Plus > rateMost {
		return c
	}
	if !r.noise.load(r.raw, &r.opts, limit, fall) {
		return c
	}
	r.onset.mix(&r.noise, &r.opts, &c)
	if !(c.LogE < rateMost) { // beyond what can be calculated
		c.LogE = math.Inf(-1)
	}
	return c
}
