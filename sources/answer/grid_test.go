package answer

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

func TestNewRefuses(t *testing.T) {
	window := func(d time.Duration) analysis.Window { return analysis.Window{Start: noon(), End: noon().Add(d)} }
	for name, c := range map[string]struct {
		q    analysis.Query
		unit time.Duration
	}{
		"no step":            {analysis.Query{Window: window(time.Hour)}, 1},
		"negative step":      {analysis.Query{Window: window(time.Hour), Step: -time.Minute}, 1},
		"half a millisecond": {analysis.Query{Window: window(time.Hour), Step: 1500 * time.Microsecond}, time.Millisecond},
		"half a second":      {analysis.Query{Window: window(time.Hour), Step: 1500 * time.Millisecond}, time.Second},
		"too short":          {analysis.Query{Window: window(time.Second), Step: time.Minute}, 1},
		"backwards":          {analysis.Query{Window: window(-time.Hour), Step: time.Minute}, 1},
		"too many":           {analysis.Query{Window: window(30 * 24 * time.Hour), Step: time.Millisecond}, 1},
		"unknown reduce":     {analysis.Query{Window: window(time.Hour), Step: time.Minute, Reduce: "median"}, 1},
	} {
		got, err := New("source x", c.q, c.unit)
		if got != nil || analysis.KindOf(err) != analysis.Invalid || err.Error()[:10] != "source x: " {
			t.Errorf("%s: error %v, want an invalid one", name, err)
		}
	}
}

// TestParts wants every step once, in windows of n steps at most.
func TestParts(t *testing.T) {
	for n, want := range map[int][]int{
		1: {1}, 11000: {11000}, 11001: {11000, 1}, 25000: {11000, 11000, 3000},
	} {
		q := minutes(n)
		q.Window = q.Window.Shift(1500 * time.Microsecond)
		parts := started(t, q).Parts(11000)
		if len(parts) != len(want) {
			t.Fatalf("%d steps are asked in %d parts, want %d", n, len(parts), len(want))
		}
		next := noon().Add(time.Millisecond)
		for i, w := range parts {
			if w.Steps(q.Step) != want[i] || !w.Start.Equal(next) {
				t.Errorf("part %d has %d steps from %s, want %d after %s", i, w.Steps(q.Step), w.Start, want[i], next)
			}
			next = w.End
		}
	}
}

// TestIndex checks the rule that a sample belongs to (t-step, t] against its
// definition.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := func(n int64) time.Time { return time.Unix(0, n) }
		start, step := rapid.Int64Range(0, 2e18).Draw(t, "start"), rapid.Int64Range(1, 100_000_000).Draw(t, "step")
		g := grid{start: ns(start), step: time.Duration(step), n: rapid.IntRange(1, 50).Draw(t, "n")}
		at := start + rapid.Int64Range(-step, int64(g.n+1)*step).Draw(t, "since")
		want, exactly := -1, false
		for i := range g.n {
			begin, end := start+int64(i)*step, start+int64(i+1)*step
			if begin < at && at <= end {
				want, exactly = i, at == end
			}
		}
		if i, exact := g.index(ns(at)); i != want || want >= 0 && exact != exactly {
			t.Fatalf("index %d, exact %v, want %d, %v", i, exact, want, exactly)
		}
	})
}

func TestPlace(t *testing.T) {
	start := noon()
	part := grid{start: start.Add(1000), step: 100, first: 7, n: 3}
	at := func(ns ...int) (out []Sample) {
		for _, n := range ns {
			out = append(out, Sample{At: start.Add(time.Duration(n)), Value: float64(n)})
		}
		return out
	}
	for name, c := range map[string]struct {
		samples []Sample
		want    map[int]float64 // step of the window to value
		shifted bool
		outside int
		bad     bool
	}{
		"all":           {samples: at(1100, 1200, 1300), want: map[int]float64{7: 1100, 8: 1200, 9: 1300}},
		"a gap":         {samples: at(1100, 1300), want: map[int]float64{7: 1100, 9: 1300}},
		"edges":         {samples: at(1000, 1001, 1300, 1301), want: map[int]float64{7: 1001, 9: 1300}, shifted: true, outside: 2},
		"aligned":       {samples: at(950, 1050, 1150, 1250), want: map[int]float64{7: 1050, 8: 1150, 9: 1250}, shifted: true, outside: 1},
		"another step":  {samples: at(1100, 1150, 1200), bad: true},
		"back in time":  {samples: at(1200, 1100), bad: true},
		"the same time": {samples: at(1200, 1200), bad: true},
	} {
		var p placement
		p.begin(part)
		got := map[int]float64{}
		err := p.place(c.samples, func(i int, s Sample) { got[i] = s.Value })
		if c.bad {
			if err == nil || err.Kind != analysis.Unavailable {
				t.Errorf("%s: error %v, want an unavailable one", name, err)
			}
			continue
		}
		if err != nil || p.shifted != c.shifted || p.outside != c.outside || len(got) != len(c.want) {
			t.Errorf("%s: %v, error %v, shifted %v, %d outside", name, got, err, p.shifted, p.outside)
		}
		for i, v := range c.want {
			if got[i] != v {
				t.Errorf("%s: step %d has %v, want %v", name, i, got[i], v)
			}
		}
	}
}
