package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// plainLevel is Level again, from its description and without any shortcut: every
// model is a matrix that turns values into innovations, every onset is computed in
// full, and nothing is kept from one to the next.
type plainLevel struct {
	y    []float64 // cleaned
	opts LevelOptions
}

// whiten builds the matrix of a model by what it makes of each unit vector.
func whiten(f *modelFacts, n int) [][]float64 {
	w := make([][]float64, n)
	for t := range w {
		w[t] = make([]float64, n)
	}
	for j := range n {
		u := 0.0
		for t := range n {
			y, before := 0.0, 0.0
			if t == j {
				y = 1
			}
			if t-1 == j {
				before = 1
			}
			if t == 0 {
				u = y / f.gain
				w[0][j] = y / math.Sqrt(f.gain)
				continue
			}
			u = y - f.phi*before + f.theta*u
			w[t][j] = u
		}
	}
	return w
}

func times(w [][]float64, v []float64) []float64 {
	out := make([]float64, len(w))
	for t := range w {
		for j, x := range v {
			out[t] += w[t][j] * x
		}
	}
	return out
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// ratio is the log evidence of one onset.
func (p *plainLevel) ratio(s int, sign, limit float64, unsteady bool) float64 {
	n := len(p.y)
	fine := p.opts.Above
	if sign < 0 {
		fine = p.opts.Below
	}
	nu, before := float64(n), 0.0
	if s > 0 {
		nu--
		sum := 0.0
		for _, v := range p.y[:s] {
			sum += v
		}
		before = min(fine, sign*sum/float64(s+1))
	}
	floor := nu * levelFloor * fine * levelFloor * fine
	if fine == 0 {
		floor = nu * levelZero * levelZero
	}
	resid, step := make([]float64, n), make([]float64, n)
	for t := range resid {
		resid[t] = sign*p.y[t] - before
		if t >= s {
			resid[t], step[t] = sign*p.y[t]-limit, 1
		}
	}
	facts := newModelFacts()
	var nulls, changes, largest float64
	for k := range facts {
		f := &facts[k]
		w := whiten(f, n)
		for _, factor := range []float64{1, levelUnsteady} {
			weight := math.Exp(f.start)
			if s > 0 {
				weight *= math.Exp(f.jump)
			}
			e, x := times(w, resid), times(w, step)
			if factor != 1 {
				if !unsteady {
					continue
				}
				weight *= levelUnsteadyWeight * math.Pow(factor, float64(s-n))
				for t := s; t < n; t++ {
					e[t] /= factor
					x[t] /= factor
				}
			}
			null, a, b := dot(e, e)+floor, dot(x, x), dot(e, x)
			rest := null - b*b/(a+f.prior)
			bend := func(r float64) float64 {
				if p.opts.FreeScale {
					return 1
				}
				return math.Pow(1+r*f.gain/(nu*levelPrior*levelPrior), -2)
			}
			l0 := weight * math.Pow(null, -nu/2) * bend(null)
			t := b / math.Sqrt((a+f.prior)*rest/nu)
			z := math.Copysign(math.Sqrt(nu*math.Log1p(t*t/nu)), t) * (1 - 3/(4*nu+1))
			l1 := weight * math.Pow(rest, -nu/2) * bend(rest) * math.Sqrt(f.prior/(a+f.prior)) * math.Erfc(-z/math.Sqrt2)
			largest = max(largest, l0)
			nulls += l0 * math.Exp(f.logNull)
			if f.change > 0 {
				changes += l1 * math.Exp(f.logChange)
			}
		}
	}
	if p.opts.Strict {
		return math.Log(changes / largest)
	}
	return math.Log(changes / nulls)
}

// rise is the mixture over onsets.
func (p *plainLevel) rise() float64 {
	sum := 0.0
	for s := p.opts.From; s <= len(p.y)-LevelLasting; s++ {
		w := p.opts.Each
		if s == p.opts.From {
			w = p.opts.First
		}
		sum += w * math.Exp(p.ratio(s, 1, p.opts.Above, s > 0))
	}
	return math.Log(sum)
}

func randomLevel(g *rand.Rand) ([]float64, LevelOptions) {
	y := make([]float64, LevelMin+g.IntN(25))
	phi, sd, x := g.Float64(), 0.02+0.2*g.Float64(), 0.0
	shift, onset := 0.5*g.Float64(), g.IntN(len(y))
	for t := range y {
		x = phi*x + sd*g.NormFloat64()
		y[t] = x
		if t >= onset {
			y[t] += shift
		}
	}
	o := LevelOptions{Above: 0.05 * float64(g.IntN(2)), Below: 0.051, First: 0.6, Each: 0.4 / 60}
	o.Strict, o.FreeScale = g.IntN(3) == 0, g.IntN(3) == 0
	return y, o
}

// Every onset agrees with the plain computation to 1e-9; the mixture leaves out onsets
// that add next to nothing, so it is never more, and less by 0.2 at most where it
// matters.
func TestLevelPlain(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	var l Level
	for range 200 {
		y, o := randomLevel(g)
		if g.IntN(4) == 0 {
			o.From = g.IntN(len(y) - LevelMin + 1)
		}
		if !l.Load(y, o) {
			t.Fatalf("%d values are not enough", len(y))
		}
		p := plainLevel{y: l.values, opts: o}
		for s := o.From; s <= len(y)-LevelLasting; s++ {
			q := l.question(s, 1, o.Above)
			if got, want := l.ratio(&q, s > 0, o.Strict), p.ratio(s, 1, o.Above, s > 0); math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
				t.Fatalf("onset %d of %d, %+v: %.12f, plain %.12f", s, len(y), o, got, want)
			}
		}
		limit := 0.3 * (g.Float64() - 0.5)
		strict := p
		strict.opts.Strict = true
		if got, want := l.LogAtLeast(o.From, -1, limit, true), strict.ratio(o.From, -1, -limit, false); math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
			t.Fatalf("at least %v: %.12f, plain %.12f", limit, got, want)
		}
		got, want := l.Rise().LogE, p.rise()
		if got > want+1e-9 || want > 0 && got < want-0.2 {
			t.Fatalf("rise %v, plain %v", got, want)
		}
	}
}

// The matrix of a first-order model makes white noise of noise with the stationary
// covariance phi^|i-j| / (1 - phi^2): W C W' is the unit matrix.
func TestLevelModelsWhiten(t *testing.T) {
	facts := newModelFacts()
	const n = 12
	for k := range facts {
		f := &facts[k]
		if f.theta != 0 {
			continue
		}
		w := whiten(f, n)
		for i := range n {
			column := make([]float64, n)
			for j := range n {
				for m := range n {
					column[j] += math.Pow(f.phi, math.Abs(float64(j-m))) / (1 - f.phi*f.phi) * w[i][m]
				}
			}
			for j, v := range times(w, column) {
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(v-want) > 1e-12 {
					t.Fatalf("phi %v: element %d,%d is %v", f.phi, i, j, v)
				}
			}
		}
	}
}

// The closed form for the shift agrees with integrating its likelihood numerically: the
// scale by the gamma integral, the shift by Simpson's rule. What is left is the normal
// approximation of Student's distribution: within 2 % where the values speak for a shift,
// and 15 % where they speak against it.
func TestLevelIntegral(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		nu := float64(8 + g.IntN(80))
		prior, a := 0.01+g.Float64(), 1+60*g.Float64()
		null := 0.5 + g.Float64()
		size := 1.5 * (g.Float64() - 0.3) // of b, in its largest possible value
		b := min(0.95, size) * math.Sqrt(a*null)
		q := func(shift float64) float64 { return null - 2*b*shift + (a+prior)*shift*shift }
		// shift = r tan(v), v from 0 to pi/2
		r, sum := math.Sqrt(null/(a+prior)), 0.0
		const steps = 4000
		for i := 0; i <= steps; i++ {
			v := math.Pi / 2 * float64(i) / steps
			weight := float64(2 + 2*(i%2))
			if i == 0 || i == steps {
				weight = 1
			}
			if c := math.Cos(v); c > 1e-9 {
				sum += weight * math.Pow(q(r*math.Tan(v))/null, -(nu+1)/2) * r / (c * c)
			}
		}
		sum *= math.Pi / 2 / steps / 3
		top, _ := math.Lgamma((nu + 1) / 2)
		bottom, _ := math.Lgamma(nu / 2)
		want := math.Log(2*math.Sqrt(prior/math.Pi/null)*sum) + top - bottom

		var l Level
		l.nulls.reset()
		l.changes.reset()
		l.trial(&modelFacts{prior: prior, gain: 1}, fit{null: null, a: a, b: b}, nu, 0, 0, true)
		got := l.changes.log() - l.nulls.log()
		limit := 0.02
		if b < 0 {
			limit = 0.15
		}
		if math.Abs(got-want) > limit {
			t.Errorf("nu %v, b %.3f of %.3f: %v, integral %v", nu, b, math.Sqrt(a*null), got, want)
		}
	}
}
