package stats

import "math"

// slowRate is the log e-value of Rise, from the formulas and step by step: dense
// matrices in place of filters, a loop over all steps for each onset and model.
// It knows nothing of blocks and of falls.
type slowRate struct {
	x, y, p, v, z, e []float64
	planned          int
}

func newSlowRate(canary, baseline RateCounts, limit RateLimit, planned int) *slowRate {
	s := &slowRate{planned: planned}
	for t := range canary.Events {
		x, c, z, b := canary.Events[t], canary.Totals[t], baseline.Events[t], baseline.Totals[t]
		if !(x >= 0 && z >= 0 && c > 0 && b > 0) {
			continue
		}
		y := x + z + limit.Plus/limit.Ratio*b
		p := limit.Ratio * c / (limit.Ratio*c + b)
		s.x, s.y, s.p, s.v = append(s.x, x), append(s.y, y), append(s.p, p), append(s.v, y*p*(1-p))
		s.z, s.e = append(s.z, x+z), append(s.e, c+b)
	}
	return s
}

func (s *slowRate) logE() float64 {
	n := len(s.x)
	sum, ratio, have := math.Inf(-1), 0.0, false
	for onset := n - rateLasting; onset >= 0; onset-- {
		if onset >= s.planned && onset > 0 {
			continue
		}
		if !have || s.y[onset] > 0 {
			ratio, have = s.ratio(onset), true
		}
		weight := (1 - rateFirst) / float64(s.planned)
		if onset == 0 {
			weight = rateFirst
		}
		sum = LogAdd(sum, math.Log(weight)+ratio)
	}
	return sum
}

func (s *slowRate) ratio(onset int) float64 {
	n := len(s.x)
	var nulls []float64
	var terms, factors []float64
	for k, m := range rateModels {
		information, steps := 0.0, 0.0
		for t := range n {
			if s.y[t] > 0 {
				information, steps = information+s.v[t], steps+1
			}
		}
		information /= steps
		null := math.Log(m.weight * information / (information + m.busy))
		likelihood, _, lower := s.normal(k, 0, onset, false)
		null += likelihood + lower
		likelihood, innovations, _ := s.normal(k, onset, n, true)
		null += likelihood + s.crowding(k, 0, onset) + s.crowding(k, onset, n)
		nulls = append(nulls, null)
		for j := range rateFactors {
			gain := 0.0
			for t := range innovations {
				cut := float64(rateCut)
				if psi := m.bunch + m.spread*s.v[onset+t]; m.drift == 0 && m.bunch > 1 {
					cut /= math.Sqrt(psi)
				} else if m.drift == 0 {
					cut /= min(3, math.Sqrt(psi))
				}
				gain += min(cut, (innovations[t][0]*innovations[t][0]-innovations[t][j+1]*innovations[t][j+1])/2)
			}
			terms, factors = append(terms, null+gain), append(factors, rateWeights[j])
		}
	}
	best, most, change, null := math.Inf(-1), math.Inf(-1), 0.0, 0.0
	for _, t := range terms {
		best = max(best, t)
	}
	for i, t := range terms {
		if t > best-rateTail {
			change += factors[i] * math.Exp(t-best)
		}
	}
	for _, t := range nulls {
		most = max(most, t)
	}
	for _, t := range nulls {
		null += math.Exp(t - most)
	}
	return best + math.Log(change) - most - math.Log(null)
}

// normal is the quasi-likelihood of the steps from a to before b as that of normal
// variables with the covariance of model k: their innovations (standardised) under the
// limit and each effect, in the order of time or backwards, and by how much a lower
// mean fits better.
func (s *slowRate) normal(k, a, b int, backwards bool) (likelihood float64, innovations [][rateEffects + 1]float64, lower float64) {
	m := rateModels[k]
	innovations = make([][rateEffects + 1]float64, b-a)
	var at []int
	for t := a; t < b; t++ {
		if s.y[t] > 0 {
			at = append(at, t)
		}
	}
	if backwards {
		for i, j := 0, len(at)-1; i < j; i, j = i+1, j-1 {
			at[i], at[j] = at[j], at[i]
		}
	}
	covariance := make([][]float64, len(at))
	for i := range at {
		covariance[i] = make([]float64, len(at))
		for j := range at {
			apart := math.Abs(float64(at[i] - at[j]))
			switch {
			case i == j:
				covariance[i][j] = m.bunch + m.spread*s.v[at[i]]
			case m.drift > 0:
				covariance[i][j] = m.spread * math.Sqrt(s.v[at[i]]*s.v[at[j]]) * math.Pow(m.drift, apart)
			}
		}
	}
	factor := cholesky(covariance)
	var scores, responses []float64
	for column := range rateEffects + 1 {
		r := 1.0
		if column > 0 {
			r = rateFactors[column-1]
		}
		roots := make([]float64, len(at))
		for i, t := range at {
			p := s.p[t] * r / (1 + s.p[t]*(r-1))
			roots[i] = math.Copysign(math.Sqrt(slowDeviance(s.x[t], s.y[t], p)), s.x[t]-s.y[t]*p)
		}
		white := solve(factor, roots)
		for i, t := range at {
			innovations[t-a][column] = white[i]
		}
		if column == 0 {
			scores = white
		}
	}
	ones := make([]float64, len(at))
	for i, t := range at {
		ones[i] = math.Sqrt(s.v[t])
	}
	responses = solve(factor, ones)
	score, information := 0.0, 0.0
	for i := range at {
		likelihood -= scores[i]*scores[i]/2 + math.Log(factor[i][i])
		score += responses[i] * scores[i]
		information += responses[i] * responses[i]
	}
	if m.drift == 0 {
		// For these the score is that of the counts, not of their roots.
		score, information = 0, 0
		for _, t := range at {
			psi := m.bunch + m.spread*s.v[t]
			score += (s.x[t] - s.y[t]*s.p[t]) / psi
			information += s.v[t] / psi
		}
	}
	if score < 0 {
		lower = score * score / information / 2
	}
	return likelihood, innovations, lower
}

func slowDeviance(x, y, p float64) float64 {
	d := 0.0
	if x > 0 {
		d += 2 * x * math.Log(x/y/p)
	}
	if y > x {
		d += 2 * (y - x) * math.Log((1-x/y)/(1-p))
	}
	return max(0, d)
}

func (s *slowRate) crowding(k, a, b int) float64 {
	n := float64(b - a)
	events, exposure, shares := 0.0, 0.0, 0.0
	for t := a; t < b; t++ {
		events, exposure, shares = events+s.z[t], exposure+s.e[t], shares+s.p[t]
	}
	if n < 2 || events == 0 {
		return 0
	}
	pearson := 0.0
	for t := a; t < b; t++ {
		mean := events * s.e[t] / exposure
		pearson += (s.z[t] - mean) * (s.z[t] - mean) / mean
	}
	seen, mean, q := pearson/(n-1), events/n, shares/n
	nu := (n - 1) * 4 * q * (1 - q) / (1 + rateCurt*max(1, seen)/mean)
	fit := func(disp float64) float64 { return -nu / 2 * (math.Log(disp) + seen/disp) }
	m := rateModels[k]
	disp := m.bunch + m.spread*(1-m.drift)*mean*(q*q+(1-q)*(1-q))/2
	if seen > disp {
		return max(fit(disp), fit(seen)+math.Log(rateDoubt))
	}
	return fit(disp)
}

// cholesky returns the lower factor of a matrix.
func cholesky(a [][]float64) [][]float64 {
	l := make([][]float64, len(a))
	for i := range a {
		l[i] = make([]float64, len(a))
		for j := range i + 1 {
			sum := a[i][j]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i == j {
				l[i][i] = math.Sqrt(sum)
			} else {
				l[i][j] = sum / l[j][j]
			}
		}
	}
	return l
}

// solve solves l x = b.
func solve(l [][]float64, b []float64) []float64 {
	x := make([]float64, len(b))
	for i := range b {
		sum := b[i]
		for k := range i {
			sum -= l[i][k] * x[k]
		}
		x[i] = sum / l[i][i]
	}
	return x
}
