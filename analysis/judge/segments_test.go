package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// A metric with segments fails by the weighted sum of what they and their sum carry, and
// not otherwise.
func TestSegmentsAddUp(t *testing.T) {
	failed := 0
	for _, family := range []string{"segments/errors-x5-mid-1-of-20", "segments/errors-x1.5-start-all-20", "segments/x2-mid-1-of-20", "segments/errors-good-20-late"} {
		for _, r := range made(t, family, 0, 4) {
			for n := 3; n <= 60; n += 3 {
				l := look{plan: r.Plan, at: At{Elapsed: time.Duration(n) * time.Minute}, score: weightedScore, evidence: newSequential(r.Plan)}
				l.compare = l.evidence.judge
				s := &l.subjects(firstOf(r.Pairs, n))[0]
				l.judge(s)
				l.evidence.weigh([]subject{*s}, l.at)
				sum, shares := s.unspent, s.unspent
				weight := math.Exp(s.weight())
				for i := range s.opinions {
					shares += s.shares[i]
					if e := s.opinions[i].evidence; e != nil {
						sum += s.shares[i] * math.Exp(e.fail)
					}
				}
				if math.Abs(weight/sum-1) > 1e-9 {
					t.Fatalf("%s: the metric has evidence %v, want %v", family, weight, sum)
				}
				if shares > 1+1e-9 {
					t.Fatalf("%s: the shares add up to %v", family, shares)
				}
				v := Judge(r.Plan, firstOf(r.Pairs, n), At{Elapsed: time.Duration(n) * time.Minute})
				if (sum >= 100) != (v.Outcome == analysis.OutcomeFail) && math.Abs(sum-100) > 1e-6 {
					t.Fatalf("%s, %d samples: evidence %v, %s", family, n, sum, v.Outcome)
				}
				if v.Outcome == analysis.OutcomeFail {
					failed++
					if !v.Findings[0].Bad || !strings.HasPrefix(v.Findings[0].Reason, v.Reason) && v.Findings[0].Segment != "" && !strings.Contains(v.Reason, "bad in") {
						t.Errorf("%s: the verdict does not lead with its worst finding: %s\n%s", family, v.Reason, v.Findings[0].Reason)
					}
				}
			}
		}
	}
	if failed == 0 {
		t.Error("nothing failed")
	}
}

// One of many segments may well have evidence that would fail a run of its own, by chance.
// It is bad only if all of them together do.
func TestOneOfManySegmentsByChance(t *testing.T) {
	r := made(t, "segments/good-10", 0, 1)[0]
	for _, c := range []struct {
		name  string
		first float64 // evidence of the first segment
		bad   bool
	}{{"enough alone, not among ten", 500, false}, {"enough among ten", 1200, true}} {
		e := newSequential(r.Plan)
		l := look{plan: r.Plan, at: At{Final: true}, evidence: e, compare: e.judge}
		s := &l.subjects(r.Pairs)[0]
		l.judge(s)
		for i := range s.opinions {
			s.opinions[i].evidence.fail = 0
		}
		s.opinions[0].evidence.fail = math.Log(c.first)
		e.weigh([]subject{*s}, l.at)
		if s.opinions[0].Bad != c.bad || s.opinions[1].Bad {
			t.Errorf("%s: bad %v and %v", c.name, s.opinions[0].Bad, s.opinions[1].Bad)
		}
	}
}

// The segment that is bad is named, and no other.
func TestSegmentThatIsBadIsNamed(t *testing.T) {
	named := 0
	for _, r := range made(t, "segments/errors-x5-mid-1-of-20", 0, 10) {
		for n := 10; n <= 60; n += 5 {
			v := Judge(r.Plan, firstOf(r.Pairs, n), At{Elapsed: time.Duration(n) * time.Minute})
			if v.Outcome != analysis.OutcomeFail {
				continue
			}
			if bad := v.Bad(); bad[0].Segment != "region=r01" || len(bad) > 2 || !strings.HasPrefix(v.Reason, "m1 in region=r01 is ") {
				t.Errorf("after %d samples: %s", n, v.Reason)
			}
			named++
			break
		}
	}
	if named < 9 {
		t.Errorf("only %d of 10 failed", named)
	}
}

// randomSegments is a look at metrics in segments in which everything happens.
func randomSegments(g *rand.Rand) (*analysis.Plan, []analysis.Pair, At) {
	plan, _, at := randomLook(g)
	plan.Step, plan.Duration = analysis.Duration(time.Minute), analysis.Duration(time.Hour)
	plan.MinTraffic = float64(g.IntN(2) * g.IntN(60))
	var pairs []analysis.Pair
	for i := range plan.Metrics {
		m := &plan.Metrics[i]
		m.By = []string{"zone"}
		for k := range g.IntN(4 + 20*g.IntN(2)) {
			pairs = append(pairs, analysis.Pair{
				Metric: m.Name, Segment: fmt.Sprintf("zone=%02d", k), Step: time.Minute,
				Canary: randomSide(g, m.Kind, 10+float64(g.IntN(2))*5), Baseline: randomSide(g, m.Kind, 10),
			})
		}
	}
	return plan, pairs, at
}

func TestRandomSegments(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	seen := map[analysis.Outcome]int{}
	for range 400 {
		plan, pairs, at := randomSegments(g)
		before := tree(t, pairs)
		v := Judge(plan, pairs, at)
		seen[v.Outcome]++
		if !reflect.DeepEqual(before, tree(t, pairs)) {
			t.Fatal("the samples were changed")
		}
		count, bad := map[string]int{}, map[string]bool{}
		for _, f := range v.Findings {
			if count[f.Metric]++; f.Bad && f.Class == analysis.ClassError || f.Reason == "" {
				t.Fatalf("finding %+v", f)
			}
			if !f.Bad {
				bad[f.Metric] = true // good ones have begun
			} else if bad[f.Metric] {
				t.Fatalf("a bad finding after good ones: %+v", v.Findings)
			}
		}
		for name, n := range count {
			if n > mostFindings {
				t.Fatalf("%d findings of %s", n, name)
			}
		}
		if len(count) != len(plan.Metrics) || v.Outcome == analysis.OutcomeFail && len(v.Bad()) == 0 {
			t.Fatalf("%d metrics of %d, %+v", len(count), len(plan.Metrics), v)
		}
		g.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		if again := Judge(plan, pairs, at); again.Outcome != v.Outcome || !sameScore(again.Score, v.Score) {
			t.Fatalf("in another order: %+v\nand %+v", again, v)
		}
	}
	for _, o := range []analysis.Outcome{analysis.OutcomeFail, analysis.OutcomePass, analysis.OutcomeInconclusive, analysis.OutcomeContinue} {
		if seen[o] == 0 {
			t.Errorf("no %s among the random looks: %v", o, seen)
		}
	}
}

func sameScore(a, b *float64) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// The promise for segments, small: many, late, together, sparse. The long version is in
// cmd/haldane-bench.
func TestSegmentsGoodReleases(t *testing.T) {
	const runs = 12
	families, err := judgetest.Find("segments/good-10,segments/good-20-*,segments/errors-good-*")
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := range families {
		for seed := range uint64(runs) {
			r := families[i].Make(3000+seed, judgetest.Options{})
			if o, _ := watch(&r, 6); o == analysis.OutcomeFail {
				failed++
			}
		}
	}
	if all := runs * len(families); failed > tooMany(all, 0.01) {
		t.Errorf("%d of %d good runs failed", failed, all)
	}
}

// What segments are for: in one of twenty a change shows that is lost in their sum.
func TestSegmentsShowWhatTheSumHides(t *testing.T) {
	const runs = 12
	found := func(family string) (n int) {
		for _, r := range made(t, family, 0, runs) {
			if o, _ := watch(&r, 3); o == analysis.OutcomeFail {
				n++
			}
		}
		return n
	}
	for _, name := range []string{"x2-mid-1-of-20", "errors-x5-mid-1-of-20"} {
		if in, sum := found("segments/"+name), found("merged/"+name); in < runs-2 || sum > runs/2 {
			t.Errorf("%s: found %d of %d in segments, %d merged", name, in, runs, sum)
		}
	}
	if in := found("segments/errors-x1.5-start-all-20"); in < runs-1 {
		t.Errorf("x1.5 in all of 20: found %d of %d", in, runs)
	}
}

// Good runs teach the noise of each segment; of as many as there may be.
func TestSegmentsAreLearnt(t *testing.T) {
	r := made(t, "segments/good-10", 0, 1)[0]
	if got := Learn(r.Plan, r.Pairs); len(got) != 10 || got[3].Segment != "region=r04" || got[3].Samples != 60 {
		t.Errorf("learnt %+v", got)
	}
	r.Plan.Metrics[0].MaxSegments = 4
	if got := Learn(r.Plan, r.Pairs); len(got) != 4 {
		t.Errorf("learnt %d segments of 4", len(got))
	}
	var runs [][]analysis.Noise
	for i := range 20 {
		run := Learn(r.Plan, r.Pairs)
		for k := range run {
			run[k].Segment = fmt.Sprintf("pod=%d-%d", i, k)
		}
		runs = append(runs, run)
	}
	all := Pool(runs...)
	if len(all) != analysis.DefaultMaxSegments || !slices.ContainsFunc(all, func(n analysis.Noise) bool { return n.Segment == "pod=19-3" }) ||
		slices.ContainsFunc(all, func(n analysis.Noise) bool { return n.Segment == "pod=0-0" }) {
		t.Errorf("%d segments are kept, not the newest: %+v", len(all), all)
	}
	Remember(r.Pairs, runs[0])
	if r.Pairs[0].Noise != nil {
		t.Error("a segment remembers the noise of another one")
	}
}

func TestSome(t *testing.T) {
	if got := some([]string{"a", "b"}); got != "a, b" {
		t.Error(got)
	}
	if got := some(strings.Fields("a b c d e f g")); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}
