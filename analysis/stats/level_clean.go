package stats

import (
	"math"
	"slices"
)

// levelSpike is what a value may exceed its surroundings by, in units of the robust scale
// of an innovation.
const levelSpike = 2.5

// clean makes the values safe for a likelihood that is Gaussian. What lasts fewer than
// LevelLasting values is no level: each value is cut at levelSpike above the opening of
// the series, the highest level that some LevelLasting values in a row around it all
// reach, and at the same distance below its closing. A single spike, or several side by
// side, are gone; a change that lasts is untouched. What would look like the change that
// is asked for is cut first, from above or, with Options.Down, from below: two spikes
// with little between them must not become a level.
//
// The scale is 1.4826 times the median absolute deviation of y[t] - y[t-1]/2, with a
// correction for small samples; if more than half of those are the same, 1.2533 times
// the mean absolute deviation. A series that does not move at all stays what it is.
//
// Reference: Martin and Thomson (1982), Robust-resistant spectrum estimation, and
// Serra (1982), Image Analysis and Mathematical Morphology, for opening and closing.
func (l *Level) clean(values []float64) {
	l.values = append(l.values[:0], values...)
	l.scale = l.innovationScale(values)
	if l.scale > 0 {
		gap, first := levelSpike*l.scale, 1.0
		if l.opts.Down {
			first = -1
		}
		l.opening(l.values, first, gap)
		l.opening(l.values, -first, gap)
	}
	l.prefix = resize(l.prefix, l.n+1)
	sum := 0.0
	for t, v := range l.values {
		l.prefix[t] = sum
		sum += v
	}
	l.prefix[l.n] = sum
}

func (l *Level) innovationScale(y []float64) float64 {
	e := l.scratch[:0]
	for t := 1; t < len(y); t++ {
		e = append(e, y[t]-y[t-1]/2)
	}
	l.scratch = e
	middle := medianInPlace(e)
	for i := range e {
		e[i] = math.Abs(e[i] - middle)
	}
	if s := 1.4826 * medianInPlace(e) * (1 + 2/float64(len(y))); s > 0 {
		return s
	}
	sum := 0.0
	for _, v := range e {
		sum += v
	}
	return 1.2533 * sum / float64(len(e))
}

// opening cuts every value at gap above the highest minimum of the windows that hold
// it; sign -1 does the same upside down.
func (l *Level) opening(y []float64, sign, gap float64) {
	n, w := len(y), LevelLasting
	l.scratch = resize(l.scratch, n-w+1)
	low := l.scratch // low[a]: minimum of the window that begins at a
	for a := range low {
		least := sign * y[a]
		for _, v := range y[a+1 : a+w] {
			least = min(least, sign*v)
		}
		low[a] = least
	}
	for t := range y {
		reached := math.Inf(-1)
		for a := max(0, t-w+1); a <= min(t, n-w); a++ {
			reached = max(reached, low[a])
		}
		if reached += gap; sign*y[t] > reached {
			y[t] = sign * reached
		}
	}
}

// medianInPlace sorts its argument.
func medianInPlace(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	if n%2 == 1 {
		return x[n/2]
	}
	return x[n/2-1]/2 + x[n/2]/2
}

// resize returns a slice of length n with the same room where it suffices. What is in
// it is undefined.
func resize(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n, n+n/2)
	}
	return s[:n]
}
