package stats

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// Against R: testdata/samplesize.R writes samplesize.csv.
func TestSampleSizesAgainstR(t *testing.T) {
	f, err := os.Open("testdata/samplesize.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil || len(lines) < 100 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	tested := map[string]int{}
	for _, line := range lines {
		a := make([]float64, len(line)-1)
		for i, text := range line[1:] {
			if a[i], err = strconv.ParseFloat(text, 64); err != nil {
				t.Fatalf("%v: %v", line, err)
			}
		}
		want := a[len(a)-1]
		got := sampleSize(t, line[0], a)
		if !near(got, want, 1e-7*math.Abs(want)) {
			t.Errorf("%v: got %v", line, got)
		}
		tested[line[0]]++
	}
	if len(tested) != 7 {
		t.Errorf("tested %v", tested)
	}
}

func sampleSize(t *testing.T, name string, a []float64) float64 {
	t.Helper()
	switch name {
	case "proportions", "poisson":
		return TwoRates{Canary: a[0], Baseline: a[1], Ratio: a[2], Poisson: name == "poisson"}.FixedSize(a[3], a[4])
	case "information", "poissonInformation":
		return TwoRates{Canary: a[0], Baseline: a[1], Ratio: a[2], Poisson: name != "information"}.Information()
	case "variance":
		return MeanVariance(a[0], a[1])
	case "mean":
		return FixedMeanSize(a[0], a[1], a[2], a[3], a[4])
	case "passage":
		return SequentialChance(a[0], a[1])
	}
	t.Fatalf("no function %q", name)
	return 0
}

func TestSampleSizesOfNothing(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, got := range map[string]float64{
		"equal rates":       TwoRates{Canary: 0.1, Baseline: 0.1, Ratio: 1}.FixedSize(0.01, 0.8),
		"a rate above 1":    TwoRates{Canary: 1.1, Baseline: 0.1, Ratio: 1}.FixedSize(0.01, 0.8),
		"a negative rate":   TwoRates{Canary: -1, Baseline: 0.1, Ratio: 1, Poisson: true}.Information(),
		"no rate":           TwoRates{Canary: nan, Baseline: 0.1, Ratio: 1}.Information(),
		"an infinite rate":  TwoRates{Canary: inf, Baseline: 0.1, Ratio: 1, Poisson: true}.FixedSize(0.01, 0.8),
		"no baseline":       TwoRates{Canary: 0.2, Baseline: 0.1}.FixedSize(0.01, 0.8),
		"alpha 0":           TwoRates{Canary: 0.2, Baseline: 0.1, Ratio: 1}.FixedSize(0, 0.8),
		"power 1":           TwoRates{Canary: 0.2, Baseline: 0.1, Ratio: 1}.FixedSize(0.01, 1),
		"no values":         MeanVariance(0, 0.5),
		"a unit root":       MeanVariance(10, 1),
		"negative phi":      FixedMeanSize(1, 1, -0.5, 0.01, 0.8),
		"no sd":             FixedMeanSize(1, nan, 0, 0.01, 0.8),
		"no shift":          FixedMeanSize(nan, 1, 0, 0.01, 0.8),
		"alpha 1":           SequentialChance(1, 1),
		"no information":    SequentialChance(nan, 0.01),
		"power 0":           SequentialInformation(0.01, 0),
		"alpha of nothing":  SequentialInformation(nan, 0.5),
		"power of nothing":  FixedMeanSize(1, 1, 0, 0.01, nan),
		"infinite noise":    FixedMeanSize(1, inf, 0, 0.01, 0.8),
		"infinite baseline": TwoRates{Canary: 0.2, Baseline: 0.1, Ratio: inf}.Information(),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := FixedMeanSize(0, 1, 0, 0.01, 0.8); !math.IsInf(got, 1) {
		t.Errorf("no shift is found after %v", got)
	}
	if got := FixedMeanSize(1, 0, 0.5, 0.01, 0.8); got != 1 {
		t.Errorf("without noise it takes %v", got)
	}
	if a, b := SequentialChance(-1, 0.01), SequentialChance(math.Inf(1), 0.01); a != 0 || b != 1 {
		t.Errorf("chances at the ends are %v and %v", a, b)
	}
}

// Properties: conversions are errors the other way round, sides can be swapped, and the
// inverse is one.
func TestSampleSizeProperties(t *testing.T) {
	for _, k := range []float64{0.1, 1, 30} {
		r := TwoRates{Canary: 0.04, Baseline: 0.02, Ratio: k}
		mirrored := TwoRates{Canary: 0.96, Baseline: 0.98, Ratio: k}
		swapped := TwoRates{Canary: 0.02, Baseline: 0.04, Ratio: 1 / k}
		if a, b := r.FixedSize(0.01, 0.9), mirrored.FixedSize(0.01, 0.9); !near(a, b, 1e-8*a) {
			t.Errorf("k = %v: %v events, of the good ones %v", k, a, b)
		}
		if a, b := r.FixedSize(0.01, 0.9), swapped.FixedSize(0.01, 0.9); !near(k*a, b, 1e-8*b) {
			t.Errorf("k = %v: %v events of the baseline, as a canary %v", k, k*a, b)
		}
		if a, b := r.Information(), mirrored.Information(); !near(a, b, 1e-12) {
			t.Errorf("k = %v: %v nats, of the good ones %v", k, a, b)
		}
		if a, b := r.Information(), k*swapped.Information(); !near(a, b, 1e-12) {
			t.Errorf("k = %v: %v nats, swapped %v", k, a, b)
		}
	}
	for _, alpha := range []float64{0.001, 0.01, 0.2} {
		for _, power := range []float64{0.1, 0.5, 0.8, 0.99} {
			x := SequentialInformation(alpha, power)
			if got := SequentialChance(x, alpha); !near(got, power, 1e-9) {
				t.Errorf("after %v nats it has decided with %v, want %v", x, got, power)
			}
		}
	}
	// Rare events are Poisson.
	rare, count := TwoRates{Canary: 4e-6, Baseline: 2e-6, Ratio: 3}, TwoRates{Canary: 4e-6, Baseline: 2e-6, Ratio: 3, Poisson: true}
	if a, b := rare.FixedSize(0.01, 0.8), count.FixedSize(0.01, 0.8); !near(a, b, 1e-4*a) {
		t.Errorf("%v events, as counts %v", a, b)
	}
	if a, b := MeanInformation(0.2, 0.1, 0), MeanInformation(0.2, 0.1, 0.5); a != 2 || !near(b, 2.0/3, 1e-12) {
		t.Errorf("%v and %v nats a value", a, b)
	}
}

// What the formulas say is what happens: a fixed test of rates has the power, and no
// more errors than alpha, and so has the one that looks at every step.
func TestSampleSizesBySimulation(t *testing.T) {
	const runs, alpha, power = 4000, 0.01, 0.8
	g := newGenerator(11)
	const shift, sd, phi = 0.1, 0.11, 0.5
	n := FixedMeanSize(shift, sd, phi, alpha, power)
	limit := NormalQuantile(1-alpha) * sd * math.Sqrt(MeanVariance(n, phi))
	var found, failed int
	for range runs {
		sum, x := 0.0, sd*g.NormFloat64()
		for range int(n) {
			sum += x
			x = phi*x + sd*math.Sqrt(1-phi*phi)*g.NormFloat64()
		}
		if sum/n > limit {
			failed++
		}
		if sum/n+shift > limit {
			found++
		}
	}
	share := float64(found) / runs
	// n is rounded up, so the power is a little more.
	if se := math.Sqrt(power * (1 - power) / runs); share < power-4*se || share > power+0.03+4*se {
		t.Errorf("the fixed test of %v values found %v, want %v", n, share, power)
	}
	if rate, se := float64(failed)/runs, math.Sqrt(alpha/runs); math.Abs(rate-alpha) > 4*se {
		t.Errorf("the fixed test failed %v of the good, want %v", rate, alpha)
	}
	each := MeanInformation(shift, sd, 0)
	steps := int(math.Ceil(SequentialInformation(alpha, power) / each))
	found, failed = 0, 0
	for range runs {
		var bad, good float64 // log likelihood ratios
		over := [2]bool{}
		for range steps {
			z := math.Sqrt(2*each) * g.NormFloat64()
			bad += each + z
			good += -each + z
			over[0], over[1] = over[0] || bad >= -math.Log(alpha), over[1] || good >= -math.Log(alpha)
		}
		if over[0] {
			found++
		}
		if over[1] {
			failed++
		}
	}
	// Looks at whole steps pass over crossings between them: a little less than the formula.
	if share := float64(found) / runs; share < power-0.08 || share > power+0.03 {
		t.Errorf("the sequential test found %v within %d steps, want %v", share, steps, power)
	}
	if rate := float64(failed) / runs; rate > alpha+4*math.Sqrt(alpha/runs) {
		t.Errorf("the sequential test failed %v of the good, want at most %v", rate, alpha)
	}
}
