package answer

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

// at is a sample some seconds after noon.
func at(seconds int, value float64) Sample {
	return Sample{At: noon().Add(time.Duration(seconds) * time.Second), Value: value}
}

func null(seconds int) Sample { return Sample{At: at(seconds, 0).At, Null: true} }

// perMinute consolidates samples of three minutes from noon and prints them.
func perMinute(t testing.TB, rule Consolidate, samples ...Sample) string {
	t.Helper()
	c := started(t, minutes(3))
	before := slices.Clone(samples)
	got := c.Consolidated(samples, rule)
	if !slices.EqualFunc(before, samples, same) {
		t.Errorf("the samples were changed: %v, were %v", samples, before)
	}
	if err := c.Add(nil, got); err != nil {
		t.Fatal(err)
	}
	series, err := c.Series()
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(series, func(s analysis.Series) bool { return len(s.Warnings) > 0 }) {
		t.Errorf("warnings: %v", series)
	}
	return show(series)
}

// same reports whether two samples are the same, NaN or not.
func same(a, b Sample) bool {
	return a.At.Equal(b.At) && a.Null == b.Null && math.Float64bits(a.Value) == math.Float64bits(b.Value)
}

func TestConsolidated(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name    string
		samples []Sample
		want    map[Consolidate]string
	}{
		{"several", []Sample{at(10, 4), at(60, 1), at(61, 7), at(180, 9)}, map[Consolidate]string{
			"mean": " [2.5,7,9]", "sum": " [5,7,9]", "max": " [4,7,9]", "min": " [1,7,9]", "last": " [1,7,9]",
		}},
		{"in any order", []Sample{at(180, 9), at(50, 1), at(10, 4), at(61, 7)}, map[Consolidate]string{"last": " [1,7,9]", "sum": " [5,7,9]"}},
		{"of the same moment", []Sample{at(30, 1), at(30, 2)}, map[Consolidate]string{"last": " [2,null,null]", "mean": " [1.5,null,null]"}},
		{"outside", []Sample{at(-1, 1), at(0, 2), at(1, 3), at(181, 4)}, map[Consolidate]string{"sum": " [3,null,null]"}},
		{"nothing inside", []Sample{at(0, 2), at(181, 4)}, map[Consolidate]string{"sum": ""}},
		{"nulls beside", []Sample{at(10, 4), null(20), null(30), at(40, 6), null(60)}, map[Consolidate]string{
			"mean": " [5,null,null]", "last": " [6,null,null]", "min": " [4,null,null]",
		}},
		{"infinite", []Sample{at(10, inf), at(20, 1), at(70, inf), at(80, -inf)}, map[Consolidate]string{
			"sum": ` ["+Inf","NaN",null]`, "max": ` ["+Inf","+Inf",null]`, "min": ` [1,"-Inf",null]`, "last": ` [1,"-Inf",null]`,
		}},
		{"not a number", []Sample{at(10, nan), at(20, 1), at(70, nan), at(80, nan)}, map[Consolidate]string{
			"sum": ` ["NaN","NaN",null]`, "mean": ` ["NaN","NaN",null]`, "max": ` [1,"NaN",null]`, "last": ` [1,"NaN",null]`,
		}},
		{"zero", []Sample{at(10, 0), at(20, 0)}, map[Consolidate]string{"sum": " [0,null,null]", "mean": " [0,null,null]"}},
	} {
		for rule, want := range c.want {
			if got := perMinute(t, rule, c.samples...); got != want {
				t.Errorf("%s, %s: %s, want %s", c.name, rule, got, want)
			}
		}
	}
}

// TestConsolidatedNulls wants a step of nothing but nulls to be null, and one without
// samples to be missing.
func TestConsolidatedNulls(t *testing.T) {
	for _, rule := range []Consolidate{ConsolidateMean, ConsolidateSum, ConsolidateMax, ConsolidateMin, ConsolidateLast} {
		got := started(t, minutes(3)).Consolidated([]Sample{null(10), null(20), at(130, 0), null(140)}, rule)
		if len(got) != 2 || !got[0].Null || got[1].Null || got[1].Value != 0 {
			t.Errorf("%s: %v, want a null and a zero", rule, got)
		}
	}
}

// TestConsolidatedAnyhow checks what holds for all samples: one a step, at its end, and
// the sum keeps everything that is inside.
func TestConsolidatedAnyhow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.SliceOfN(rapid.IntRange(-100, 300), 0, 40).Draw(t, "seconds")
		c, err := New("source x", minutes(3), time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var samples []Sample
		want := 0.0
		for i, s := range seconds {
			samples = append(samples, at(s, float64(i)))
			if s > 0 && s <= 180 {
				want += float64(i)
			}
		}
		got, before := 0.0, noon()
		for _, s := range c.Consolidated(samples, ConsolidateSum) {
			if !s.At.After(before) || s.At.Sub(noon())%time.Minute != 0 {
				t.Fatalf("a sample at %s after one at %s: want one at the end of each step", s.At, before)
			}
			before, got = s.At, got+s.Value
		}
		if got != want {
			t.Fatalf("the sum is %v, want %v", got, want)
		}
	})
}
