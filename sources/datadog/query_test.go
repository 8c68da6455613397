package datadog

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestForms: what goes out for the text of a query.
func TestForms(t *testing.T) {
	tests := map[string]struct {
		text    string
		queries string // as JSON
		formula string
		rollup  time.Duration
	}{
		"a metric": {
			"  avg:system.cpu.user{version:1.4.2}\n",
			`[{"data_source":"metrics","name":"q7","query":"avg:system.cpu.user{version:1.4.2}"}]`, "q7", 0,
		},
		"a metric with a roll-up": {
			"sum:hits{*}.as_count().rollup(sum, 300)",
			`[{"data_source":"metrics","name":"q7","query":"sum:hits{*}.as_count().rollup(sum, 300)"}]`, "q7", 5 * time.Minute,
		},
		"a roll-up of the step": {
			"sum:hits{*}.rollup(60)",
			`[{"data_source":"metrics","name":"q7","query":"sum:hits{*}.rollup(60)"}]`, "q7", 0,
		},
		"logs": {
			`{"data_source":"logs","search":{"query":"service:shop status:error"},"compute":{"aggregation":"count"},"group_by":[{"facet":"@region"}]}`,
			`[{"compute":{"aggregation":"count"},"data_source":"logs","group_by":[{"facet":"@region"}],"name":"q7","search":{"query":"service:shop status:error"}}]`, "q7", 0,
		},
		"logs in steps of their own": {
			`{"data_source":"logs","compute":{"aggregation":"count","interval":300000}}`,
			`[{"compute":{"aggregation":"count","interval":300000},"data_source":"logs","name":"q7"}]`, "q7", 5 * time.Minute,
		},
		"YAML": {
			"{data_source: spans, search: {query: 'service:shop'}, compute: {aggregation: pc99, metric: '@duration'}}",
			`[{"compute":{"aggregation":"pc99","metric":"@duration"},"data_source":"spans","name":"q7","search":{"query":"service:shop"}}]`, "q7", 0,
		},
		"YAML with a roll-up": {
			"{data_source: rum, compute: {aggregation: count, interval: 120000}}",
			`[{"compute":{"aggregation":"count","interval":120000},"data_source":"rum","name":"q7"}]`, "q7", 2 * time.Minute,
		},
		"a formula": {
			`{"queries":[{"data_source":"metrics","name":"a","query":"sum:errors{*}"},{"data_source":"metrics","name":"b","query":"sum:hits{*}"}],"formula":"100 * a / (a + b) - 1e3"}`,
			`[{"data_source":"metrics","name":"q7","query":"sum:errors{*}"},{"data_source":"metrics","name":"q8","query":"sum:hits{*}"}]`,
			"100 * q7 / (q7 + q8) - 1e3", 0,
		},
		"functions and texts in a formula": {
			`{queries: [{data_source: metrics, name: sum, query: 'sum:errors{*}'}, {data_source: metrics, name: q1, query: 'sum:hits{*}'}], formula: "default_zero(sum) + sum(q1, 'q1') + moving_rollup(sum, 60, \"sum\")"}`,
			`[{"data_source":"metrics","name":"q7","query":"sum:errors{*}"},{"data_source":"metrics","name":"q8","query":"sum:hits{*}"}]`,
			`default_zero(q7) + sum(q8, 'q1') + moving_rollup(q7, 60, "sum")`, 0,
		},
		"one query and no formula": {
			`{"queries":[{"data_source":"slo","name":"mine","slo_id":"x","measure":"slo_status"}]}`,
			`[{"data_source":"slo","measure":"slo_status","name":"q7","slo_id":"x"}]`, "q7", 0,
		},
		"large numbers": {
			`{"data_source":"logs","n":12345678901234567890}`,
			`[{"data_source":"logs","n":12345678901234567890,"name":"q7"}]`, "q7", 0,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := parse(tt.text, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			queries, formula := f.renamed(7)
			if got := written(queries); got != tt.queries || formula != tt.formula || f.rollup != tt.rollup {
				t.Errorf("queries %s, formula %q, roll-up %s\nwant    %s, %q, %s", got, formula, f.rollup, tt.queries, tt.formula, tt.rollup)
			}
		})
	}
}

// refusedTexts are queries that are never sent, with a word of why.
func refusedTexts() map[string]string {
	return map[string]string{
		"":                          "empty",
		" \n":                       "empty",
		`{`:                         "neither JSON nor YAML",
		`{}`:                        "neither a data_source nor queries",
		`{"a":1}`:                   "neither a data_source nor queries",
		`{"data_source":""}`:        "no data_source",
		`{"data_source":1}`:         "no data_source",
		`{"data_source":"metrics"}`: "no query",
		`{"data_source":"metrics","query":"a{*}"} trailing`: "neither JSON nor YAML",
		`{"data_source":"logs","queries":[]}`:               "neither a data_source nor queries",
		`{"data_source":"logs","formula":"a"}`:              "neither a data_source nor queries",
		`{"queries":[]}`:                                    "neither a data_source nor queries",
		`{"queries":{}}`:                                    "neither a data_source nor queries",
		`{"queries":[1],"formula":"a"}`:                     "queries[0]: not an object",
		`{"queries":[{"data_source":"logs"}]}`:              `name ""`,
		`{"queries":[{"data_source":"logs","name":"a b"}]}`: `name "a b"`,
		`{"queries":[{"data_source":"logs","name":"a"},{"data_source":"logs","name":"a"}],"formula":"a"}`: "each name once",
		`{"queries":[{"data_source":"logs","name":"a"},{"data_source":"logs","name":"b"}]}`:               "no formula",
		`{"queries":[{"name":"a"}],"formula":"a"}`:                                                        "query a: no data_source",
		`{"queries":[{"data_source":"logs","name":"a"}],"formula":"a/b"}`:                                 `names "b"`,
		`{"queries":[{"data_source":"logs","name":"a"}],"formulas":[{"formula":"a"}]}`:                    `"formulas": not known`,
		`{"formulas":[{"formula":"a"}]}`:                                                                  "a metric has one",
		`{data_source: logs, from: 2024-05-01}`:                                                           "what JSON cannot",
		`{data_source: logs, x: .nan}`:                                                                    "what JSON cannot",
		`{data_source: logs, 1: x}`:                                                                       "what JSON cannot",
		`{data_source: logs, search: {2: x}}`:                                                             "what JSON cannot",
		"avg:cpu{*}.rollup(avg, 10)":                                                                      "shorter than the step",
		`{"data_source":"logs","compute":{"interval":1000}}`:                                              "shorter than the step",
	}
}

func TestRefusedTexts(t *testing.T) {
	for text, why := range refusedTexts() {
		_, err := parse(text, time.Minute)
		if err == nil {
			t.Errorf("%s: taken", text)
			continue
		}
		if err.Kind != analysis.Invalid || !strings.Contains(err.Message, why) || !strings.HasPrefix(err.Hint, "try: ") {
			t.Errorf("%s: error %q with hint %q, want one about %q", text, err.Message, err.Hint, why)
		}
	}
}

// TestRefusedBefore: what cannot work is said before anything is sent.
func TestRefusedBefore(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), func(*http.Request) (*http.Response, error) {
			t.Error("the server was asked")
			return says(500, ""), nil
		})
		for text := range refusedTexts() {
			if _, err := s.Fetch(t.Context(), minutes(3, text)); analysis.KindOf(err) != analysis.Invalid || !strings.HasPrefix(err.Error(), "source dd: ") {
				t.Errorf("%s: error %v", text, err)
			}
		}
		for _, step := range []time.Duration{100 * time.Millisecond, 1001 * time.Millisecond} {
			q := minutes(3, "avg:cpu{*}")
			q.Step = step
			if _, err := s.Fetch(t.Context(), q); analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "whole seconds") {
				t.Errorf("step %s: error %v", step, err)
			}
		}
	})
	s := over(t, settings(apiV1), nil)
	_, err := s.Fetch(t.Context(), minutes(3, `{"data_source":"logs","compute":{"aggregation":"count"}}`))
	if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "api: v2") {
		t.Errorf("logs by the first version: %v", err)
	}
}

// FuzzParse: no text brings it down, and what it takes can be written as JSON.
func FuzzParse(f *testing.F) {
	for text := range refusedTexts() {
		f.Add(text)
	}
	f.Add(`{"queries":[{"data_source":"metrics","name":"a","query":"x{*}"}],"formula":"a*2"}`)
	f.Add("{a: &x [1], b: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		form, err := parse(text, time.Minute)
		if err != nil {
			if err.Kind != analysis.Invalid || err.Message == "" {
				t.Fatalf("error %#v", err)
			}
			return
		}
		queries, formula := form.renamed(0)
		if written(queries) == "" || formula == "" && form.formula != "" || len(queries) == 0 {
			t.Fatal(fmt.Sprint(queries, formula))
		}
		paced(text, time.Minute)
	})
}
