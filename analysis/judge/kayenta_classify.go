package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis/stats"
)

// Constants of upstream's judge. Its properties for them exist but are not read.
const (
	kayentaTolerance  = 0.25               // of the estimate
	kayentaQuantile   = -2.326347874040841 // of the normal distribution at (1-0.98)/2, as upstream's library gives it
	kayentaConfidence = "98 %"
)

// KayentaLabel is upstream's word on a metric.
type KayentaLabel string

// The labels.
const (
	KayentaPass       KayentaLabel = "Pass"
	KayentaHigh       KayentaLabel = "High"
	KayentaLow        KayentaLabel = "Low"
	KayentaNoData     KayentaLabel = "Nodata"
	KayentaNoDataFail KayentaLabel = "NodataFailMetric"
	KayentaError      KayentaLabel = "Error"
)

// KayentaRule is how one metric is judged: its settings, read.
type KayentaRule struct {
	Direction      string // increase | decrease; all else means either
	ReplaceNaN     bool   // by 0, else they are removed
	RemoveOutliers bool
	OutlierFactor  float64
	Critical       bool
	MustHaveData   bool
	Muted          bool
	CLES           bool // the effect size is stats.CLES, else the ratio of the means

	AllowedIncrease, AllowedDecrease   float64 // smaller effects are no failure
	CriticalIncrease, CriticalDecrease float64 // and smaller ones than these not a critical one

	Tolerance float64 // the interval must be further from 0 than this part of the estimate
	Quantile  float64 // of the normal distribution at (1-confidence)/2; negative
}

// KayentaClass is the judge's word on one pair, with what it rests on.
type KayentaClass struct {
	Label            KayentaLabel
	Reason           string
	Critical         bool
	Ratio            float64 // of the means
	Canary, Baseline stats.Summary
	Compared         bool        // whether the samples were compared, so that the rest is set
	Shift            stats.Shift // of the canary against the baseline
	Effect           float64
}

// Transform appends one side's values to dst after dealing with NaNs, and then with
// outliers.
func (r *KayentaRule) Transform(dst, values []float64) []float64 {
	start := len(dst)
	for _, v := range values {
		switch {
		case !math.IsNaN(v):
			dst = append(dst, v)
		case r.ReplaceNaN:
			dst = append(dst, 0)
		}
	}
	if !r.RemoveOutliers || len(dst) == start {
		return dst
	}
	fences := stats.ReducedIQRFences(dst[start:], r.OutlierFactor)
	kept := dst[:start]
	for _, v := range dst[start:] {
		if !fences.Outside(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// Classify compares transformed samples. The first that is true decides:
//
//   - a side is empty: Nodata, or NodataFailMetric when the metric must have data
//     and is not critical; with ReplaceNaN it is a Pass;
//   - both hold the same values: Pass;
//   - both together hold one value: Pass (that is the same, unless they differ in
//     number);
//   - the interval of the shift lies above Tolerance times the estimate: High, if
//     the direction and the effect size allow; below: Low;
//   - the shift cannot be computed, all values being tied: Error.
//
// When each side holds one distinct value, and they differ, upstream adds random
// noise of a relative 1e-5 to both. Here the shift is then the difference of the
// two values, exactly. Where the noise cannot spread anything, because each side is
// a single sample or zero, the values are compared as they are, as upstream's are:
// usually that is an Error.
func (r *KayentaRule) Classify(w *stats.MannWhitney, name string, canary, baseline []float64) KayentaClass {
	c := KayentaClass{
		Label: KayentaPass, Ratio: 1,
		Canary: stats.Summarize(canary), Baseline: stats.Summarize(baseline),
	}
	if w.Load(canary, baseline) != nil {
		r.classifyEmpty(&c, name)
		return c
	}
	if w.Identical() {
		c.Reason = "The Canary and Baseline data are identical"
		return c
	}
	x, y := w.Sorted()
	constant := x[0] == x[len(x)-1] && y[0] == y[len(y)-1]
	if constant && x[0] == y[0] {
		return c
	}
	spreads := len(x) > 1 && x[0] != 0 || len(y) > 1 && y[0] != 0
	if constant && spreads {
		d := x[0] - y[0]
		c.Shift = stats.Shift{Low: d, High: d, Estimate: d}
	} else {
		var err error
		if c.Shift, err = w.Shift(-r.Quantile); err != nil {
			c.Label, c.Reason, c.Ratio = KayentaError, "Metric Classification Failed", math.NaN()
			return c
		}
	}
	c.Compared = true
	c.Ratio = math.NaN()
	if c.Canary.Mean != 0 && c.Baseline.Mean != 0 {
		c.Ratio = c.Canary.Mean / c.Baseline.Mean
	}
	c.Effect = c.Ratio
	if r.CLES {
		c.Effect = w.CLES()
	}
	r.decide(&c, name)
	return c
}

func (r *KayentaRule) classifyEmpty(c *KayentaClass, name string) {
	if r.ReplaceNaN {
		return
	}
	c.Label, c.Reason, c.Critical = KayentaNoData, "Missing data for "+name, r.Critical
	if r.MustHaveData && !r.Critical {
		c.Label = KayentaNoDataFail
	}
}

// decide sets label, reason and flag from the shift and the effect size.
func (r *KayentaRule) decide(c *KayentaClass, name string) {
	bound := r.Tolerance * math.Abs(c.Shift.Estimate)
	unknown := math.IsNaN(c.Effect)
	severe := false
	switch {
	case r.Direction != "decrease" && c.Shift.Low > bound && (unknown || c.Effect >= r.AllowedIncrease):
		c.Label = KayentaHigh
		severe = unknown || c.Effect >= r.CriticalIncrease
	case r.Direction != "increase" && c.Shift.High < -bound && (unknown || c.Effect <= r.AllowedDecrease):
		c.Label = KayentaLow
		severe = unknown || c.Effect <= r.CriticalDecrease
	default:
		return
	}
	c.Reason = name + " was classified as " + string(c.Label)
	if r.Critical && severe {
		c.Critical = true
		c.Reason = "The metric " + c.Reason + " (Critical)"
	}
}
