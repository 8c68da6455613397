package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
)

// replay makes a Replay of the world's plans and source.
func (w *world) replay() *engine.Replay {
	return engine.NewReplay(&engine.Setup{Plans: w.setup.Plans, Sources: w.setup.Sources, Render: w.setup.Render}, slog.New(slog.DiscardHandler))
}

func (w *world) past(p *engine.Replay, plan, version string, at time.Time) analysis.Run {
	w.t.Helper()
	r, err := p.PastRun(analysis.StartRequest{Plan: plan, Version: version, BaselineVersion: "1", StartedAt: &at})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// comparing makes a plan compare two versions.
func comparing(p *analysis.Plan) {
	p.Judge, p.Baseline, p.FalseRollbackRate = analysis.JudgeSequential, analysis.Baseline{Kind: analysis.BaselineVersion}, 0.01
	p.Duration, p.Every = analysis.Duration(40*time.Minute), analysis.Duration(time.Minute)
	p.Metrics[0].Threshold, p.Metrics[0].Tolerance = nil, analysis.Tolerance{Relative: 0.05}
}

// jittered is a level with noise that depends on the time and a name only.
func jittered(name string, at time.Time, level float64) float64 {
	r := rand.New(rand.NewPCG(uint64(at.Unix()), uint64(len(name))+uint64(name[len(name)-1])<<8))
	return level * (1 + 0.02*r.NormFloat64())
}

// TestReplayIsTheRun plays runs that have been, and wants the very looks that they took:
// the same moments, windows, verdicts and findings.
func TestReplayIsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *analysis.Plan)
		answer func(began time.Time, q analysis.Query) []analysis.Series
		want   analysis.Outcome
	}{
		"a limit is broken": {func(*analysis.Plan) {}, func(began time.Time, q analysis.Query) []analysis.Series {
			return series(q, func(at time.Time) float64 {
				if at.After(began.Add(4 * time.Minute)) {
					return 0.9
				}
				return 0.1
			})
		}, analysis.OutcomeFail},
		"worse from the middle on": {comparing, func(began time.Time, q analysis.Query) []analysis.Series {
			return series(q, func(at time.Time) float64 {
				if strings.HasSuffix(q.Text, "2") && at.After(began.Add(15*time.Minute)) {
					return jittered(q.Text, at, 1.5)
				}
				return jittered(q.Text, at, 1)
			})
		}, analysis.OutcomeFail},
		"just as good": {comparing, func(_ time.Time, q analysis.Query) []analysis.Series {
			return series(q, func(at time.Time) float64 { return jittered(q.Text, at, 1) })
		}, analysis.OutcomePass},
		"before the run": {func(p *analysis.Plan) {
			comparing(p)
			p.Baseline = analysis.Baseline{Kind: analysis.BaselineBefore, Shift: analysis.Duration(time.Hour)}
		}, func(_ time.Time, q analysis.Query) []analysis.Series {
			return series(q, func(at time.Time) float64 { return jittered(q.Text, at, 1) })
		}, analysis.OutcomePass},
		"a segment comes late": {func(p *analysis.Plan) {
			p.Metrics[0].By = []string{"region"}
		}, func(began time.Time, q analysis.Query) []analysis.Series {
			var all []analysis.Series
			for i, region := range []string{"us", "eu"} {
				first := began.Add(time.Duration(2+4*i) * time.Minute)
				s := series(q, func(at time.Time) float64 {
					if at.Before(first) {
						return analysis.Missing()
					}
					return 0.1
				})[0]
				s.Labels = map[string]string{"region": region}
				if q.Window.End.After(first) {
					all = append(all, s)
				}
			}
			return all
		}, analysis.OutcomePass},
		"silence": {comparing, func(time.Time, analysis.Query) []analysis.Series { return nil }, analysis.OutcomeInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				t := w.t
				began := time.Now().Add(20 * time.Second)
				w.source.answer = func(q analysis.Query) ([]analysis.Series, error) { return c.answer(began, q), nil }
				w.plan("p", c.change)
				real := w.finish(w.start("p", "2").ID)
				looks, err := w.e.Looks(t.Context(), real.ID)
				if err != nil {
					t.Fatal(err)
				}
				replay := w.replay()
				r := w.past(replay, "p", "2", real.StartedAt)
				r.ID = real.ID // which shifts the looks by a part of their interval
				past := replay.Read(t.Context(), r)
				played := replay.Play(&past, nil)
				if past.Trouble != nil || *real.Outcome != c.want || len(played.Looks) != len(looks) {
					t.Fatalf("%d looks, the run had %d and ended as %s: %s; trouble %v", len(played.Looks), len(looks), *real.Outcome, real.Reason, past.Trouble)
				}
				for i, got := range played.Looks {
					want := looks[i]
					if !got.At.Equal(want.At) || !got.Window.Start.Equal(want.Window.Start) || !got.Window.End.Equal(want.Window.End) {
						t.Errorf("look %d at %s of %v, want %s of %v", i+1, got.At, got.Window, want.At, want.Window)
					}
					if got, want := fmt.Sprintf("%+v", plain(got.Verdict)), fmt.Sprintf("%+v", plain(want.Verdict)); got != want {
						t.Fatalf("look %d:\n%s\nwant\n%s", i+1, got, want)
					}
				}
				if learnt := len(played.Learnt); (learnt > 0) != (name == "just as good") {
					t.Errorf("it taught the noise of %d metrics", learnt)
				}
			})
		})
	}
}

// plain is a verdict without pointers, to be printed; its findings in their order.
func plain(v analysis.Verdict) []any {
	out := []any{v.Outcome, v.Reason, v.Groups}
	if v.Score != nil {
		out = append(out, *v.Score)
	}
	for _, f := range v.Findings {
		line := []any{f.Metric, f.Segment, f.Class, f.Bad, f.Reason, f.Samples, f.Warnings, f.Since}
		for _, n := range []*analysis.Number{f.Effect, f.Evidence, f.Seen, f.Expected} {
			if n != nil {
				line = append(line, *n)
			}
		}
		out = append(out, line)
	}
	return out
}

// TestPastRun: names are checked, and the same time gives the same run.
func TestPastRun(t *testing.T) {
	inWorld(t, func(w *world) {
		t := w.t
		w.plan("p", comparing)
		replay := w.replay()
		at := time.Now().Add(-time.Hour)
		if a, b := w.past(replay, "p", "2", at), w.past(replay, "p", "2", at); a.ID != b.ID || !reflect.DeepEqual(a, b) {
			t.Errorf("%+v\nand\n%+v", a, b)
		}
		if a, b := w.past(replay, "p", "2", at), w.past(replay, "p", "2", at.Add(time.Second)); a.ID == b.ID {
			t.Errorf("two runs are called %s", a.ID)
		}
		for _, version := range []string{"", "1"} { // none is needed, and a version may be compared with itself
			if r := w.past(replay, "p", version, at); r.Version != version {
				t.Errorf("version %q became %q", version, r.Version)
			}
		}
		for want, req := range map[string]analysis.StartRequest{
			"version: does not match":          {Plan: "p", Version: `1"} or up #`},
			"baseline_version: does not":       {Plan: "p", BaselineVersion: "a b"},
			"variables.region: does not":       {Plan: "p", Variables: map[string]string{"region": "a\nb"}},
			`plan "q": not in the config`:      {Plan: "q"},
			"variables: metric errors: no {{x": {Plan: "broken"},
		} {
			if req.Plan == "broken" {
				w.plan("broken")
				w.setup.Render = func(string, analysis.QueryData) (string, error) {
					return "", analysis.Errorf(analysis.Invalid, "no {{x}}")
				}
				replay = w.replay()
			}
			req.StartedAt = &at
			if _, err := replay.PastRun(req); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", req, err, want)
			}
		}
	})
}

// TestReadTellsTroubleFromWaiting: what asking again may mend comes first, and silence is
// no trouble.
func TestReadTellsTroubleFromWaiting(t *testing.T) {
	limited := analysis.Errorf(analysis.Limited, "slow down")
	for name, c := range map[string]struct {
		canary, baseline error
		trouble          string
		wait             time.Duration
		silence          bool
	}{
		"well":        {},
		"refused":     {canary: analysis.Errorf(analysis.Denied, "who are you"), trouble: "metric errors, canary: who are you"},
		"limited":     {canary: analysis.Errorf(analysis.Denied, "no"), baseline: limited, trouble: "metric errors, baseline: slow down", wait: 30 * time.Second},
		"for a while": {canary: limited, baseline: after(limited, time.Hour), trouble: "metric errors, baseline: slow down", wait: time.Hour},
		"left alone":  {baseline: after(analysis.Errorf(analysis.Unavailable, "down"), 5*time.Second), trouble: "metric errors, baseline: down", wait: 5 * time.Second},
		"silent":      {canary: analysis.Errorf(analysis.NoData, "nobody is there"), silence: true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				t := w.t
				w.plan("p", comparing)
				w.source.answer = func(q analysis.Query) ([]analysis.Series, error) {
					err := c.baseline
					if strings.HasSuffix(q.Text, "2") {
						err = c.canary
					}
					return level(q, 0.1), err
				}
				replay := w.replay()
				past := replay.Read(t.Context(), w.past(replay, "p", "2", time.Now().Add(-time.Hour)))
				got := ""
				if past.Trouble != nil {
					got = past.Trouble.Message
				}
				if got != c.trouble || past.Wait != c.wait || (past.Silence != nil) != c.silence {
					t.Errorf("trouble %q, wait %s, silence %v", got, past.Wait, past.Silence)
				}
			})
		})
	}
}

func after(e *analysis.Error, d time.Duration) error {
	c := *e
	c.RetryAfter = d
	return &c
}

// splitting is a source that can split.
type splitting struct {
	*source
	asked []analysis.Query
}

func (s *splitting) Split(_ context.Context, qs []analysis.Query, label string) []analysis.Halves {
	s.asked = append(s.asked, qs...)
	out := make([]analysis.Halves, len(qs))
	for i, q := range qs {
		out[i] = analysis.Halves{A: q.Text + " of the first " + label, B: q.Text + " of the second " + label, Replicas: 2 + i}
		if strings.Contains(q.Text, "whole") {
			out[i] = analysis.Halves{Err: analysis.Errorf(analysis.Invalid, "no label %s", label)}
		}
	}
	return out
}

// TestReplaySplits: each side asks for its half, limits for the whole, and what cannot be
// split is the metric's own trouble.
func TestReplaySplits(t *testing.T) {
	inWorld(t, func(w *world) {
		t := w.t
		w.plan("p", comparing, func(p *analysis.Plan) {
			limit := 1.0
			p.Metrics = append(p.Metrics,
				analysis.Metric{Name: "whole", Source: "prom", Kind: analysis.Gauge, Query: "whole of {{v}}", Weight: 1},
				analysis.Metric{Name: "limit", Source: "prom", Kind: analysis.Gauge, Query: "limit of {{v}}", Weight: 1, Threshold: &analysis.Threshold{Max: &limit, Consecutive: 2}})
		})
		sp := &splitting{source: w.source}
		w.setup.Sources["prom"] = engine.Source{Source: sp}
		replay := w.replay()
		replay.Split = "pod"
		past := replay.Read(t.Context(), w.past(replay, "p", "1", time.Now().Add(-time.Hour)))
		asked := map[string]bool{}
		for _, q := range w.source.asked {
			asked[q.Text] = true
		}
		want := map[string]bool{"errors of 1 of the first pod": true, "errors of 1 of the second pod": true, "limit of 1": true}
		if !reflect.DeepEqual(asked, want) || len(sp.asked) != 4 || past.Replicas != 2 {
			t.Errorf("asked %v, split %v, %d replicas", asked, sp.asked, past.Replicas)
		}
		if past.Trouble == nil || past.Trouble.Message != "metric whole, canary: no label pod" {
			t.Errorf("trouble %v", past.Trouble)
		}

		w.setup.Sources["prom"] = engine.Source{Source: w.source}
		replay = w.replay()
		replay.Split = "pod"
		past = replay.Read(t.Context(), w.past(replay, "p", "1", time.Now().Add(-time.Hour)))
		if past.Trouble == nil || !strings.Contains(past.Trouble.Error(), "source prom cannot split replicas (try: adjacent windows") {
			t.Errorf("trouble %v", past.Trouble)
		}
	})
}
