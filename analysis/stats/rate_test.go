package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// rateDraw is a made-up pair of sides; what it is like depends on the seed.
func rateDraw(seed uint64) (canary, baseline RateCounts) {
	g := rand.New(rand.NewPCG(seed, 5))
	n := 3 + g.IntN(25)
	mean := math.Exp(g.Float64()*8 - 2)
	share := g.Float64()*0.9 + 0.05
	onset, factor := g.IntN(n+1), 1+3*g.Float64()
	for t := range n {
		total := 1000 * math.Exp(g.NormFloat64()/3)
		events := mean * math.Exp(g.NormFloat64()*g.Float64())
		x, z := events*share*2*g.Float64(), events*(1-share)*2*g.Float64()
		if t >= onset {
			x *= factor
		}
		if g.IntN(3) > 0 {
			x, z = math.Floor(x), math.Floor(z)
		}
		if g.IntN(12) == 0 {
			x, z = 0, 0
		}
		canary.Events, canary.Totals = append(canary.Events, x), append(canary.Totals, total*share)
		baseline.Events, baseline.Totals = append(baseline.Events, z), append(baseline.Totals, total*(1-share))
	}
	return canary, baseline
}

func rateOptions(planned int) RateOptions {
	limit := RateLimit{Ratio: 1.05}
	return RateOptions{Above: limit, Below: limit, Planned: planned, Ignore: math.Inf(-1)}
}

func TestRateAgainstPlainFormulas(t *testing.T) {
	var r Rate
	for seed := range uint64(400) {
		canary, baseline := rateDraw(seed)
		o := rateOptions(10 + int(seed%40))
		if seed%3 == 0 {
			o.Above = RateLimit{Ratio: 1, Plus: 0.003}
		}
		r.Load(canary, baseline, o)
		got, want := r.Rise().LogE, newSlowRate(canary, baseline, o.Above, o.Planned).logE()
		if math.IsInf(got, -1) && len(canary.Events) > 0 && sumOf(canary.Events)+sumOf(baseline.Events) == 0 && o.Above.Plus == 0 {
			continue // no events: nothing is said
		}
		if !(math.Abs(got-want) <= 1e-8*(1+math.Abs(want))) {
			t.Errorf("seed %d: log e-value %v, plain formulas %v", seed, got, want)
		}
	}
}

func sumOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}

// Swapping the sides makes a rise a fall; a block of equal size does not matter for
// that either.
func TestRateMirrors(t *testing.T) {
	var r, s Rate
	for seed := range uint64(200) {
		canary, baseline := rateDraw(seed)
		o := rateOptions(30)
		o.Above, o.Block = RateLimit{Ratio: 1.2, Plus: float64(seed%2) / 1000}, 1+int(seed%3)
		o.Below = o.Above
		r.Load(canary, baseline, o)
		s.Load(baseline, canary, o)
		if a, b := r.Rise(), s.Fall(); a != b {
			t.Errorf("seed %d: rise %+v, fall of the swapped sides %+v", seed, a, b)
		}
		if a, b := r.LogWithin(0, o.Above, false, 2), s.LogWithin(0, o.Above, true, 2); a != b {
			t.Errorf("seed %d: within %v, swapped %v", seed, a, b)
		}
		if a, b := r.Estimate(0), s.Estimate(0); math.Abs(a*b-1) > 1e-8 && a > 0 && b > 0 {
			t.Errorf("seed %d: estimates %v and %v", seed, a, b)
		}
	}
}

// The unit of an exposure means nothing.
func TestRateUnits(t *testing.T) {
	var r Rate
	for seed := range uint64(100) {
		canary, baseline := rateDraw(seed)
		o := rateOptions(30)
		o.Strict = seed%2 == 0
		r.Load(canary, baseline, o)
		a, ratio := r.Rise(), r.Estimate(0)
		for _, unit := range []float64{1e-6, 1000} {
			r.Load(scaled(canary, unit), scaled(baseline, unit), o)
			if b := r.Rise(); math.Abs(a.LogE-b.LogE) > 1e-7 || a.Onset != b.Onset || math.Abs(a.Unrest-b.Unrest) > 1e-6*a.Unrest {
				t.Errorf("seed %d, unit %v: %+v, not %+v", seed, unit, b, a)
			}
			if b := r.Estimate(0); math.Abs(b-ratio) > 1e-8*ratio {
				t.Errorf("seed %d, unit %v: ratio %v, not %v", seed, unit, b, ratio)
			}
		}
	}
}

func scaled(c RateCounts, unit float64) RateCounts {
	s := RateCounts{Events: c.Events}
	for _, v := range c.Totals {
		s.Totals = append(s.Totals, v*unit)
	}
	return s
}

// Onsets that are ignored only lower the evidence, and by no more than what is ignored.
func TestRateIgnore(t *testing.T) {
	var r Rate
	for seed := range uint64(200) {
		canary, baseline := rateDraw(seed)
		o := rateOptions(30)
		r.Load(canary, baseline, o)
		all := math.Exp(r.Rise().LogE)
		o.Ignore = math.Log(2)
		r.Load(canary, baseline, o)
		if some := math.Exp(r.Rise().LogE); some > all*(1+1e-9) || some < all-2 {
			t.Errorf("seed %d: e-value %v with onsets ignored, %v with all", seed, some, all)
		}
	}
}

// Steps that cannot be used are passed over, wherever they are, and the onset is an
// index of the input.
func TestRatePassesOver(t *testing.T) {
	clean := func(bad bool) (canary, baseline RateCounts) {
		for i := range 40 {
			x := 5.0
			if i >= 25 {
				x = 40
			}
			if bad && i%5 == 2 {
				for k, v := range []float64{math.NaN(), math.Inf(1), -3, 1e16} {
					if i/5%4 == k {
						canary.Events, canary.Totals = append(canary.Events, v), append(canary.Totals, 1000)
						baseline.Events, baseline.Totals = append(baseline.Events, 5), append(baseline.Totals, 1000)
					}
				}
				canary.Events, canary.Totals = append(canary.Events, 1), append(canary.Totals, 0)
				baseline.Events, baseline.Totals = append(baseline.Events, 5), append(baseline.Totals, 1000)
			}
			canary.Events, canary.Totals = append(canary.Events, x), append(canary.Totals, 1000)
			baseline.Events, baseline.Totals = append(baseline.Events, 5), append(baseline.Totals, 1000)
		}
		return canary, baseline
	}
	var r Rate
	canary, baseline := clean(false)
	if n := r.Load(canary, baseline, rateOptions(60)); n != 40 {
		t.Fatalf("%d of 40 steps", n)
	}
	want := r.Rise()
	if want.Onset != 25 || want.LogE < 15 {
		t.Errorf("a rise at 25 is found as %+v", want)
	}
	canary, baseline = clean(true)
	if n := r.Load(canary, baseline, rateOptions(60)); n != 40 {
		t.Fatalf("%d of 40 steps", n)
	}
	got := r.Rise()
	if got.LogE != want.LogE || canary.Events[got.Onset] != 40 || canary.Events[got.Onset-1] == 40 {
		t.Errorf("with steps that cannot be used %+v, not %+v", got, want)
	}
}

// A block is the sum of its steps; with equal shares it is nothing else.
func TestRateBlocks(t *testing.T) {
	var r Rate
	g := rand.New(rand.NewPCG(1, 2))
	fine := [2]RateCounts{}
	whole := [2]RateCounts{}
	for i := range 60 {
		for side := range fine {
			events := float64(g.IntN(9))
			fine[side].Events, fine[side].Totals = append(fine[side].Events, events), append(fine[side].Totals, 100)
			if i%3 == 0 {
				whole[side].Events, whole[side].Totals = append(whole[side].Events, 0), append(whole[side].Totals, 0)
			}
			whole[side].Events[i/3] += events
			whole[side].Totals[i/3] += 100
		}
	}
	o := rateOptions(20)
	r.Load(whole[0], whole[1], o)
	want := r.Rise()
	o.Block, o.Planned = 3, 60
	r.Load(fine[0], fine[1], o)
	if got := r.Rise(); math.Abs(got.LogE-want.LogE) > 1e-9 || got.Onset != 3*want.Onset {
		t.Errorf("in blocks %+v, summed beforehand %+v", got, want)
	}
}

func TestRateNothing(t *testing.T) {
	var r Rate
	for _, events := range [][]float64{nil, {0, 0, 0, 0, 0}} {
		totals := make([]float64, len(events))
		for i := range totals {
			totals[i] = 50
		}
		side := RateCounts{Events: events, Totals: totals}
		r.Load(side, side, rateOptions(60))
		if c := r.Rise(); !math.IsInf(c.LogE, -1) {
			t.Errorf("%v: %+v", events, c)
		}
		if lo, hi := r.Interval(0, 4, 1); lo != 0 || !math.IsInf(hi, 1) {
			t.Errorf("%v: interval %v, %v", events, lo, hi)
		}
		if e := r.Estimate(0); !math.IsNaN(e) {
			t.Errorf("%v: ratio %v", events, e)
		}
		if e := r.LogWithin(0, RateLimit{Ratio: 2}, false, 1); !math.IsInf(e, -1) {
			t.Errorf("%v: within %v", events, e)
		}
	}
}

// Scatter is Pearson's dispersion, shrunk to 1: checked by hand on four steps, with one
// ratio throughout and with another from the third step on.
func TestRateScatter(t *testing.T) {
	var r Rate
	same := []float64{1000, 1000, 1000, 1000}
	r.Load(RateCounts{Events: []float64{10, 20, 30, 40}, Totals: same}, RateCounts{Events: []float64{20, 10, 30, 20}, Totals: same},
		RateOptions{Above: RateLimit{Ratio: 1}, Below: RateLimit{Ratio: 1}, Planned: 4, Block: 1})
	pearson := func(x, y []float64) (chi float64) {
		xs, ys := 0.0, 0.0
		for i := range x {
			xs, ys = xs+x[i], ys+y[i]
		}
		p := xs / ys
		for i := range x {
			chi += (x[i] - y[i]*p) * (x[i] - y[i]*p) / (y[i] * p * (1 - p))
		}
		return chi
	}
	x, y := []float64{10, 20, 30, 40}, []float64{30, 30, 60, 60}
	for onset, want := range map[int]float64{
		0: (pearson(x, y) + 3) / (4 - 1 + 3),
		2: (pearson(x[:2], y[:2]) + pearson(x[2:], y[2:]) + 3) / (4 - 2 + 3),
	} {
		if got := r.Scatter(onset); math.Abs(got-max(1, want)) > 1e-9 {
			t.Errorf("onset %d: scatter %v, want %v", onset, got, max(1, want))
		}
	}
}
