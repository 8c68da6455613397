package stats

import "math"

// MeanVariance answers how much the mean of n values varies whose noise has variance 1
// and a first-order autocorrelation phi:
//
//	[ n + 2 sum over k < n of (n-k) phi^k ] / n^2
//
// 1/n when phi is 0, about (1+phi)/(1-phi)/n for large n. NaN for n < 1 and |phi| >= 1.
//
// Reference: Priestley (1981), Spectral Analysis and Time Series, section 5.3.2.
// Checked against: R 4.2.2, the sum of the matrix of correlations.
func MeanVariance(n, phi float64) float64 {
	if !(n >= 1) || !(math.Abs(phi) < 1) {
		return math.NaN()
	}
	rest := 1 - phi
	return ((1+phi)/rest - 2*phi*(1-math.Pow(phi, n))/(n*rest*rest)) / n
}

// FixedMeanSize answers after how many values one look tells a mean of shift from one
// of 0 with the given power, at a one-sided level alpha, when the noise has standard
// deviation sd and first-order autocorrelation phi, both known: the least n with
//
//	shift >= [ z(alpha) + z(1-power) ] sd sqrt(MeanVariance(n, phi))
//
// It is 1 at least, +Inf for a shift of 0, and NaN for parameters that mean nothing.
// Phi must not be negative: the variance would not fall with every value.
//
// Reference: Cohen (1988), Statistical Power Analysis for the Behavioral Sciences,
// section 2.4, with the variance of an autocorrelated mean. Checked against: R 4.2.2.
func FixedMeanSize(shift, sd, phi, alpha, power float64) float64 {
	if !(sd >= 0) || math.IsInf(sd, 1) || math.IsNaN(shift) || !(phi >= 0 && phi < 1) || !chance(alpha) || !chance(power) {
		return math.NaN()
	}
	need := (NormalQuantile(1-alpha) + NormalQuantile(power)) * sd / math.Abs(shift)
	if sd == 0 || need <= 1 {
		return 1
	}
	return leastWhole(func(n float64) bool { return need*math.Sqrt(MeanVariance(n, phi)) <= 1 })
}

// MeanInformation answers how many nats a value carries, in the long run, about
// whether the mean is shift or 0 in noise as above: shift^2 (1-phi) / (2 sd^2 (1+phi)).
func MeanInformation(shift, sd, phi float64) float64 {
	z := shift / sd
	return z * z / 2 * (1 - phi) / (1 + phi)
}

// SequentialChance answers with which probability the best test that may look at any
// time has decided against H0 after so many nats of information: the test that knows
// what it looks for, and stops when the likelihood ratio reaches 1/alpha.
//
//	P = Phi((x - b) / sqrt(2 x)) + e^b Phi(-(x + b) / sqrt(2 x)),  b = log(1/alpha), x the information
//
// The logarithm of the likelihood ratio is taken as a Brownian motion, whose variance
// is twice its drift; this is its first passage of b. 0 for x <= 0, NaN for an alpha
// outside of (0, 1).
//
// Reference: Siegmund (1985), Sequential Analysis, equation 3.15; Wald (1947),
// Sequential Analysis, appendix A:5. Checked against: R 4.2.2, the density of the inverse
// Gaussian distribution integrated.
func SequentialChance(information, alpha float64) float64 {
	switch {
	case !chance(alpha) || math.IsNaN(information):
		return math.NaN()
	case information <= 0:
		return 0
	case math.IsInf(information, 1):
		return 1
	}
	b, x := -math.Log(alpha), information
	s := math.Sqrt(2 * x)
	return normalBelow((x-b)/s) + normalBelow(-(x+b)/s)/alpha
}

// SequentialInformation is the inverse: how many nats it takes until that test has
// decided with the given probability.
func SequentialInformation(alpha, power float64) float64 {
	if !chance(alpha) || !chance(power) {
		return math.NaN()
	}
	low, high := 0.0, 1.0
	for SequentialChance(high, alpha) < power {
		low, high = high, 2*high
	}
	for range 100 {
		middle := (low + high) / 2
		if SequentialChance(middle, alpha) < power {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func normalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// leastWhole is the least whole number, 1 or more, from which on a monotone condition
// holds; +Inf when none below 2^60 does.
func leastWhole(holds func(float64) bool) float64 {
	low, high := 0.0, 1.0
	for !holds(high) {
		if low, high = high, 2*high; high > 1<<60 {
			return math.Inf(1)
		}
	}
	for high-low > 1 {
		if middle := math.Floor((low + high) / 2); holds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
