package store

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

func TestVerdictsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := analysis.Verdict{Outcome: analysis.OutcomeContinue, Reason: rapid.String().Draw(t, "reason"), Findings: []analysis.Finding{}}
		for range rapid.IntRange(0, 20).Draw(t, "findings") {
			v.Findings = append(v.Findings, analysis.Finding{
				Metric: rapid.String().Draw(t, "metric"), Class: analysis.ClassHigh, Bad: true,
				Queries: &analysis.Queries{Canary: rapid.String().Draw(t, "query")},
			})
		}
		var same analysis.Verdict // invalid UTF-8 is replaced, as in all JSON
		if err := fromJSON(toJSON(v), &same); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{squeeze(v), toJSON(v)} {
			var got analysis.Verdict
			if err := unsqueeze(text, &got); err != nil || !reflect.DeepEqual(got, same) {
				t.Errorf("%v: %+v became %+v", err, same, got)
			}
		}
	})
}

func TestDamagedVerdictIsAnError(t *testing.T) {
	t.Parallel()
	text := squeeze(analysis.Verdict{Reason: strings.Repeat("all is well ", 50)})
	for _, damaged := range []string{"", "?", text[:len(text)/2], "AAAA" + text} {
		if err := unsqueeze(damaged, &analysis.Verdict{}); err == nil {
			t.Errorf("%q is taken", damaged)
		}
	}
}
