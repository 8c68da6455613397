package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// segmentPlan is a plan whose metric is judged by region and device.
func (w *world) segmentPlan(change ...func(*analysis.Plan)) {
	w.plan("p", append([]func(*analysis.Plan){func(p *analysis.Plan) {
		p.Metrics[0].By, p.Metrics[0].MaxSegments = []string{"region", "device"}, 4
	}}, change...)...)
}

// part answers one series of a segment.
func segment(q analysis.Query, region, device string, at func(time.Time) float64) analysis.Series {
	s := series(q, at)[0]
	s.Labels = map[string]string{"region": region, "device": device}
	return s
}

func steady(v float64) func(time.Time) float64 { return func(time.Time) float64 { return v } }

// TestSegmentsAreJudgedOnTheirOwn: a regression in one of them fails the run and is named,
// one that appears late has no samples before, and all is asked for once.
func TestSegmentsAreJudgedOnTheirOwn(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now()
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			if q.Reduce != analysis.ReduceAll {
				t.Errorf("asked with reduce %q", q.Reduce)
			}
			all := []analysis.Series{segment(q, "us", "web", steady(0.1)), segment(q, "eu-west", "web", steady(0.1))}
			if q.Window.End.After(began.Add(3 * time.Minute)) {
				all = append(all, segment(q, "eu-west", "ios", func(at time.Time) float64 {
					if at.After(began.Add(5 * time.Minute)) {
						return 0.9
					}
					return 0.1
				}))
			}
			return all, nil
		}
		w.segmentPlan()
		r := w.finish(w.start("p", "2").ID)
		if *r.Outcome != analysis.OutcomeFail || !strings.Contains(r.Reason, "region=eu-west device=ios") {
			t.Errorf("%s: %s", *r.Outcome, r.Reason)
		}
		ls, err := w.e.Looks(w.t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, f := range ls[len(ls)-1].Verdict.Findings {
			counts[f.Segment] = f.Samples.Canary
		}
		// It failed with the second sample above the limit, the seventh of all.
		want := map[string]int{"region=us device=web": 7, "region=eu-west device=web": 7, "region=eu-west device=ios": 4}
		if fmt.Sprint(counts) != fmt.Sprint(want) {
			t.Errorf("samples %v, want %v", counts, want)
		}
		if steps := len(w.source.asked); steps != 7 {
			t.Errorf("%d questions for 7 steps", steps)
		}
	})
}

// TestTooManySegmentsIsClear: a label that explodes is an error of the query, kept small,
// and no reason to roll back.
func TestTooManySegmentsIsClear(t *testing.T) {
	for name, c := range map[string]struct {
		series int
		same   bool
		words  string
	}{
		"many":        {series: 5000, words: "5000 segments by region, device, more than max_segments 4 (try: "},
		"two of one":  {series: 2, same: true, words: "two series of segment region=eu device=web: they differ in pod"},
		"over a time": {series: 1, words: " segments by region, device, more than max_segments 4 (try: "},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				looks := 0
				w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
					looks++
					var all []analysis.Series
					for i := range c.series {
						s := segment(q, "eu", "web", steady(9))
						s.Labels["pod"] = fmt.Sprint(i)
						if !c.same {
							s.Labels["region"] = fmt.Sprint("region-", looks, "-", i)
						}
						all = append(all, s)
					}
					return all, nil
				}
				w.segmentPlan(func(p *analysis.Plan) { p.Metrics[0].Threshold.Consecutive = 9 })
				r := w.start("p", "2")
				w.until("said", func() bool { return strings.Contains(w.run(r.ID).Reason, strings.TrimSuffix(c.words, " (try: ")) })
				r = w.finish(r.ID)
				if *r.Outcome != analysis.OutcomeInconclusive || len(w.undo.got) != 0 {
					t.Errorf("%s: %s", *r.Outcome, r.Reason)
				}
				ls, err := w.e.Looks(w.t.Context(), r.ID)
				if err != nil {
					t.Fatal(err)
				}
				said := fmt.Sprintf("%+v", ls[len(ls)-1].Verdict)
				if !strings.Contains(said, strings.TrimSuffix(c.words, " (try: ")) || len(said) > 5000 {
					t.Errorf("it says %.1000s", said)
				}
			})
		})
	}
}

// TestCoarserAnswersAreKept: a server that rolls up is no reason to ask again, and the
// finding says so.
func TestCoarserAnswersAreKept(t *testing.T) {
	inWorld(t, func(w *world) {
		w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
			s := series(q, func(at time.Time) float64 {
				if at.Minute()%5 != 0 {
					return analysis.Missing()
				}
				return 0.2
			})
			s[0].Rollup = 5 * time.Minute
			return s, nil
		}
		w.plan("p")
		r := w.finish(w.start("p", "2").ID)
		ls, err := w.e.Looks(w.t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		f := ls[len(ls)-1].Verdict.Findings[0]
		if f.Samples.Canary != 2 || strings.Join(f.Warnings, "; ") != "the source answers in steps of 5m, not of 1m" || len(w.source.asked) != 10 {
			t.Errorf("%d questions; %+v", len(w.source.asked), f)
		}
	})
}
