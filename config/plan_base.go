package config

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// basePlan is what every plan begins with. Many services have the same plan but for its
// names: those share what the defaults say, and it is checked once.
type basePlan struct {
	file  planFile
	plan  *analysis.Plan
	sound bool // a plan of it was checked, nothing was found, and names cannot change that
}

// readDefaults reads what every plan begins with. What is wrong in it is noted once,
// where it stands.
func (l *loader) readDefaults() {
	file := &l.base.file
	file.setDefaults()
	if l.defaults != nil {
		(&decoder{doc: l.main}).value(l.defaults, reflect.ValueOf(file).Elem(), "defaults")
		if l.main.has("defaults.name") {
			l.main.mistake("defaults.name", "every plan needs a name of its own")
		}
		file.Name = ""
		if resolved(l.defaults).Kind == yaml.MappingNode {
			for _, part := range l.shared {
				part.doc.defaults = l.main
			}
		}
	}
	l.base.plan = file.plan(l.tells)
}

// named makes a plan that has nothing of its own but names.
func (b *basePlan) named(file *planFile) *analysis.Plan {
	p := *b.plan
	file.name(&p)
	return &p
}

// onlyNamed reports whether a plan has no keys but those that (*planFile).name reads.
func onlyNamed(n *yaml.Node) bool {
	n = resolved(n)
	for i := 0; i < len(n.Content); i += 2 {
		switch resolved(n.Content[i]).Value {
		case "name", "service", "environment", "owner", "severity", "runbook", "labels":
		default:
			return false
		}
	}
	return true
}

// allNamed checks a plan that has nothing of its own but names.
func (c *planCheck) allNamed() {
	c.names()
	c.texts()
	if c.base.sound && c.harmless() {
		return
	}
	before := len(c.notes.mistakes) + len(c.notes.warnings)
	c.unnamed()
	c.base.sound = len(c.notes.mistakes)+len(c.notes.warnings) == before && c.harmless() && c.steady()
}

// steady reports whether the plan's names change nothing in what its checks find, as
// long as they are harmless.
func (c *planCheck) steady() bool {
	return c.plan.Schedule == nil && !slices.ContainsFunc(c.plan.Metrics, func(m analysis.Metric) bool {
		return m.Source != analysis.SourcePush && (!c.quoted(m.Query) || m.Total != "" && !c.quoted(m.Total))
	})
}

func (l *loader) quoted(query string) bool { return l.checked(query).quoted }
