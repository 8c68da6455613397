package answer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
)

const (
	// maxNames bounds how many label names an error prints.
	maxNames = 8
	// maxValue bounds a label's value in an error, in bytes.
	maxValue = 60
)

// several is the error of an answer with more series than one: it names the labels
// in which they differ.
func several(columns []*column) *analysis.Error {
	const examples = 5
	names := differing(columns)
	shown := make([]string, 0, examples+1)
	for _, col := range columns[:min(examples, len(columns))] {
		shown = append(shown, printed(col.labels, names))
	}
	if more := len(columns) - examples; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return analysis.Errorf(analysis.Invalid, "the answer has %d series, not one; they differ in %s: %s",
		len(columns), strings.Join(names, ", "), strings.Join(shown, ", ")).
		WithHint("sum(...), max(...) or another aggregation in the query, or reduce: sum, mean, max or min")
}

// differing returns the names of the labels that are not the same in all series.
func differing(columns []*column) []string {
	names := map[string]bool{}
	for _, col := range columns {
		first := columns[0].labels
		for name, value := range col.labels {
			if v, ok := first[name]; !ok || v != value {
				names[name] = true
			}
		}
		for name := range first {
			if _, ok := col.labels[name]; !ok {
				names[name] = true
			}
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	if len(sorted) > maxNames {
		sorted = append(sorted[:maxNames], "...")
	}
	return sorted
}

// printed shows some labels of a series, those that it has.
func printed(labels map[string]string, names []string) string {
	var parts []string
	for _, name := range names {
		if value, ok := labels[name]; ok {
			parts = append(parts, name+"="+strconv.Quote(cut(value)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// cut shortens a label's value, at a whole character.
func cut(s string) string {
	if len(s) <= maxValue {
		return s
	}
	end := maxValue
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// Quote writes a name for a string in double quotes, as PromQL and Go have them.
func Quote(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// Key tells series apart, and sorts them by their labels.
func Key(labels map[string]string) string {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		b = strconv.AppendQuote(b, name)
		b = append(b, '=')
		b = strconv.AppendQuote(b, labels[name])
		b = append(b, ',')
	}
	return string(b)
}
