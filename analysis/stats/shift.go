package stats

// Shift says by how much one sample is shifted against another: an estimate and
// the ends of a confidence interval. It can be infinite when the samples are.
type Shift struct {
	Low, High, Estimate float64
}

// shiftTolerance is how near to a step of the statistic the ends of a Shift are. It
// is absolute, in the unit of the values, as in R and in Kayenta's judge: samples
// whose values are themselves about this size get a useless Shift, and should be
// given in a smaller unit.
const shiftTolerance = 1e-4

// Shift estimates the shift of the loaded samples, with a confidence interval of
// level 1 - 2P(N > z): z = 1.96 gives 95 %, 2.326 gives 98 %.
//
// The interval holds the shifts mu for which Z(mu) is between -z and z, its ends
// within 1e-4. The estimate is a point where Z is 0, which the continuity correction
// makes it on a whole stretch around the median of all differences x - y, the
// Hodges-Lehmann estimate. All three lie within [min x - max y, max x - min y]; in
// samples too small for Z to reach z that is the interval.
//
// It assumes independent values and distributions that differ by a shift alone;
// with autocorrelated values the interval is too short. Swapping the samples
// mirrors the interval, but the estimate only within its stretch. The errors are
// those of Z.
//
// Reference: Bauer (1972), Constructing Confidence Sets Using Rank Statistics,
// Journal of the American Statistical Association 67, 687-690; the numbers are
// those of R's wilcox.test(exact = FALSE), except that R does not correct for
// continuity in the estimate. Checked against: the bracketing property, the
// Hodges-Lehmann estimate, and Kayenta's judge bit for bit.
func (w *MannWhitney) Shift(z float64) (Shift, error) {
	if w.empty() {
		return Shift{}, ErrEmpty
	}
	ends := Bracket{A: w.x[0] - w.y[len(w.y)-1], B: w.x[len(w.x)-1] - w.y[0]}
	var err error
	if ends.FA, err = w.Z(ends.A); err != nil {
		return Shift{}, err
	}
	if ends.FB, err = w.Z(ends.B); err != nil {
		return Shift{}, err
	}
	var s Shift
	if s.Low, err = w.crossing(ends, z); err != nil {
		return Shift{}, err
	}
	if s.High, err = w.crossing(ends, -z); err != nil {
		return Shift{}, err
	}
	s.Estimate, err = Zeroin(w.Z, ends, shiftTolerance)
	return s, err
}

// crossing finds where Z falls below a level, or the end of the range at which it
// has not yet, or has already.
func (w *MannWhitney) crossing(ends Bracket, level float64) (float64, error) {
	ends.FA -= level
	ends.FB -= level
	switch {
	case ends.FA <= 0:
		return ends.A, nil
	case ends.FB >= 0:
		return ends.B, nil
	}
	return Zeroin(func(mu float64) (float64, error) {
		v, err := w.Z(mu)
		return v - level, err
	}, ends, shiftTolerance)
}
