package config

import (
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// readSections reads the sources and actions of one file.
func (l *loader) readSections(part sharedPart) {
	for _, name := range names(part.file.Sources) {
		path := join("sources", name)
		if name == analysis.SourcePush {
			part.doc.mistake(path, "source %q: the name of what is sent to the API, and of no other source", name).try("another name")
			continue
		}
		if !l.own(part.doc, path, "source", name) {
			continue
		}
		l.sources[name] = nil
		n := part.file.Sources[name].node
		t, ok := sectionType(part.doc, n, path, "source", l.types.Sources, func(t SourceType) string { return t.Name })
		if !ok {
			continue
		}
		s := t.New()
		l.section(part.doc, n, path, s, func() []Problem { return append(s.Check(), s.Common().check()...) })
		l.sources[name] = s
		l.config.Sources = append(l.config.Sources, Source{name, t.Name, s, part.doc.name, n.Line})
	}
	for _, name := range names(part.file.Actions) {
		path := join("actions", name)
		if !l.own(part.doc, path, "action", name) {
			continue
		}
		l.actions[name] = nil
		n := part.file.Actions[name].node
		t, ok := sectionType(part.doc, n, path, "action", l.types.Actions, func(t ActionType) string { return t.Name })
		if !ok {
			continue
		}
		s := t.New()
		l.section(part.doc, n, path, s, func() []Problem { return append(s.Check(), s.Common().check(s.ChangesWorld())...) })
		l.actions[name] = s
		l.config.Actions = append(l.config.Actions, Action{name, t.Name, s, part.doc.name, n.Line})
	}
}

// sectionType finds the line of a table that a section's type names.
func sectionType[T any](doc *document, n *yaml.Node, path, kind string, types []T, name func(T) string) (T, bool) {
	var none T
	known := make([]string, len(types))
	for i, t := range types {
		known[i] = name(t)
	}
	if n == nil {
		return none, false // it could not be read at all, as was noted
	}
	d := &decoder{doc: doc}
	entries, ok := d.entries(resolved(n), path)
	if !ok {
		return none, false
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.key.Value == "type" })
	if i < 0 {
		doc.mistake(path, "a %s needs a type", kind).try("type: %s", meant("", known))
		return none, false
	}
	value := resolved(entries[i].value)
	d.mark(value, join(path, "type"))
	if k := slices.Index(known, value.Value); k >= 0 && value.Kind == yaml.ScalarNode {
		return types[k], true
	}
	doc.mistake(join(path, "type"), "no such type of %s: %q", kind, value.Value).try("%s", meant(value.Value, known))
	return none, false
}

// section decodes one section, resolves its secrets, and lets it check itself.
func (l *loader) section(doc *document, n *yaml.Node, path string, settings any, check func() []Problem) {
	v := reflect.ValueOf(settings).Elem()
	(&decoder{doc: doc}).structure(resolved(n), v, path)
	said := l.secrets(doc, path, v)
	for _, p := range check() {
		at := path
		if p.Field != "" {
			at = join(path, p.Field)
		}
		// One word about a field is enough: an empty secret was said to be missing, and
		// a type may check what all types share in better words.
		if !slices.ContainsFunc(said, func(s string) bool { return s == at || isInside(s, at) }) {
			doc.mistake(at, "%s", p.Message).Hint = p.Hint
			said = append(said, at)
		}
	}
}

// isInside reports whether a path leads into a field: secret[0] into secret.
func isInside(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && rest != "" && (rest[0] == '[' || rest[0] == '.')
}

// check finds what is wrong in what all sources share.
func (c *SourceCommon) check() []Problem {
	var found []Problem
	if c.Delay < 0 {
		found = append(found, Problem{"delay", "must not be negative", "30s"})
	}
	if c.MaxConcurrent < 1 {
		found = append(found, Problem{"max_concurrent", "must be at least 1", "20"})
	}
	if c.Timeout <= 0 {
		found = append(found, Problem{"timeout", "must be more than 0", "20s"})
	}
	if c.ExternalURL != "" && !webURL(c.ExternalURL) {
		found = append(found, Problem{"external_url", "not an http or https address", "https://prometheus.example.com"})
	}
	return found
}

// check finds what is wrong in what all actions share.
func (c *ActionCommon) check(changesWorld bool) []Problem {
	var found []Problem
	if c.Timeout <= 0 {
		found = append(found, Problem{"timeout", "must be more than 0", "10s"})
	}
	if c.MaxPerMinute != nil && *c.MaxPerMinute < 0 {
		found = append(found, Problem{"max_per_minute", "must not be negative", "30, or 0 for no limit"})
	}
	switch {
	case len(c.Texts) == 0:
	case c.Type == "webhook":
		found = append(found, Problem{"texts", "a webhook has a body instead", "body: ..."})
	case changesWorld:
		found = append(found, Problem{"texts", "it tells people nothing, it changes the world", "texts of an action that tells, such as slack"})
	default:
		found = append(found, c.Texts.check()...)
	}
	return found
}

// webURL reports whether s is an http(s) address that may be shown: it has a host
// and no password.
func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// checkGuards finds limits that make no sense.
func (l *loader) checkGuards(g Guards) {
	l.checkFreezes(g.Freezes)
	m := g.ManyServices
	if g.MaxRollbacksPerHour < 0 {
		l.main.mistake("guards.max_rollbacks_per_hour", "must not be negative").try("3, or 0 for no limit")
	}
	if m.Services < 0 || m.Services == 1 {
		l.main.mistake("guards.many_services.services", "must be at least 2: one failing service is ordinary").try("5, or 0 for never")
	}
	for _, f := range []struct {
		name string
		d    analysis.Duration
	}{{"within", m.Within}, {"hold_for", m.HoldFor}} {
		if f.d <= 0 {
			l.main.mistake("guards.many_services."+f.name, "must be more than 0")
		}
	}
}

// checkFreezes finds times that cannot be.
func (l *loader) checkFreezes(freezes []Freeze) {
	for i, f := range freezes {
		at := index("guards.freezes", i)
		if f.Name == "" {
			l.main.mistake(join(at, "name"), "a freeze needs a name").try("name: christmas")
		}
		if f.For <= 0 || f.For > 366*24*minutes(60) {
			l.main.mistake(join(at, "for"), "must be more than 0, and a year at most").try("for: 62h")
		}
		if zone, err := time.LoadLocation(f.TimeZone); err != nil || zone == time.Local {
			l.main.mistake(join(at, "time_zone"), "time zone %q: not known", f.TimeZone).try("UTC or Europe/Berlin")
		}
		when, why := parseCron(f.Cron)
		if _, always := when.(cron.ConstantDelaySchedule); always { // of which no beginning is known afterwards
			why = "says how often, not when"
		}
		if why != "" {
			l.main.mistake(join(at, "cron"), "cron expression %q: %s", f.Cron, why).try(`"0 18 * * fri" for every Friday at six`)
		} else if when.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
			l.main.mistake(join(at, "cron"), "cron expression %q: never comes", f.Cron)
		}
		for _, list := range []struct {
			field    string
			patterns []string
		}{{"services", f.Services}, {"environments", f.Environments}} {
			for k, pattern := range list.patterns {
				if _, err := path.Match(pattern, ""); err != nil {
					l.main.mistake(index(join(at, list.field), k), "pattern %q: not understood", pattern).try("shop-*")
				}
			}
		}
	}
}
