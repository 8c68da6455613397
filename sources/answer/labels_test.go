package answer

import (
	"fmt"
	"strings"
	"testing"
)

func TestDifferingLabels(t *testing.T) {
	type labels = map[string]string
	wide := labels{}
	for i := range 12 {
		wide[fmt.Sprintf("l%02d", i)] = "x"
	}
	for name, c := range map[string]struct {
		a, b  labels
		names string
	}{
		"one differs":      {labels{"a": "1", "b": "1"}, labels{"a": "1", "b": "2"}, "b"},
		"one is missing":   {labels{"a": "1"}, labels{}, "a"},
		"one is empty":     {labels{"a": ""}, labels{}, "a"},
		"the name differs": {labels{"__name__": "up"}, labels{"__name__": "down"}, "__name__"},
		"both":             {labels{"z": "1"}, labels{"a": "1"}, "a,z"},
		"very many":        {wide, labels{}, "l00,l01,l02,l03,l04,l05,l06,l07,..."},
		"long and ugly":    {labels{"a": strings.Repeat("ü", 100)}, labels{"a": "two\nlines\""}, "a"},
	} {
		for _, order := range [][]*column{{{labels: c.a}, {labels: c.b}}, {{labels: c.b}, {labels: c.a}}} {
			if got := strings.Join(differing(order), ","); got != c.names {
				t.Errorf("%s: differ in %s, want %s", name, got, c.names)
			}
			text := several(order).Error()
			if strings.Contains(text, "\n") || len(text) > 600 {
				t.Errorf("%s: %d bytes %q, want a line of sensible length", name, len(text), text)
			}
		}
	}
}

// TestKey tells series apart that look alike.
func TestKey(t *testing.T) {
	seen := map[string]int{}
	for i, labels := range []map[string]string{
		nil, {"a": ""}, {"a": "b"}, {"a": "b", "c": "d"}, {"a": `b","c"="d`}, {`a"="b","c`: "d"}, {"c": "d", "e": "b"},
	} {
		if j, ok := seen[Key(labels)]; ok {
			t.Errorf("%d and %d have the same key %s", i, j, Key(labels))
		}
		seen[Key(labels)] = i
	}
}
