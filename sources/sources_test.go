package sources_test

import (
	"regexp"
	"testing"

	"github.com/haldane-dev/haldane/sources"
)

func TestTypes(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range sources.Types() {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(typ.Name) || seen[typ.Name] {
			t.Errorf("type %q: want a name of its own, in lower case", typ.Name)
		}
		seen[typ.Name] = true
		a, b := typ.New(), typ.New()
		if a == b {
			t.Errorf("%s: two sources would share their settings", typ.Name)
		}
		c := a.Common()
		if c.Type != typ.Name {
			t.Errorf("%s: its settings are of type %q", typ.Name, c.Type)
		}
		if c.Delay <= 0 || c.MaxConcurrent < 1 || c.Timeout <= 0 {
			t.Errorf("%s: defaults %+v: want a delay, a limit and a timeout", typ.Name, c)
		}
		c.MaxConcurrent = 99
		if b.Common().MaxConcurrent == 99 {
			t.Errorf("%s: two sources share their settings", typ.Name)
		}
	}
	if !seen["prometheus"] {
		t.Error("there is no prometheus")
	}
}
