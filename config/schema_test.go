package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/config"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema(types(nil))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("haldane.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("haldane.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON reads YAML as an editor does: null keys are left out, which is what they
// mean and what the schema does not know.
func asJSON(t *testing.T, text []byte) (any, bool) {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil || v == nil {
		return nil, false
	}
	b, err := json.Marshal(withoutNull(v))
	if err != nil {
		return nil, false
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc, true
}

func withoutNull(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x == nil {
				delete(v, k)
			} else {
				v[k] = withoutNull(x)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutNull(v[i])
		}
	}
	return v
}

func TestSchemaTakesTheGood(t *testing.T) {
	s := compiledSchema(t)
	reference, _, _ := knownReference(t)
	texts := map[string][]byte{"reference.yaml": []byte(reference)}
	for _, file := range goodFiles(t) {
		texts[file] = read(t, file)
	}
	for name, text := range texts {
		doc, ok := asJSON(t, text)
		if !ok {
			t.Fatalf("%s cannot be read", name)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSchemaRefusesTheBad names the fixtures whose mistakes a schema can see. Of
// the others, those that load with warnings only must pass.
func TestSchemaRefusesTheBad(t *testing.T) {
	sees := []string{
		"baselines", "durations", "empty-item", "enum", "guards", "judging", "metric-values", "no-such-action",
		"not-a-list", "not-a-map", "sections", "secrets", "thresholds", "tokens", "types", "unknown-key", "wrong-kinds",
		"defaults", "alias-bomb", "schedule-versions", "no-metrics", "segments", "least",
	}
	s := compiledSchema(t)
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		text := read(t, file)
		doc, ok := asJSON(t, text)
		if !ok {
			continue // not YAML, or what JSON cannot hold
		}
		refused := s.Validate(doc) != nil
		onlyWarnings := !bytes.Contains(text, []byte("# mistake "))
		if want := slices.Contains(sees, name); want && !refused {
			t.Errorf("%s passes", name)
		} else if !want && refused && onlyWarnings {
			t.Errorf("%s is refused, but loads: %v", name, s.Validate(doc))
		}
	}
}

func TestSchemaDescribesEverything(t *testing.T) {
	text, err := config.Schema(types(nil))
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var visit func(path string, v any)
	visit = func(path string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			if list, ok := v.([]any); ok {
				for _, x := range list {
					visit(path, x)
				}
			}
			return
		}
		for name, p := range m {
			if props, ok := p.(map[string]any); ok && name == "properties" {
				for key, prop := range props {
					about, _ := prop.(map[string]any)
					if about["const"] == nil && about["description"] == nil {
						t.Errorf("%s.%s has no description", path, key)
					}
					seen++
				}
			}
			visit(path+"/"+name, p)
		}
	}
	visit("", doc)
	if seen < 150 {
		t.Errorf("only %d keys", seen)
	}
}
