package judgetest

import (
	"math"
	"math/rand/v2"
)

// gamma draws from the gamma distribution with mean 1 and the given variance.
//
// Reference: Marsaglia and Tsang (2000), A Simple Method for Generating Gamma
// Variables, ACM Transactions on Mathematical Software 26, 363-372.
func gamma(g *rand.Rand, variance float64) float64 {
	if variance <= 0 {
		return 1
	}
	return gammaShape(g, 1/variance) * variance
}

func gammaShape(g *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gammaShape(g, shape+1) * math.Pow(1-g.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := g.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-g.Float64()) < x*x/2+d*(1-v+math.Log(v)) {
			return d * v
		}
	}
}

// poisson draws a count. Large means are halved through the waiting time of a middle
// event until they are small.
//
// Reference: Ahrens and Dieter (1974), Computer Methods for Sampling from Gamma,
// Beta, Poisson and Binomial Distributions, Computing 12, 223-246.
func poisson(g *rand.Rand, mean float64) float64 {
	k := 0.0
	for mean > 20 {
		m := math.Floor(mean * 7 / 8)
		at := gammaShape(g, m)
		if at > mean {
			return k + binomial(g, m-1, mean/at)
		}
		k += m
		mean -= at
	}
	if !(mean > 0) {
		return k
	}
	limit, p := math.Exp(-mean), 1-g.Float64()
	for p > limit {
		k++
		p *= 1 - g.Float64()
	}
	return k
}

// binomial draws how many of n (a whole number) succeed. Large n are halved through
// the middle one of n uniform values.
//
// Reference: as poisson.
func binomial(g *rand.Rand, n, p float64) float64 {
	k := 0.0
	p = min(1, max(0, p))
	for n > 20 && n*p > 1 {
		i := math.Floor(n/2) + 1
		a := gammaShape(g, i)
		middle := a / (a + gammaShape(g, n+1-i)) // Beta(i, n+1-i): the i-th smallest of n
		if middle > p {
			n, p = i-1, p/middle
			continue
		}
		k += i
		n, p = n-i, (p-middle)/(1-middle)
	}
	return k + rareBinomial(g, n, p)
}

// rareBinomial jumps from success to success: its time is the number of successes.
func rareBinomial(g *rand.Rand, n, p float64) float64 {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	}
	k, at, miss := 0.0, 0.0, math.Log1p(-p)
	for {
		at += math.Floor(math.Log(1-g.Float64())/miss) + 1
		if at > n {
			return k
		}
		k++
	}
}

// geometric draws 1, 2, 3, ... with the given mean.
func geometric(g *rand.Rand, mean float64) float64 {
	if mean <= 1 {
		return 1
	}
	return 1 + math.Floor(math.Log(1-g.Float64())/math.Log1p(-1/mean))
}

// pareto draws from 1 on, P(X > x) = x^-tail.
func pareto(g *rand.Rand, tail float64) float64 { return math.Pow(1-g.Float64(), -1/tail) }

// student draws Student's t with so many degrees of freedom, not scaled.
func student(g *rand.Rand, df float64) float64 {
	return g.NormFloat64() / math.Sqrt(gamma(g, 2/df))
}
