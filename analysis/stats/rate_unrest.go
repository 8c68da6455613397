package stats

import (
	"math"
	"slices"
)

// whole turns the weights of onset 0 into those of a mean that may be anything: lower
// than the limit, or higher by one of the effects.
func (r *rateOnsets) whole(w *rateNoise) {
	r.weigh(w, 0)
	n := len(w.steps)
	for k := range r.weights {
		below := w.before[n][k]
		if k >= rateStill {
			d := &r.drift[k-rateStill]
			below -= d.null + math.Log(w.scales[n][k-rateStill]/d.scale)/2
		}
		r.tops[k] = r.weights[k] + max(0, below, slices.Max(r.gain[k][:]))
	}
}

// unrest is by how much more the counts scatter than binomial ones, as a mean over the
// models, by what they say of the counts with the change that fits best.
func (w *rateNoise) unrest(tops *[rateCount]float64) float64 {
	v1, v2 := 0.0, 0.0
	for i := range w.steps {
		v := w.steps[i].v
		v1, v2 = v1+v, v2+v*v
	}
	best := slices.Max(tops[:])
	sum, all := 0.0, 0.0
	for k, top := range tops {
		if top < best-rateNone {
			continue
		}
		m := &rateModels[k]
		weight := math.Exp(top - best)
		all += weight
		sum += weight * (m.bunch + v2/v1*m.spread*(1+m.drift)/(1-m.drift))
	}
	if u := sum / all; u > 1 {
		return u
	}
	return 1
}
