package main

import (
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// total is what a judge made of all releases: those that the promise is about, and,
// beside them, those outside of it.
type total struct {
	Judge     analysis.JudgeName `json:"judge"`
	Scope     string             `json:"scope"` // "promised" or "all"
	Good      int                `json:"good"`  // releases
	Bad       int                `json:"bad"`
	Wrong     int                `json:"failed_good"` // good ones failed, and bad ones before the onset
	Found     int                `json:"failed_bad"`
	Precision float64            `json:"precision"` // of the failures: found; 1 when nothing failed
	Recall    float64            `json:"recall"`    // of the bad: found; 1 when nothing was bad
}

// sum makes the totals.
func (r *result) sum() {
	if r.Broken == nil {
		r.Broken = []string{}
	}
	for i, name := range r.Options.Judges {
		for _, scope := range []string{"promised", "all"} {
			t := total{Judge: name, Scope: scope, Precision: 1, Recall: 1}
			for k := range r.Families {
				if f := &r.Families[k]; !f.Outside || scope == "all" {
					t.add(f, &f.Judges[i], r.Options.Runs)
				}
			}
			if failed := t.Found + t.Wrong; failed > 0 {
				t.Precision = float64(t.Found) / float64(failed)
			}
			if t.Bad > 0 {
				t.Recall = float64(t.Found) / float64(t.Bad)
			}
			r.Totals = append(r.Totals, t)
		}
	}
}

func (t *total) add(f *familyResult, of *tally, runs int) {
	if f.Truth == judgetest.Good {
		t.Good += runs
		t.Wrong += of.Failed.Count
		return
	}
	t.Bad += runs
	t.Found += of.Failed.Count
	t.Wrong += of.Before.Count
}
