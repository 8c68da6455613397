package main

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
)

// simulate asks the judge itself: releases that are bad from the start are made up and
// judged look after look. A run is planned as long as it takes to find 95 % of them,
// or as is allowed; the answer is after how many samples a share has failed. A run that
// is planned to be no longer than that finds them no later.
func (m *powerModel) simulate(ctx context.Context, a *powerAnswer) error {
	const pilot = 40
	a.Planned = m.longest
	if least := a.Chances[0].AnyLook; least == 0 || least > 2*m.longest {
		return nil
	}
	needed := a.Chances[len(a.Chances)-1]
	planned := min(m.longest, max(30, 2*needed.AnyLook))
	var times []int
	for {
		runs := m.runs
		if planned < m.longest && found(m.times(ctx, min(pilot, runs), planned)) < 0.85 {
			planned = min(m.longest, 2*planned)
			continue
		}
		times = m.times(ctx, runs, planned)
		if err := ctx.Err(); err != nil {
			return err
		}
		if planned == m.longest || found(times) >= needed.Chance {
			break
		}
		planned = min(m.longest, 2*planned)
	}
	slices.Sort(times)
	a.Runs, a.Planned, a.Found = len(times), planned, found(times)
	for i := range a.Chances {
		if c := &a.Chances[i]; a.Found >= c.Chance {
			k := int(math.Ceil(c.Chance * float64(len(times))))
			c.Haldane = times[k-1]
		}
	}
	return nil
}

// never is the time of a release that is not failed.
const never = math.MaxInt

func found(times []int) float64 {
	n := 0
	for _, t := range times {
		if t != never {
			n++
		}
	}
	return float64(n) / float64(len(times))
}

// times are after how many samples each of so many releases is failed.
func (m *powerModel) times(ctx context.Context, runs, planned int) []int {
	times := make([]int, runs)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= runs || ctx.Err() != nil {
					return
				}
				times[i] = m.timeToFail(rand.NewPCG(m.seed, uint64(i)), planned)
			}
		})
	}
	workers.Wait()
	return times
}

func (m *powerModel) timeToFail(source rand.Source, planned int) int {
	plan := m.plan(planned)
	g := powerMaker{powerModel: m, Rand: rand.New(source), source: source}
	pairs := []analysis.Pair{g.pair(planned, m.change)}
	if m.history > 0 && m.kind == analysis.Gauge {
		earlier := []analysis.Pair{g.pair(m.history, 1)}
		judge.Remember(pairs, judge.Pool(judge.Learn(plan, earlier)))
	}
	cut := slices.Clone(pairs)
	for seen := 1; ; seen += max(1, seen/50) { // every sample, and in long runs every 2 % more
		seen = min(seen, planned)
		cut[0].Canary, cut[0].Baseline = firstOf(pairs[0].Canary, seen), firstOf(pairs[0].Baseline, seen)
		at := judge.At{Elapsed: time.Duration(seen) * m.step, Final: seen == planned}
		if v := judge.Judge(plan, cut, at); v.Outcome == analysis.OutcomeFail {
			return seen
		}
		if at.Final {
			return never
		}
	}
}

func firstOf(s analysis.Samples, seen int) analysis.Samples {
	s.Values = s.Values[:min(seen, len(s.Values))]
	s.Totals = s.Totals[:min(seen, len(s.Totals))]
	return s
}

func (m *powerModel) plan(planned int) *analysis.Plan {
	d := analysis.Duration(time.Duration(planned) * m.step)
	return &analysis.Plan{
		Judge: analysis.JudgeSequential, FalseRollbackRate: m.alpha, Step: analysis.Duration(m.step), Duration: d, MinDuration: d,
		Baseline: analysis.Baseline{Kind: analysis.BaselineVersion}, Score: analysis.Thresholds{Pass: 95, Marginal: 75},
		Metrics: []analysis.Metric{{
			Name: "metric", Kind: m.kind, Direction: m.direction(), Weight: 1,
			Tolerance: analysis.Tolerance{Relative: m.tolerance}, NoData: analysis.NoDataRule{Policy: analysis.NoDataWait},
		}},
	}
}

// powerMaker makes releases up.
type powerMaker struct {
	*powerModel
	*rand.Rand
	source rand.Source
}

// pair makes so many samples of both sides, the canary's changed by a factor.
func (g *powerMaker) pair(n int, change float64) analysis.Pair {
	p := analysis.Pair{Metric: "metric", Step: g.step}
	if g.kind == analysis.Gauge {
		p.Canary.Values, p.Baseline.Values = g.side(n, change), g.side(n, 1)
		return p
	}
	r := &g.rate
	for range n {
		g.count(&p.Canary, r.Traffic*r.Share, r.Rate*change)
		g.count(&p.Baseline, r.Traffic*(1-r.Share), r.Rate)
	}
	return p
}

// side makes a gauge: half of the variance of the difference is each side's.
func (g *powerMaker) side(n int, change float64) analysis.Values {
	l := &g.level
	sd := l.Noise / math.Sqrt2
	x, step := sd*g.NormFloat64(), sd*math.Sqrt(1-l.Correlation*l.Correlation)
	out := make(analysis.Values, n)
	for i := range out {
		out[i] = l.Level * change * math.Exp(x)
		if l.Unit > 0 {
			out[i] = l.Level + l.Unit*(change-1+x)
		}
		x = l.Correlation*x + step*g.NormFloat64()
	}
	return out
}

// count makes one step of a rate.
func (g *powerMaker) count(s *analysis.Samples, traffic, rate float64) {
	if v := g.rate.Spread; v > 0 {
		rate *= distuv.Gamma{Alpha: 1 / v, Beta: 1 / v, Src: g.source}.Rand()
	}
	if g.kind == analysis.Count {
		s.Totals = append(s.Totals, traffic)
		s.Values = append(s.Values, g.poisson(traffic*rate))
		return
	}
	total := g.poisson(traffic)
	events := 0.0
	if total > 0 {
		events = distuv.Binomial{N: total, P: min(1, rate), Src: g.source}.Rand()
	}
	s.Totals, s.Values = append(s.Totals, total), append(s.Values, events)
}

func (g *powerMaker) poisson(mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	return distuv.Poisson{Lambda: mean, Src: g.source}.Rand()
}
