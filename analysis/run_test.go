package analysis_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

// TestGridIsWholeSteps: whatever the start, the grid lies on whole multiples of the step
// since 1970, begins with the first that starts after the warm-up, has as many steps as
// fit into the run, and settles step by step.
func TestGridIsWholeSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := time.Duration(rapid.IntRange(1, 7200).Draw(t, "step")) * time.Second
		p := analysis.Plan{
			Step: analysis.Duration(step), Every: analysis.Duration(30 * time.Second),
			Duration: analysis.Duration(time.Duration(rapid.IntRange(1, 100).Draw(t, "steps")) * step),
		}
		p.Warmup = analysis.Duration(time.Duration(rapid.Int64Range(0, int64(p.Duration)/2).Draw(t, "warmup")))
		start := time.UnixMilli(rapid.Int64Range(-1e12, 3e12).Draw(t, "start")).UTC()
		r := analysis.Run{ID: "x", Snapshot: p, StartedAt: start, EndsAt: start.Add(p.Duration.Std())}
		w := r.Whole()
		if w.Start.UnixNano()%int64(step) != 0 || w.Steps(step) != p.Samples() {
			t.Fatalf("%s + %s on steps of %s gives %s with %d steps, want %d", start, p.Warmup, step, w.Start, w.Steps(step), p.Samples())
		}
		if late := w.Start.Sub(start.Add(p.Warmup.Std())); late < 0 || late >= step {
			t.Fatalf("it begins %s after the warm-up", late)
		}
		delay := time.Duration(rapid.IntRange(0, 300).Draw(t, "delay")) * time.Second
		now := start.Add(time.Duration(rapid.Int64Range(0, 2*int64(p.Duration)).Draw(t, "now")))
		g := r.Grid(now, delay)
		settled := max(0, min(p.Samples(), int(now.Add(-delay).Sub(w.Start)/step)))
		if !g.Start.Equal(w.Start) || g.Steps(step) != settled {
			t.Fatalf("at %s there are %d steps, want %d", now, g.Steps(step), settled)
		}
		if at, last := r.Due(now.Add(1000*time.Hour), delay); !last || r.Grid(at, delay).Steps(step) != p.Samples() {
			t.Fatalf("the last look, at %s, does not see all", at)
		}
	})
}

// TestBaselineWindow: a baseline of another time lies on whole steps too.
func TestBaselineWindow(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, "2026-03-01T"+s+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	p := analysis.Plan{Step: analysis.Duration(time.Minute), Duration: analysis.Duration(10 * time.Minute)}
	r := analysis.Run{Snapshot: p, StartedAt: at("12:00:20"), EndsAt: at("12:10:20")}
	for kind, want := range map[analysis.BaselineKind]analysis.Window{
		analysis.BaselineVersion: {Start: at("12:01:00"), End: at("12:11:00")},
		analysis.BaselineOffset:  {Start: at("10:01:00"), End: at("10:11:00")},
		analysis.BaselineBefore:  {Start: at("10:00:00"), End: at("12:00:00")},
	} {
		r.Snapshot.Baseline = analysis.Baseline{Kind: kind, Shift: analysis.Duration(2 * time.Hour)}
		if got := r.BaselineWindow(r.Whole()); !got.Start.Equal(want.Start) || !got.End.Equal(want.End) {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
}
