package stats

import "math"

// Bracket is where a function is known to change sign: A and B with the values of
// the function there.
type Bracket struct {
	A, FA, B, FB float64
}

// zeroinRounds is when Zeroin settles for what it has.
const zeroinRounds = 1001

// Zeroin finds where f changes sign between the ends of a bracket, by the method of
// Brent and Dekker: inverse quadratic interpolation or the secant where they can be
// trusted, bisection where not.
//
// f must be continuous for "where f is 0" to be true. For a step function the
// result is a point within tol of the step, on a side that depends on the path. An
// end where f is 0 is returned at once. When both ends have the same sign the
// result is some point between them and means nothing. An error of f ends the
// search and is returned.
//
// The result is within tol/2 + 4e-16|x| of the change of sign. The order of the
// operations is that of R's zeroin, so that the path is the same, bit for bit.
//
// Reference: Brent (1973), Algorithms for Minimization Without Derivatives, chapter
// 4. Checked against: roots known in closed form, and Kayenta's intervals.
func Zeroin(f func(x float64) (float64, error), in Bracket, tol float64) (float64, error) {
	if isZero(in.FA) {
		return in.A, nil
	}
	if isZero(in.FB) {
		return in.B, nil
	}
	// b is the best so far, a the one before it, c on the other side of the root.
	z := zeroin{Bracket: in, c: in.A, fc: in.FA}
	for range zeroinRounds {
		prev := z.B - z.A
		if math.Abs(z.fc) < math.Abs(z.FB) {
			z.A, z.FA, z.B, z.FB, z.c, z.fc = z.B, z.FB, z.c, z.fc, z.B, z.FB
		}
		step := (z.c - z.B) / 2
		near := float64(2*epsilon*math.Abs(z.B)) + float64(tol/2)
		if math.Abs(step) <= near || isZero(z.FB) {
			return z.B, nil
		}
		if math.Abs(prev) >= near && math.Abs(z.FA) > math.Abs(z.FB) {
			step = z.interpolate(step, prev, near)
		}
		if math.Abs(step) < near {
			if step > 0 {
				step = near
			} else {
				step = -near
			}
		}
		z.A, z.FA = z.B, z.FB
		z.B += step
		var err error
		if z.FB, err = f(z.B); err != nil {
			return 0, err
		}
		if z.FB > 0 && z.fc > 0 || z.FB < 0 && z.fc < 0 {
			z.c, z.fc = z.A, z.FA
		}
	}
	return z.B, nil
}

type zeroin struct {
	Bracket
	c, fc float64
}

// epsilon is the distance from 1 to the next float.
const epsilon = 0x1p-52

// isZero takes the smallest float for 0 as well.
func isZero(v float64) bool { return math.Abs(v) <= math.SmallestNonzeroFloat64 }

// interpolate returns the interpolated step if it stays well inside the bracket and
// is shorter than half of the last one, or else the given step, a bisection.
func (z *zeroin) interpolate(half, prev, near float64) float64 {
	var p, q float64
	cb := z.c - z.B
	if z.A == z.c {
		t1 := z.FB / z.FA
		p = cb * t1
		q = 1 - t1
	} else {
		t0, t1, t2 := z.FA/z.fc, z.FB/z.fc, z.FB/z.FA
		p = t2 * (float64(cb*t0*(t0-t1)) - float64((z.B-z.A)*(t1-1)))
		q = (t0 - 1) * (t1 - 1) * (t2 - 1)
	}
	if p > 0 {
		q = -q
	} else {
		p = -p
	}
	if p < float64(0.75*cb*q)-float64(math.Abs(near*q)/2) && p < math.Abs(prev*q/2) {
		return p / q
	}
	return half
}
