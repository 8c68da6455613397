package judge

import (
	"maps"
	"math"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// scorer makes one score, 0 to 100, of the opinions that are decided. The opinions
// hold at least one that is.
type scorer func(plan *analysis.Plan, opinions []opinion) (float64, []analysis.GroupScore)

// weightedScore is the score of every judge but kayenta. A group's score is the
// weighted share of good findings among its decided ones, in percent; the run's is
// the weighted mean over the groups with decided findings, rounded to two decimals.
//
// Weights may be any positive numbers. A group that the plan gives no weight has
// the mean of those given; without any, all weigh the same.
func weightedScore(plan *analysis.Plan, opinions []opinion) (float64, []analysis.GroupScore) {
	groups, good, all := groupSums(opinions)
	scores := make([]analysis.GroupScore, len(groups))
	given := usableWeights(plan.Groups)
	standard := meanWeight(given)
	var sum, weights float64
	for i, name := range groups {
		w, ok := given[name]
		if !ok {
			w = standard
		}
		scores[i] = analysis.GroupScore{Name: name, Weight: w, NoData: all[name] == 0}
		if all[name] > 0 {
			scores[i].Score = good[name] / all[name] * 100
			sum += float64(w * scores[i].Score)
			weights += w
		}
	}
	shares(scores)
	return roundHalfUp(sum / weights), scores
}

// groupSums adds up the weights of good and of all decided findings of each group,
// in the order in which the groups appear. Findings that are left out do not count.
func groupSums(opinions []opinion) (groups []string, good, all map[string]float64) {
	good, all = map[string]float64{}, map[string]float64{}
	for _, o := range opinions {
		if o.state == leftOut {
			continue
		}
		name := groupOf(o)
		if _, ok := all[name]; !ok {
			all[name] = 0
			groups = append(groups, name)
		}
		if o.state != decided {
			continue
		}
		all[name] += o.weight
		if !o.Bad {
			good[name] += o.weight
		}
	}
	return groups, good, all
}

// groupOf names a finding's group; metrics without one share one.
func groupOf(o opinion) string {
	if o.Group == "" {
		return "default"
	}
	return o.Group
}

// usableWeights leaves out what is no weight. The config refuses such numbers; here
// they must not make a score that is not a number, and with it a failure.
func usableWeights(weights analysis.Weights) map[string]float64 {
	usable := make(map[string]float64, len(weights))
	for name, w := range weights {
		if w > 0 && !math.IsInf(w, 1) {
			usable[name] = w
		}
	}
	return usable
}

func meanWeight(weights map[string]float64) float64 {
	if len(weights) == 0 {
		return 1
	}
	return sumWeights(weights) / float64(len(weights))
}

// sumWeights adds in one order: sums of floats depend on it.
func sumWeights(weights map[string]float64) float64 {
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		sum += weights[name]
	}
	return sum
}

// shares turns the weights of the groups with decided findings into shares of 1, and
// those of the others into 0.
func shares(scores []analysis.GroupScore) {
	sum := 0.0
	for _, g := range scores {
		if !g.NoData {
			sum += g.Weight
		}
	}
	for i := range scores {
		scores[i].Weight /= sum
		if scores[i].NoData {
			scores[i].Weight = 0
		}
	}
}

// kayentaPlanScore is Kayenta's own scorer: every metric weighs the same in its
// group, groups without a weight share what the others leave of 100, and a group in
// which nothing is decided counts as 100.
//
// What would fail a run for want of data is taken out: the rule about half of the
// metrics being Nodata, and weights that do not add up to 100 because a group is
// left out or the plan's numbers are not percent; they are scaled to 100.
func kayentaPlanScore(plan *analysis.Plan, opinions []opinion) (float64, []analysis.GroupScore) {
	results := make([]KayentaMetricResult, 0, len(opinions))
	for _, o := range opinions {
		r := KayentaMetricResult{Groups: []string{groupOf(o)}, Classification: KayentaError, Critical: o.severe}
		switch {
		case o.state == leftOut:
			continue
		case o.state == decided && o.Bad:
			r.Classification = KayentaHigh
		case o.state == decided:
			r.Classification = KayentaPass
		}
		results = append(results, r)
	}
	weights := kayentaPlanWeights(plan, tallyKayenta(results).order)
	score, groups, err := KayentaScores(results, weights)
	if err != nil { // cannot be: the weights are numbers; and must not fail a release
		return 100, nil
	}
	scores := make([]analysis.GroupScore, len(groups))
	_, _, all := groupSums(opinions)
	for i, g := range groups {
		scores[i] = analysis.GroupScore{
			Name: g.Name, Score: float64(g.Score), Weight: weights[g.Name] / 100, NoData: all[g.Name] == 0,
		}
	}
	return float64(score.Score), scores
}

// kayentaPlanWeights gives every group that is present its weight, in percent.
func kayentaPlanWeights(plan *analysis.Plan, groups []string) map[string]float64 {
	given := usableWeights(plan.Groups)
	missing := 0
	for _, g := range groups {
		if _, ok := given[g]; !ok {
			missing++
		}
	}
	share := max(0, kayentaShare(given, missing))
	weights := make(map[string]float64, len(groups))
	sum := 0.0
	for _, g := range groups {
		w, ok := given[g]
		if !ok {
			w = share
		}
		weights[g] = w
		sum += w
	}
	for g := range weights {
		if sum > 0 {
			weights[g] *= 100 / sum
		} else {
			weights[g] = 100 / float64(len(groups))
		}
	}
	return weights
}
