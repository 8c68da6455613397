package datadog

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// decode reads an object in JSON, or in YAML's flow style.
func decode(text string) (map[string]any, *analysis.Error) {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := alone(d, &v); err != nil {
		v = nil
		if err := alone(yaml.NewDecoder(strings.NewReader(text)), &v); err != nil {
			return nil, wrong("it begins with { and is neither JSON nor YAML").WithHint("%s", shapes).Because(err)
		}
	}
	object, ok := v.(map[string]any)
	if !ok || !plain(v) {
		return nil, wrong("it holds what JSON cannot: keys that are no texts, dates, or numbers like .nan").WithHint(`quotes: "2024-05-01"`)
	}
	return object, nil
}

var errTrailing = errors.New("something follows the object")

// alone decodes a text that must hold one value and nothing else.
func alone(d interface{ Decode(any) error }, v *any) error {
	if err := d.Decode(v); err != nil {
		return err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

// plain reports whether a value can be written as JSON.
func plain(v any) bool {
	switch v := v.(type) {
	case nil, string, bool, int, int64, uint64, json.Number:
		return true
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		return !slices.ContainsFunc(v, func(x any) bool { return !plain(x) })
	case map[string]any:
		for _, x := range v {
			if !plain(x) {
				return false
			}
		}
		return true
	}
	return false
}
