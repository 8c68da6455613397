package config_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// What plans may begin with, and what they may add. Nearly all of it is right in one
// plan and wrong in another.
var (
	someDefaults = []string{
		`  metrics: [{name: m, source: prom, query: 'rate(a{s="{{.Service}}",e="{{.Environment}}",v="{{.Version}}"}[{{.Step}}])'}]`,
		`  metrics: [{name: m, source: prom, query: 'rate(a{v="{{.Version}}"}[5m])'}]`,
		`  metrics: [{name: m, source: prom, query: 'rate(a{v="{{.Version}}"}[{{.Service}}])'}]`,
		`  metrics: [{name: m, source: prom, query: 'a{v="{{.Service}}"}'}]`,
		`  metrics: [{name: m, source: prom, query: '{{if eq .Service "b"}}a{{else}}{{.Version}}{{end}}'}]`,
		`  metrics: [{name: m, source: prom, query: '{{.Version}} {{.Vars.x}}'}, {name: n, source: prom, query: 'rate(a{v="{{.Version}}",x="{{.Vars.x}}"}[{{.Step}}])'}]`,
		`  metrics: [{name: m, source: prom, query: '{{.Nothing}}'}, {name: n, source: prom, query: [1]}]`,
		`  metrics: [{name: m, source: push}]` + "\n  min_traffic: 1",
		`  labels: {a: b, c: d}` + "\n  vars: {x: y}\n  groups: {default: 1, other: 2}",
		`  name: twice` + "\n  owner: [1]\n  every: 1s",
		`  schedule: {cron: "@daily", version: "1", baseline_version: {source: prom, query: "{{.Vars.x}}", label: v}}`,
		`  - wrong`,
	}
	somePlans = []string{
		`name: %s`,
		`{name: %s, service: b}`,
		`{name: %s, service: 5m, environment: test, owner: o, severity: info, runbook: "https://example.com"}`,
		`{name: %s, service: "no name"}`,
		`{name: %s, labels: {a: c, e: f}}`,
		`{name: %s, labels: ~, severity: ~, owner: ~}`,
		`{name: %s, labels: {c: ~}}`,
		`{name: %s, runbook: nowhere, owner: [1], severity: grave, labels: [1]}`,
		`{name: %s, service: b, service: c}`,
		`{name: %s, step: 5m}`,
		`{name: %s, vars: {x: 5m}}`,
		`{name: %s, vars: {x: '"}[9m]) + rate(b{c="'}, name_pattern: ".*"}`,
		`{name: %s, every: 1s, groups: {default: 3, other: ~}}`,
		`{name: %s, metrics: [{name: m, source: prom, query: 'rate(a{v="{{.Version}}"}[5m])'}]}`,
		`{name: %s, metrics: [{name: m, source: push, query: 'rate(a{v="{{.Version}}"}[5m])'}, {name: m, source: nowhere}]}`,
		`{name: %s, metrics: [{name: m, source: prom, query: 'a{v="{{.Service}}"}', threshold: {max: 1}}], judge: threshold}`,
		`{name: %s, schedule: {cron: "@daily"}, on_fail: [undo]}`,
		`{&k service: b, name: %s, *k : c}`,
		`{name: %s, <<: {service: b, every: 1s}}`,
		`{owner: %s}`,
		`[%s]`,
		`~ # %s`,
	}
)

// found is what comes out of a load.
type found struct {
	plans              map[string]analysis.Plan
	mistakes, warnings []string
}

// loadPlans loads those plans, each in a file of its own.
func loadPlans(t *testing.T, dir, defaults string, files ...string) found {
	t.Helper()
	write(t, filepath.Join(dir, "haldane.yaml"), `
include: [`+strings.Join(files, ", ")+`]
sources: {prom: {type: prometheus, url: "http://p"}}
actions: {undo: {type: webhook, url: "https://example.com"}, oncall: {type: webhook, url: "https://example.com", changes_world: false}}
defaults:
  on_delivery_failed: [oncall]
`+defaults+"\nplans: [{name: other, metrics: [{name: m, source: push}], schedule: ~, min_traffic: 0, groups: ~}]\n")
	c, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(nil))
	out := found{plans: map[string]analysis.Plan{}}
	var m *config.Mistakes
	switch {
	case err == nil:
		for _, p := range c.Plans {
			out.plans[p.Name] = p
		}
		m = &config.Mistakes{Warnings: c.Warnings}
	case !errors.As(err, &m):
		t.Fatal(err)
	}
	for _, one := range m.List {
		out.mistakes = append(out.mistakes, one.String())
	}
	for _, one := range m.Warnings {
		out.warnings = append(out.warnings, one.String())
	}
	return out
}

// union is what two lists have together, each once.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// TestPlansBesideOthers reads plans behind others, with the same defaults: each must be
// what it is alone, and everything must be found that is wrong in one of them.
func TestPlansBesideOthers(t *testing.T) {
	dir := t.TempDir()
	for i, plan := range somePlans {
		for _, name := range []string{"first", "second"} {
			write(t, filepath.Join(dir, fmt.Sprintf("%s-%d.yaml", name, i)), "plans:\n- "+fmt.Sprintf(plan, name)+"\n")
		}
	}
	read := 0
	for _, defaults := range someDefaults {
		if !strings.Contains(defaults, "metrics:") && !strings.Contains(defaults, "wrong") {
			defaults += "\n" + someDefaults[0]
		}
		alone := make([]found, len(somePlans))
		for i := range somePlans {
			alone[i] = loadPlans(t, dir, defaults, fmt.Sprintf("second-%d.yaml", i))
		}
		for _, first := range []int{0, 2, 9, 10, 13} {
			one := loadPlans(t, dir, defaults, fmt.Sprintf("first-%d.yaml", first))
			for second, two := range alone {
				both := loadPlans(t, dir, defaults, fmt.Sprintf("first-%d.yaml", first), fmt.Sprintf("second-%d.yaml", second))
				maps.Copy(two.plans, one.plans)
				two.mistakes, two.warnings = union(one.mistakes, two.mistakes), union(one.warnings, two.warnings)
				for name, p := range both.plans {
					read++
					if !reflect.DeepEqual(p, two.plans[name]) {
						t.Errorf("defaults:\n%s\n%s\n%s\n%+v\nwant:\n%+v", defaults, somePlans[first], somePlans[second], p, two.plans[name])
					}
				}
				if found := union(both.mistakes, nil); !slices.Equal(found, two.mistakes) {
					t.Errorf("defaults:\n%s\n%s\n%s\nfound %q\nwant  %q", defaults, somePlans[first], somePlans[second], found, two.mistakes)
				}
				if found := union(both.warnings, nil); !slices.Equal(found, two.warnings) {
					t.Errorf("defaults:\n%s\n%s\n%s\nfound %q\nwant  %q", defaults, somePlans[first], somePlans[second], found, two.warnings)
				}
			}
		}
	}
	if read < 500 {
		t.Errorf("only %d plans were read: what is tried here is wrong in other ways", read)
	}
}

// TestPlansShareTheirDefaults reads many plans that have nothing of their own but names:
// they hold one list of metrics together.
func TestPlansShareTheirDefaults(t *testing.T) {
	c, err := loadText(t, `
sources: {prom: {type: prometheus, url: "http://p"}}
actions: {oncall: {type: webhook, url: "https://example.com", changes_world: false}}
defaults: {on_fail: [oncall], metrics: [{name: m, source: prom, query: 'a{s="{{.Service}}",v="{{.Version}}"}'}]}
plans: [{name: a}, {name: b, service: c}, {name: c, every: 1m}]
`)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.Plans[0], c.Plans[1]; &a.Metrics[0] != &b.Metrics[0] || a.Service != "a" || b.Service != "c" {
		t.Errorf("%+v\n%+v", a, b)
	}
	if a, other := c.Plans[0], c.Plans[2]; !reflect.DeepEqual(a.Metrics, other.Metrics) || other.Every == a.Every {
		t.Errorf("%+v\n%+v", a, other)
	}
}
