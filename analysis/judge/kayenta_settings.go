package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// KayentaSettings is a metric's analysisConfigurations: a JSON tree, of which the
// judge reads what is under "canary".
type KayentaSettings map[string]any

// UnmarshalJSON implements json.Unmarshaler. Numbers keep their text, because whole
// and other numbers are treated differently.
func (s *KayentaSettings) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode((*map[string]any)(s))
}

// Get follows a path and reports whether something, perhaps a null, is there. A list
// on the way is a list of what is found in each of its elements.
func (s KayentaSettings) Get(path ...string) (any, bool) {
	return kayentaLookup(map[string]any(s), path)
}

func kayentaLookup(v any, path []string) (any, bool) {
	if len(path) == 0 {
		return v, true
	}
	switch v := v.(type) {
	case map[string]any:
		if next, ok := v[path[0]]; ok {
			return kayentaLookup(next, path[1:])
		}
	case []any:
		var found []any
		for _, item := range v {
			if x, ok := kayentaLookup(item, path); ok {
				found = append(found, x)
			}
		}
		if len(found) > 0 {
			return found, true
		}
	}
	return nil, false
}

// Rule reads the settings, with upstream's defaults. Texts that are not known mean
// the default; a number or flag of the wrong type is an error, as upstream's cast is.
func (s KayentaSettings) Rule() (KayentaRule, error) {
	r := settingsReader{settings: s}
	rule := KayentaRule{Tolerance: kayentaTolerance, Quantile: kayentaQuantile}
	rule.Direction = r.text("direction")
	rule.ReplaceNaN = r.text("nanStrategy") == "replace"
	rule.RemoveOutliers = r.text("outliers", "strategy") == "remove"
	rule.OutlierFactor = r.number(3, "outliers", "outlierFactor")
	rule.Critical = r.flag("critical")
	rule.MustHaveData = r.flag("mustHaveData")
	rule.Muted = r.flag("muted")
	rule.CLES = r.text("effectSize", "measure") == "cles"
	limit := 1.0
	if rule.CLES {
		limit = 0.5
	}
	rule.AllowedIncrease = r.number(limit, "effectSize", "allowedIncrease")
	rule.AllowedDecrease = r.number(limit, "effectSize", "allowedDecrease")
	rule.CriticalIncrease = r.number(limit, "effectSize", "criticalIncrease")
	rule.CriticalDecrease = r.number(limit, "effectSize", "criticalDecrease")
	if r.err == nil && rule.RemoveOutliers && rule.OutlierFactor <= 0 {
		r.fail([]string{"outliers", "outlierFactor"}, "must be above 0")
	}
	return rule, r.err
}

// settingsReader reads one setting after another and keeps the first error.
type settingsReader struct {
	settings KayentaSettings
	err      error
}

func (r *settingsReader) get(path []string) (any, bool) {
	return r.settings.Get(append([]string{"canary"}, path...)...)
}

func (r *settingsReader) fail(path []string, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("canary.%s: %s", strings.Join(path, "."), why)
	}
}

// text reads a string. A null is refused; upstream prints anything else and does not
// know the text then, which means the default.
func (r *settingsReader) text(path ...string) string {
	v, ok := r.get(path)
	if ok && v == nil {
		r.fail(path, "want a text, have null")
	}
	s, _ := v.(string)
	return s
}

// flag reads a boolean; a null is false.
func (r *settingsReader) flag(path ...string) bool {
	v, ok := r.get(path)
	if !ok || v == nil {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		r.fail(path, "want true or false, have "+jsonKind(v))
	}
	return b
}

// number reads a number; a null is 0, and a whole number must fit 32 bits.
func (r *settingsReader) number(standard float64, path ...string) float64 {
	v, ok := r.get(path)
	if !ok {
		return standard
	}
	if v == nil {
		return 0
	}
	n, ok := v.(json.Number)
	if !ok {
		r.fail(path, "want a number, have "+jsonKind(v))
		return 0
	}
	if !strings.ContainsAny(n.String(), ".eE") {
		if _, err := strconv.ParseInt(n.String(), 10, 32); err != nil {
			r.fail(path, "a whole number must fit 32 bits")
			return 0
		}
	}
	f, _ := strconv.ParseFloat(n.String(), 64) // out of range is infinite, as upstream
	return f
}

func jsonKind(v any) string {
	switch v.(type) {
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a text"
	case []any:
		return "a list"
	}
	return "an object"
}
