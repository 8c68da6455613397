package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var levelDefaults = LevelOptions{Above: math.Log(1.05), Below: -math.Log(0.95), First: 0.6, Each: 0.4 / 60}

func TestLevelClean(t *testing.T) {
	// A quiet series around 0 with something at the values 10 and on.
	with := func(heights ...float64) []float64 {
		y := make([]float64, 30)
		for i := range y {
			y[i] = 0.01 * math.Sin(float64(7*i))
		}
		for i, h := range heights {
			y[10+i] += h
		}
		return y
	}
	for _, c := range []struct {
		name string
		y    []float64
		kept bool
	}{
		{"nothing", with(), true},
		{"one spike", with(5), false},
		{"a spike downwards", with(-5), false},
		{"two side by side", with(5, 4), false},
		{"four, one less than lasts", with(5, 5, 5, 5), false},
		{"five are a level", with(5, 5, 5, 5, 5), true},
		{"a step is untouched", with(slices.Repeat([]float64{5}, 20)...), true},
		{"four at the end", append(make([]float64, 0), append(with()[:26], 5, 5, 5, 5)...), false},
	} {
		var l Level
		before := slices.Clone(c.y)
		if !l.Load(c.y, levelDefaults) {
			t.Fatal(c.name)
		}
		if !slices.Equal(before, c.y) {
			t.Errorf("%s: the values were changed", c.name)
		}
		changed := 0.0
		for i := range c.y {
			changed = max(changed, math.Abs(c.y[i]-l.values[i]))
		}
		if (changed < 0.05) != c.kept {
			t.Errorf("%s: changed by up to %v", c.name, changed)
		}
	}
}

func TestLevelFewValues(t *testing.T) {
	var l Level
	for n := range LevelMin {
		if l.Load(make([]float64, n), levelDefaults) {
			t.Errorf("%d values are enough", n)
		}
	}
	o := levelDefaults
	o.From = 3
	if l.Load(make([]float64, LevelMin+2), o) || !l.Load(make([]float64, LevelMin+3), o) {
		t.Error("values before From were counted")
	}
}

// Constants say what they are: equal for sure, or changed for sure, soon.
func TestLevelConstants(t *testing.T) {
	var l Level
	y := make([]float64, 60)
	if l.Load(y, levelDefaults); l.Rise().LogE > 0 || l.LogAtLeast(0, -1, 0.05, true) < math.Log(20) {
		t.Errorf("equal: rise %v, within %v", l.Rise().LogE, l.LogAtLeast(0, -1, 0.05, true))
	}
	for i := range y {
		y[i] = math.Log(1.1)
	}
	if l.Load(y[:20], levelDefaults); l.Rise().LogE < math.Log(100) || l.Fall().LogE > 0 {
		t.Errorf("10 %% more: rise %v, fall %v", l.Rise().LogE, l.Fall().LogE)
	}
}

// Mirrored values have mirrored evidence; with a prior on the scale taken out and no
// limit, their unit does not matter either.
func TestLevelSymmetries(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	var l, m Level
	for range 100 {
		y, o := randomLevel(g)
		o.Below = o.Above
		mirror := make([]float64, len(y))
		for i, v := range y {
			mirror[i] = -v
		}
		l.Load(y, o)
		o.Down = true
		m.Load(mirror, o)
		if a, b := l.Rise(), m.Fall(); math.Abs(a.LogE-b.LogE) > 1e-9 || a.Onset != b.Onset {
			t.Fatalf("rise %+v, mirrored fall %+v", a, b)
		}
		if a, b := l.Estimate(0), m.Estimate(0); a.Mean != -b.Mean || a.Unrest != b.Unrest {
			t.Fatalf("estimate %+v, mirrored %+v", a, b)
		}
		o.FreeScale, o.Down = true, false
		scale := math.Ldexp(1, g.IntN(20)-10)
		scaled := make([]float64, len(y))
		for i, v := range y {
			scaled[i] = v * scale
		}
		l.Load(y, o)
		o.Above, o.Below = o.Above*scale, o.Below*scale
		m.Load(scaled, o)
		if a, b := l.LogAtLeast(0, 1, o.Above/scale, false), m.LogAtLeast(0, 1, o.Above, false); o.Above > 0 && math.Abs(a-b) > 1e-9*(1+math.Abs(a)) {
			t.Fatalf("scaled by %v: %v, then %v", scale, a, b)
		}
	}
}

// The same values give the same evidence whatever was loaded before.
func TestLevelForgets(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 8))
	var l Level
	for range 50 {
		y, o := randomLevel(g)
		var fresh Level
		l.Load(y, o)
		fresh.Load(y, o)
		if a, b := l.Rise(), fresh.Rise(); a != b {
			t.Fatalf("%+v, on its own %+v", a, b)
		}
		if a, b := l.Estimate(o.From), fresh.Estimate(o.From); a != b {
			t.Fatalf("%+v, on its own %+v", a, b)
		}
	}
}

// arNoise is stationary noise of the given standard deviation.
func arNoise(g *rand.Rand, n int, phi, sd float64) []float64 {
	y, x := make([]float64, n), g.NormFloat64()
	for i := range y {
		y[i] = sd * x
		x = phi*x + math.Sqrt(1-phi*phi)*g.NormFloat64()
	}
	return y
}

// The interval holds the true mean at every look of a run, in all but 1 % of the runs,
// and gets narrow.
func TestLevelInterval(t *testing.T) {
	g := rand.New(rand.NewPCG(9, 10))
	var l Level
	const runs = 120
	missed, width := 0, 0.0
	for range runs {
		y := arNoise(g, 60, 0.5, 0.11)
		out := false
		for n := LevelMin; n <= len(y); n += 4 {
			l.Load(y[:n], levelDefaults)
			lo, hi := l.Interval(0, math.Log(200))
			if !(lo < hi) {
				t.Fatalf("from %v to %v", lo, hi)
			}
			out = out || lo > 0 || hi < 0
			if n == 60 {
				width += (hi - lo) / runs
				if e := l.Estimate(0).Mean; e < lo || e > hi {
					t.Fatalf("the estimate %v is not between %v and %v", e, lo, hi)
				}
				// Its ends are where the evidence reaches the threshold, to a fiftieth.
				if at, in := l.LogAtLeast(0, 1, lo, false), l.LogAtLeast(0, 1, lo+0.05*(hi-lo), false); at < math.Log(200) || in > math.Log(200) {
					t.Fatalf("evidence %v at the end, %v inside", at, in)
				}
			}
		}
		if out {
			missed++
		}
	}
	if missed > 5 { // 1 % of 120 is exceeded so far with probability 0.2 % at most
		t.Errorf("%d of %d runs were outside", missed, runs)
	}
	if width > 0.3 {
		t.Errorf("the interval is %v wide on average after 60 values", width)
	}
}

func TestLevelLearn(t *testing.T) {
	var l Level
	// No cleaning changes these: 1 and -1 by turns, and then the mean 0.2.
	y := make([]float64, 40)
	for i := range y {
		y[i] = 0.2 + float64(1-2*(i%2))
	}
	n := l.Learn(y, levelDefaults)
	if n.Samples != 40 || math.Abs(n.Mean-0.2) > 1e-12 || math.Abs(n.SD-1) > 1e-12 || len(n.Correlations) != 39 {
		t.Fatalf("got %+v", n)
	}
	for k, r := range n.Correlations {
		if want := float64(40-k-1) / 40 * float64(2*((k+1)%2)-1) * -1; math.Abs(math.Abs(r)-math.Abs(want)) > 1e-12 || (r < 0) != (k%2 == 0) {
			t.Errorf("correlation %d is %v", k+1, r)
		}
	}
	if n := l.Learn(y[:LevelMin-1], levelDefaults); n.Samples != 0 {
		t.Errorf("too few: %+v", n)
	}
	if n := l.Learn(make([]float64, 20), levelDefaults); n.SD != 0 || n.Samples != 20 {
		t.Errorf("constant: %+v", n)
	}
}

// Known noise finds more; noise that is said to be far smaller than it is does no harm:
// the evidence is then about what it is without.
func TestLevelKnown(t *testing.T) {
	g := rand.New(rand.NewPCG(11, 12))
	var l Level
	known := l.Learn(arNoise(g, 240, 0.5, 0.11), levelDefaults)
	stale := l.Learn(arNoise(g, 240, 0.5, 0.005), levelDefaults)
	found := func(noise *LevelNoise, shift float64, runs int) (n int) {
		for range runs {
			y := arNoise(g, 60, 0.5, 0.11)
			for i := range y {
				y[i] += shift
			}
			o := levelDefaults
			o.Known = noise
			if l.Load(y, o); l.Rise().LogE > math.Log(100) {
				n++
			}
		}
		return n
	}
	without, with, wrong := found(nil, math.Log(1.2), 150), found(&known, math.Log(1.2), 150), found(&stale, 0, 150)
	if with < 120 || with <= without || wrong > 3 {
		t.Errorf("of 150 shifts: %d, with known noise %d; of 150 good ones with stale noise %d", without, with, wrong)
	}
	var none LevelNoise
	y := arNoise(g, 30, 0.5, 0.1)
	o := levelDefaults
	l.Load(y, o)
	plain := l.Rise()
	o.Known = &none
	if l.Load(y, o); l.Rise() != plain {
		t.Error("the zero value says something")
	}
}

// FuzzLevel: whatever finite values: no panic, no NaN.
func FuzzLevel(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, 0.05, 3)
	f.Add(make([]byte, 100), 0.0, -300)
	f.Fuzz(func(t *testing.T, raw []byte, limit float64, power int) {
		if !(limit >= 0 && limit <= 1e4) || power < -1000 || power > 12 || len(raw) > 300 {
			return
		}
		y := make([]float64, len(raw))
		for i, b := range raw {
			y[i] = math.Ldexp(float64(int(b)-128), power)
		}
		var l Level
		if !l.Load(y, LevelOptions{Above: limit, Below: limit, First: 0.6, Each: 0.01}) {
			return
		}
		lo, hi := l.Interval(0, 5)
		for k, v := range []float64{l.Rise().LogE, l.Fall().LogE, l.LogAtLeast(0, 1, limit, true), l.Estimate(0).Mean, lo, hi} {
			if math.IsNaN(v) {
				t.Fatalf("%v is %v of %v, limit %v", k, v, y, limit)
			}
		}
	})
}
