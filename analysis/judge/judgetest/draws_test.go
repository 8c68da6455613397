package judgetest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// moments of many draws lie within five standard errors of what theory says. The
// error of a variance is that of a distribution with the given kurtosis.
func moments(t *testing.T, name string, draw func(g *rand.Rand) float64, mean, variance, kurtosis float64) {
	t.Helper()
	const n = 40_000
	g := rand.New(rand.NewPCG(1, 2))
	var sum, squares float64
	for range n {
		v := draw(g)
		sum += v
		squares += v * v
	}
	m := sum / n
	v := squares/n - m*m
	if math.Abs(m-mean) > 5*math.Sqrt(variance/n)+1e-12 {
		t.Errorf("%s: mean %v, want %v", name, m, mean)
	}
	if math.Abs(v-variance) > 5*variance*math.Sqrt((kurtosis-1)/n)+1e-9 {
		t.Errorf("%s: variance %v, want %v", name, v, variance)
	}
}

func TestDraws(t *testing.T) {
	for _, v := range []float64{0.1, 0.5, 2, 5} {
		moments(t, "gamma", func(g *rand.Rand) float64 { return gamma(g, v) }, 1, v, 3+6*v)
	}
	for _, m := range []float64{0, 0.3, 4, 19, 21, 500} {
		moments(t, "poisson", func(g *rand.Rand) float64 { return poisson(g, m) }, m, m, 3+1/max(m, 1e-9))
	}
	for _, c := range []struct{ n, p float64 }{{1, 0.1}, {10, 0.9}, {500, 0.002}, {2000, 0.3}, {50_000, 0.999}, {5, 1}, {5, 0}, {0, 0.5}} {
		v := c.n * c.p * (1 - c.p)
		moments(t, "binomial", func(g *rand.Rand) float64 {
			k := binomial(g, c.n, c.p)
			if !(k >= 0 && k <= c.n) || k != math.Floor(k) {
				t.Fatalf("binomial(%v, %v) drew %v", c.n, c.p, k)
			}
			return k
		}, c.n*c.p, v, 3+1/max(v, 1e-9))
	}
	for _, m := range []float64{1, 2, 20} {
		moments(t, "geometric", func(g *rand.Rand) float64 { return geometric(g, m) }, m, m*(m-1), 12)
	}
	moments(t, "pareto", func(g *rand.Rand) float64 { return math.Log(pareto(g, 2.2)) }, 1/2.2, 1/(2.2*2.2), 9)
	moments(t, "student", func(g *rand.Rand) float64 { return student(g, 12) }, 0, 12.0/10, 3+6.0/8)
}

// The whole distribution of small draws, not only its moments.
func TestDrawsByChance(t *testing.T) {
	const n = 40_000
	g := rand.New(rand.NewPCG(3, 4))
	var small, halved [40]float64
	for range n {
		small[int(poisson(g, 2.5))]++
		halved[int(binomial(g, 30, 0.2))]++
	}
	poissonChance, binomialChance := math.Exp(-2.5), math.Pow(0.8, 30)
	for k := range 12 {
		near := func(name string, seen, want float64) {
			if math.Abs(seen/n-want) > 5*math.Sqrt(want/n) {
				t.Errorf("%s: %d drawn in a share %v, want %v", name, k, seen/n, want)
			}
		}
		near("poisson", small[k], poissonChance)
		near("binomial", halved[k], binomialChance)
		poissonChance *= 2.5 / float64(k+1)
		binomialChance *= float64(30-k) / float64(k+1) * 0.25
	}
}

// Every process has the standard deviation and the lag-1 correlation it is made for.
func TestNoise(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       noise
		sd, rho float64
	}{
		{"ar0", ar(0, 0.1), 0.1, 0},
		{"ar0.8", ar(0.8, 0.1), 0.1, 0.8},
		{"ar2", ar2(0.9, -0.3, 0.1), 0.1, 0.9 / 1.3},
		{"moving", moving(5, 0.1), 0.1, 0.8},
		{"clustered", clustered(0.3, 0.1), 0.1, 0.3},
		{"shocks", shocks(0.5, func(g *rand.Rand) float64 { return 0.1 * g.NormFloat64() }), 0.1, 0.5},
		{"plus", plus(ar(0, 0.06), ar(0.96, 0.08)), 0.1, 0.96 * 0.64},
		{"switching", switching(0.2, 15), 0.1, 1 - 2.0/15},
	} {
		g := rand.New(rand.NewPCG(5, 6))
		var s0, s1 float64
		const runs, n = 4000, 20
		for range runs {
			v := c.n.take(g, n)
			for i := range n - 1 {
				s0 += v[i] * v[i]
				s1 += v[i] * v[i+1]
			}
		}
		sd, rho := math.Sqrt(s0/(runs*(n-1))), s1/s0
		if math.Abs(sd/c.sd-1) > 0.05 || math.Abs(rho-c.rho) > 0.03 {
			t.Errorf("%s: sd %.4f and correlation %.3f, want %v and %v", c.name, sd, rho, c.sd, c.rho)
		}
	}
}
