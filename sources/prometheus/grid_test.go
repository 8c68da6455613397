package prometheus

import (
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

func TestGridRefuses(t *testing.T) {
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	window := func(d time.Duration) analysis.Window { return analysis.Window{Start: at, End: at.Add(d)} }
	for name, q := range map[string]analysis.Query{
		"no step":            {Window: window(time.Hour)},
		"negative step":      {Window: window(time.Hour), Step: -time.Minute},
		"half a millisecond": {Window: window(time.Hour), Step: 1500 * time.Microsecond},
		"too short":          {Window: window(time.Second), Step: time.Minute},
		"backwards":          {Window: window(-time.Hour), Step: time.Minute},
		"too many":           {Window: window(30 * 24 * time.Hour), Step: time.Millisecond},
	} {
		if _, err := newGrid(q); err == nil || err.Kind != analysis.Invalid {
			t.Errorf("%s: error %v, want an invalid one", name, err)
		}
	}
}

func TestParts(t *testing.T) {
	for n, want := range map[int][]int{
		1: {1}, 11000: {11000}, 11001: {11000, 1}, 25000: {11000, 11000, 3000},
	} {
		q := minutes(n)
		q.Step = time.Second
		q.Window.End = q.Window.Start.Add(time.Duration(n) * time.Second)
		g, err := newGrid(q)
		if err != nil {
			t.Fatal(err)
		}
		parts := g.parts()
		if len(parts) != len(want) {
			t.Fatalf("%d steps are asked in %d parts, want %d", n, len(parts), len(want))
		}
		next := q.Window.Start
		for i, p := range parts {
			r := p.asked()
			if p.n != want[i] || !r.Start.Equal(next.Add(time.Second)) {
				t.Errorf("part %d has %d steps from %s, want %d after %s", i, p.n, r.Start, want[i], next)
			}
			if r.End.Sub(r.Start)/r.Step > 11000 {
				t.Errorf("part %d is more than Prometheus answers", i)
			}
			next = r.End
		}
		if !next.Equal(q.Window.End) {
			t.Errorf("the parts end at %s, the window at %s", next, q.Window.End)
		}
	}
}

// TestIndex checks the rule that a sample belongs to (t-step, t] against its
// definition.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grid{
			start: rapid.Int64Range(0, 2e12).Draw(t, "start"),
			step:  rapid.Int64Range(1, 100_000).Draw(t, "step"),
			n:     rapid.IntRange(1, 50).Draw(t, "n"),
		}
		at := g.start + rapid.Int64Range(-g.step, int64(g.n+1)*g.step).Draw(t, "since")
		want, exactly := -1, false
		for i := range g.n {
			begin, end := g.start+int64(i)*g.step, g.start+int64(i+1)*g.step
			if begin < at && at <= end {
				want, exactly = i, at == end
			}
		}
		if i, exact := g.index(model.Time(at)); i != want || want >= 0 && exact != exactly {
			t.Fatalf("index %d, exact %v, want %d, %v", i, exact, want, exactly)
		}
	})
}

// TestAskedStep checks that servers which read the step as a float get every
// millisecond of it, and that ordinary steps are sent as they are.
func TestAskedStep(t *testing.T) {
	for ms := range 200_000 {
		step := time.Duration(ms+1) * time.Millisecond
		asked := askedStep(step)
		seconds := asked.Seconds()
		if time.Duration(seconds*1e9).Milliseconds() != step.Milliseconds() || int64(seconds*1000) != step.Milliseconds() {
			t.Fatalf("step %s is asked as %s, which is cut", step, asked)
		}
		ordinary := step%time.Second == 0 || step < time.Second && step%(50*time.Millisecond) == 0
		if ordinary && asked != step {
			t.Errorf("step %s is asked as %s", step, asked)
		}
	}
}

func TestPlace(t *testing.T) {
	part := grid{start: 1000, step: 100, first: 7, n: 3}
	at := func(ms ...int64) (out []model.SamplePair) {
		for _, m := range ms {
			out = append(out, model.SamplePair{Timestamp: model.Time(m), Value: model.SampleValue(m)})
		}
		return out
	}
	for name, c := range map[string]struct {
		samples []model.SamplePair
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
		p, got := placement{part: part}, map[int]float64{}
		err := p.place(c.samples, func(i int, v float64) { got[i] = v })
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
