package main

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis/judge"
)

// testCase is one case of upstream's suites: what its test asserts, within a
// tolerance, and what its code was seen to compute.
type testCase struct {
	Suite     string          `json:"suite"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Expected  any             `json:"expected"`
	Tolerance any             `json:"tolerance"` // a number, or one by name
	Observed  any             `json:"observed"`
	Note      string          `json:"note"`
}

// input is the union of what the suites take.
type input struct {
	Fn, Detector, Classifier, Direction string

	X, Y, Experiment, Control, Values, Data judge.KayentaValues

	Mu, Quantile, ConfidenceLevel, K, Factor float64
	P                                        any
	ReduceSensitivity                        bool

	NaNStrategy       string
	IsCriticalMetric  bool
	IsDataRequired    bool
	EffectSizeMeasure string
	Tolerance         float64
	ConfLevel         float64
	AllowedIncrease   float64
	AllowedDecrease   float64
	CriticalIncrease  float64
	CriticalDecrease  float64
	GroupWeights      map[string]float64
	Results           []judge.KayentaMetricResult
	Map               map[string]any
	Path              []string
}

// result is the outcome of one comparison.
type result struct {
	why      string // it does not apply
	wrong    string // how it differs from what is asserted, "" if it does not
	observed bool   // whether upstream's own answer is known and stable
	bits     string // how it differs from that
}

func (c *testCase) check() result {
	answer, known := suites()[c.Suite]
	if !known {
		return result{why: elsewhere}
	}
	var in input
	if err := json.Unmarshal(c.Input, &in); err != nil {
		return result{wrong: "input not understood: " + err.Error()}
	}
	got, why := answer(&in)
	if why != "" {
		return result{why: why}
	}
	if c.Expected == "<the map itself>" {
		c.Expected = in.Map
	}
	res := result{wrong: c.differs(c.Expected, plain(got), "", c.tolerance)}
	// Upstream's noise makes some of its own answers vary.
	if c.Observed != nil && !strings.Contains(c.Note, "degenerate") {
		res.observed = true
		res.bits = c.differs(c.Observed, plain(got), "", func(string) float64 { return 0 })
	}
	return res
}

// tolerance of a number by its name.
func (c *testCase) tolerance(name string) float64 {
	if strings.HasPrefix(name, "ci") {
		name = "ci"
	}
	switch t := c.Tolerance.(type) {
	case float64:
		return t
	case map[string]any:
		f, _ := t[name].(float64)
		return f
	}
	return 0
}

// differs says where got is not what is wanted. Of an object only the wanted names
// count; null is the same as nothing.
func (c *testCase) differs(want, got any, name string, tolerance func(string) float64) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range w {
			if why := c.differs(v, g[k], k, tolerance); why != "" {
				return why
			}
		}
		return ""
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return fmt.Sprintf("%s: got %v, want %v", name, got, want)
		}
		for i := range w {
			if why := c.differs(w[i], g[i], name, tolerance); why != "" {
				return why
			}
		}
		return ""
	case float64:
		if g, ok := got.(float64); ok && math.Abs(g-w) <= tolerance(name) {
			return ""
		}
	case string:
		if w == "<non-empty>" && got != "" || w == got {
			return ""
		}
	case nil:
		if got == nil || got == "" {
			return ""
		}
	default:
		if reflect.DeepEqual(want, got) {
			return ""
		}
	}
	return fmt.Sprintf("%s: got %v, want %v", name, got, want)
}

// plain gives an answer the types of decoded JSON, NaN being a text.
func plain(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) {
			return "NaN"
		}
		return v
	case int:
		return float64(v)
	case json.Number:
		f, _ := v.Float64()
		return f
	case object:
		out := object{}
		for k, x := range v {
			out[k] = plain(x)
		}
		return out
	}
	if r := reflect.ValueOf(v); v != nil && r.Kind() == reflect.Slice {
		out := make([]any, r.Len())
		for i := range out {
			out[i] = plain(r.Index(i).Interface())
		}
		return slices.Clip(out)
	}
	return v
}
