package engine_test

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// sequential makes a plan compare a noisy latency of two versions.
func sequential(p *analysis.Plan) {
	p.Judge, p.FalseRollbackRate = analysis.JudgeSequential, 0.01
	p.Baseline = analysis.Baseline{Kind: analysis.BaselineVersion}
	p.Every, p.Duration = analysis.Duration(time.Minute), analysis.Duration(time.Hour)
	p.MinDuration = p.Duration
	m := &p.Metrics[0]
	m.Name, m.Query, m.Threshold, m.Tolerance.Relative = "latency", "latency of {{v}}", nil, 0.05
}

// noisy answers a latency with 5 % of noise, another for each version; worse is how much
// higher that of a version is.
func noisy(worse map[string]float64) func(q analysis.Query) ([]analysis.Series, error) {
	return func(q analysis.Query) ([]analysis.Series, error) {
		version := q.Text[strings.LastIndex(q.Text, " ")+1:]
		return series(q, func(at time.Time) float64 {
			h := fnv.New64a()
			_, _ = h.Write([]byte(version))
			g := rand.New(rand.NewPCG(h.Sum64(), uint64(at.Unix())))
			return math.Exp(0.05*g.NormFloat64()) * (1 + worse[version])
		}), nil
	}
}

// known is how many samples of earlier runs a run's last look used.
func (w *world) known(id string) int {
	w.t.Helper()
	looks, err := w.e.Looks(w.t.Context(), id)
	if err != nil || len(looks) == 0 {
		w.t.Fatal(looks, err)
	}
	return looks[len(looks)-1].Verdict.Findings[0].Samples.History
}

func TestRunsLearnTheNoiseOfGoodOnes(t *testing.T) {
	inWorld(t, func(w *world) {
		plan := w.plan("p", sequential)
		w.source.answer = noisy(map[string]float64{"bad": 1})
		for i, version := range []string{"2", "3", "4"} {
			r := w.finish(w.start("p", version).ID)
			if *r.Outcome != analysis.OutcomePass {
				w.t.Fatalf("run %d: %s: %s", i, *r.Outcome, r.Reason)
			}
			if got := w.known(r.ID); got != 60*i {
				w.t.Errorf("run %d knew %d samples of earlier runs, want %d", i, got, 60*i)
			}
		}

		if r := w.finish(w.start("p", "bad").ID); *r.Outcome != analysis.OutcomeFail {
			w.t.Fatalf("twice the latency: %s: %s", *r.Outcome, r.Reason)
		} else if got := w.known(r.ID); got != 180 {
			w.t.Errorf("the bad run knew %d samples, want 180", got)
		}
		r := w.finish(w.start("p", "5").ID)
		if got := w.known(r.ID); got != 180 {
			w.t.Errorf("after a bad run %d samples are known, want 180: it taught something", got)
		}

		// A rollback by hand says that the release was not good after all.
		if _, err := w.e.Rollback(w.t.Context(), r.ID, analysis.RollbackRequest{To: "4", Reason: "complaints", By: analysis.Cause{Kind: "api", Who: "ann"}}); err != nil {
			w.t.Fatal(err)
		}
		w.settle(time.Minute)
		if got := w.known(w.finish(w.start("p", "6").ID).ID); got != 180 {
			w.t.Errorf("after a rollback by hand %d samples are known, want 180", got)
		}

		// Another question has another noise.
		other := *plan
		other.Metrics = append([]analysis.Metric(nil), plan.Metrics...)
		other.Metrics[0].Query = "another latency of {{v}}"
		s := *w.setup
		s.Plans = map[string]*analysis.Plan{"p": &other}
		w.e.Use(&s)
		if got := w.known(w.finish(w.start("p", "7").ID).ID); got != 0 {
			w.t.Errorf("with another query %d samples are known, want none", got)
		}
	})
}
