package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// pushPlan is a plan whose only metric is pushed.
func (w *world) pushPlan(change ...func(*analysis.Plan)) {
	w.plan("p", append([]func(*analysis.Plan){func(p *analysis.Plan) {
		limit := 0.1
		p.Metrics = []analysis.Metric{{
			Name: "smoke", Source: analysis.SourcePush, Kind: analysis.Ratio, Direction: analysis.Increase, Group: "g", Weight: 1,
			Threshold: &analysis.Threshold{Max: &limit, Consecutive: 1},
			NoData:    analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(5 * time.Minute)},
		}}
	}}, change...)...)
}

func (w *world) push(id string, samples ...analysis.PushedSample) (analysis.PushResult, error) {
	return w.e.Push(w.t.Context(), id, samples, analysis.Cause{Kind: "api", Who: "ci"})
}

func total(v float64) *float64 { return &v }

// TestPushedSamplesAreJudged: a smoke test that fails rolls back, late samples count, and
// sending again changes nothing.
func TestPushedSamplesAreJudged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pushPlan()
		r := w.start("p", "2")
		good := analysis.PushedSample{Metric: "smoke", Value: 0, Total: total(20), Time: r.StartedAt.Add(30 * time.Second)}
		for i := range 3 {
			got, err := w.push(r.ID, good)
			if want := (analysis.PushResult{Accepted: 1}); i == 0 && (err != nil || got != want) {
				t.Fatalf("%+v, %v", got, err)
			}
			if want := (analysis.PushResult{Duplicates: 1}); i > 0 && (err != nil || got != want) {
				t.Fatalf("again: %+v, %v", got, err)
			}
		}
		w.until("judged", func() bool { return w.run(r.ID).Progress.Samples == 1 })
		w.until("later", func() bool { return w.run(r.ID).Progress.Looks > 6 })
		// Two in the step before last, 30 of 100 together: only now known.
		late := r.StartedAt.Add(90 * time.Second)
		if got, err := w.push(r.ID, analysis.PushedSample{Metric: "smoke", Value: 5, Total: total(50), Time: late},
			analysis.PushedSample{Metric: "smoke", Value: 25, Total: total(50), Time: late.Add(time.Second)}); err != nil || got.Accepted != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		r = w.finish(r.ID)
		if *r.Outcome != analysis.OutcomeFail || r.Progress.Samples != 2 || !strings.Contains(r.Reason, "30 %") || len(w.source.asked) != 0 {
			t.Errorf("%s after %d samples and %d questions: %s", *r.Outcome, r.Progress.Samples, len(w.source.asked), r.Reason)
		}
		if _, err := w.push(r.ID, good); analysis.KindOf(err) != analysis.Conflict {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestPushedAtTheEdgesCounts: samples between the run's start and its first whole step,
// and after the last, are not lost; those of the warm-up are left out.
func TestPushedAtTheEdgesCounts(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pushPlan(func(p *analysis.Plan) {
			p.Warmup, p.Metrics[0].Kind, p.Metrics[0].Threshold.Max = analysis.Duration(2*time.Minute), analysis.Gauge, total(100)
		})
		time.Sleep(20 * time.Second)
		r := w.start("p", "2")
		for at, v := range map[time.Duration]float64{
			time.Minute: 999, 2*time.Minute + time.Second: 10, 2*time.Minute + 50*time.Second: 30, 10 * time.Minute: 50,
		} {
			s := analysis.PushedSample{Metric: "smoke", Value: v, Time: r.StartedAt.Add(at)}
			w.until("time", func() bool { return time.Now().After(s.Time) })
			if _, err := w.push(r.ID, s); err != nil {
				t.Fatal(err)
			}
		}
		r = w.finish(r.ID)
		ls, err := w.e.Looks(w.t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		f := ls[len(ls)-1].Verdict.Findings[0]
		if *r.Outcome != analysis.OutcomePass || f.Samples.Canary != 2 || *f.Seen != 50 {
			t.Errorf("%s: %+v", *r.Outcome, f)
		}
	})
}

// TestPushRefusesWhatCannotBeJudged names every mistake, and takes nothing of the request.
func TestPushRefusesWhatCannotBeJudged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pushPlan(func(p *analysis.Plan) {
			p.Metrics = append(p.Metrics, p.Metrics[0], p.Metrics[0], p.Metrics[0])
			p.Metrics[1].Name, p.Metrics[1].Kind = "level", analysis.Gauge
			p.Metrics[2].Name, p.Metrics[2].By = "parts", []string{"region"}
			p.Metrics[3].Name, p.Metrics[3].Source = "errors", "prom"
		})
		r := w.start("p", "2")
		now := time.Now()
		ok := analysis.PushedSample{Metric: "smoke", Value: 1, Total: total(2), Time: now}
		if _, err := w.push(r.ID, ok); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			sample analysis.PushedSample
			field  string
		}{
			"unknown":        {analysis.PushedSample{Metric: "nope"}, "metric"},
			"not pushed":     {analysis.PushedSample{Metric: "errors", Total: total(1)}, "metric"},
			"side":           {analysis.PushedSample{Metric: "level", Side: "left"}, "side"},
			"no total":       {analysis.PushedSample{Metric: "smoke", Value: 1}, "total"},
			"a total":        {analysis.PushedSample{Metric: "level", Value: 1, Total: total(1)}, "total"},
			"negative":       {analysis.PushedSample{Metric: "smoke", Value: -1, Total: total(1)}, "value"},
			"negative total": {analysis.PushedSample{Metric: "smoke", Value: 1, Total: total(-1)}, "value"},
			"future":         {analysis.PushedSample{Metric: "level", Value: 1, Time: now.Add(time.Hour)}, "time"},
			"before":         {analysis.PushedSample{Metric: "level", Value: 1, Time: now.Add(-time.Hour)}, "time"},
			"no labels":      {analysis.PushedSample{Metric: "parts", Value: 1, Total: total(1)}, "labels"},
			"other labels":   {analysis.PushedSample{Metric: "parts", Value: 1, Total: total(1), Labels: map[string]string{"zone": "a"}}, "labels"},
			"labels":         {analysis.PushedSample{Metric: "level", Value: 1, Labels: map[string]string{"zone": "a"}}, "labels"},
		} {
			other := ok
			other.Time = now.Add(time.Millisecond)
			_, err := w.push(r.ID, other, c.sample)
			e := analysis.AsError(err)
			if analysis.KindOf(err) != analysis.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != "samples[1]."+c.field {
				t.Errorf("%s: %v %+v", name, err, e)
			}
		}
		other := ok
		other.Value = 2
		if _, err := w.push(r.ID, other); analysis.KindOf(err) != analysis.Conflict || !strings.Contains(err.Error(), "another value") {
			t.Errorf("another value: %v", err)
		}
		if kept, err := w.s.Pushed(w.t.Context(), r.ID); err != nil || len(kept) != 1 {
			t.Errorf("%d samples kept, %v", len(kept), err)
		}
		if _, err := w.push("nope", ok); analysis.KindOf(err) != analysis.NotFound {
			t.Errorf("no run: %v", err)
		}
	})
}
