package datadog

import (
	"slices"
	"strings"
)

// labels makes labels of the tags by which a series was grouped: "region:eu" is region
// with the value eu. A tag without a value is a label that is empty, and a key with
// several values has all of them, with commas between.
func labels(tags []string) map[string]string {
	values := map[string][]string{}
	for _, tag := range tags {
		key, value, _ := strings.Cut(tag, ":")
		if key == "" {
			key, value = tag, ""
		}
		if !slices.Contains(values[key], value) {
			values[key] = append(values[key], value)
		}
	}
	out := make(map[string]string, len(values))
	for key, list := range values {
		slices.Sort(list)
		out[key] = strings.Join(list, ",")
	}
	return out
}
