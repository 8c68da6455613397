package stats

import (
	"math"
	"slices"
)

// Fences enclose the values that are not outliers. Both are part of the inside.
type Fences struct {
	Low, High float64
}

// Outside reports whether v is an outlier. NaN is not.
func (f Fences) Outside(v float64) bool { return v < f.Low || v > f.High }

// IQRFences are Tukey's: Q1 - k*IQR and Q3 + k*IQR, quartiles by Quantile and
// IQR = Q3 - Q1. k = 1.5 is usual, 3 marks only what is far out.
//
// More than half of the values equal makes IQR 0, and every other value an
// outlier. An empty sample has NaN fences, and nothing is outside them.
//
// Reference: Tukey (1977), Exploratory Data Analysis, chapter 2. Checked against:
// hand calculation on the example of NIST's handbook.
func IQRFences(values []float64, k float64) Fences {
	return iqrFences(ascending(values), k)
}

// ReducedIQRFences are IQRFences that give way to the extremes: the low fence is
// never above the 1st percentile, the high one never below the 99th, so that about
// one value in fifty can be an outlier and a sample of equal values with a few
// others keeps most of them.
//
// Kayenta's judge removes outliers by these. Checked against: its answers.
func ReducedIQRFences(values []float64, k float64) Fences {
	s := ascending(values)
	f := iqrFences(s, k)
	// The built-in min and max, like those of the JVM, keep NaN.
	return Fences{
		Low:  min(f.Low, QuantileSorted(s, 0.01)),
		High: max(f.High, QuantileSorted(s, 0.99)),
	}
}

// SigmaFences are mean - k*sd and mean + k*sd, mean and sd by Summarize. One far
// value inflates sd and so hides itself in a small sample: prefer IQRFences.
func SigmaFences(values []float64, k float64) Fences {
	s := Summarize(values)
	return Fences{Low: s.Mean - float64(k*s.StdDev), High: s.Mean + float64(k*s.StdDev)}
}

func iqrFences(s []float64, k float64) Fences {
	q1, q3 := QuantileSorted(s, 0.25), QuantileSorted(s, 0.75)
	iqr := q3 - q1
	return Fences{Low: q1 - float64(k*iqr), High: q3 + float64(k*iqr)}
}

// ascending returns a sorted copy without NaNs.
func ascending(values []float64) []float64 {
	s := slices.Clone(values)
	s = slices.DeleteFunc(s, math.IsNaN)
	slices.Sort(s)
	return s
}
