package judge

import "github.com/haldane-dev/haldane/analysis"

// opinion is a finding on its way to the verdict.
type opinion struct {
	analysis.Finding
	state    state
	severe   bool    // bad, and that alone fails the run
	weight   float64 // within its group
	ignore   bool    // left out when nothing can be said
	headline string  // the reason without its details, for the verdict's sentence
	quiet    *quiet  // it went silent in mid-run

	evidence *evidence // of the sequential judge
	share    float64   // of the run's evidence
	leans    bool      // not bad, but on the way
}

// state says what a finding counts for.
type state int

const (
	decided    state = iota // good or bad
	collecting              // its samples are still coming
	undecided               // nothing can be said: no data, or trouble of a source
	leftOut                 // on purpose: it counts for nothing
)

// trouble is the opinion on a pair that cannot be judged through no fault of the
// release.
func trouble(headline string) opinion {
	return opinion{Finding: analysis.Finding{Class: analysis.ClassError}, state: undecided, headline: headline}
}

// warnings of both sides, each said once.
func warnings(p *analysis.Pair) []string {
	var all []string
	said := map[string]bool{}
	for _, list := range [][]string{p.Canary.Warnings, p.Baseline.Warnings} {
		for _, w := range list {
			if !said[w] {
				said[w] = true
				all = append(all, w)
			}
		}
	}
	return all
}

func queries(p *analysis.Pair) *analysis.Queries {
	q := analysis.Queries{
		Canary: p.Canary.Query, Baseline: p.Baseline.Query,
		CanaryTotal: p.Canary.Total, BaselineTotal: p.Baseline.Total,
	}
	if q == (analysis.Queries{}) {
		return nil
	}
	return &q
}
