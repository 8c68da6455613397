package config

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// reactions checks what a plan sets off.
func (c *planCheck) reactions() {
	on := c.plan.On
	for _, list := range []struct {
		field string
		items []reactionShape
	}{
		{"on_start", c.file.OnStart},
		{"on_pass", c.file.OnPass},
		{"on_fail", c.file.OnFail},
		{"on_marginal", c.file.OnMarginal},
		{"on_inconclusive", c.file.OnInconclusive},
		{"on_delivery_failed", c.file.OnDeliveryFailed},
	} {
		for i, item := range list.items {
			at := index(list.field, i)
			c.step(at, item.reaction())
			same := func(other reactionShape) bool { return other.Action == item.Action }
			if slices.ContainsFunc(list.items[:i], same) && item.Action != "" {
				c.mistake(at, "action %q: named twice", item.Action)
			}
		}
	}
	if c.anyChanges(on.Inconclusive) {
		c.mistake("on_inconclusive", "only a bad release may change the world, and this one is not known to be bad").
			try("actions that tell people; changes_world: false for a webhook that only tells")
	}
	if c.file.OnMarginal != nil && c.anyChanges(on.Marginal) {
		c.warn("on_marginal", "changes the world although the release did not fail")
	}
	if len(on.Fail) == 0 {
		c.warn("on_fail", "empty: nothing happens and nobody is told when a release fails").try("on_fail: [...]")
	}
	acts := slices.Concat(on.Start, on.Pass, on.Fail, on.Marginal)
	if c.anyChanges(acts) && !slices.ContainsFunc(on.DeliveryFailed, c.mayTell) {
		c.mistake("on_delivery_failed", "must name an action that tells people: an action of this plan changes the world, and may fail").
			try("on_delivery_failed: [%s]", cmp.Or(strings.Join(c.telling(), ", "), "an action of type slack"))
	}
}

// step checks one action with all that follows from it.
func (c *planCheck) step(at string, r analysis.Reaction) {
	checkName(c.actions, r.Action, c.mistake, at, "action", "an item needs an action")
	if r.Within < 0 {
		c.mistake(join(at, "within"), "must be more than 0").try("5m")
	}
	for i, next := range r.Then {
		c.step(index(join(at, "then"), i), next)
	}
	for i, next := range r.Else {
		c.step(index(join(at, "else"), i), next)
	}
}

// guards checks what a rollback waits for, and how it is watched.
func (c *planCheck) guards() {
	if c.plan.Verify < 0 {
		c.mistake("verify", "must not be negative").try("10m, or 0s for not at all")
	}
	if a := c.plan.Approval; a != nil {
		if a.Within <= 0 {
			c.mistake("approval.within", "must be more than 0").try("15m")
		}
		if a.People < 1 {
			c.mistake("approval.people", "must be at least 1").try("1, or 2 for the two-person rule")
		}
		if !c.anyChanges(c.plan.On.Fail) {
			c.warn("approval", "nothing waits for it: on_fail changes nothing in the world")
		}
	}
}

// anyChanges reports whether one of the actions, or what follows from it, changes the
// world.
func (c *planCheck) anyChanges(list []analysis.Reaction) bool {
	return slices.ContainsFunc(list, func(r analysis.Reaction) bool {
		return c.changesWorld(r.Action) || c.anyChanges(r.Then) || c.anyChanges(r.Else)
	})
}

// mayTell reports whether an action tells people, as far as is known.
func (c *planCheck) mayTell(r analysis.Reaction) bool { return !c.changesWorld(r.Action) }

// telling returns the names of the actions that tell people.
func (c *planCheck) telling() []string {
	return slices.DeleteFunc(names(c.actions), func(name string) bool { return !c.tells(name) })
}

// schedule checks when runs start by themselves, and of what.
func (c *planCheck) schedule() {
	s := c.plan.Schedule
	if s == nil || !c.readable("schedule") {
		return
	}
	c.cron(s)
	for _, f := range []struct {
		field string
		v     *analysis.Lookup
	}{{"schedule.version", s.Version}, {"schedule.baseline_version", s.BaselineVersion}} {
		if f.v != nil && c.readable(f.field) {
			c.lookup(f.field, f.v)
		}
	}
	if c.anyChanges(c.plan.On.Fail) && (s.Version == nil || s.BaselineVersion == nil) {
		c.mistake("schedule", "runs by the clock know no versions, so a failure cannot be rolled back to one").
			try("version and baseline_version in the schedule, or actions that only tell")
	}
}

func (c *planCheck) lookup(field string, v *analysis.Lookup) {
	if v.Source == "" && v.Query == "" && v.Label == "" {
		if !analysis.ValidName(c.plan.NamePattern, v.Literal) {
			c.mistake(field, "%q: not a version that this plan allows", v.Literal)
		}
		return
	}
	checkName(c.sources, v.Source, c.mistake, field+".source", "source", "a lookup needs a source")
	if v.Label == "" {
		c.mistake(field+".label", "a lookup needs the label that holds the version").try("label: version")
	}
	if v.Query == "" {
		c.mistake(field+".query", "a lookup needs a query")
	} else if t, ok := c.template(field+".query", v.Query); ok && (c.depends(t, canaryRelease) || c.depends(t, baselineRelease)) {
		c.mistake(field+".query", "uses a version, but it is asked for one")
	}
}

func (c *planCheck) cron(s *analysis.Schedule) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil || s.TimeZone == "Local" {
		c.mistake("schedule.time_zone", "time zone %q: not known", s.TimeZone).try("UTC or Europe/Berlin")
		zone = time.UTC
	}
	if s.Cron == "" {
		c.mistake("schedule.cron", "a schedule needs a cron expression").try(`"0 * * * *" for every hour`)
		return
	}
	when, why := parseCron(s.Cron)
	if why != "" {
		c.mistake("schedule.cron", "cron expression %q: %s", s.Cron, why).
			try(`minute, hour, day of month, month, day of week, as in "30 6 * * mon-fri"`)
		return
	}
	// A fixed moment, so that the same file is always judged the same.
	first := when.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, zone))
	if first.IsZero() {
		c.mistake("schedule.cron", "cron expression %q: never comes", s.Cron)
		return
	}
	if gap := when.Next(first).Sub(first); gap < c.plan.Duration.Std() && c.plan.Concurrency == analysis.Supersede {
		c.warn("schedule.cron", "a run starts %s after another but lasts %s: it would be superseded before its end",
			analysis.Duration(gap), c.plan.Duration).try("a shorter duration, or concurrency: reject")
	}
}

// parseCron reads a cron expression, or says why it cannot.
func parseCron(expr string) (when cron.Schedule, why string) {
	if len(expr) > 200 {
		return nil, "too long"
	}
	if i := slices.Index([]byte(expr), '='); i >= 0 { // TZ=..., on which the parser may panic
		return nil, "the time zone stands in time_zone"
	}
	when, err := cron.ParseStandard(expr)
	if err != nil {
		return nil, "not understood: " + err.Error()
	}
	return when, ""
}
