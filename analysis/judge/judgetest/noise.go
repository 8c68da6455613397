package judgetest

import (
	"math"
	"math/rand/v2"
)

// noise starts a process with mean about 0, in its stationary state. Each call of
// what it returns is the next step.
type noise func(g *rand.Rand) func() float64

// still is no noise.
func still(*rand.Rand) func() float64 { return func() float64 { return 0 } }

// ar is first-order autocorrelated noise of the given standard deviation; 0 is white.
func ar(phi, sd float64) noise {
	return func(g *rand.Rand) func() float64 {
		x, step := sd*g.NormFloat64(), sd*math.Sqrt(1-phi*phi)
		return func() float64 {
			now := x
			x = phi*x + step*g.NormFloat64()
			return now
		}
	}
}

// shocks are independent draws made autocorrelated by a filter: sums of past ones
// with falling weights. The scale is that of the draws: heavy tails have none other.
func shocks(phi float64, draw func(g *rand.Rand) float64) noise {
	return func(g *rand.Rand) func() float64 {
		x, scale := 0.0, math.Sqrt(1-phi*phi)
		next := func() float64 {
			x = phi*x + scale*draw(g)
			return x
		}
		for range 100 { // forget the start
			next()
		}
		return next
	}
}

// plus adds independent processes.
func plus(parts ...noise) noise {
	return func(g *rand.Rand) func() float64 {
		next := make([]func() float64, len(parts))
		for i, p := range parts {
			next[i] = p(g)
		}
		return func() float64 {
			sum := 0.0
			for _, f := range next {
				sum += f()
			}
			return sum
		}
	}
}

// constant is one value for the whole run, drawn at its start.
func constant(draw func(g *rand.Rand) float64) noise {
	return func(g *rand.Rand) func() float64 {
		v := draw(g)
		return func() float64 { return v }
	}
}

// fixed is a value that is no chance.
func fixed(v float64) noise { return constant(func(*rand.Rand) float64 { return v }) }

// ar2 is second-order autocorrelated noise: with b below 0 it swings.
func ar2(a, b, sd float64) noise {
	// The stationary variance over that of the shocks.
	gain := (1 - b) / ((1 + b) * ((1-b)*(1-b) - a*a))
	return func(g *rand.Rand) func() float64 {
		x, y, step := 0.0, 0.0, sd/math.Sqrt(gain)
		next := func() float64 {
			x, y = a*x+b*y+step*g.NormFloat64(), x
			return x
		}
		for range 100 {
			next()
		}
		return next
	}
}

// moving is the mean of the last w white steps, scaled to sd: what a query with a
// window longer than the step answers.
func moving(w int, sd float64) noise {
	return func(g *rand.Rand) func() float64 {
		last, at := make([]float64, w), 0
		for i := range last {
			last[i] = g.NormFloat64()
		}
		return func() float64 {
			last[at%w] = g.NormFloat64()
			at++
			sum := 0.0
			for _, v := range last {
				sum += v
			}
			return sd * sum / math.Sqrt(float64(w))
		}
	}
}

// long has memory at all scales up to some hundred steps: a sum of autocorrelated
// parts, each slower than the last.
func long(sd float64) noise {
	part := sd / 2
	return plus(ar(0, part), ar(0.6, part), ar(0.93, part), ar(0.99, part))
}

// clustered is noise whose scale comes in waves (GARCH(1,1) shocks, autocorrelated).
func clustered(phi, sd float64) noise {
	return func(g *rand.Rand) func() float64 {
		variance := 1.0
		return shocks(phi, func(g *rand.Rand) float64 {
			e := math.Sqrt(variance) * g.NormFloat64()
			variance = 0.1 + 0.3*e*e + 0.6*variance
			return sd * e
		})(g)
	}
}

// switching jumps between two levels, size apart, after about so many steps.
func switching(size, stay float64) noise {
	return func(g *rand.Rand) func() float64 {
		high := g.IntN(2) == 1
		return func() float64 {
			if g.Float64() < 1/stay {
				high = !high
			}
			if high {
				return size / 2
			}
			return -size / 2
		}
	}
}

// spikes multiply a step by up to 5, with probability p a step, each for so many
// steps in a row.
func spikes(p float64, length int) noise {
	return func(g *rand.Rand) func() float64 {
		left, height := 0, 0.0
		return func() float64 {
			if left == 0 && g.Float64() < p {
				left, height = length, math.Log(1+4*g.Float64())
			}
			if left == 0 {
				return 0
			}
			left--
			return height
		}
	}
}

// wave is a load that swings, with a random phase.
func wave(amplitude, period float64) noise {
	return func(g *rand.Rand) func() float64 {
		t := period * g.Float64()
		return func() float64 {
			t++
			return amplitude * math.Sin(2*math.Pi*t/period)
		}
	}
}

// bursts raise the load for about so many steps, once in a while.
func bursts(p, height, stay float64) noise {
	return func(g *rand.Rand) func() float64 {
		on := false
		return func() float64 {
			switch {
			case !on:
				on = g.Float64() < p
			default:
				on = g.Float64() >= 1/stay
			}
			if on {
				return height
			}
			return 0
		}
	}
}

// take draws n steps of a process.
func (p noise) take(g *rand.Rand, n int) []float64 {
	next := p(g)
	out := make([]float64, n)
	for i := range out {
		out[i] = next()
	}
	return out
}
