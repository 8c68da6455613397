package main

import (
	"encoding/json"
	"slices"

	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// object is a computed answer, by the names that the cases use.
type object = map[string]any

// suite computes the answer to a case; nil means that the case does not apply, for
// the reason given.
type suite func(in *input) (answer any, why string)

// suites are those that this judge can be asked.
func suites() map[string]suite {
	return map[string]suite{
		"MannWhitneySuite": mannWhitney,
		"ClassifierSuite":  classifier,
		"DetectorSuite":    detector,
		"ScorerSuite":      scorer,
		"StatisticSuite":   statistic,
		"TransformSuite":   transform,
		"UtilsSuite":       utils,
	}
}

const (
	elsewhere = "fetching, pairing, queries or orchestration: not the judge"
	random    = "random numbers: this judge uses none"
	unused    = "a classifier that upstream's judge does not use"
)

func mannWhitney(in *input) (any, string) {
	level := in.ConfidenceLevel
	q := stats.NormalQuantile((1 - level) / 2)
	var w stats.MannWhitney
	z := func(mu float64) float64 {
		v, err := w.Z(mu)
		if err != nil {
			return 0
		}
		return v
	}
	switch in.Fn {
	case "wilcoxonDiff":
		_ = w.Load(in.X, in.Y)
		return z(in.Mu) - in.Quantile, ""
	case "inverseNormal":
		level = 0.98 // the one case's argument is the text "(1-0.98)/2"
		return stats.NormalQuantile((1 - level) / 2), ""
	case "mannWhitneyUTest":
		_ = w.Load(in.Experiment, in.Control)
		s, err := w.Shift(-q)
		if err != nil {
			return err.Error(), ""
		}
		return object{"ciLow": s.Low, "ciHigh": s.High, "estimate": s.Estimate}, ""
	case "intermediate":
		_ = w.Load(in.X, in.Y)
		s, err := w.Shift(-q)
		if err != nil {
			return err.Error(), ""
		}
		low, high := slices.Min(in.X)-slices.Max(in.Y), slices.Max(in.X)-slices.Min(in.Y)
		return object{
			"muMin": low, "muMax": high, "zqLower": -q, "zqUpper": q,
			"fLower1": z(low) + q, "fUpper1": z(high) + q, "fLower2": z(low) - q, "fUpper2": z(high) - q,
			"fLower0": z(low), "fUpper0": z(high),
			"ciLower": s.Low, "ciUpper": s.High, "estimate": s.Estimate,
		}, ""
	}
	return nil, "not known: " + in.Fn
}

func classifier(in *input) (any, string) {
	if in.Classifier != "MannWhitneyClassifier" {
		return nil, unused
	}
	level := in.ConfLevel
	rule := judge.KayentaRule{
		Direction: in.Direction, ReplaceNaN: in.NaNStrategy == "replace", Critical: in.IsCriticalMetric,
		MustHaveData: in.IsDataRequired, CLES: in.EffectSizeMeasure == "cles",
		AllowedIncrease: in.AllowedIncrease, AllowedDecrease: in.AllowedDecrease,
		CriticalIncrease: in.CriticalIncrease, CriticalDecrease: in.CriticalDecrease,
		Tolerance: in.Tolerance, Quantile: stats.NormalQuantile((1 - level) / 2),
	}
	var w stats.MannWhitney
	c := rule.Classify(&w, "m", in.Experiment, in.Control)
	out := object{
		"classification": string(c.Label), "reason": c.Reason, "critical": c.Critical, "deviation": c.Ratio,
	}
	if c.Compared {
		out["ciLow"], out["ciHigh"], out["estimate"] = c.Shift.Low, c.Shift.High, c.Shift.Estimate
		out["effectSize"] = c.Effect
	}
	return out, ""
}

func detector(in *input) (any, string) {
	fences := in.fences(in.Data)
	outliers := []bool{}
	for _, v := range in.Data {
		outliers = append(outliers, fences.Outside(v))
	}
	return outliers, ""
}

// fences of the detector that a case names.
func (in *input) fences(values []float64) stats.Fences {
	switch {
	case in.Detector == "KSigmaDetector":
		return stats.SigmaFences(values, in.K)
	case in.ReduceSensitivity:
		return stats.ReducedIQRFences(values, in.Factor)
	}
	return stats.IQRFences(values, in.Factor)
}

func scorer(in *input) (any, string) {
	score, groups, err := judge.KayentaScores(in.Results, in.GroupWeights)
	if err != nil {
		return err.Error(), ""
	}
	each := []float64{}
	for _, g := range groups {
		each = append(each, float64(g.Score))
	}
	sorted := slices.Sorted(slices.Values(each))
	return object{"summaryScore": float64(score.Score), "groupScores": each, "groupScoresSorted": sorted}, ""
}

func statistic(in *input) (any, string) {
	switch in.Fn {
	case "summary":
		s := stats.Summarize(in.Values)
		return object{"min": s.Min, "max": s.Max, "mean": s.Mean, "std": s.StdDev, "count": s.Count}, ""
	case "percentile":
		percent, _ := in.P.(float64)
		return stats.Quantile(in.Values, percent/100), ""
	case "meanRatio":
		return stats.MeanRatio(in.Experiment, in.Control), ""
	case "cohenD":
		return stats.CohenD(in.Experiment, in.Control), ""
	case "cles":
		return stats.CLES(in.Experiment, in.Control), ""
	}
	return nil, "not known: " + in.Fn
}

func transform(in *input) (any, string) {
	rule := judge.KayentaRule{ReplaceNaN: in.Fn == "replaceNaNs"}
	switch in.Fn {
	case "removeNaNs", "replaceNaNs":
		return rule.Transform([]float64{}, in.Values), ""
	case "removeOutliers":
		fences := in.fences(in.Values)
		return slices.DeleteFunc(slices.Clone([]float64(in.Values)), fences.Outside), ""
	}
	return nil, random
}

func utils(in *input) (any, string) {
	switch in.Fn {
	case "mapGet":
		found, _ := judge.KayentaSettings(in.Map).Get(in.Path...)
		return found, ""
	case "getAsDoubleWithDefault":
		// The same number where the judge reads one.
		settings, err := json.Marshal(object{"canary": object{"effectSize": object{"allowedIncrease": in.Map[in.Path[0]]}}})
		if err != nil {
			return nil, err.Error()
		}
		var s judge.KayentaSettings
		if err := json.Unmarshal(settings, &s); err != nil {
			return nil, err.Error()
		}
		rule, err := s.Rule()
		if err != nil {
			return err.Error(), ""
		}
		return rule.AllowedIncrease, ""
	}
	return nil, random
}
