package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// kayentaMinSamples is how many samples a side needs when the plan does not say.
const kayentaMinSamples = 50

// kayentaMethod judges the pairs of a plan by Kayenta's rule. What differs from
// Kayenta itself is what surrounds the rule: a pair waits for enough samples, and
// silence is the business of no_data, so that a gap is only ever filled, with
// nan_strategy: replace, beside real samples.
type kayentaMethod struct {
	min              int
	ranks            stats.MannWhitney
	canary, baseline []float64
}

func newKayentaMethod(plan *analysis.Plan) *kayentaMethod {
	k := &kayentaMethod{min: plan.MinSamples}
	if k.min <= 0 {
		k.min = kayentaMinSamples
	}
	return k
}

func (k *kayentaMethod) judge(s *subject, i int) opinion {
	m, p := &s.metric, &s.pairs[i]
	rule := kayentaRule(m)
	gaps := rule
	gaps.RemoveOutliers = false // outliers are samples: they count for min_samples
	canary, baseline := levels(m.Kind, &p.Canary), levels(m.Kind, &p.Baseline)
	note := analysis.SampleNote{
		Canary:   len(gaps.Transform(k.canary[:0], canary)),
		Baseline: len(gaps.Transform(k.baseline[:0], baseline)),
	}
	if have := min(note.Canary, note.Baseline); have < k.min {
		return tooFew(p, have, k.min, note)
	}
	k.canary = rule.Transform(k.canary[:0], canary)
	k.baseline = rule.Transform(k.baseline[:0], baseline)
	c := rule.Classify(&k.ranks, p.Metric, k.canary, k.baseline)

	o := opinion{Finding: analysis.Finding{Class: analysis.ClassPass, Samples: note}}
	o.Seen, o.Expected = ptr(c.Canary.Mean), ptr(c.Baseline.Mean)
	switch c.Label {
	case KayentaHigh:
		o.Class, o.Bad = analysis.ClassHigh, true
	case KayentaLow:
		o.Class, o.Bad = analysis.ClassLow, true
	case KayentaError:
		o.Class, o.state = analysis.ClassError, undecided
		o.headline = who(p) + " could not be compared: all values are tied"
		return o
	}
	o.severe = c.Critical
	kayentaEffect(&o.Finding, &c)
	kayentaWords(&o, m, p, &rule, &c)
	if rule.Muted {
		o.state, o.Bad, o.severe = leftOut, false, false
		o.Reason += "; the metric is muted"
	}
	return o
}

// kayentaRule puts a plan's metric into Kayenta's words.
func kayentaRule(m *analysis.Metric) KayentaRule {
	r := KayentaRule{
		Direction: string(m.Direction), Critical: m.Critical, OutlierFactor: 3,
		AllowedIncrease: 1, AllowedDecrease: 1, CriticalIncrease: 1, CriticalDecrease: 1,
		Tolerance: kayentaTolerance, Quantile: kayentaQuantile,
	}
	k := m.Kayenta
	if k == nil {
		return r
	}
	set := func(to, from *float64) {
		if from != nil {
			*to = *from
		}
	}
	r.ReplaceNaN = k.NaNStrategy == "replace"
	r.RemoveOutliers = k.Outliers == "remove"
	r.Muted = k.Muted
	set(&r.OutlierFactor, k.OutlierFactor)
	if e := k.EffectSize; e != nil {
		if e.Measure == "cles" {
			r.CLES = true
			r.AllowedIncrease, r.AllowedDecrease, r.CriticalIncrease, r.CriticalDecrease = 0.5, 0.5, 0.5, 0.5
		}
		set(&r.AllowedIncrease, e.AllowedIncrease)
		set(&r.AllowedDecrease, e.AllowedDecrease)
		set(&r.CriticalIncrease, e.CriticalIncrease)
		set(&r.CriticalDecrease, e.CriticalDecrease)
	}
	return r
}

// kayentaEffect fills in effect and interval: of the means, relative to the
// baseline's, and of the shift in the same unit; or both in the metric's own unit
// when the baseline's mean is not above 0.
func kayentaEffect(f *analysis.Finding, c *KayentaClass) {
	base, scale := c.Baseline.Mean, c.Baseline.Mean
	if !(base > 0) || math.IsInf(base, 1) {
		f.EffectUnit, scale = "absolute", 1
	}
	f.Effect = ptr((c.Canary.Mean - base) / scale)
	if c.Compared {
		low, high := ptr(c.Shift.Low/scale), ptr(c.Shift.High/scale)
		if low != nil && high != nil {
			f.Interval = &[2]analysis.Number{*low, *high}
		}
	}
}

// kayentaWords writes the sentence.
func kayentaWords(o *opinion, m *analysis.Metric, p *analysis.Pair, r *KayentaRule, c *KayentaClass) {
	u := unitOf(m)
	same := kayentaHeadline(o, u, who(p), c)
	o.Reason = o.headline
	if !c.Compared {
		if c.Reason != "" {
			o.Reason += ": both hold the same values"
		}
		return
	}
	link := "; the "
	if !o.Bad && !same {
		link = ", " + whyKayentaPasses(r, c) + ": the "
	}
	o.Reason += link + kayentaConfidence + " interval of the difference is " + u.difference(c.Shift.Low, c.Shift.High)
}

// kayentaHeadline compares the means, and reports whether they are about the same.
func kayentaHeadline(o *opinion, u unit, name string, c *KayentaClass) (same bool) {
	if math.IsNaN(c.Canary.Mean) || math.IsNaN(c.Baseline.Mean) {
		o.headline = name + " holds infinite samples, which hide every change from this judge"
		return true
	}
	relative := o.EffectUnit == "" && o.Effect != nil
	seen, expected := u.values(c.Canary.Mean, c.Baseline.Mean)
	than := "higher than"
	switch {
	case seen == expected:
		o.headline = name + " is the same as the baseline (" + seen + ")"
		return true
	case relative && !o.Bad && math.Abs(float64(*o.Effect)) < 0.0005:
		o.headline = name + " is about the same as the baseline (" + u.value(c.Canary.Mean) + ")"
		return true
	case relative:
		than = change(float64(*o.Effect))
	case c.Canary.Mean < c.Baseline.Mean:
		than = "lower than"
	}
	o.headline = name + " is " + than + " the baseline (" + seen + " against " + expected + ")"
	return false
}

// whyKayentaPasses says why a difference is none.
func whyKayentaPasses(r *KayentaRule, c *KayentaClass) string {
	bound := r.Tolerance * math.Abs(c.Shift.Estimate)
	means := c.Canary.Mean - c.Baseline.Mean
	switch {
	case c.Shift.Low > bound && means < 0, c.Shift.High < -bound && means > 0:
		return "though most samples say the opposite"
	case c.Shift.Low > bound && r.Direction == "decrease", c.Shift.High < -bound && r.Direction == "increase":
		return "not the bad direction"
	case c.Shift.Low > bound, c.Shift.High < -bound:
		return "less than what counts"
	}
	return "no clear change"
}
