package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// forgetful is a house in which not all that was recorded is kept.
type forgetful struct {
	drawn
	run analysis.Run
}

func (f forgetful) Run(context.Context, string) (analysis.Run, error) { return f.run, nil }

func (f forgetful) Looks(ctx context.Context, id string) ([]analysis.Look, error) {
	if f.run.EvidenceDeletedAt != nil {
		return nil, nil
	}
	return f.drawn.Looks(ctx, id)
}

func (f forgetful) Pairs(context.Context, string) ([]analysis.Pair, error) {
	gone := analysis.Samples{Err: analysis.Errorf(analysis.NoData, "deleted on 2026-04-01")}
	return []analysis.Pair{{Metric: "p99", Canary: gone, Baseline: gone}}, nil
}

func TestWhatIsNotKeptIsSaid(t *testing.T) {
	run, err := drawn{}.Run(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	run.Progress.Looks = 1
	deleted := time.Date(2026, 4, 1, 2, 3, 4, 0, time.UTC)
	old, thinned := run, run
	old.EvidenceDeletedAt, thinned.Progress.Looks = &deleted, 700
	for name, c := range map[string]struct {
		run  analysis.Run
		path string
		has  []string
		not  string
	}{
		"all looks":     {run, "/looks", []string{`"number":1`}, "note"},
		"thinned looks": {thinned, "/looks", []string{`"number":1`, `"note":"Of 700 looks, 1 are kept`}, "deleted"},
		"an old run":    {old, "/looks", []string{`"looks":[]`, `"note":"Its looks and samples were deleted on 2026-04-01`}, "kept:"},
		"its run":       {old, "", []string{`"evidence_deleted_at":"2026-04-01T02:03:04Z"`}, "note"},
		"a young run":   {run, "", []string{`"id":"r1"`}, "evidence_deleted_at"},
		"its picture":   {old, "/chart.svg", []string{"deleted on 2026-04-01"}, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(t, forgetful{run: c.run}, "/api/v1/runs/r1"+c.path)
			for _, want := range c.has {
				if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
					t.Errorf("%d, it does not say %s: %s", w.Code, want, w.Body)
				}
			}
			if strings.Contains(w.Body.String(), c.not) {
				t.Errorf("it says %q: %s", c.not, w.Body)
			}
		})
	}
}
