package stats

import "math"

// rateOnsets goes through the onsets, from the last one to the first: what the steps
// since an onset say is a sum that grows.
type rateOnsets struct {
	gain    [rateCount][rateEffects]float64 // of each model and effect, cut
	drift   [rateDrifts]rateDrift
	weights [rateCount]float64 // of the models, logarithms
	tops    [rateCount]float64 // of weight and largest gain together
	top     float64            // the largest gain
}

// rateDrift is a Kalman filter that runs backwards, for the limit and for each effect.
type rateDrift struct {
	p     float64 // variance of the level
	null  float64 // log likelihood under the limit, but for the variances of the steps:
	scale float64 // their product, as far as it is not in null
	level [rateEffects + 1]float64
}

// mix adds up the evidence over onsets and fills in c.
func (r *rateOnsets) mix(w *rateNoise, o *RateOptions, c *RateChange) {
	*r = rateOnsets{}
	for i := range r.drift {
		r.drift[i].p, r.drift[i].scale = rateModels[rateStill+i].spread, 1
	}
	n, planned := len(w.steps), max(1, o.Planned/o.Block)
	each := math.Log((1 - rateFirst) / float64(planned))
	c.Onset = w.steps[0].at
	ratio, onset := math.Inf(-1), n
	for s := n - 1; s >= 0; s-- {
		events := w.steps[s].y > 0
		if events {
			r.take(w, s)
		}
		for i := range r.drift {
			r.drift[i].age(&rateModels[rateStill+i])
		}
		if s > n-rateLasting || s >= planned && s > 0 {
			continue
		}
		if events || onset == n {
			ratio, onset = r.ratio(w, s, o), s
		}
		weight := each
		if s == 0 {
			weight = math.Log(rateFirst)
		}
		e := weight + ratio
		if c.LogE = LogAdd(c.LogE, e); e > c.Share {
			c.Share, c.Onset = e, w.steps[onset].at
		}
	}
	r.whole(w)
	c.Unrest = w.unrest(&r.tops)
}

// take adds step s to the sums.
func (r *rateOnsets) take(w *rateNoise, s int) {
	step := &w.steps[s]
	r.top = math.Inf(-1)
	for k := range rateStill {
		inverse, cut := 0.0, 0.0
		if k < rateBunches {
			inverse, cut = w.facts.inverse[k], w.facts.cut[k]
		} else {
			inverse = step.inverse[k]
			cut = rateCut * math.Sqrt(max(inverse, rateLeast))
		}
		g := &r.gain[k]
		for j, l := range &step.gain {
			if l *= inverse; l > cut {
				l = cut
			}
			l += g[j]
			g[j] = l
			if l > r.top {
				r.top = l
			}
		}
	}
	root := math.Sqrt(step.v)
	for i := range r.drift {
		d, g := &r.drift[i], &r.gain[rateStill+i]
		f := rateModels[rateStill+i].bunch + step.v*d.p
		half, weight := 1/(2*f), d.p*root/f
		v := step.root[0] - root*d.level[0]
		d.level[0] += weight * v
		null := v * v * half
		d.null -= null
		if d.scale *= f; d.scale > rateLarge {
			d.null, d.scale = d.null-math.Log(d.scale)/2, 1
		}
		for j := range g {
			v := step.root[j+1] - root*d.level[j+1]
			d.level[j+1] += weight * v
			l := null - v*v*half
			if l > rateCut {
				l = rateCut
			}
			l += g[j]
			g[j] = l
			if l > r.top {
				r.top = l
			}
		}
		d.p -= weight * root * d.p
	}
}

// age lets a step go by.
func (d *rateDrift) age(m *rateModel) {
	for j := range d.level {
		d.level[j] *= m.drift
	}
	d.p = m.drift*m.drift*d.p + (1-m.drift*m.drift)*m.spread
}

// weigh is what each model says about all steps under H0, with onset s.
func (r *rateOnsets) weigh(w *rateNoise, s int) {
	for k := range r.weights {
		r.weights[k] = w.whole[k] + w.before[s][k]
	}
	for i := range r.drift {
		d := &r.drift[i]
		r.weights[rateStill+i] += d.null - math.Log(d.scale*w.scales[s][i])/2
	}
	w.crowding(&r.weights, 0, s)
	w.crowding(&r.weights, s, len(w.steps))
}

// ratio is the log e-value of onset s.
func (r *rateOnsets) ratio(w *rateNoise, s int, o *RateOptions) float64 {
	if r.top < o.Ignore {
		return math.Inf(-1)
	}
	r.weigh(w, s)
	most, best := math.Inf(-1), math.Inf(-1)
	for k, weight := range &r.weights {
		top := math.Inf(-1)
		for _, g := range &r.gain[k] {
			if g > top {
				top = g
			}
		}
		r.tops[k] = weight + top
		best = max(best, r.tops[k])
		if o.Strict {
			weight -= math.Log(rateModels[k].weight)
		}
		most = max(most, weight)
	}
	null, change := 0.0, 0.0
	for k, weight := range &r.weights {
		if weight > most-rateNone {
			null += expBelow(weight - most)
		}
		least := best - weight - rateTail
		for j, g := range &r.gain[k] {
			if g > least {
				change += rateWeights[j] * expBelow(weight+g-best)
			}
		}
	}
	if o.Strict {
		null = 1
	}
	return best + math.Log(change) - most - math.Log(null)
}

// expBelow is exp(x) for x from -40 to 1, to 1e-9 of it: half of the time of a look
// goes into it. 2^k exp(r) with a whole k and |r| <= log(2)/2, by the Taylor series.
func expBelow(x float64) float64 {
	const whole = 3 << 51 // adding it rounds to whole numbers, which are its last bits
	t := x*math.Log2E + whole
	r := x - (t-whole)*math.Ln2
	r2 := r * r
	low := 1 + r + r2*(1.0/2+r*(1.0/6)+r2*(1.0/24+r*(1.0/120)))
	high := 1.0/720 + r*(1.0/5040) + r2*(1.0/40320)
	return (low + r2*r2*r2*high) * math.Float64frombits((math.Float64bits(t)+1023)<<52)
}
