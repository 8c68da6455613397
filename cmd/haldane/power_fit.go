package main

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
)

// fewestForPower is how many samples say something about noise.
const fewestForPower = 8

// fit takes the model from samples. share is the canary's part of the traffic, unless
// the samples say.
func (m *powerModel) fit(s *powerSeries, share float64) error {
	m.kind = s.Kind
	switch s.Kind {
	case analysis.Gauge:
		return m.fitLevel(s)
	case analysis.Ratio, analysis.Count:
		return m.fitRate(s, share)
	}
	return analysis.Errorf(analysis.Invalid, "kind %s is not gauge, ratio or count", s.Kind)
}

func tooFewForPower(n int) error {
	return analysis.Errorf(analysis.Invalid, "samples: there are %d, and it takes %d to say how noisy they are", n, fewestForPower)
}

// fitLevel takes the noise from the differences of canary and baseline, about their
// mean; of a baseline alone from its own, and as if the canary had as much again that
// it shares nothing of.
func (m *powerModel) fitLevel(s *powerSeries) error {
	both := len(s.Canary) > 0
	b, c := s.Baseline, s.Canary
	if !both {
		c = make(analysis.Values, len(b))
	}
	n, sum, size, positive := 0, 0.0, 0.0, true
	used := make([]bool, min(len(b), len(c)))
	for i := range used {
		if used[i] = analysis.IsFinite(b[i]) && analysis.IsFinite(c[i]); used[i] {
			n++
			sum += b[i]
			size += math.Abs(b[i])
			positive = positive && b[i] > 0 && (!both || c[i] > 0)
		}
	}
	if n < fewestForPower {
		return tooFewForPower(n)
	}
	l := &m.level
	*l = levelModel{Level: sum / float64(n), Samples: n, BothSides: both}
	if !positive {
		if l.Unit = size / float64(n); l.Unit == 0 {
			return analysis.Errorf(analysis.Invalid, "samples: all are 0, a change of which is 0 too")
		}
	}
	scale := func(v float64) float64 {
		if positive {
			return math.Log(v)
		}
		return v / l.Unit
	}
	d := make([]float64, len(used))
	for i := range d {
		switch {
		case !used[i]:
			d[i] = math.NaN()
		case both:
			d[i] = scale(c[i]) - scale(b[i])
		default:
			d[i] = scale(b[i])
		}
	}
	l.Noise, l.Correlation = spreadOf(d, n)
	if !both {
		l.Noise *= math.Sqrt2
	}
	return nil
}

// spreadOf is the standard deviation of n values with gaps (NaN) between them, and their
// correlation from one to the next: corrected for its bias in short series, and between
// 0 and 0.98.
//
// Reference: Marriott and Pope (1954), Bias in the Estimation of Autocorrelations,
// Biometrika 41, 390-402.
func spreadOf(d []float64, n int) (sd, correlation float64) {
	mean, squares := 0.0, 0.0
	for _, v := range d {
		if !math.IsNaN(v) {
			mean += v / float64(n)
		}
	}
	var products, pairs float64
	for i, v := range d {
		if math.IsNaN(v) {
			continue
		}
		squares += (v - mean) * (v - mean)
		if i > 0 && !math.IsNaN(d[i-1]) {
			products += (v - mean) * (d[i-1] - mean)
			pairs++
		}
	}
	switch {
	case !(squares > 1e-24*mean*mean*float64(n)): // rounding
		return 0, 0
	case pairs == 0:
		return math.Sqrt(squares / float64(n-1)), 0
	}
	rho := products / pairs * float64(n) / squares
	rho += (1 + 3*rho) / pairs
	return math.Sqrt(squares / float64(n-1)), min(0.98, max(0, rho))
}

// fitRate adds up the baseline, and the traffic of both sides.
func (m *powerModel) fitRate(s *powerSeries, share float64) error {
	values, totals := s.Baseline, s.BaselineTotal
	var events, all float64
	n := 0
	use := func(i int) bool {
		return i < len(totals) && analysis.IsFinite(values[i]) && analysis.IsFinite(totals[i]) && values[i] >= 0 && totals[i] > 0
	}
	for i := range values {
		if use(i) {
			n, events, all = n+1, events+values[i], all+totals[i]
		}
	}
	if n < fewestForPower {
		return tooFewForPower(n)
	}
	if events == 0 || m.kind == analysis.Ratio && events > all {
		return analysis.Errorf(analysis.Invalid, "samples: the baseline has %v events of %v", events, all).
			WithHint("--rate and --traffic, with a rate that you expect")
	}
	rate := events / all
	x2 := 0.0
	for i := range values {
		if use(i) {
			x2 += (values[i] - rate*totals[i]) * (values[i] - rate*totals[i]) / (rate * totals[i])
		}
	}
	m.rate = rateModel{Rate: rate, Traffic: all / float64(n) / (1 - share), Share: share, Samples: n}
	// More than chance makes of independent events.
	if f := x2 / float64(n-1); f > 1+2*math.Sqrt(2/float64(n-1)) {
		m.rate.Spread = (f - 1) / (events / float64(n))
	}
	if canary := meanOf(s.CanaryTotal); canary > 0 {
		m.rate.Traffic = canary + all/float64(n)
		m.rate.Share = canary / m.rate.Traffic
	}
	return nil
}

func meanOf(values analysis.Values) float64 {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if analysis.IsFinite(v) && v > 0 {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
