package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ProportionInterval answers which probabilities of an event go together with having
// seen it k times in n independent trials: the interval of Clopper and Pearson.
//
// It is exact: whatever the probability is, the interval holds it with a chance of at
// least level, often more.
//
//	lo = the (1-level)/2 quantile of Beta(k, n-k+1), 0 for k = 0
//	hi = the (1+level)/2 quantile of Beta(k+1, n-k), 1 for k = n
//
// Without trials it is all of [0, 1]. NaN for counts that are none, and a level outside
// of (0, 1).
//
// Reference: Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits
// Illustrated in the Case of the Binomial, Biometrika 26, 404-413. Checked against: R
// 4.2.2, binom.test.
func ProportionInterval(k, n int, level float64) (lo, hi float64) {
	if k < 0 || n < k || !chance(level) {
		return math.NaN(), math.NaN()
	}
	tail := (1 - level) / 2
	lo, hi = 0, 1
	if k > 0 {
		lo = mathext.InvRegIncBeta(float64(k), float64(n-k+1), tail)
	}
	if k < n {
		hi = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-tail)
	}
	return lo, hi
}
