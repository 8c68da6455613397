package judge

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

func settings(t *testing.T, canary string) KayentaSettings {
	t.Helper()
	var s KayentaSettings
	decode(t, []byte(`{"canary": `+canary+`}`), &s)
	return s
}

func standardRule() KayentaRule {
	return KayentaRule{
		OutlierFactor: 3, AllowedIncrease: 1, AllowedDecrease: 1, CriticalIncrease: 1, CriticalDecrease: 1,
		Tolerance: 0.25, Quantile: -2.326347874040841,
	}
}

func TestKayentaSettingsAreRead(t *testing.T) {
	for _, c := range []struct {
		canary string
		want   func(r *KayentaRule)
	}{
		{`{}`, func(*KayentaRule) {}},
		{`null`, func(*KayentaRule) {}},
		{`5`, func(*KayentaRule) {}},
		{`{"effectSize": null, "outliers": 3}`, func(*KayentaRule) {}},
		{`{"direction": "decrease"}`, func(r *KayentaRule) { r.Direction = "decrease" }},
		{`{"direction": 7}`, func(*KayentaRule) {}},
		{`{"nanStrategy": "replace"}`, func(r *KayentaRule) { r.ReplaceNaN = true }},
		{`{"nanStrategy": "Replace"}`, func(*KayentaRule) {}},
		{`{"outliers": {"strategy": "remove"}}`, func(r *KayentaRule) { r.RemoveOutliers = true }},
		{`{"outliers": {"strategy": "Remove", "outlierFactor": 0}}`, func(r *KayentaRule) { r.OutlierFactor = 0 }},
		{`{"critical": true, "mustHaveData": true, "muted": true}`, func(r *KayentaRule) {
			r.Critical, r.MustHaveData, r.Muted = true, true, true
		}},
		{`{"critical": null}`, func(*KayentaRule) {}},
		{
			`{"effectSize": {"allowedIncrease": 2, "allowedDecrease": 0.5, "criticalIncrease": 1e1, "criticalDecrease": null}}`,
			func(r *KayentaRule) {
				r.AllowedIncrease, r.AllowedDecrease, r.CriticalIncrease, r.CriticalDecrease = 2, 0.5, 10, 0
			},
		},
		{`{"effectSize": {"measure": "cles"}}`, func(r *KayentaRule) {
			r.CLES = true
			r.AllowedIncrease, r.AllowedDecrease, r.CriticalIncrease, r.CriticalDecrease = 0.5, 0.5, 0.5, 0.5
		}},
		{`{"effectSize": {"measure": "CLES", "allowedIncrease": 1e999}}`, func(r *KayentaRule) { r.AllowedIncrease = math.Inf(1) }},
		{`{"effectSize": {"allowedIncrease": 2147483647}}`, func(r *KayentaRule) { r.AllowedIncrease = 2147483647 }},
		{`{"effectSize": [{"other": 1}, 3, {}]}`, func(*KayentaRule) {}},
	} {
		want := standardRule()
		c.want(&want)
		got, err := settings(t, c.canary).Rule()
		if err != nil || got != want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.canary, got, err, want)
		}
	}
	if got, err := KayentaSettings(nil).Rule(); err != nil || got != standardRule() {
		t.Errorf("no settings at all: got %+v, %v", got, err)
	}
}

func TestKayentaSettingsOfTheWrongTypeAreErrors(t *testing.T) {
	for canary, want := range map[string]string{
		`{"direction": null}`:                                   "canary.direction: want a text, have null",
		`{"nanStrategy": null}`:                                 "canary.nanStrategy: want a text, have null",
		`{"critical": "true"}`:                                  "canary.critical: want true or false, have a text",
		`{"muted": 1}`:                                          "canary.muted: want true or false, have a number",
		`{"mustHaveData": {}}`:                                  "canary.mustHaveData: want true or false, have an object",
		`{"effectSize": {"allowedIncrease": "1.5"}}`:            "canary.effectSize.allowedIncrease: want a number, have a text",
		`{"effectSize": {"criticalDecrease": true}}`:            "canary.effectSize.criticalDecrease: want a number, have true or false",
		`{"effectSize": {"allowedDecrease": 2147483648}}`:       "canary.effectSize.allowedDecrease: a whole number must fit 32 bits",
		`{"effectSize": [{"allowedIncrease": 2}]}`:              "canary.effectSize.allowedIncrease: want a number, have a list",
		`{"outliers": {"strategy":"remove","outlierFactor":0}}`: "canary.outliers.outlierFactor: must be above 0",
		`{"outliers": {"outlierFactor": "3"}}`:                  "canary.outliers.outlierFactor: want a number, have a text",
	} {
		if _, err := settings(t, canary).Rule(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", canary, err, want)
		}
	}
}

func TestKayentaSettingsGet(t *testing.T) {
	s := settings(t, `{"a": {"b": 42}, "l": [{"x": 1}, {"y": 2}, {"x": {"z": 3}}, [{"x": 4}]], "n": null}`)
	for _, c := range []struct {
		path string
		want any
		ok   bool
	}{
		{"canary a b", json.Number("42"), true},
		{"canary a c", nil, false},
		{"canary a b c", nil, false},
		{"canary n", nil, true},
		{"canary n x", nil, false},
		{"canary l x", []any{json.Number("1"), map[string]any{"z": json.Number("3")}, []any{json.Number("4")}}, true},
		{"canary l x z", []any{json.Number("3")}, true},
		{"canary l w", nil, false},
		{"other", nil, false},
	} {
		got, ok := s.Get(strings.Fields(c.path)...)
		if ok != c.ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v, %v", c.path, got, ok, c.want, c.ok)
		}
	}
	if got, ok := s.Get(); !ok || !reflect.DeepEqual(got, map[string]any(s)) {
		t.Errorf("no path: got %v", got)
	}
}
