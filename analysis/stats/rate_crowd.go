package stats

import "math"

// The events of both sides together say something about the noise too: events that
// come in bunches, and rates that scatter, make the sum scatter as well. But so does
// what both sides feel alike, so that this is believed only within limits.

// rateCrowd are sums over the steps before one.
type rateCrowd struct {
	events, exposure float64
	squares          float64 // of events, over exposure
	shares           float64 // of p
}

func (w *rateNoise) crowd() {
	var c rateCrowd
	for t := range w.steps {
		w.crowds[t] = c
		s := &w.steps[t]
		c.events += s.z
		c.exposure += s.exposure
		c.squares += s.z * s.z / s.exposure
		c.shares += s.p
	}
	w.crowds[len(w.steps)] = c
}

// crowding adds to each model's weight what the sums of the steps from a to before b
// say: that their dispersion (Pearson's X^2 over its degrees of freedom) is about
// disp(k) = bunch + spread mean/2 (q^2 + (1-q)^2) (1 - drift), with q the mean share.
// As log likelihood of a chi-square variable with nu degrees of freedom; nu is less
// than steps-1 where events are crowded, which makes X^2 scatter, and where one side
// has few of them and the sum is that of the other. No model loses more by it than
// log(rateDoubt) against the one that fits best.
func (w *rateNoise) crowding(weights *[rateCount]float64, a, b int) {
	n := float64(b - a)
	from, to := &w.crowds[a], &w.crowds[b]
	events := to.events - from.events
	if n < 2 || !(events > 0) {
		return
	}
	mean := events / n
	seen := ((to.squares-from.squares)*(to.exposure-from.exposure)/events - events) / (n - 1)
	most := max(1, seen)
	q := (to.shares - from.shares) / n
	nu := (n - 1) / (1 + rateCurt*most/mean) * 4 * q * (1 - q)
	if !(nu > 0) || math.IsInf(seen, 1) {
		return
	}
	best := -nu / 2 * (math.Log(most) + 1)
	factor := mean / 2 * (q*q + (1-q)*(1-q))
	for k := range weights {
		m := &rateModels[k]
		disp, logDisp := m.bunch, 0.0
		if k < rateBunches {
			logDisp = w.facts.logBunch[k]
		} else {
			disp += factor * m.spread * (1 - m.drift)
			logDisp = math.Log(disp)
		}
		fit := -nu / 2 * (logDisp + seen/disp)
		if most > disp {
			fit = max(fit, best+w.facts.logDoubt)
		}
		weights[k] += fit
	}
}
