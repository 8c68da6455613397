package stats

import (
	"math"
	"slices"
)

// Quantile answers below which value a share p of the sample lies.
//
// It is the R-7 rule, the default of R, NumPy and spreadsheets: with the n sorted
// values v[1..n] and h = 1 + (n-1)p, the result is v[i] + (h-i)(v[i+1] - v[i]) for
// i = floor(h); p = 0 and below give the smallest value, p = 1 and above the largest.
//
// NaNs are dropped, infinities are values. Nothing left: NaN. One value: itself.
//
// Reference: Hyndman and Fan (1996), Sample Quantiles in Statistical Packages, The
// American Statistician 50, 361-365, definition 7. Checked against: a second
// implementation in the tests, and the percentiles that Kayenta's judge computes.
func Quantile(values []float64, p float64) float64 {
	s := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			s = append(s, v)
		}
	}
	slices.Sort(s)
	return QuantileSorted(s, p)
}

// QuantileSorted is Quantile of values that are in ascending order and hold no NaN.
func QuantileSorted(s []float64, p float64) float64 {
	n := len(s)
	switch {
	case n == 0 || math.IsNaN(p):
		return math.NaN()
	case n == 1:
		return s[0]
	}
	h := 1 + float64(float64(n-1)*p)
	switch {
	case p >= 1 || h >= float64(n):
		return s[n-1]
	case h < 1:
		return s[0]
	}
	i := math.Floor(h)
	low, high := s[int(i)-1], s[int(i)]
	return low + float64((h-i)*(high-low))
}
