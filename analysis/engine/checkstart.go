package engine

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// checkStart finds everything that is wrong with a request for a run, or nil.
func (s *Setup) checkStart(r *analysis.Run, req analysis.StartRequest, now time.Time) error {
	c := &fieldChecks{pattern: r.Snapshot.NamePattern}
	p := &r.Snapshot
	if r.Version == "" && r.Cause.Kind != "cron" {
		c.add("version", "missing")
	}
	if r.BaselineVersion == "" && r.Version != "" && (p.Baseline.Simultaneous() || s.rollsBack(p)) {
		c.add("baseline_version", "missing: it is compared with and rolled back to")
	}
	if r.Version != "" && r.Version == r.BaselineVersion && p.Baseline.Simultaneous() {
		c.add("baseline_version", "the same as version")
	}
	c.name("version", r.Version)
	c.name("baseline_version", r.BaselineVersion)
	c.name("release_id", r.ReleaseID)
	c.name("phase", r.Phase)
	for _, k := range sortedKeys(r.Variables) {
		c.name("variables."+k, r.Variables[k])
	}
	for _, k := range sortedKeys(r.Links) {
		c.link("links."+k, r.Links[k])
	}
	if r.TrafficShare < 0 || r.TrafficShare > 1 {
		c.add("traffic_share", "not between 0 and 1")
	}
	if len(r.Key) > 1000 || strings.ContainsFunc(r.Key, func(x rune) bool { return x < ' ' }) {
		c.add("key", "longer than 1000 bytes, or with control characters")
	}
	if req.StartedAt != nil && req.StartedAt.After(now.Add(time.Minute)) {
		c.add("started_at", "in the future")
	}
	if req.StartedAt != nil && req.StartedAt.Unix() < 0 { // nor can JSON tell the year before 0
		c.add("started_at", "before 1970")
	}
	if len(c.found) == 0 {
		s.checkQueries(c, r)
	}
	return c.err()
}

// checkQueries renders every query once, so that a missing variable is said now
// and not at the first look.
func (s *Setup) checkQueries(c *fieldChecks, r *analysis.Run) {
	for _, p := range s.parts(r, analysis.Window{Start: r.StartedAt, End: r.EndsAt}) {
		if p.err != nil {
			c.add("variables", fmt.Sprintf("metric %s: %s", p.metric.Name, p.err.Message))
			return
		}
	}
}

type fieldChecks struct {
	pattern string
	found   []analysis.FieldError
}

func (c *fieldChecks) add(field, message string) {
	c.found = append(c.found, analysis.FieldError{Field: field, Message: message})
}

func (c *fieldChecks) name(field, value string) {
	if value != "" && !analysis.ValidName(c.pattern, value) {
		pattern := c.pattern
		if pattern == "" {
			pattern = analysis.NamePattern
		}
		c.add(field, "does not match "+pattern)
	}
}

func (c *fieldChecks) link(field, value string) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		c.add(field, "not an http or https address")
	}
}

func (c *fieldChecks) err() error {
	if len(c.found) == 0 {
		return nil
	}
	texts := make([]string, len(c.found))
	for i, f := range c.found {
		texts[i] = f.Field + ": " + f.Message
	}
	err := analysis.Errorf(analysis.Invalid, "%s", strings.Join(texts, "; "))
	err.Fields = c.found
	return err
}
