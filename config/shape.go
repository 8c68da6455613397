package config

import (
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// The types of this file may be written in more than one way. Each has the
// editor's view of it in schema_shape.go.

// share is a fraction: "1%", or 0.01.
type share float64

func (s *share) read(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		text, percent := strings.CutSuffix(n.Value, "%")
		if percent {
			text = strings.TrimSpace(text) + "e-2" // not divided: 0.7% is 0.007, not 0.006999999999999999
		}
		x, err := strconv.ParseFloat(text, 64)
		if err == nil && analysis.IsFinite(x) && (percent || n.Tag != "!!str") {
			*s = share(x)
			return
		}
	}
	d.mistake(n, path, "want a share, have %s", kindOf(n)).try("1%% or 0.01")
}

// baselineShape is a word, or {offset: ..} or {before: ..}.
type baselineShape analysis.Baseline

type baselineMap struct {
	Offset *analysis.Duration `yaml:"offset" doc:"the same moments, this much earlier: 168h is last week"`
	Before *analysis.Duration `yaml:"before" doc:"the stretch of this length right before the run started"`
}

func (*baselineShape) form() reflect.Type { return reflect.TypeFor[baselineMap]() }

func (b *baselineShape) read(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		kind := analysis.BaselineKind(n.Value)
		if kind != analysis.BaselineVersion && kind != analysis.BaselineNone {
			d.mistake(n, path, "%q is not a baseline", n.Value).try("version, none, {offset: 168h} or {before: 1h}")
			return
		}
		*b = baselineShape{Kind: kind}
		return
	}
	var m baselineMap
	switch ok := d.structure(n, reflect.ValueOf(&m).Elem(), path); {
	case !ok:
	case (m.Offset == nil) == (m.Before == nil):
		d.mistake(n, path, "want either offset or before").try("{offset: 168h} or {before: 1h}")
	case m.Offset != nil:
		*b = baselineShape{Kind: analysis.BaselineOffset, Shift: *m.Offset}
	default:
		*b = baselineShape{Kind: analysis.BaselineBefore, Shift: *m.Before}
	}
}

// toleranceShape is a share, or {absolute: 0.002}.
type toleranceShape analysis.Tolerance

type toleranceMap struct {
	Relative *share   `yaml:"relative" doc:"of the baseline: 10% or 0.1"`
	Absolute *float64 `yaml:"absolute" doc:"in the metric's own unit; of a ratio: in shares"`
}

func (*toleranceShape) form() reflect.Type { return reflect.TypeFor[toleranceMap]() }

func (t *toleranceShape) read(d *decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		var s share
		s.read(d, n, path)
		*t = toleranceShape{Relative: float64(s)}
		return
	}
	var m toleranceMap
	switch ok := d.structure(n, reflect.ValueOf(&m).Elem(), path); {
	case !ok:
	case (m.Relative == nil) == (m.Absolute == nil):
		d.mistake(n, path, "want either relative or absolute").try("10%% or {absolute: 0.002}")
	case m.Relative != nil:
		*t = toleranceShape{Relative: float64(*m.Relative)}
	default:
		*t = toleranceShape{Absolute: *m.Absolute}
	}
}

// noDataShape is a policy's name, or {policy: .., after: ..}.
type noDataShape noDataMap

type noDataMap struct {
	Policy analysis.NoDataPolicy `yaml:"policy" doc:"what silence means: wait until after, then the metric is undecided; ignore: the metric is left out; fail: bad when only the canary is silent" jsonschema:"enum=wait,enum=ignore,enum=fail"`
	After  analysis.Duration     `yaml:"after" doc:"how long silence may last"`
}

func (s *noDataShape) setDefaults() { (*noDataMap)(s).setDefaults() }

func (s *noDataMap) setDefaults() { *s = noDataMap{Policy: analysis.NoDataWait, After: minutes(5)} }

func (*noDataShape) form() reflect.Type { return reflect.TypeFor[noDataMap]() }

func (s *noDataShape) read(d *decoder, n *yaml.Node, path string) {
	v := reflect.ValueOf((*noDataMap)(s)).Elem()
	if n.Kind != yaml.ScalarNode {
		d.structure(n, v, path)
		return
	}
	policy := d.doc.fieldsOf(v.Type())[0]
	d.scalar(n, v.FieldByIndex(policy.index), path)
	d.oneOf(n, v.FieldByIndex(policy.index), policy.words, path)
}

// reactionShape is the name of an action, or {action: name} with what follows from it,
// three deep.
type reactionShape reactionMap

type reactionMap struct {
	Action string             `yaml:"action" doc:"name of an action" jsonschema:"required"`
	Within *analysis.Duration `yaml:"within" doc:"its deadline; default: deliver_within"`
	Then   []secondShape      `yaml:"then" doc:"when it was done"`
	Else   []secondShape      `yaml:"else" doc:"when it finally failed or could not be sent in time; then nobody is alarmed yet"`
}

type secondShape secondMap

type secondMap struct {
	Action string             `yaml:"action" doc:"name of an action" jsonschema:"required"`
	Within *analysis.Duration `yaml:"within" doc:"its deadline; default: deliver_within"`
	Then   []thirdShape       `yaml:"then" doc:"when it was done"`
	Else   []thirdShape       `yaml:"else" doc:"when it finally failed or could not be sent in time"`
}

type thirdShape thirdMap

type thirdMap struct {
	Action string             `yaml:"action" doc:"name of an action" jsonschema:"required"`
	Within *analysis.Duration `yaml:"within" doc:"its deadline; default: deliver_within"`
}

func (*reactionShape) form() reflect.Type { return reflect.TypeFor[reactionMap]() }
func (*secondShape) form() reflect.Type   { return reflect.TypeFor[secondMap]() }
func (*thirdShape) form() reflect.Type    { return reflect.TypeFor[thirdMap]() }

func (r *reactionShape) read(d *decoder, n *yaml.Node, path string) {
	readStep(d, n, reflect.ValueOf((*reactionMap)(r)).Elem(), path)
}

func (r *secondShape) read(d *decoder, n *yaml.Node, path string) {
	readStep(d, n, reflect.ValueOf((*secondMap)(r)).Elem(), path)
}

func (r *thirdShape) read(d *decoder, n *yaml.Node, path string) {
	readStep(d, n, reflect.ValueOf((*thirdMap)(r)).Elem(), path)
}

// readStep reads the name of an action, or a map whose first field that is.
func readStep(d *decoder, n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.ScalarNode {
		d.scalar(n, v.Field(0), path)
		return
	}
	d.structure(n, v, path)
}

func (r thirdShape) reaction() analysis.Reaction { return step(r.Action, r.Within) }

func (r secondShape) reaction() analysis.Reaction {
	out := step(r.Action, r.Within)
	for _, next := range r.Then {
		out.Then = append(out.Then, next.reaction())
	}
	for _, next := range r.Else {
		out.Else = append(out.Else, next.reaction())
	}
	return out
}

func (r reactionShape) reaction() analysis.Reaction {
	out := step(r.Action, r.Within)
	for _, next := range r.Then {
		out.Then = append(out.Then, next.reaction())
	}
	for _, next := range r.Else {
		out.Else = append(out.Else, next.reaction())
	}
	return out
}

func step(action string, within *analysis.Duration) analysis.Reaction {
	r := analysis.Reaction{Action: action}
	if within != nil {
		r.Within = *within
	}
	return r
}

// lookupShape is a literal version, or where to look it up.
type lookupShape analysis.Lookup

type lookupMap struct {
	Source string `yaml:"source" doc:"name of the source that is asked" jsonschema:"required"`
	Query  string `yaml:"query" doc:"answers one series" jsonschema:"required"`
	Label  string `yaml:"label" doc:"the label of that series that holds the version" jsonschema:"required"`
}

func (*lookupShape) form() reflect.Type { return reflect.TypeFor[lookupMap]() }

func (l *lookupShape) read(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		*l = lookupShape{}
		d.scalar(n, reflect.ValueOf(l).Elem().FieldByName("Literal"), path)
		return
	}
	m := lookupMap{l.Source, l.Query, l.Label}
	d.structure(n, reflect.ValueOf(&m).Elem(), path)
	*l = lookupShape{Source: m.Source, Query: m.Query, Label: m.Label}
}

// addressRange is a CIDR range or a single address.
type addressRange netip.Prefix

func (a *addressRange) read(d *decoder, n *yaml.Node, path string) {
	if addr, err := netip.ParseAddr(n.Value); err == nil {
		*a = addressRange(netip.PrefixFrom(addr, addr.BitLen()))
		return
	}
	p, err := netip.ParsePrefix(n.Value)
	if err != nil {
		d.mistake(n, path, "%q is no address range", n.Value).try("10.0.0.0/8 or 10.1.2.3")
		return
	}
	if p != p.Masked() {
		d.doc.warn(path, "%s stands for %s", p, p.Masked())
	}
	*a = addressRange(p.Masked())
}

// rawNode keeps a part of the file for a later step.
type rawNode struct{ node *yaml.Node }

func (r *rawNode) read(_ *decoder, n *yaml.Node, _ string) { r.node = n }

func minutes(n int64) analysis.Duration { return analysis.Duration(n * 60e9) }
