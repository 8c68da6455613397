package stats

import "math"

// CLES is the common language effect size: how likely a value of x is above a
// value of y, ties counted half, P(X > Y) + P(X = Y)/2.
//
// Formula: (2R - m(m+1)) / (2nm), R the sum of the Ranks of x among x and y
// together. Range 0 to 1; 0.5 is no effect, swapping the samples gives 1 - CLES, and
// no increasing transformation of the values changes it. An empty sample: NaN.
//
// Reference: McGraw and Wong (1992), A Common Language Effect Size Statistic,
// Psychological Bulletin 111, 361-365. Checked against: comparing all pairs.
func CLES(x, y []float64) float64 {
	var w MannWhitney
	_ = w.Load(x, y) // empty: NaN below
	return w.CLES()
}

// MeanRatio is Mean(x) / Mean(y): 1 is no effect, 1.1 is 10 % more. It is NaN when
// either mean is exactly 0 or a sample is empty, and it means little when the means
// are negative or differ in sign.
func MeanRatio(x, y []float64) float64 { return meanRatio(Mean(x), Mean(y)) }

func meanRatio(mx, my float64) float64 {
	if mx == 0 || my == 0 {
		return math.NaN()
	}
	return mx / my
}

// CohenD is the difference of the means in units of the pooled standard deviation,
//
//	(Mean(x) - Mean(y)) / sqrt(((m-1) sd(x)^2 + (n-1) sd(y)^2) / (m+n-2)).
//
// It assumes spreads of about the same size. Positive: x is higher. Two samples
// without spread give an infinity, or NaN when they are equal; fewer than three
// values in all, or an empty sample, NaN.
//
// Reference: Cohen (1988), Statistical Power Analysis for the Behavioral Sciences,
// 2nd edition, pages 66-67. Checked against: hand calculation.
func CohenD(x, y []float64) float64 {
	sx, sy := Summarize(x), Summarize(y)
	if sx.Count == 0 || sy.Count == 0 || sx.Count+sy.Count < 3 {
		return math.NaN()
	}
	vx := float64(sx.Count-1) * sx.StdDev * sx.StdDev
	vy := float64(sy.Count-1) * sy.StdDev * sy.StdDev
	pooled := math.Sqrt((float64(vx) + float64(vy)) / float64(sx.Count+sy.Count-2))
	return (sx.Mean - sy.Mean) / pooled
}
