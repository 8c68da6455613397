package config

import (
	"reflect"
	"strings"
	"testing"
)

// TestSettingsAreExplained: the reference names every variable, and Misspelt knows it.
func TestSettingsAreExplained(t *testing.T) {
	names := []string{"HALDANE_URL", "HALDANE_TOKEN", "HALDANE_CA", "HALDANE_CLIENT_CERT", "HALDANE_CLIENT_KEY"}
	for _, typ := range []reflect.Type{reflect.TypeFor[settingsText](), reflect.TypeFor[tlsText]()} {
		for f := range typ.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("env"), ","); name != "" {
				names = append(names, name)
			}
		}
	}
	if len(names) < 19 {
		t.Errorf("found %v only", names)
	}
	for _, name := range names {
		if !strings.Contains(Reference, name) {
			t.Errorf("reference.yaml does not explain %s", name)
		}
		wrong := Misspelt([]string{name + "=x", name + "X=x"})
		if found := len(wrong) == 1 && strings.Contains(wrong[0], name+"X"); found == (name == "HALDANE_CA") {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}
