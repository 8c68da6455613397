package main

import (
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// result is what was measured.
type result struct {
	Options  options        `json:"options"`
	Families []familyResult `json:"families"`
	Totals   []total        `json:"totals"`
	Broken   []string       `json:"above_limit"` // good families that the sequential judge fails more often than it may
}

type familyResult struct {
	judgetest.Family
	Judges []tally `json:"judges"`
}

// tally is what one judge made of one family.
type tally struct {
	Judge        analysis.JudgeName `json:"judge"`
	Failed       share              `json:"failed"` // of bad releases: at the onset or later
	Before       share              `json:"failed_before_onset"`
	Median       int                `json:"delay_median"` // samples from the onset to the failure; 0: none failed
	P90          int                `json:"delay_p90"`
	InTime       *share             `json:"in_time"` // of those found: within the family's number of samples; null without one
	PassedEarly  share              `json:"passed_early"`
	Passed       share              `json:"passed"` // at the end
	Marginal     share              `json:"marginal"`
	Inconclusive share              `json:"inconclusive"`
	Wald         *float64           `json:"wald_multiple"` // mean delay by the least possible; null where that is not known
	WaldOpen     bool               `json:"wald_open"`     // some were not found: the multiple is larger
	Micros       float64            `json:"microseconds"`  // a look and metric, on average over all looks
	Verdict      string             `json:"verdict"`
}

// The words on a tally.
const (
	isOK      = "ok"
	isAbove   = "above limit"  // good releases fail more often than they may
	isBelow   = "below target" // bad ones are found less often than they should be
	isSlow    = "too slow"     // fewer than half of those found were in time
	noVerdict = "-"            // nothing is promised and nothing aimed at
)

// share is a part of the runs, with the bounds that its true rate exceeds, or stays
// below, with 95 % confidence each (Clopper and Pearson 1934, The Use of Confidence
// or Fiducial Limits, Biometrika 26, 404-413).
type share struct {
	Count int     `json:"count"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func newShare(k, n int) share {
	s := share{Count: k, Share: float64(k) / float64(n), High: 1}
	if k > 0 {
		s.Low = mathext.InvRegIncBeta(float64(k), float64(n-k+1), 0.05)
	}
	if k < n {
		s.High = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 0.95)
	}
	return s
}

// add tallies the runs of a family.
func (r *result) add(f *judgetest.Family, runs [][]watched, o *options) {
	fr := familyResult{Family: *f}
	for i, name := range o.Judges {
		t := newTally(f, runs, i, o)
		t.Verdict = t.verdict(f, o)
		if t.Verdict == isAbove && name == analysis.JudgeSequential {
			r.Broken = append(r.Broken, f.Name)
		}
		fr.Judges = append(fr.Judges, t)
	}
	r.Families = append(r.Families, fr)
}

// counts are the runs of a family before one judge.
type counts struct {
	failed, before, early, looks int
	ends                         map[analysis.Outcome]int
	took                         time.Duration
	delays                       []int // of those found
	open                         bool  // some were not
	sum                          int   // of delays, of those not found until the end
}

func (c *counts) add(w *watched) {
	switch {
	case w.found():
		c.delays = append(c.delays, w.delay())
		c.failed++
	case w.wrong() && w.onset >= 0:
		c.before++
	case w.wrong():
		c.failed++
	}
	if w.passedAt > 0 {
		c.early++
	}
	if w.onset >= 0 && !w.wrong() {
		c.sum += w.delay()
		c.open = c.open || !w.found()
	}
	c.ends[w.end]++
	c.looks += w.looks
	c.took += w.took
}

// newTally tallies the runs of a family before the i-th judge.
func newTally(f *judgetest.Family, runs [][]watched, i int, o *options) tally {
	n := len(runs)
	c := counts{ends: map[analysis.Outcome]int{}}
	for _, run := range runs {
		c.add(&run[i])
	}
	slices.Sort(c.delays)
	t := tally{
		Judge: o.Judges[i], Failed: newShare(c.failed, n), Before: newShare(c.before, n),
		Median: ranked(c.delays, 0.5), P90: ranked(c.delays, 0.9), PassedEarly: newShare(c.early, n),
		Passed: newShare(c.ends[analysis.OutcomePass], n), Marginal: newShare(c.ends[analysis.OutcomeMarginal], n),
		Inconclusive: newShare(c.ends[analysis.OutcomeInconclusive], n),
		Micros:       float64(c.took.Nanoseconds()) / 1000 / float64(max(1, c.looks)),
	}
	if f.Within > 0 && len(c.delays) > 0 {
		_, stride := schedule(t.Judge, o.Looks) // a look may come so much later
		soon, _ := slices.BinarySearch(c.delays, f.Within+stride)
		inTime := newShare(soon, len(c.delays))
		t.InTime = &inTime
	}
	// The bound is one for judges that keep the rate.
	if least := f.Information.Least(falseRollbacks); least > 0 && n > c.before && t.Judge == analysis.JudgeSequential {
		multiple := float64(c.sum) / float64(n-c.before) / least
		t.Wald, t.WaldOpen = &multiple, c.open
	}
	return t
}

// falseRollbacks is the rate of the families' plans.
const falseRollbacks = 0.01

// ranked is the value below or at which a share of the sorted ones lies.
func ranked(sorted []int, share float64) int {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(math.Ceil(share*float64(len(sorted))))-1]
}

// verdict compares with what is promised, or aimed at, with the benefit of the doubt: a
// rate is above or below only if that is no chance.
func (t *tally) verdict(f *judgetest.Family, o *options) string {
	knows := o.History > 0 && f.Known > 0 && t.Judge == analysis.JudgeSequential
	if f.Truth == judgetest.Good {
		limit := f.Limit
		if knows {
			limit = f.Known
		}
		switch {
		case f.Outside:
			return noVerdict
		case t.Failed.Low > limit:
			return isAbove
		}
		return isOK
	}
	target := f.Found
	if knows {
		target = f.Known
	}
	switch {
	case target == 0:
		return noVerdict
	case t.Failed.High < target:
		return isBelow
	case t.InTime != nil && t.InTime.High < 0.5:
		return isSlow
	}
	return isOK
}
