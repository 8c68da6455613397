package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// loadText loads a config from a text in a folder of its own.
func loadText(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	write(t, file, text)
	return config.Load(file, types(fixtureEnv))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReferenceLoads(t *testing.T) {
	dir := t.TempDir()
	text, sources, actions := knownReference(t)
	write(t, filepath.Join(dir, "haldane.yaml"), text)
	write(t, filepath.Join(dir, "thanos-token"), "token\n")
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`\$\{env:(\w+)\}`).FindAllStringSubmatch(config.Reference, -1) {
		env[m[1]] = strings.Repeat("0a", 32) // also a SHA-256
	}
	c, err := config.Load(filepath.Join(dir, "haldane.yaml"), types(env))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range c.Warnings {
		t.Errorf("warning: %s", w)
	}
	if len(c.Plans) != 3 || len(c.Sources) != sources || len(c.Actions) != actions || len(c.Tokens) != 1 {
		t.Errorf("%d plans, %d sources, %d actions, %d tokens", len(c.Plans), len(c.Sources), len(c.Actions), len(c.Tokens))
	}
}

func TestReferenceHasEveryKey(t *testing.T) {
	missing, err := config.Undocumented(config.Types{})
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) > 0 {
		t.Errorf("reference.yaml does not have, or does not explain:\n%s", strings.Join(missing, "\n"))
	}
}

// TestUndocumentedFinds makes sure that the test above can fail.
func TestUndocumentedFinds(t *testing.T) {
	missing, err := config.Undocumented(types(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sources.datadog.unheard_of", "actions.slack.username"} {
		if !slices.Contains(missing, want) {
			t.Errorf("%s is not reported", want)
		}
	}
	if slices.ContainsFunc(missing, func(k string) bool { return strings.HasPrefix(k, "sources.prometheus.") }) {
		t.Errorf("reported although they are there: %v", missing)
	}
}

func TestKeys(t *testing.T) {
	got := config.Keys(&webhookStandIn{})
	for _, want := range []string{"type", "timeout", "url", "headers", "tls.ca", "basic_auth.password"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	if !slices.IsSorted(got) || slices.Contains(got, "inline") || slices.Contains(got, "actioncommon") {
		t.Errorf("%v", got)
	}
}

// TestDocumentedDefaults writes every "default:" of reference.yaml into a plan
// that does not have the key, and wants the same plan as without it.
func TestDocumentedDefaults(t *testing.T) {
	const bare = `
sources: {prom: {type: prometheus, url: "http://prometheus:9090"}}
plans:
  - name: checkout
%s    metrics:
      - name: errors
        source: prom
        query: x{version="{{.Version}}"}
%s`
	load := func(t *testing.T, plan, metric string) []byte {
		c, err := loadText(t, fmt.Sprintf(bare, plan, metric))
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(struct {
			Plans  []analysis.Plan
			Guards config.Guards
		}{c.Plans, c.Guards})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := load(t, "", "")
	known := 0
	for _, d := range documentedDefaults(t) {
		indent := "    "
		if d.metric {
			indent = "        "
		}
		var text strings.Builder
		for i, key := range d.keys {
			fmt.Fprintf(&text, "%s%s%s:", indent, strings.Repeat("  ", i), key)
			if i == len(d.keys)-1 {
				fmt.Fprintf(&text, " %s", d.value)
			}
			text.WriteString("\n")
		}
		t.Run(strings.Join(d.keys, "."), func(t *testing.T) {
			plan, metric := text.String(), ""
			if d.metric {
				plan, metric = metric, plan
			}
			if got := load(t, plan, metric); !reflect.DeepEqual(got, want) {
				t.Errorf("with\n%sthe plan is\n%s\nwithout\n%s", text.String(), got, want)
			}
		})
		known++
	}
	if known < 25 {
		t.Errorf("only %d defaults found", known)
	}
}

// documentedDefault is a "default: value" of a key of plans or metrics.
type documentedDefault struct {
	metric bool
	keys   []string
	value  string
}

var defaultNote = regexp.MustCompile(`(?m)\bdefault: ([^ (]+)$`)

// documentedDefaults finds the defaults of the plans and metrics in reference.yaml
// that can be written as a value.
func documentedDefaults(t *testing.T) (out []documentedDefault) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(config.Reference), &root); err != nil {
		t.Fatal(err)
	}
	var visit func(n *yaml.Node, metric bool, keys []string)
	visit = func(n *yaml.Node, metric bool, keys []string) {
		if n.Kind == yaml.SequenceNode {
			for _, item := range n.Content {
				visit(item, metric, keys)
			}
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at := append(slices.Clone(keys), key.Value)
			m := defaultNote.FindStringSubmatch(key.HeadComment)
			if m != nil && m[1] != "none" {
				out = append(out, documentedDefault{metric, at, m[1]})
			}
			switch key.Value {
			case "metrics":
				visit(value, true, nil)
			case "threshold", "schedule", "kayenta", "approval", "on_fail": // defaults only inside the block, which is itself none
			default:
				visit(value, metric, at)
			}
		}
	}
	for i, key := range root.Content[0].Content {
		if key.Value == "plans" {
			visit(root.Content[0].Content[i+1], false, nil)
		}
	}
	return out
}
