package main

import (
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// watched is what one judge made of one release.
type watched struct {
	onset, samples int // of the release; onset is -1 when it is good

	failedAt int              // samples seen at the look that failed; 0: none did
	passedAt int              // at the first that passed before the end and before a failure; 0: none did
	end      analysis.Outcome // fail, or that of the last look

	looks int // at metrics
	took  time.Duration
}

// found reports whether the release was bad and failed for it.
func (w *watched) found() bool { return w.onset >= 0 && w.failedAt > w.onset }

// wrong reports whether it was failed while it was good.
func (w *watched) wrong() bool { return w.failedAt > 0 && !w.found() }

// delay is how many bad samples had been seen when it failed, or by the end.
func (w *watched) delay() int {
	if w.failedAt > 0 {
		return w.failedAt - w.onset
	}
	return w.samples - w.onset
}

// schedule says with how many samples a judge looks first, and after how many more
// again.
func schedule(name analysis.JudgeName, l looks) (first, stride int) {
	if name == analysis.JudgeKayenta || l == everyFifth {
		return 10, 5
	}
	return 1, 1
}

// watch has a judge look at a release until it fails it, or the run is over. Each
// look sees the samples so far, as in a run.
func watch(r *judgetest.Release, name analysis.JudgeName, o *options) watched {
	plan := *r.Plan
	plan.Judge = name
	first, stride := schedule(name, o.Looks)
	if name == analysis.JudgeKayenta {
		plan.MinSamples = first
	}
	n := plan.Samples()
	w := watched{onset: r.Onset, samples: n}
	pairs := append([]analysis.Pair(nil), r.Pairs...)
	if name == analysis.JudgeSequential {
		judge.Remember(pairs, learnt(&plan, r.History))
	}
	cut := make([]analysis.Pair, len(pairs))
	for seen := first; ; seen += stride {
		seen = min(seen, n)
		at := judge.At{Elapsed: time.Duration(seen) * plan.Step.Std(), Final: seen == n}
		for i := range pairs {
			cut[i] = pairs[i]
			cut[i].Canary, cut[i].Baseline = firstSamples(pairs[i].Canary, seen), firstSamples(pairs[i].Baseline, seen)
		}
		begin := time.Now()
		v := judge.Judge(&plan, cut, at)
		w.took += time.Since(begin)
		w.looks += len(pairs)
		w.end = v.Outcome
		switch {
		case v.Outcome == analysis.OutcomeFail:
			w.failedAt = seen
			return w
		case at.Final:
			return w
		case v.Outcome != analysis.OutcomeContinue && w.passedAt == 0:
			w.passedAt = seen
		}
	}
}

// learnt is what earlier good runs taught.
func learnt(plan *analysis.Plan, history [][]analysis.Pair) []analysis.Noise {
	runs := make([][]analysis.Noise, len(history))
	for i, pairs := range history {
		runs[i] = judge.Learn(plan, pairs)
	}
	return judge.Pool(runs...)
}

func firstSamples(s analysis.Samples, seen int) analysis.Samples {
	s.Values = s.Values[:min(seen, len(s.Values))]
	s.Totals = s.Totals[:min(seen, len(s.Totals))]
	return s
}
