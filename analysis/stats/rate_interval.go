package stats

import "math"

// RateTotals are sums over steps.
type RateTotals struct {
	Canary, Baseline             float64 // events
	CanaryTotals, BaselineTotals float64
	Steps                        int
}

// Totals sums up the steps from an onset on.
func (r *Rate) Totals(onset int) RateTotals {
	var t RateTotals
	for _, s := range r.since(onset) {
		t.Canary, t.CanaryTotals = t.Canary+s.x, t.CanaryTotals+s.c
		t.Baseline, t.BaselineTotals = t.Baseline+s.z, t.BaselineTotals+s.b
		t.Steps++
	}
	return t
}

func (r *Rate) since(onset int) []rateRaw {
	_, after := r.split(onset)
	return after
}

func (r *Rate) split(onset int) (before, after []rateRaw) {
	i := 0
	for i < len(r.raw) && r.raw[i].at < onset {
		i++
	}
	return r.raw[:i], r.raw[i:]
}

// Estimate is the ratio of the canary's rate to the baseline's over the steps from an
// onset on: the one under which the canary's events are what is expected of them,
// given those of both sides in each step. NaN without events, +Inf if only the canary
// has some.
func (r *Rate) Estimate(onset int) float64 {
	return estimate(r.since(onset))
}

func estimate(steps []rateRaw) float64 {
	x, z := 0.0, 0.0
	for i := range steps {
		x, z = x+steps[i].x, z+steps[i].z
	}
	return ratio(steps, x/(x+z), x+z)
}

// scatterPrior is how many degrees of freedom without over-dispersion Scatter starts
// from: a few steps must not say that events are bunched a hundredfold.
const scatterPrior = 3

// Scatter is by how much more the canary's events scatter about what the ratios fit,
// one before the onset and one from it on, than binomial ones would: at least 1.
//
// Formula: (sum over steps of (x - y p)^2 / (y p (1-p)) + 3) / (steps - ratios + 3),
// Pearson's dispersion shrunk to 1.
//
// Reference: McCullagh and Nelder (1989), Generalized linear models, 4.5.
func (r *Rate) Scatter(onset int) float64 {
	chi, freedom := float64(scatterPrior), float64(scatterPrior)
	before, after := r.split(onset)
	for _, steps := range [][]rateRaw{before, after} {
		fitted := estimate(steps)
		if !(fitted > 0) || math.IsInf(fitted, 1) {
			continue // no events on one side: nothing that could scatter
		}
		freedom--
		for i := range steps {
			s := &steps[i]
			y, p := s.x+s.z, fitted*s.c/(fitted*s.c+s.b)
			if v := y * p * (1 - p); v > 0 {
				gap := s.x - y*p
				chi, freedom = chi+gap*gap/v, freedom+1
			}
		}
	}
	return max(1, chi/max(1, freedom))
}

// Interval returns the ratios that the counts from the onset on do not speak against:
// those with a log e-value below threshold. With threshold log(1/alpha), for an onset
// that was fixed beforehand, it holds the true ratio with probability 1 - alpha at all
// lengths of the series at once, if unrest is 1 and events are independent. Otherwise
// the counts are divided by unrest, which is as good as the estimate of it.
//
// Formula: the canary's X of Y events have the mean share p(R) = sum y p(R) / Y under
// the ratio R; e(R) = B(X + 1/2, Y - X + 1/2) / B(1/2, 1/2) / (p^X (1-p)^(Y-X)), the
// likelihood ratio mixed over a beta distribution of the share. Shares that differ
// from step to step only lower its expectation, because log(1 + p (r-1)) is concave
// in p. Without events: from 0 to +Inf.
//
// Reference: Robbins (1970), Statistical methods related to the law of the iterated
// logarithm, Annals of Mathematical Statistics 41, 1397-1409. Checked against: full
// enumeration and simulation.
func (r *Rate) Interval(onset int, threshold, unrest float64) (lo, hi float64) {
	t := r.Totals(onset)
	x, z := t.Canary/unrest, t.Baseline/unrest
	if !(x+z > 0) {
		return 0, math.Inf(1)
	}
	all := t.Canary + t.Baseline
	steps := r.since(onset)
	lo = ratio(steps, shareEnd(x, z, threshold, -1), all)
	return lo, max(lo, ratio(steps, shareEnd(x, z, threshold, 1), all))
}

// LogWithin weighs whether the canary's rate is below a limit from the onset on; with
// fall whether the baseline's is, the limit being the canary's Ratio times plus Plus. It
// is the e-value of Interval for one side of it: -Inf where the counts lie on the other.
func (r *Rate) LogWithin(onset int, limit RateLimit, fall bool, unrest float64) float64 {
	x, y, p := r.against(onset, limit, fall)
	if !(p > 0 && p < 1) || x >= y*p {
		return math.Inf(-1)
	}
	x, y = x/unrest, y/unrest
	return logAgainstShare(x, y-x, p, logMixed(x, y-x))
}

// Information is how many nats the steps from the onset on hold on average to tell
// equal rates from the limit, see LogWithin. It takes about log(1/alpha) of them, and
// some more for what is not known.
func (r *Rate) Information(onset int, limit RateLimit, fall bool, unrest float64) float64 {
	_, y, p := r.against(onset, limit, fall)
	t := r.Totals(onset)
	own := t.CanaryTotals
	if fall {
		own = t.BaselineTotals
	}
	if !(p > 0 && p < 1) {
		return 0
	}
	x := (t.Canary + t.Baseline) * own / (t.CanaryTotals + t.BaselineTotals)
	return deviance(min(x, y), y, p) / 2 / unrest
}

// against are the events of the side that may be worse, those of both with what the
// limit stands for, and the mean share under the limit.
func (r *Rate) against(onset int, limit RateLimit, fall bool) (x, y, p float64) {
	for _, s := range r.since(onset) {
		own, c, b := s.x, s.c, s.b
		if fall {
			own, c, b = s.z, s.b, s.c
		}
		all := s.x + s.z + limit.Plus/limit.Ratio*b
		x, y = x+own, y+all
		p += all * limit.Ratio * c / (limit.Ratio*c + b)
	}
	return x, y, p / y
}

// logMixed is the log likelihood of x in x+z events, mixed over their share:
// B(x + 1/2, z + 1/2) / B(1/2, 1/2).
func logMixed(x, z float64) float64 { return logBeta(x+0.5, z+0.5) - math.Log(math.Pi) }

// logAgainstShare is the log e-value against the share p of x in x+z events, whose
// logMixed is mixed.
func logAgainstShare(x, z, p, mixed float64) float64 {
	e := mixed
	if x > 0 {
		e -= x * math.Log(p)
	}
	if z > 0 {
		e -= z * math.Log1p(-p)
	}
	return e
}

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}

// shareEnd is the end of the interval of shares, downwards (-1) or upwards (1), by
// bisection of the log odds.
func shareEnd(x, z, threshold, sign float64) float64 {
	if sign < 0 && x == 0 {
		return 0
	}
	if sign > 0 && z == 0 {
		return 1
	}
	mixed := logMixed(x, z)
	share := func(odds float64) float64 { return 1 / (1 + math.Exp(-odds)) }
	inside := func(odds float64) bool {
		p := share(odds)
		return p > 0 && p < 1 && logAgainstShare(x, z, p, mixed) < threshold
	}
	near, step := math.Log((x+1e-9)/(z+1e-9)), sign/4
	for inside(near + step) {
		near, step = near+step, step*2
	}
	for range 24 {
		if step /= 2; inside(near + step) {
			near += step
		}
	}
	return share(near)
}

// ratio is the one that gives the canary this share of the events of some steps.
// all is their number. On the scale of log odds the share is nearly straight in the
// logarithm of the ratio: Newton's method there, and bisection where it leads astray.
func ratio(steps []rateRaw, share, all float64) float64 {
	switch {
	case math.IsNaN(share):
		return math.NaN()
	case share <= 0:
		return 0
	case share >= 1:
		return math.Inf(1)
	}
	odds := math.Log(share / (1 - share))
	log, low, high := 0.0, -700.0, 700.0
	for range 100 {
		ratio := math.Exp(log)
		sum, slope := 0.0, 0.0
		for i := range steps {
			s := &steps[i]
			p := ratio * s.c / (ratio*s.c + s.b)
			sum += (s.x + s.z) * p
			slope += (s.x + s.z) * p * (1 - p)
		}
		now := sum / all
		gap := odds - math.Log(now/(1-now))
		if gap > 0 {
			low = log
		} else {
			high = log
		}
		next := log + gap*now*(1-now)*all/slope
		if !(next >= low && next <= high) {
			next = (low + high) / 2
		}
		if log, next = next, log; math.Abs(next-log) < 1e-12 {
			break
		}
	}
	return math.Exp(log)
}
