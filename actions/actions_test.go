package actions_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions"
)

// TestTypes: each line of the table makes settings that a config section can be
// decoded into, with every key documented.
func TestTypes(t *testing.T) {
	var names []string
	for _, a := range actions.Types() {
		names = append(names, a.Name)
		first, second := a.New(), a.New()
		if first == second || first.Common() == nil || first.Common().Timeout <= 0 {
			t.Errorf("%s: settings must be fresh and have a timeout", a.Name)
		}
		if len(first.Check()) == 0 {
			t.Errorf("%s: empty settings pass", a.Name)
		}
		documented(t, a.Name, reflect.TypeOf(first).Elem())
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names %v are not sorted, or not unique", names)
	}
}

// documented looks for keys without a tag that says what they are.
func documented(t *testing.T, path string, s reflect.Type) {
	t.Helper()
	for f := range s.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch kind := f.Type; {
		case strings.Contains(options, "inline"):
			documented(t, path, kind)
			continue
		case key == "" || f.Tag.Get("doc") == "":
			t.Errorf("%s.%s has no yaml key or no doc", path, f.Name)
		case kind.Kind() == reflect.Pointer && kind.Elem().Kind() == reflect.Struct:
			documented(t, path+"."+key, kind.Elem())
		case kind.Kind() == reflect.Struct && kind.NumField() > 0 && kind.Field(0).IsExported():
			documented(t, path+"."+key, kind)
		}
	}
}
