package chart

import (
	"math/rand/v2"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// began is when the runs of these tests began.
var began = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// made is a run with one metric, and samples that tests may spoil.
type made struct {
	run     analysis.Run
	pair    analysis.Pair
	finding *analysis.Finding
}

// newRun makes a run of n samples of a kind, whose two sides are alike.
func newRun(kind analysis.MetricKind, n int) *made {
	m := &made{
		run: analysis.Run{
			ID: "r1", Plan: "checkout", Service: "checkout", Version: "2.0.1", BaselineVersion: "1.9.4",
			StartedAt: began.Add(-time.Minute), EndsAt: began.Add(time.Duration(n) * time.Minute),
			Snapshot: analysis.Plan{
				Judge: analysis.JudgeSequential, Step: analysis.Duration(time.Minute), Warmup: analysis.Duration(time.Minute),
				Baseline: analysis.Baseline{Kind: analysis.BaselineVersion},
				Metrics: []analysis.Metric{{
					Name: "p99", Kind: kind, Direction: analysis.Increase, Tolerance: analysis.Tolerance{Relative: 0.1},
				}},
			},
		},
		pair: analysis.Pair{Metric: "p99", Start: began, Step: time.Minute},
		finding: &analysis.Finding{
			Metric: "p99", Class: analysis.ClassPass,
			Reason: "p99 shows no rise beyond 10 %: 1.2 % higher than the baseline (between 2 % lower and 4 % higher)",
		},
	}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for range n {
		for _, s := range []*analysis.Samples{&m.pair.Canary, &m.pair.Baseline} {
			switch kind {
			case analysis.Gauge:
				s.Values = append(s.Values, 0.3+0.02*r.NormFloat64())
			default:
				total := float64(900 + r.IntN(200))
				s.Values = append(s.Values, float64(int(total*(0.01+0.002*r.NormFloat64()))))
				s.Totals = append(s.Totals, total)
			}
		}
	}
	return m
}

// metric is the plan's.
func (m *made) metric() *analysis.Metric { return &m.run.Snapshot.Metrics[0] }

// worse makes the canary higher from a sample on.
func (m *made) worse(from int, factor float64) *made {
	for i := from; i < len(m.pair.Canary.Values); i++ {
		m.pair.Canary.Values[i] *= factor
	}
	return m
}

// gap takes samples of a side away.
func gap(s *analysis.Samples, from, to int) {
	for i := from; i < min(to, len(s.Values)); i++ {
		s.Values[i] = analysis.Missing()
		if s.Totals != nil {
			s.Totals[i] = analysis.Missing()
		}
	}
}

// ended gives the run an outcome some time after it began.
func (m *made) ended(o analysis.Outcome, after time.Duration) *made {
	at := began.Add(after)
	m.run.Outcome, m.run.FinishedAt, m.run.Status = &o, &at, analysis.StatusFinished
	m.finding.Bad = o == analysis.OutcomeFail
	return m
}

func (m *made) picture() Picture { return Of(&m.run, m.pair, m.finding) }

// because sets the finding's sentence.
func (m *made) because(reason string) *made {
	m.finding.Reason = reason
	return m
}
