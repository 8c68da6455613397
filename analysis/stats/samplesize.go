package stats

import "math"

// How long must one look long enough? The functions of this file answer it for tests
// that know the noise, once for a single look at the end and once for a look at any
// time. Nothing that really has to learn the noise is faster; they are the yardsticks
// for what is.

// TwoRates are a canary with Canary bad events per event and a baseline with Baseline
// of them, of which Events and Ratio x Events are seen.
type TwoRates struct {
	Canary, Baseline float64
	Ratio            float64 // events of the baseline for each of the canary
	Poisson          bool    // events in an exposure, of which there may be more than one in each unit
}

func (r TwoRates) valid() bool {
	ok := r.Canary >= 0 && r.Baseline >= 0 && r.Canary != r.Baseline && r.Ratio > 0 && !math.IsInf(r.Ratio+r.Canary+r.Baseline, 1)
	return ok && (r.Poisson || r.Canary <= 1 && r.Baseline <= 1)
}

// variance is that of a single event.
func (r TwoRates) variance(p float64) float64 {
	if r.Poisson {
		return p
	}
	return p * (1 - p)
}

// FixedSize answers how many events of the canary it takes until one look tells the
// rates apart with the given power, at a one-sided level alpha.
//
//	H0: the rates are equal    H1: they are Canary and Baseline
//
// Formula, with p the mean of the rates weighted by events, v(p) = p (1-p), or p for
// Poisson counts, and z(a) the upper normal quantile:
//
//	n = [ z(alpha) sqrt((k+1) v(p)) + z(1-power) sqrt(k v(Canary) + v(Baseline)) ]^2 / (k (Canary - Baseline)^2)
//
// A normal approximation without a correction for continuity: optimistic where few
// events are bad. NaN for rates that are equal or no rates, and for chances outside of
// (0, 1).
//
// Reference: Fleiss, Levin and Paik (2003), Statistical Methods for Rates and
// Proportions, third edition, section 4.4. Checked against: R 4.2.2, power.prop.test
// (k = 1), and the formula written out in R.
func (r TwoRates) FixedSize(alpha, power float64) float64 {
	if !r.valid() || !chance(alpha) || !chance(power) {
		return math.NaN()
	}
	k := r.Ratio
	mean := (r.Canary + k*r.Baseline) / (1 + k)
	root := NormalQuantile(1-alpha)*math.Sqrt((k+1)*r.variance(mean)) +
		NormalQuantile(power)*math.Sqrt(k*r.variance(r.Canary)+r.variance(r.Baseline))
	gap := r.Canary - r.Baseline
	return max(0, root) * max(0, root) / (k * gap * gap)
}

// Information answers how many nats one event of the canary, with its Ratio of the
// baseline's, carries against the nearest pair of equal rates: the least sum of
// Kullback-Leibler divergences over the rate q that both might have.
//
//	I = min over q of KL(Canary, q) + k KL(Baseline, q),  at q = (Canary + k Baseline)/(1 + k)
//
// with KL(p, q) = p log(p/q) + (1-p) log((1-p)/(1-q)), or p log(p/q) - p + q for
// Poisson counts. NaN as FixedSize; +Inf never, as q lies between the two.
//
// Reference: Kullback and Leibler (1951), On Information and Sufficiency, Annals of
// Mathematical Statistics 22, 79-86. Checked against: R 4.2.2, optimize.
func (r TwoRates) Information() float64 {
	if !r.valid() {
		return math.NaN()
	}
	q := (r.Canary + r.Ratio*r.Baseline) / (1 + r.Ratio)
	return r.divergence(r.Canary, q) + r.Ratio*r.divergence(r.Baseline, q)
}

func (r TwoRates) divergence(p, q float64) float64 {
	if r.Poisson {
		return relative(p, q) - p + q
	}
	return relative(p, q) + relative(1-p, 1-q)
}

// relative is p log(p/q), 0 for p = 0.
func relative(p, q float64) float64 {
	if p <= 0 {
		return 0
	}
	return p * math.Log(p/q)
}

func chance(p float64) bool { return p > 0 && p < 1 }
