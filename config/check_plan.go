package config

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
)

// planCheck finds what is wrong with one plan. The checks are spread over
// check_*.go, one noun a file.
type planCheck struct {
	*loader
	doc  *document
	path string
	file *planFile
	plan *analysis.Plan
}

func (c *planCheck) all() {
	c.names()
	c.texts()
	c.unnamed()
}

// unnamed checks all that does not make one plan another.
func (c *planCheck) unnamed() {
	c.times()
	c.judging()
	c.metrics()
	c.groups()
	c.reactions()
	c.guards()
	c.schedule()
}

func (c *planCheck) mistake(field, format string, args ...any) *Mistake {
	return c.doc.mistake(join(c.path, field), format, args...)
}

func (c *planCheck) warn(field, format string, args ...any) *Mistake {
	return c.doc.warn(join(c.path, field), format, args...)
}

// readable reports whether all the fields could be read, so that rules about
// several of them make sense.
func (c *planCheck) readable(fields ...string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool { return c.doc.unread(join(c.path, f)) })
}

const nameHint = "letters, digits, dots, dashes and underscores, at most 100, beginning with a letter or digit"

func (c *planCheck) names() {
	p := c.plan
	if p.Name == "" {
		c.mistake("name", "a plan needs a name")
	} else {
		c.own(c.doc, join(c.path, "name"), "plan", p.Name)
	}
	if c.file.Service != "" && !analysis.PlainName(p.Service) {
		c.mistake("service", "%q: not a usable name", p.Service).try(nameHint)
	}
	if !analysis.PlainName(p.Environment) {
		c.mistake("environment", "%q: not a usable name", p.Environment).try(nameHint)
	}
}

func (c *planCheck) texts() {
	p := c.plan
	if _, err := analysis.CompileName(p.NamePattern); err != nil {
		c.mistake("name_pattern", "regular expression %q: not understood", p.NamePattern).
			try("[A-Za-z0-9._-]+, as in Go and PromQL")
	} else {
		c.vars()
	}
	if p.Runbook != "" && (!webURL(p.Runbook) || strings.Contains(p.Runbook, "{{")) {
		c.mistake("runbook", "not an http or https address").try("https://runbooks.example.com/checkout, without a template")
	}
	if !oneLine(p.Owner) {
		c.mistake("owner", "want one line of at most 200 characters")
	}
	for _, key := range names(p.Labels) {
		if !oneLine(p.Labels[key]) || !oneLine(key) || key == "" {
			c.mistake("labels."+key, "want one line of at most 200 characters")
		}
	}
}

func (c *planCheck) vars() {
	for _, key := range names(c.plan.Vars) {
		at := join("vars", key)
		if !analysis.VariableName(key) {
			c.mistake(at, "%q: not a usable name of a variable", key).try("letters, digits and underscores")
		}
		if !analysis.ValidName(c.plan.NamePattern, c.plan.Vars[key]) {
			c.mistake(at, "%q: not a value that names may have", c.plan.Vars[key]).
				try("letters, digits and . _ + : / @ -, or a wider name_pattern")
		}
	}
}

// oneLine reports whether a text can be shown in a line.
func oneLine(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= 200 && !strings.ContainsFunc(s, unicode.IsControl)
}

const (
	shortest   = analysis.Duration(100e6) // 100 ms: demos and tests
	quick      = analysis.Duration(5e9)
	maxSamples = 100_000
)

func (c *planCheck) times() {
	p := c.plan
	for _, f := range []struct {
		name string
		d    analysis.Duration
	}{{"every", p.Every}, {"step", p.Step}, {"duration", p.Duration}} {
		if f.d < shortest {
			c.mistake(f.name, "%s is too short", f.d).try("at least %s", shortest)
		}
	}
	if p.Every >= shortest && p.Every < quick {
		c.warn("every", "a look every %s is much work for the source", p.Every).try("30s")
	}
	for _, f := range []struct {
		name string
		d    analysis.Duration
	}{{"min_duration", p.MinDuration}, {"warmup", p.Warmup}, {"reuse_after", p.ReuseAfter}} {
		if f.d < 0 {
			c.mistake(f.name, "must not be negative")
		}
	}
	if p.DeliverWithin < analysis.Duration(1e9) {
		c.mistake("deliver_within", "%s is too short", p.DeliverWithin).try("10m")
	}
	if c.readable("step", "duration", "warmup", "min_duration") {
		c.lengths()
	}
}

// lengths checks the times against each other.
func (c *planCheck) lengths() {
	p := c.plan
	if p.MinDuration > p.Duration {
		c.mistake("min_duration", "%s is longer than the duration, %s", p.MinDuration, p.Duration)
	}
	if p.Step < shortest || p.Duration < shortest {
		return
	}
	if p.Warmup >= 0 && p.Warmup+p.Step > p.Duration {
		c.mistake("duration", "%s leaves no sample: warmup %s, step %s", p.Duration, p.Warmup, p.Step).
			try("at least %s", p.Warmup+p.Step)
	}
	if n := p.Samples(); n > maxSamples {
		c.mistake("step", "%s makes %d samples in a run, more than %d", p.Step, n, maxSamples).try("a longer step")
	}
}
