package stats

import (
	"math"
	"slices"
	"testing"
)

// outcomes calls f with every way in which events of so many in each step can be the
// canary's, and its chance when they are that with chance p in each step.
func outcomes(counts []int, p []float64, f func(x []float64, chance float64)) {
	x := make([]float64, len(counts))
	var next func(t int, chance float64)
	next = func(t int, chance float64) {
		if t == len(counts) {
			f(x, chance)
			return
		}
		for k := range counts[t] + 1 {
			x[t] = float64(k)
			next(t+1, chance*binomialChance(k, counts[t], p[t]))
		}
	}
	next(0, 1)
}

func binomialChance(k, n int, p float64) float64 {
	c := 1.0
	for i := range k {
		c *= float64(n-i) / float64(i+1)
	}
	return c * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
}

// rateTrial is a few steps whose events are given, in which the canary's part is all
// that is open.
type rateTrial struct {
	counts   []int
	exposure [][2]float64
}

var rateTrials = []rateTrial{
	{[]int{6}, [][2]float64{{1, 1}}},
	{[]int{3, 2, 4}, [][2]float64{{1, 1}, {1, 1}, {1, 1}}},
	{[]int{1, 1, 1, 1, 1, 1, 1}, [][2]float64{{1, 1}, {1, 2}, {1, 1}, {3, 1}, {1, 1}, {1, 1}, {1, 9}}},
	{[]int{5, 0, 4, 3}, [][2]float64{{1, 30}, {1, 30}, {2, 30}, {30, 30}}},
	{[]int{2, 6, 1, 5}, [][2]float64{{1, 1}, {9, 1}, {1, 9}, {1, 1}}},
	{[]int{12, 11, 9}, [][2]float64{{1, 1}, {1, 1}, {1, 1}}},
}

// load fills the sides with x events on the canary.
func (tr *rateTrial) load(r *Rate, x []float64, o RateOptions) {
	var canary, baseline RateCounts
	for t := range x {
		canary.Events, canary.Totals = append(canary.Events, x[t]), append(canary.Totals, tr.exposure[t][0])
		baseline.Events = append(baseline.Events, float64(tr.counts[t])-x[t])
		baseline.Totals = append(baseline.Totals, tr.exposure[t][1])
	}
	r.Load(canary, baseline, o)
}

// shares are the chances of the canary when its rate is this many times the
// baseline's.
func (tr *rateTrial) shares(ratio float64) []float64 {
	p := make([]float64, len(tr.counts))
	for t, e := range tr.exposure {
		p[t] = ratio * e[0] / (ratio*e[0] + e[1])
	}
	return p
}

// With independent events the likelihood ratios of a step have expectation 1 at the
// limit, and less below it.
func TestRateGainsByEnumeration(t *testing.T) {
	var r Rate
	o := rateOptions(10)
	for i, tr := range rateTrials {
		for _, ratio := range []float64{1.05, 1, 0.7, 0.2} {
			var mean [rateEffects]float64
			outcomes(tr.counts, tr.shares(ratio), func(x []float64, chance float64) {
				tr.load(&r, x, o)
				r.Rise()
				for j := range mean {
					sum := 0.0
					for s := range r.noise.steps {
						sum += r.noise.steps[s].gain[j]
					}
					mean[j] += chance * math.Exp(sum)
				}
			})
			for j, m := range mean {
				if ratio == 1.05 && math.Abs(m-1) > 1e-9 || m > 1+1e-9 {
					t.Errorf("trial %d, ratio %v, effect %v: expectation %v", i, ratio, rateFactors[j], m)
				}
			}
		}
	}
}

// The whole e-value, with all its noise models, has expectation at most 1 for
// independent events, and that it ever exceeds 1/alpha has probability alpha at most.
func TestRateByEnumeration(t *testing.T) {
	var r Rate
	for i, tr := range rateTrials {
		for _, strict := range []bool{false, true} {
			o := rateOptions(len(tr.counts))
			o.Strict = strict
			for _, ratio := range []float64{1.05, 0.8, 0.3} {
				rise, either := 0.0, 0.0
				ever := map[float64]float64{}
				outcomes(tr.counts, tr.shares(ratio), func(x []float64, chance float64) {
					tr.load(&r, x, o)
					up := math.Exp(r.Rise().LogE)
					rise += chance * up
					either += chance * (up + math.Exp(r.Fall().LogE)) / 2
					most := 0.0
					for n := 1; n <= len(x); n++ {
						tr.load(&r, x[:n], o)
						most = max(most, math.Exp(r.Rise().LogE))
					}
					for _, alpha := range []float64{0.3, 0.1, 0.03, 0.01} {
						if most >= 1/alpha {
							ever[alpha] += chance
						}
					}
				})
				if rise > 1 || ratio == 1.05 && either > 1 {
					t.Errorf("trial %d, ratio %v, strict %v: expectation %v of a rise, %v of either", i, ratio, strict, rise, either)
				}
				for alpha, p := range ever {
					if p > alpha {
						t.Errorf("trial %d, ratio %v, strict %v: 1/%v is exceeded with probability %v", i, ratio, strict, alpha, p)
					}
				}
			}
		}
	}
}

// The interval's e-value has expectation 1 when shares are equal, at most 1 when they
// are not, and the interval holds the true ratio as often as it says.
func TestRateIntervalByEnumeration(t *testing.T) {
	var r Rate
	o := rateOptions(10)
	const alpha = 0.1
	for i, tr := range rateTrials {
		equal := !slices.ContainsFunc(tr.exposure, func(e [2]float64) bool { return e != tr.exposure[0] })
		for _, ratio := range []float64{0.2, 0.9, 1, 1.7, 6} {
			p := tr.shares(ratio)
			mean, outside := 0.0, 0.0
			outcomes(tr.counts, p, func(x []float64, chance float64) {
				share, sum, all := 0.0, 0.0, 0.0
				for s := range x {
					share, sum, all = share+p[s]*float64(tr.counts[s]), sum+x[s], all+float64(tr.counts[s])
				}
				mean += chance * math.Exp(logAgainstShare(sum, all-sum, share/all, logMixed(sum, all-sum)))
				tr.load(&r, x, o)
				lo, hi := r.Interval(0, -math.Log(alpha), 1)
				if ratio < lo || ratio > hi {
					outside += chance
				}
				if e := r.Estimate(0); e < lo || e > hi {
					t.Fatalf("estimate %v outside of %v, %v", e, lo, hi)
				}
			})
			if equal && math.Abs(mean-1) > 1e-9 || mean > 1+1e-9 {
				t.Errorf("trial %d, ratio %v: expectation %v", i, ratio, mean)
			}
			if outside > alpha {
				t.Errorf("trial %d, ratio %v: not in the interval with probability %v", i, ratio, outside)
			}
		}
	}
}

// An interval ends where its e-value reaches the threshold.
func TestRateIntervalEnds(t *testing.T) {
	var r Rate
	for seed := range uint64(100) {
		canary, baseline := rateDraw(seed)
		r.Load(canary, baseline, rateOptions(30))
		lo, hi := r.Interval(0, 4, 1.5)
		if hi < 1e6 && hi > 0 {
			if e := r.LogWithin(0, RateLimit{Ratio: hi}, false, 1.5); math.Abs(e-4) > 1e-3 {
				t.Errorf("seed %d: log e-value %v at the upper end %v", seed, e, hi)
			}
		}
		if lo > 1e-6 {
			if e := r.LogWithin(0, RateLimit{Ratio: 1 / lo}, true, 1.5); math.Abs(e-4) > 1e-3 {
				t.Errorf("seed %d: log e-value %v at the lower end %v", seed, e, lo)
			}
		}
		if wider, _ := r.Interval(0, 4, 3); wider > lo {
			t.Errorf("seed %d: with more unrest the interval begins at %v, not at %v", seed, wider, lo)
		}
	}
}

// A tolerance in absolute terms keeps the promise for Poisson counts: the expectation
// over both sides' events at the limit.
func TestRateLimitPlusByEnumeration(t *testing.T) {
	const base, plus, c, b = 0.8, 0.5, 1.0, 2.0
	poisson := func(k int, mean float64) float64 {
		l, _ := math.Lgamma(float64(k + 1))
		return math.Exp(float64(k)*math.Log(mean) - mean - l)
	}
	var r Rate
	o := rateOptions(10)
	o.Above = RateLimit{Ratio: 1.3, Plus: plus}
	for _, rate := range []float64{1.3*base + plus, base, 0.1} {
		var mean [rateEffects]float64
		within := 0.0
		for x := range 25 {
			for z := range 25 {
				chance := poisson(x, rate*c) * poisson(z, base*b)
				r.Load(RateCounts{[]float64{float64(x)}, []float64{c}}, RateCounts{[]float64{float64(z)}, []float64{b}}, o)
				r.Rise()
				for j := range mean {
					mean[j] += chance * math.Exp(r.noise.steps[0].gain[j])
				}
				within += chance * math.Exp(r.LogWithin(0, o.Above, false, 1))
			}
		}
		for j, m := range mean {
			if m > 1 {
				t.Errorf("rate %v, effect %v: expectation %v", rate, rateFactors[j], m)
			}
		}
		if rate > 1 && within > 1 {
			t.Errorf("rate %v: expectation %v of lying within", rate, within)
		}
	}
}

func TestRateInformation(t *testing.T) {
	var r Rate
	side := func(events, total float64) RateCounts { return RateCounts{[]float64{events}, []float64{total}} }
	r.Load(side(30, 100), side(30, 100), rateOptions(10))
	want := 30*math.Log(0.5/0.6) + 30*math.Log(0.5/0.4)
	if got := r.Information(0, RateLimit{Ratio: 1.5}, false, 1); math.Abs(got-want) > 1e-9 {
		t.Errorf("information %v, want %v", got, want)
	}
	if got := r.Information(0, RateLimit{Ratio: 1.5}, true, 2); math.Abs(got-want/2) > 1e-9 {
		t.Errorf("information %v of a fall under unrest 2, want %v", got, want/2)
	}
	// No events, and ten that would have come: exp(-10) is the chance of that, nearly.
	r.Load(side(0, 1), side(0, 1e6), rateOptions(10))
	if got := r.Information(0, RateLimit{Ratio: 1, Plus: 10}, false, 1); math.Abs(got-10) > 0.01 {
		t.Errorf("information %v of nothing, want 10", got)
	}
}
