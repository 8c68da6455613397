package stats

import "math"

// rateNoise holds the steps of one direction, and what the noise models say about
// them under H0.
type rateNoise struct {
	facts rateFacts
	steps []rateStep
	// before[s] is what each model says about the steps before s: their mean is the
	// limit, or lower if that fits better. For models without drift it is relative to
	// whole, for the others it is all there is to say but for the variances of the
	// steps: their product is scales.
	before [][rateCount]float64
	scales [][rateDrifts]float64
	whole  [rateCount]float64
	crowds []rateCrowd // of the steps before s
}

// rateStep is a block of steps of one direction.
type rateStep struct {
	x, y, p  float64 // events of the side that may be worse, of both, and the share under H0
	v        float64 // variance y p (1-p)
	off      float64 // deviance under H0
	z        float64 // events that were seen on both sides, without those that a tolerance stands for
	exposure float64 // of both sides
	at       int     // index of its first step

	gain    [rateEffects]float64 // l(r)
	inverse [rateStill]float64   // 1/psi of the models without drift; of bunches alone it is in the facts
	root    [rateEffects + 1]float64
}

// load reports whether there are any events.
func (w *rateNoise) load(raw []rateRaw, o *RateOptions, limit RateLimit, fall bool) bool {
	if w.facts.inverse[0] == 0 {
		w.facts = newRateFacts()
	}
	w.steps = w.steps[:0]
	block := -1
	for i := range raw {
		s := &raw[i]
		x, c, z, b := s.x, s.c, s.z, s.b
		if fall {
			x, c, z, b = z, b, x, c
		}
		if s.at/o.Block != block || len(w.steps) == 0 {
			block = s.at / o.Block
			w.steps = append(w.steps, rateStep{at: s.at})
		}
		p := limit.Ratio * c / (limit.Ratio*c + b)
		y := x + z + limit.Plus/limit.Ratio*b
		// Within a block the share is that of the events: a mean of binomial variables
		// varies less than one with the mean share.
		t := &w.steps[len(w.steps)-1]
		if t.y += y; t.y > 0 {
			t.p += (p - t.p) * y / t.y
		} else {
			t.p = p
		}
		t.x, t.z, t.exposure = t.x+x, t.z+x+z, t.exposure+c+b
	}
	return w.weigh()
}

// weigh fills in what follows from the counts.
func (w *rateNoise) weigh() bool {
	sum, some := 0.0, 0.0
	for i := range w.steps {
		if s := &w.steps[i]; s.y > 0 {
			s.v = s.y * s.p * (1 - s.p)
			s.off = deviance(s.x, s.y, s.p)
			for j := range s.gain {
				s.gain[j] = s.x*w.facts.logFactor[j] - s.y*math.Log1p(s.p*w.facts.excess[j])
			}
			sum, some = sum+s.v, some+1
		}
	}
	if some == 0 {
		return false
	}
	if n := len(w.steps) + 1; cap(w.before) < n {
		w.before = make([][rateCount]float64, n, 2*n)
		w.scales = make([][rateDrifts]float64, n, 2*n)
		w.crowds = make([]rateCrowd, n, 2*n)
	}
	n := len(w.steps) + 1
	w.before, w.scales, w.crowds = w.before[:n], w.scales[:n], w.crowds[:n]
	mean := sum / some
	for k := range rateModels {
		m := &rateModels[k]
		w.whole[k] = math.Log(m.weight * mean / (mean + m.busy))
	}
	for k := range rateBunches {
		w.bunches(k, some)
	}
	for k := rateBunches; k < rateStill; k++ {
		w.spreads(k)
	}
	w.roots()
	for k := rateStill; k < rateCount; k++ {
		w.drifts(k)
	}
	w.crowd()
	return true
}

// deviance is twice the log likelihood ratio of the share x/y to p.
func deviance(x, y, p float64) float64 {
	d := 0.0
	if x > 0 {
		d += x * math.Log(x/(y*p))
	}
	if x < y {
		d += (y - x) * math.Log((y-x)/(y*(1-p)))
	}
	return max(0, 2*d)
}

// lower is by how much a mean below the limit fits better: score and information are
// those of the limit.
func lower(score, information float64) float64 {
	if score < 0 {
		return score * score / information / 2
	}
	return 0
}

// bunches is the quasi-likelihood of a model with constant psi, of so many steps with
// events: the sum of -1/2 off/psi - 1/2 log psi.
func (w *rateNoise) bunches(k int, steps float64) {
	off, score, information := 0.0, 0.0, 0.0
	inverse := w.facts.inverse[k]
	for t := range w.steps {
		w.before[t][k] = lower(score, information)
		if s := &w.steps[t]; s.y > 0 {
			off += s.off * inverse
			score += (s.x - s.y*s.p) * inverse
			information += s.v * inverse
		}
	}
	w.before[len(w.steps)][k] = lower(score, information)
	w.whole[k] -= off/2 + steps*w.facts.logBunch[k]/2
}

// spreads is the same with psi = bunch + spread v.
func (w *rateNoise) spreads(k int) {
	m := &rateModels[k]
	off, score, information, logs, product := 0.0, 0.0, 0.0, 0.0, 1.0
	for t := range w.steps {
		w.before[t][k] = lower(score, information)
		s := &w.steps[t]
		if s.y <= 0 {
			continue
		}
		psi := m.bunch + m.spread*s.v
		inverse := 1 / psi
		s.inverse[k] = inverse
		off += s.off * inverse
		score += (s.x - s.y*s.p) * inverse
		information += s.v * inverse
		if product *= psi; product > rateLarge {
			logs, product = logs+math.Log(product), 1
		}
	}
	w.before[len(w.steps)][k] = lower(score, information)
	w.whole[k] -= off/2 + (logs+math.Log(product))/2
}

// roots are the signed roots of the deviance under the limit and under each effect:
// about normal, with variance 1 around the root of v times what the rates' ratio is
// off by.
func (w *rateNoise) roots() {
	for t := range w.steps {
		s := &w.steps[t]
		if s.y <= 0 {
			continue
		}
		s.root[0] = math.Copysign(math.Sqrt(s.off), s.x-s.y*s.p)
		for j := range s.gain {
			e := rateFactors[j]
			mean := s.y * s.p * e / (1 + s.p*w.facts.excess[j])
			s.root[j+1] = math.Copysign(math.Sqrt(max(0, s.off-2*s.gain[j])), s.x-mean)
		}
	}
}

// drifts is the likelihood of a model whose rates wander: a Kalman filter over the
// roots, and next to it one over the response to a constant, for the mean below the
// limit.
func (w *rateNoise) drifts(k int) {
	m := &rateModels[k]
	p, level, response := m.spread, 0.0, 0.0
	off, score, information, scale := 0.0, 0.0, 0.0, 1.0
	for t := 0; ; t++ {
		w.before[t][k] = lower(score, information) - off/2
		w.scales[t][k-rateStill] = scale
		if t == len(w.steps) {
			return
		}
		if s := &w.steps[t]; s.y > 0 {
			root := math.Sqrt(s.v)
			f := m.bunch + s.v*p
			v, h := s.root[0]-root*level, root-root*response
			off += v * v / f
			score += v * h / f
			information += h * h / f
			if scale *= f; scale > rateLarge {
				off, scale = off+math.Log(scale), 1
			}
			gain := p * root / f
			level += gain * v
			response += gain * h
			p -= gain * root * p
		}
		level, response = m.drift*level, m.drift*response
		p = m.drift*m.drift*p + (1-m.drift*m.drift)*m.spread
	}
}
