package daemon

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// FuzzConfig loads anything at all with the settings of every vendor. There is no panic,
// no mistake without words and none with a secret in it; and what is taken can be opened,
// and its plans are the same after they were kept with a run.
func FuzzConfig(f *testing.F) {
	for _, text := range smallConfigs(f) {
		f.Add(text)
	}
	const planted = "planted-secret"
	secrets := [][2]string{ // by a part of the variable's name
		{"SHA256", strings.Repeat("0a", 32)},
		{"WEBHOOK", "https://hooks.slack.com/services/T0/B0/" + planted},
		{"HOOK", "whsec_cGxhbnRlZC1zZWNyZXQgcGxhbnRlZC1zZWNyZXQ="},
		{"SLACK", "xoxb-1-2-" + planted},
		{"PAGERDUTY", strings.Repeat("0a", 16)},
		{"", planted},
	}
	env := func(name string) (string, bool) {
		i := slices.IndexFunc(secrets, func(s [2]string) bool { return strings.Contains(name, s[0]) })
		return secrets[i][1], true
	}
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thanos-token"), []byte(planted), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file:/") || strings.Contains(text, "../") || strings.Contains(text, "include") {
			return // the other files of this machine are none of our business
		}
		file := filepath.Join(dir, "haldane.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(file, Types(env))
		if err != nil {
			var mistakes *config.Mistakes
			if c != nil || !errors.As(err, &mistakes) || len(mistakes.List) == 0 || strings.Contains(err.Error(), planted) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		d := &Daemon{log: slog.New(slog.DiscardHandler)}
		o, setup, err := d.open(c)
		if err != nil {
			t.Fatalf("the config is sound, and cannot be opened: %v", err)
		}
		defer o.close()
		for name, p := range setup.Plans {
			kept, err := json.Marshal(p)
			if err != nil {
				t.Fatalf("plan %s: %v", name, err)
			}
			var back analysis.Plan
			if err := json.Unmarshal(kept, &back); err != nil {
				t.Fatalf("plan %s: %s: %v", name, kept, err)
			}
			if again, err := json.Marshal(back); err != nil || string(again) != string(kept) {
				t.Fatalf("plan %s: %s came back as %s, error %v", name, kept, again, err)
			}
		}
	})
}

// smallConfigs are the reference's sections, each in a config of its own, and its plans,
// each with what it refers to.
func smallConfigs(f *testing.F) []string {
	f.Helper()
	var root map[string]any
	if err := yaml.Unmarshal([]byte(config.Reference), &root); err != nil {
		f.Fatal(err)
	}
	var out []string
	add := func(part map[string]any) {
		text, err := yaml.Marshal(part)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, string(text))
	}
	none := map[string]any{"type": "webhook", "url": "http://h/", "changes_world": false}
	for _, kind := range []string{"sources", "actions"} {
		for name, section := range root[kind].(map[string]any) {
			add(map[string]any{kind: map[string]any{name: section}, "plans": []any{}})
		}
	}
	sources, actions := map[string]any{}, map[string]any{}
	for name := range root["sources"].(map[string]any) {
		sources[name] = map[string]any{"type": "prometheus", "url": "http://h/"}
	}
	for name := range root["actions"].(map[string]any) {
		actions[name] = none
	}
	for _, plan := range root["plans"].([]any) {
		add(map[string]any{"sources": sources, "actions": actions, "plans": []any{plan}})
	}
	for _, key := range []string{"guards", "egress", "tokens"} {
		add(map[string]any{key: root[key], "plans": []any{}})
	}
	slices.Sort(out)
	return out
}
