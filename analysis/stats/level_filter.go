package stats

import "math"

// modelSums are what one model needs to know of the values. Filtered by the model,
// values become innovations e[t]; a series of ones becomes c[t]; a step at s becomes
// x[t-s]. The sums run from t to the end.
type modelSums struct {
	ee, ec, cc []float64 // of e^2, e c, c^2
	ex, cx     []float64 // of e[t+j] x[j], c[t+j] x[j]

	// xx[j] is the sum of x[0..j-1]^2 and x the next one; they do not depend on the
	// values and grow with the longest series seen.
	xx []float64
	x  float64
}

// filter computes the sums of all models, in time proportional to n.
func (l *Level) filter() {
	l.scratch, l.spare = resize(l.scratch, l.n), resize(l.spare, l.n)
	for k := range l.facts {
		l.sums[k].filter(&l.facts[k], l.values, l.scratch, l.spare)
	}
}

// filter fills the sums; e and c are room to work in.
func (m *modelSums) filter(f *modelFacts, y, e, c []float64) {
	n := len(y)
	u, uc := y[0]/f.gain, 1/f.gain
	root := math.Sqrt(f.gain)
	e[0], c[0] = y[0]/root, 1/root
	for t := 1; t < n; t++ {
		u = y[t] - f.phi*y[t-1] + f.theta*u
		uc = 1 - f.phi + f.theta*uc
		e[t], c[t] = u, uc
	}
	for _, s := range []*[]float64{&m.ee, &m.ec, &m.cc, &m.ex, &m.cx} {
		*s = resize(*s, n)
	}
	m.steps(f, n)
	// x[j] = reach + (1-reach) theta^j, so two running sums make the sum over x.
	var ee, ec, cc, se, he, sc, hc float64
	for t := n - 1; t >= 0; t-- {
		ee += e[t] * e[t]
		ec += e[t] * c[t]
		cc += c[t] * c[t]
		se, he = se+e[t], e[t]+f.theta*he
		sc, hc = sc+c[t], c[t]+f.theta*hc
		m.ee[t], m.ec[t], m.cc[t] = ee, ec, cc
		m.ex[t] = f.reach*se + (1-f.reach)*he
		m.cx[t] = f.reach*sc + (1-f.reach)*hc
	}
}

// steps extends the sums over x[j]^2 to n steps.
func (m *modelSums) steps(f *modelFacts, n int) {
	if len(m.xx) == 0 {
		m.xx, m.x = append(m.xx, 0), 1
	}
	for j := len(m.xx); j <= n; j++ {
		m.xx = append(m.xx, m.xx[j-1]+m.x*m.x)
		m.x = 1 - f.phi + f.theta*m.x
	}
}
