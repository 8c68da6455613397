package stats

import "math"

// Summary describes a sample.
type Summary struct {
	Min, Max     float64
	Mean, StdDev float64
	Count        int
}

// Summarize describes a sample: smallest and largest value, Mean, and the standard
// deviation with divisor n-1, computed as
//
//	sqrt((sum d^2 - (sum d)^2/n) / (n-1)),  d = x - Mean, sums from left to right.
//
// The correcting term is 0 but for rounding. One value: StdDev 0. An empty sample:
// all 0, with Count 0. NaN and infinities make Mean and StdDev NaN; Min and Max
// pass over NaN.
//
// Reference: Chan, Golub and LeVeque (1983), Algorithms for Computing the Sample
// Variance, The American Statistician 37, 242-247, equation 1.7. Checked against:
// the same in arbitrary precision, and the statistics that Kayenta's judge reports.
func Summarize(values []float64) Summary {
	n := len(values)
	if n == 0 {
		return Summary{}
	}
	s := Summary{Min: math.NaN(), Max: math.NaN(), Mean: Mean(values), Count: n}
	var sum, squares float64
	for _, v := range values {
		if !(v >= s.Min) && !math.IsNaN(v) {
			s.Min = v
		}
		if !(v <= s.Max) && !math.IsNaN(v) {
			s.Max = v
		}
		d := v - s.Mean
		sum += d
		squares += float64(d * d)
	}
	if n > 1 {
		s.StdDev = math.Sqrt((squares - sum*sum/float64(n)) / float64(n-1))
	}
	return s
}

// Mean is the arithmetic mean, in two passes: m = sum(x)/n, then m + sum(x-m)/n,
// which takes most of the rounding of the first pass back. Empty: NaN. Any NaN or
// infinity: NaN.
func Mean(values []float64) float64 {
	n := float64(len(values))
	if n == 0 {
		return math.NaN()
	}
	var sum float64
	for _, v := range values {
		sum += v
	}
	m := sum / n
	var rest float64
	for _, v := range values {
		rest += v - m
	}
	return m + rest/n
}
