package prometheus

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/haldane-dev/haldane/analysis"
)

// maxNames bounds how many label names an error prints.
const maxNames = 8

// several is the error of an answer with more series than one: it names the labels
// in which they differ.
func (c *collector) several() *analysis.Error {
	const examples = 5
	keys := sortedKeys(c.columns)
	names := differing(c.columns)
	shown := make([]string, 0, examples)
	for _, key := range keys[:min(examples, len(keys))] {
		shown = append(shown, labels(c.columns[key].metric, names))
	}
	if more := len(keys) - examples; more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return analysis.Errorf(analysis.Invalid, "the answer has %d series, not one; they differ in %s: %s",
		len(keys), strings.Join(names, ", "), strings.Join(shown, ", ")).
		WithHint("sum(...), max(...) or another aggregation in the query, or reduce: sum, mean, max or min")
}

func sortedKeys(columns map[string]*column) []string {
	return slices.Sorted(maps.Keys(columns))
}

// differing returns the names of the labels that are not the same in all series.
func differing(columns map[string]*column) []string {
	names := map[string]bool{}
	var first model.Metric
	for _, key := range sortedKeys(columns) {
		metric := columns[key].metric
		if first == nil {
			first = metric
		}
		for name, value := range metric {
			if first[name] != value {
				names[string(name)] = true
			}
		}
		for name, value := range first {
			if metric[name] != value {
				names[string(name)] = true
			}
		}
	}
	sorted := slices.Sorted(maps.Keys(names))
	if len(sorted) > maxNames {
		sorted = append(sorted[:maxNames], "...")
	}
	return sorted
}

// labels prints some labels of a series as PromQL writes them.
func labels(metric model.Metric, names []string) string {
	var parts []string
	for _, name := range names {
		if value, ok := metric[model.LabelName(name)]; ok {
			parts = append(parts, name+"="+strconv.Quote(cut(string(value), 60)))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
