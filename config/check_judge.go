package config

import (
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

func (c *planCheck) judging() {
	p := c.plan
	if len(c.types.Judges) > 0 && !slices.Contains(c.types.Judges, p.Judge) {
		words := make([]string, len(c.types.Judges))
		for i, j := range c.types.Judges {
			words[i] = string(j)
		}
		c.mistake("judge", "judge %s: not in this build", p.Judge).try("%s", meant(string(p.Judge), words))
	}
	if c.readable("judge", "baseline") {
		c.baseline()
	}
	if p.FalseRollbackRate <= 0 || p.FalseRollbackRate > 0.5 {
		c.mistake("false_rollback_rate", "must be more than 0 and at most 50%%").try("1%%")
	}
	c.least()
	if s := p.Score; s.Marginal < 0 || s.Pass > 100 || s.Marginal > s.Pass {
		c.mistake("score", "want 0 <= marginal <= pass <= 100, have marginal %g and pass %g", s.Marginal, s.Pass)
	}
	c.idle()
}

// least checks what a run must have before it is judged.
func (c *planCheck) least() {
	p := c.plan
	switch {
	case p.MinSamples < 0:
		c.mistake("min_samples", "must not be negative").try("0, for as many as the judge needs")
	case c.readable("min_samples", "duration", "step", "warmup") && p.MinSamples > p.Samples():
		c.mistake("min_samples", "%d samples are needed, but a run has only %d", p.MinSamples, p.Samples()).
			try("a longer duration, a shorter step, or fewer")
	}
	counts := slices.ContainsFunc(p.Metrics, func(m analysis.Metric) bool { return m.Kind.HasTotal() })
	switch {
	case p.MinTraffic < 0:
		c.mistake("min_traffic", "must not be negative")
	case p.MinTraffic > 0 && !counts && c.readable("metrics"):
		c.mistake("min_traffic", "traffic is what the total of a ratio or the exposure of a count says, and the plan has neither").
			try("a metric of kind ratio or count, or min_samples")
	}
}

// baseline checks the judge against where the other side comes from.
func (c *planCheck) baseline() {
	p := c.plan
	none := p.Baseline.Kind == analysis.BaselineNone
	switch {
	case none && p.Judge != analysis.JudgeThreshold:
		c.mistake("judge", "judge %s compares with a baseline, but baseline is none", p.Judge).try("judge: threshold")
	case p.Baseline.Kind == analysis.BaselineOffset || p.Baseline.Kind == analysis.BaselineBefore:
		c.shift()
	}
	if p.MayRollBack() || p.DryRun || !c.anyChanges(p.On.Fail) {
		return
	}
	at, why := "judge", "judge "+string(p.Judge)
	switch {
	case p.Judge != analysis.JudgeSequential:
	case !p.Baseline.Simultaneous():
		at, why = "baseline", "a baseline from another time"
	default:
		at, why = "metrics", "a fixed threshold"
	}
	c.warn(at, "%s makes no promise about false rollbacks: failures will only be told, not rolled back", why).
		try("allow_rollback: true, if that is meant")
}

// shift checks how far back a baseline of another time lies: samples stand at whole
// multiples of the step.
func (c *planCheck) shift() {
	b, step := c.plan.Baseline, c.plan.Step
	switch {
	case !c.readable("step") || step <= 0:
	case b.Shift < step:
		c.mistake("baseline", "%s: %s is shorter than a step, %s", b.Kind, b.Shift, step)
	case b.Shift%step != 0:
		c.mistake("baseline", "%s: %s is not a whole number of steps of %s", b.Kind, b.Shift, step).
			try("%s", b.Shift-b.Shift%step)
	}
}

// idle warns of settings of the plan itself that its judge does not look at.
func (c *planCheck) idle() {
	for _, f := range []struct {
		name  string
		judge analysis.JudgeName
	}{
		{"false_rollback_rate", analysis.JudgeSequential},
		{"strict", analysis.JudgeSequential},
	} {
		if c.plan.Judge != f.judge && c.doc.has(join(c.path, f.name)) {
			c.warn(f.name, "has no effect: the judge is %s", c.plan.Judge)
		}
	}
}

func (c *planCheck) groups() {
	p := c.plan
	used := map[string]bool{}
	for _, m := range p.Metrics {
		used[m.Group] = true
	}
	sum, missing := 0.0, 0
	for _, name := range names(p.Groups) {
		at := join("groups", name)
		if !c.readable(at) {
			return
		}
		if p.Groups[name] <= 0 {
			c.mistake(at, "a weight must be more than 0")
		}
		if !used[name] {
			c.mistake(at, "group %q has no metrics", name).try("%s", meant(name, names(used)))
		}
		sum += p.Groups[name]
	}
	if len(p.Groups) == 0 {
		return
	}
	for _, name := range names(used) {
		if _, ok := p.Groups[name]; !ok {
			missing++
			if p.Judge != analysis.JudgeKayenta {
				c.warn("groups", "group %q has no weight: it gets the mean of the others", name)
			}
		}
	}
	if p.Judge == analysis.JudgeKayenta && (sum > 100 || missing == 0 && sum != 100 || missing > 0 && sum >= 100) {
		c.mistake("groups", "the weights add up to %g: with judge kayenta they are percent", sum).
			try("weights that add up to 100; groups without one share what is left")
	}
}
