package stats

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// Against R: testdata/proportion.R writes proportion.csv.
func TestProportionIntervalAgainstR(t *testing.T) {
	f, err := os.Open("testdata/proportion.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 200 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, line := range lines {
		var a [5]float64
		for i := range a {
			if a[i], err = strconv.ParseFloat(line[i], 64); err != nil {
				t.Fatalf("%v: %v", line, err)
			}
		}
		lo, hi := ProportionInterval(int(a[0]), int(a[1]), a[2])
		if !near(lo, a[3], 1e-10) || !near(hi, a[4], 1e-10) {
			t.Errorf("%v: got %v to %v", line, lo, hi)
		}
	}
}

// Whatever the probability, the interval holds it as often as it says: by adding up the
// chances of all counts whose interval does.
func TestProportionIntervalHolds(t *testing.T) {
	const n, level = 30, 0.95
	for p := 0.005; p < 1; p += 0.005 {
		held := 0.0
		for k := range n + 1 {
			if lo, hi := ProportionInterval(k, n, level); lo <= p && p <= hi {
				held += math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
			}
		}
		if held < level {
			t.Errorf("of probability %.3f it holds %v", p, held)
		}
	}
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

func TestProportionIntervalAtTheEnds(t *testing.T) {
	if lo, hi := ProportionInterval(0, 0, 0.95); lo != 0 || hi != 1 {
		t.Errorf("without trials: %v to %v", lo, hi)
	}
	if lo, _ := ProportionInterval(0, 50, 0.95); lo != 0 {
		t.Errorf("never seen, and at least %v", lo)
	}
	if _, hi := ProportionInterval(50, 50, 0.95); hi != 1 {
		t.Errorf("always seen, and at most %v", hi)
	}
	for _, c := range []struct {
		k, n  int
		level float64
	}{{-1, 3, 0.95}, {4, 3, 0.95}, {0, -1, 0.95}, {1, 3, 0}, {1, 3, 1}, {1, 3, math.NaN()}} {
		if lo, hi := ProportionInterval(c.k, c.n, c.level); !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("%+v: %v to %v", c, lo, hi)
		}
	}
}
