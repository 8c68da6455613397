package stats

import "math"

// LevelNoise is what earlier values say about the noise of a series: how far they
// stray from 0 and how they hang together. Its zero value says nothing.
type LevelNoise struct {
	Samples      int       // values behind it
	Mean, SD     float64   // of the values
	Correlations []float64 // between values 1, 2, .. apart, about the mean
}

// Constants of how far earlier noise is trusted.
const (
	// levelTrust bounds what earlier values count for, however many there are: noise
	// changes with time.
	levelTrust = 240
	// levelDoubt is the chance that the noise is another one now.
	levelDoubt = 0.1
	// levelRange is the width of the prior on the logarithm of the scale that
	// the other noise has.
	levelRange = 7
)

// LevelLags is how many correlations are of use.
const LevelLags = 40

// Learn computes the noise of earlier values, cleaned the way Load does. Values must
// be finite; fewer than LevelMin say nothing.
func (l *Level) Learn(values []float64, opts LevelOptions) LevelNoise {
	var n LevelNoise
	if len(values) < LevelMin {
		return n
	}
	l.opts, l.n = opts, len(values)
	l.clean(values)
	count := float64(l.n)
	n.Samples, n.Mean = l.n, l.prefix[l.n]/count
	covariance := func(k int) float64 {
		sum := 0.0
		for t := k; t < l.n; t++ {
			sum += (l.values[t] - n.Mean) * (l.values[t-k] - n.Mean)
		}
		return sum / count
	}
	variance := covariance(0)
	if n.SD = math.Sqrt(variance); n.SD == 0 {
		return n
	}
	n.Correlations = make([]float64, min(LevelLags, l.n-1))
	for k := range n.Correlations {
		n.Correlations[k] = covariance(k+1) / variance
	}
	return n
}

// knownNoise is LevelNoise as the models need it.
type knownNoise struct {
	there   bool
	freedom float64
	squares [levelCount]float64 // sum of squared innovations of each model

	logNull, logChange float64 // of the earlier values, summed over the models
	// Log weights of noise unlike the earlier one, and like it: without a change in
	// the mean, and with one.
	doubt, trust [2]float64
}

// load computes what each model makes of earlier values. As good releases made them,
// their mean is one that is fine; what it exceeds the limits by counts as noise.
func (h *knownNoise) load(n *LevelNoise, l *Level) {
	*h = knownNoise{}
	if n == nil || n.Samples < LevelMin || !(n.SD > 0) {
		return
	}
	h.there = true
	h.freedom = 1 / (1/float64(n.Samples) + 1.0/levelTrust)
	off := n.Mean - max(-l.opts.Below, min(l.opts.Above, n.Mean))
	variance := n.SD * n.SD
	null, change := &l.nulls, &l.changes
	null.reset()
	change.reset()
	for k := range l.facts {
		f := &l.facts[k]
		// The innovations' variance is a sum over autocovariances: those of the
		// weights pi[0] = 1, pi[j] = (theta-phi) theta^(j-1) that make innovations.
		q := f.theta - f.phi
		rest := q * q / (1 - f.theta*f.theta)
		sum := (1 + rest) * (variance + off*off)
		power := 1.0
		for _, r := range n.Correlations {
			sum += 2 * power * (q + f.theta*rest) * (r*variance + off*off)
			if power *= f.theta; power == 0 {
				break
			}
		}
		sum = max(sum, 1e-6*variance)
		h.squares[k] = h.freedom * sum
		log := -h.freedom/2*math.Log(h.squares[k]) - 2*math.Log(1+l.bend*f.gain*sum)
		null.add(f.logNull+log, 1)
		change.add(f.logKnown+log, 1)
	}
	h.logNull, h.logChange = null.log(), change.log()
	for i := range h.doubt {
		nu := float64(l.n - i)
		pi := nu / 2 * math.Log(math.Pi)
		h.doubt[i] = math.Log(levelDoubt/levelRange) + logGamma(nu/2) - pi
		h.trust[i] = math.Log(1-levelDoubt) + logGamma((nu+h.freedom)/2) - logGamma(h.freedom/2) - pi
	}
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
