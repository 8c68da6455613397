// Package judgetest makes up releases whose truth is known, so that a judge can be
// tried on them: good ones with every kind of noise that production has, and bad
// ones that get worse from a known sample on. The same seed gives the same release.
//
// It imports analysis and nothing else of the house, so that the tests of
// analysis/judge and the bench can both use it. Start reading at Family; the tables
// of families are in families_*.go.
package judgetest

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Truth is what a release is.
type Truth string

// The truths. A release is bad from its onset on, good before.
const (
	Good Truth = "good"
	Bad  Truth = "bad"
)

// Family is a kind of release.
type Family struct {
	Name    string `json:"name"`  // "ratio/x2-mid"
	About   string `json:"about"` // one line
	Truth   Truth  `json:"truth"`
	Samples int    `json:"samples"` // of the whole run

	// Limit is the share of good releases that may ever fail. Outside says that the
	// family lies outside of the promise: it is there to be reported.
	Limit   float64 `json:"limit,omitempty"`
	Outside bool    `json:"outside,omitempty"`
	// Found is the share of bad releases that must be found, Within how many samples
	// after the onset half of those found must have been. 0: reported only.
	Found  float64 `json:"found,omitempty"`
	Within int     `json:"within,omitempty"`
	// Known is Limit, or Found, for judges that have a history of the noise; 0: the same.
	Known float64 `json:"known,omitempty"`
	// Information is what the samples after the onset say; its zero value where that
	// has no simple formula.
	Information Information `json:"information,omitzero"`

	draw func(g *rand.Rand, n int, harm bool) *draft
	seed string // the family whose draws these are; "": its own
}

// Information is how many nats a sample after the onset carries about good or bad, for
// someone who knows the noise and the size of the change.
type Information struct {
	First float64 `json:"first"` // the sample at the onset
	Each  float64 `json:"each"`  // every one after it
}

// Least is how many samples a test needs on average that fails at most a share alpha
// of the good releases: log(1/alpha) nats of them. 0 where the information is not known.
//
// Reference: Wald (1945), Sequential Tests of Statistical Hypotheses, Annals of
// Mathematical Statistics 16, 117-186.
func (i Information) Least(alpha float64) float64 {
	if !(i.Each > 0) {
		return 0
	}
	return max(1, 1+(math.Log(1/alpha)-i.First)/i.Each)
}

// Release is one made-up release: a whole run of it.
type Release struct {
	Plan  *analysis.Plan
	Pairs []analysis.Pair
	Truth Truth
	Onset int // index of the first bad sample; -1 when good
	// History are earlier good runs of the same plan, oldest first.
	History [][]analysis.Pair
}

// Options say what to make beside the run itself.
type Options struct {
	Samples int // of the run; 0: the family's own
	History int // samples of earlier good runs
}

// Make makes the release of a seed. A longer run of the same seed is another release;
// history does not change the run.
func (f *Family) Make(seed uint64, o Options) Release {
	n := f.Samples
	if o.Samples > 0 {
		n = o.Samples
	}
	name, draws := fnv.New64a(), f.Name
	if f.seed != "" {
		draws = f.seed
	}
	_, _ = name.Write([]byte(draws)) // never fails
	d := f.draw(rand.New(rand.NewPCG(seed, name.Sum64())), n, f.Truth == Bad)
	r := Release{Plan: f.plan(d, n), Pairs: d.pairs, Truth: f.Truth, Onset: d.onset}
	past := rand.New(rand.NewPCG(seed+1, ^name.Sum64()))
	for have := 0; have < o.History; have += n {
		r.History = append(r.History, f.draw(past, min(n, o.History-have), false).pairs)
	}
	return r
}

// plan is an ordinary plan with all defaults.
func (f *Family) plan(d *draft, n int) *analysis.Plan {
	return &analysis.Plan{
		Name: f.Name, Service: "made-up", Environment: "test",
		Every: analysis.Duration(d.step), Step: analysis.Duration(d.step), Duration: analysis.Duration(time.Duration(n) * d.step),
		MinDuration: analysis.Duration(min(5*time.Minute, time.Duration(n)*d.step)),
		Judge:       analysis.JudgeSequential, FalseRollbackRate: 0.01,
		Baseline: analysis.Baseline{Kind: analysis.BaselineVersion},
		Metrics:  d.metrics, Score: analysis.Thresholds{Pass: 95, Marginal: 75},
	}
}

// draft is a release in the making.
type draft struct {
	step    time.Duration
	onset   int
	metrics []analysis.Metric
	pairs   []analysis.Pair
}

// Families are all there are, in the order of the table.
func Families() []Family {
	var all []Family
	for _, part := range [][]Family{
		gaugeGood(), gaugeShapes(), gaugeBad(), rateGood(), rateNoise(), rateBad(), rateOther(), runs(), segmented(),
	} {
		all = append(all, part...)
	}
	return all
}

// Find returns the families that one of the comma-separated patterns names, as
// path.Match has it, where a pattern without a slash is for the part after it, and
// "good", "bad" and "outside" stand for all such families.
func Find(patterns string) ([]Family, error) {
	var found []Family
	for _, f := range Families() {
		for p := range strings.SplitSeq(patterns, ",") {
			ok, err := f.is(strings.TrimSpace(p))
			if err != nil {
				return nil, analysis.Errorf(analysis.Invalid, "family %q: %v", p, err)
			}
			if ok {
				found = append(found, f)
				break
			}
		}
	}
	if len(found) == 0 {
		return nil, analysis.Errorf(analysis.Invalid, "family %q: there is none of that name", patterns).WithHint(`"gauge/*", or "good"`)
	}
	return found, nil
}

func (f *Family) is(pattern string) (bool, error) {
	switch pattern {
	case "good", "bad":
		return string(f.Truth) == pattern, nil
	case "outside":
		return f.Outside, nil
	}
	name := f.Name
	if !strings.Contains(pattern, "/") {
		name = path.Base(name)
	}
	return path.Match(pattern, name)
}
