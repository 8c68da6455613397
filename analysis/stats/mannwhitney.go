package stats

import (
	"math"
	"slices"
)

// MannWhitney compares two samples by ranks: is x shifted against y, and by how
// much? The zero value is ready; it keeps its buffers, so one that is used again
// does not allocate. It is not safe for concurrent use.
//
//	var w stats.MannWhitney
//	if err := w.Load(canary, baseline); err != nil { ... }
//	shift, err := w.Shift(2.33)
//
// Load sorts each sample once. A hypothetical shift mu only changes how the two
// sorted lists interleave, so that each question afterwards costs one merge.
type MannWhitney struct {
	x, y []float64 // ascending
	keys []int64

	// The distinct values of y as integers in order, ended by a sentinel, and how
	// many values of y are below each.
	steps []int64
	below []int
	tiesY float64 // sum of t^3-t over the ties within y
}

// Load takes two samples. They may hold infinities; NaNs must have been dropped
// before, they would count as +Inf. The error is ErrEmpty when one is empty.
func (w *MannWhitney) Load(x, y []float64) error {
	w.x, w.keys = sorted(w.x, w.keys, x)
	w.y, w.keys = sorted(w.y, w.keys, y) // keys are y's from here on
	w.steps, w.below, w.tiesY = w.steps[:0], w.below[:0], 0
	if w.empty() {
		return ErrEmpty
	}
	for i := 0; i < len(w.keys); {
		j := i + 1
		for j < len(w.keys) && w.keys[j] == w.keys[i] {
			j++
		}
		w.steps = append(w.steps, w.keys[i])
		w.below = append(w.below, i)
		w.tiesY += cubeLess(j - i)
		i = j
	}
	w.steps = append(w.steps, math.MaxInt64)
	w.below = append(w.below, len(w.y))
	return nil
}

func (w *MannWhitney) empty() bool { return len(w.x) == 0 || len(w.y) == 0 }

// Sorted returns the loaded samples in ascending order. They belong to w: they must
// not be changed, and the next Load overwrites them.
func (w *MannWhitney) Sorted() (x, y []float64) { return w.x, w.y }

// Identical reports whether both samples hold the same values, in any order.
func (w *MannWhitney) Identical() bool { return slices.Equal(w.x, w.y) }

// Z is the rank statistic for the hypothesis H0 that x is shifted by mu, P(X - mu >
// Y) = P(X - mu < Y), against the alternative that the shift is another. Positive: x
// is higher still. Under H0 it is about standard normal, when the values are
// independent and the distributions differ by the shift alone.
//
//	U = sum over x of (number of y below x-mu, and half of those equal)
//	d = U - mn/2, brought nearer to 0 by 1/2 (continuity correction)
//	Z = d / sqrt(mn/12 (m+n+1 - T/((m+n)(m+n-1)))),  T = sum over ties of t^3-t
//
// The normal approximation and both corrections are used at every size. Ties are
// equal floats after subtracting mu. Z falls in steps as mu grows, but for the little
// that the variance changes where ties come and go. The error is ErrTied when every
// value is tied, so that the variance is 0, or ErrEmpty.
//
// Reference: Mann and Whitney (1947), On a Test of Whether One of Two Random
// Variables is Stochastically Larger than the Other, Annals of Mathematical
// Statistics 18, 50-60; ties as in Lehmann (1975), Nonparametrics, section 1.4. Checked
// against: ranks by counting, the moments of U over all arrangements of small
// samples with ties, and the values that Kayenta's judge computes.
func (w *MannWhitney) Z(mu float64) (float64, error) {
	if w.empty() {
		return 0, ErrEmpty
	}
	u2, ties := w.count(mu)
	m, n := float64(len(w.x)), float64(len(w.y))
	d := float64((u2 - float64(m*n)) / 2)
	correction := 0.0
	switch {
	case d > 0:
		correction = 0.5
	case d < 0:
		correction = -0.5
	}
	sd := math.Sqrt((m * n / 12) * ((m + n + 1) - ties/((m+n)*(m+n-1))))
	if sd == 0 {
		return 0, ErrTied
	}
	return (d - correction) / sd, nil
}

// CLES is the common language effect size of the loaded samples; see CLES.
func (w *MannWhitney) CLES() float64 {
	if w.empty() {
		return math.NaN()
	}
	u2, _ := w.count(0)
	m, n := float64(len(w.x)), float64(len(w.y))
	return u2 / (2 * n * m)
}

// count merges x shifted by mu with y. It returns twice U, which is a whole number,
// and the sum of t^3-t over all ties. Whole numbers below 2^53 are exact in floats,
// so nothing depends on the order of the sums.
func (w *MannWhitney) count(mu float64) (u2, ties float64) {
	ties = w.tiesY
	p, twice := 0, 0
	next := order(w.x[0] - mu)
	for i := 0; i < len(w.x); {
		key, k := next, 0
		for next == key {
			k++
			i++
			if i == len(w.x) {
				break
			}
			next = order(w.x[i] - mu)
		}
		for w.steps[p] < key {
			p++
		}
		equal := 0
		if w.steps[p] == key {
			equal = w.below[p+1] - w.below[p]
		}
		twice += k * (2*w.below[p] + equal)
		if k+equal > 1 {
			ties += cubeLess(k+equal) - cubeLess(equal)
		}
	}
	return float64(twice), ties
}

// cubeLess is t^3 - t.
func cubeLess(t int) float64 {
	f := float64(t)
	return float64(f*f*f) - f
}
