package judge

import (
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/haldane-dev/haldane/analysis"
)

// KayentaScores computes the scores of the groups and of the run from the results
// and the configured weights of the groups, as upstream does. Muted results do not
// count.
//
//   - A group's score is the share of Pass among its Pass, High, Low and
//     NodataFailMetric, in percent. Without any of these it shows 0 but counts as 100.
//   - Groups without a weight share what all configured weights, those of absent
//     groups included, leave of 100. Nothing is normalised: the score may end up
//     above 100 or below 0.
//   - A critical result that is not a Pass makes the run's score 0; otherwise half or
//     more of the results being Nodata does.
//
// The groups come in the order in which the results name them. The run's label is
// not set. The error says that the score is not a number, because a weight is not.
func KayentaScores(results []KayentaMetricResult, weights map[string]float64) (KayentaScore, []KayentaGroupScore, error) {
	t := tallyKayenta(results)
	scores := make([]KayentaGroupScore, 0, len(t.order))
	missing := 0
	for _, name := range t.order {
		scores = append(scores, KayentaGroupScore{Name: name, Score: KayentaNumber(t.groups[name].score())})
		if _, ok := weights[name]; !ok {
			missing++
		}
	}
	switch {
	case t.critical != nil:
		return KayentaScore{ClassificationReason: "Canary Failed: " + t.critical.ClassificationReason}, scores, nil
	case float64(t.noData)/float64(t.counted)*100 >= 50:
		return KayentaScore{ClassificationReason: "Canary Failed: 50% or more metrics returned NODATA"}, scores, nil
	}
	share := kayentaShare(weights, missing)
	sum := 0.0
	for _, name := range t.order {
		w, ok := weights[name]
		if !ok {
			w = share
		}
		score := t.groups[name].score()
		if t.groups[name].counted == 0 {
			score = 100
		}
		sum += float64(score * (w / 100))
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return KayentaScore{}, scores, analysis.Errorf(analysis.Invalid, "kayenta judgement: the score is not a number").
			WithHint("check classifier.groupWeights")
	}
	return KayentaScore{Score: KayentaNumber(roundHalfUp(sum))}, scores, nil
}

// kayentaShare is the weight of each group that has none.
func kayentaShare(weights map[string]float64, missing int) float64 {
	if missing == 0 {
		return 0
	}
	return (100 - sumWeights(weights)) / float64(missing)
}

// kayentaTally counts the results that are not muted.
type kayentaTally struct {
	order    []string // of the groups
	groups   map[string]*kayentaGroup
	counted  int
	noData   int
	critical *KayentaMetricResult // the first one that failed
}

type kayentaGroup struct{ passed, counted int }

func (g *kayentaGroup) score() float64 {
	if g.counted == 0 {
		return 0
	}
	return float64(g.passed) / float64(g.counted) * 100
}

func tallyKayenta(results []KayentaMetricResult) kayentaTally {
	t := kayentaTally{groups: map[string]*kayentaGroup{}}
	for i := range results {
		r := &results[i]
		if r.Muted {
			continue
		}
		t.counted++
		if r.Classification == KayentaNoData {
			t.noData++
		}
		if r.Critical && r.Classification != KayentaPass && t.critical == nil {
			t.critical = r
		}
		for j, name := range r.Groups {
			if !slices.Contains(r.Groups[:j], name) {
				t.add(name, r.Classification)
			}
		}
	}
	return t
}

func (t *kayentaTally) add(group string, label KayentaLabel) {
	g := t.groups[group]
	if g == nil {
		g = &kayentaGroup{}
		t.groups[group] = g
		t.order = append(t.order, group)
	}
	switch label {
	case KayentaPass:
		g.passed++
		g.counted++
	case KayentaHigh, KayentaLow, KayentaNoDataFail:
		g.counted++
	}
}

// roundHalfUp rounds to two decimals, halves away from zero, going by the shortest
// decimal text of v and not by its binary value: 1.005 becomes 1.01.
func roundHalfUp(v float64) float64 {
	exact, ok := new(big.Rat).SetString(strconv.FormatFloat(v, 'f', -1, 64))
	if !ok {
		return v
	}
	rounded, _ := strconv.ParseFloat(exact.FloatString(2), 64)
	return rounded
}
