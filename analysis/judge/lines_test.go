package judge

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// series writes a list of n numbers: base, base+0.1, base+0.2, base, ...
func series(n int, base float64) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("%.4g", base+float64(i%3)/10)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func lineOf(t *testing.T, raw string, opts LineOptions) map[string]any {
	t.Helper()
	out, err := Line([]byte(raw), opts)
	if err != nil {
		t.Fatalf("%.200s: %v", raw, err)
	}
	return tree(t, json.RawMessage(out)).(map[string]any)
}

var kayentaLines = LineOptions{Judge: analysis.JudgeKayenta}

func TestPlainLines(t *testing.T) {
	step := func(n, at int, before, after float64) string { // a step up after some samples
		a, b := series(at, before), series(n-at, after)
		return strings.TrimSuffix(a, "]") + "," + strings.TrimPrefix(b, "[")
	}
	gauge := func(canary, baseline string) string {
		return `{"name":"p99","kind":"gauge","direction":"increase","canary":` + canary + `,"baseline":` + baseline + `}`
	}
	for _, c := range []struct {
		name, line string
		judge      analysis.JudgeName
		want       string
	}{
		{
			"bad from the start: fails at the first look", `{"name":"a","metrics":[` + gauge(series(60, 14), series(60, 10)) + `]}`,
			analysis.JudgeKayenta, `{"name":"a","outcome":"fail","score":0,"failed_at":50,"decided_at":50,
			"findings":[{"metric":"p99","class":"high","bad":true,"evidence":null,"samples":{"canary":50,"baseline":50}}]}`,
		},
		{
			"good: decided at the end", `{"name":"a","metrics":[` + gauge(series(60, 10), series(60, 10)) + `]}`,
			analysis.JudgeKayenta, `{"outcome":"pass","score":100,"failed_at":null,"decided_at":60,
			"findings":[{"class":"pass","bad":false,"effect":0,"interval":null,"samples":{"canary":60,"baseline":60}}]}`,
		},
		{
			"looks from first_look on, every look_every", `{"first_look":10,"look_every":7,"metrics":[` + gauge(step(60, 20, 10, 14), series(60, 10)) + `]}`,
			analysis.JudgeKayenta, `{"name":"","outcome":"fail","failed_at":59,"decided_at":59}`,
		},
		{
			"the last look is at the end, off the rhythm", `{"first_look":40,"look_every":15,"metrics":[` + gauge(series(59, 10), series(59, 10)) + `]}`,
			analysis.JudgeKayenta, `{"outcome":"pass","decided_at":59}`,
		},
		{
			"shorter than the minimum", `{"metrics":[` + gauge(series(30, 14), series(30, 10)) + `]}`,
			analysis.JudgeKayenta, `{"outcome":"inconclusive","score":null,"failed_at":null,"decided_at":null,"reason":"cannot say: p99 has 30 of 50 samples",
			"findings":[{"class":"nodata","bad":false,"effect":null,"interval":null,"evidence":null,"seen":null,"expected":null}]}`,
		},
		{
			"the run is as long as the longest series", `{"first_look":5,"metrics":[` + gauge(series(8, 10), series(12, 10)) + `]}`,
			analysis.JudgeKayenta, `{"outcome":"pass","decided_at":12,"findings":[{"samples":{"canary":8,"baseline":12}}]}`,
		},
		{
			"no samples", `{"metrics":[` + gauge(`[]`, `[]`) + `]}`,
			analysis.JudgeKayenta, `{"outcome":"inconclusive","score":null,"decided_at":null}`,
		},
		{
			"nulls are missing", `{"first_look":3,"metrics":[` + gauge(`[14,null,14.1,"NaN",14.2,null,14.3]`, series(7, 10)) + `]}`,
			analysis.JudgeKayenta, `{"outcome":"fail","failed_at":5,"findings":[{"samples":{"canary":3,"baseline":5}}]}`,
		},
		{
			"a ratio", `{"first_look":6,"metrics":[{"name":"errors","kind":"ratio","direction":"increase","canary":[10,7,10,7,10,7],
			"canary_total":[100,100,100,100,100,100],"baseline":[1,2,1,2,1,2],"baseline_total":[100,100,100,100,100,100]}]}`,
			analysis.JudgeKayenta, `{"outcome":"fail","failed_at":6,"findings":[{"metric":"errors","class":"high","seen":0.085,"expected":0.015}]}`,
		},
		{
			"a threshold beside it looks at once", `{"metrics":[` + gauge(series(60, 10), series(60, 10)) +
				`,{"name":"heap","threshold":{"max":0.9,"consecutive":2},"critical":true,"canary":[0.5,0.95,null,0.96,0.1]}]}`,
			analysis.JudgeKayenta, `{"outcome":"fail","score":0,"failed_at":4,"findings":[{"class":"nodata"},{"class":"high","bad":true,"critical":true,"seen":0.96,"expected":0.9}]}`,
		},
		{
			"thresholds only", `{"name":"t","step_seconds":30,"metrics":[{"name":"up","threshold":{"min":1},"group":"g","weight":2,"canary":[1,1,1]}]}`,
			analysis.JudgeThreshold, `{"outcome":"pass","score":100,"decided_at":3,"groups":[{"name":"g","score":100,"weight":1,"no_data":false}]}`,
		},
		{
			"what other judges use is accepted", `{"false_rollback_rate":0.05,"metrics":[{"name":"m","kind":"count","direction":"either","tolerance":0.1,
			"canary":[1],"canary_total":[5],"baseline":[1],"baseline_total":[5],"history":{"canary":[1],"canary_total":[2],"baseline":[],"baseline_total":[]}},
			{"name":"n","tolerance":{"absolute":0.002},"canary":[1],"baseline":[1]},{"name":"o","tolerance":{"relative":0.2},"canary":[1],"baseline":[1]}]}`,
			analysis.JudgeKayenta, `{"outcome":"inconclusive"}`,
		},
		{
			"no judge named is the sequential one: it fails as soon as it can", `{"name":"a","metrics":[` + gauge(series(60, 20), series(60, 10)) + `]}`,
			"", `{"outcome":"fail","score":0,"failed_at":8,"decided_at":8,
			"findings":[{"metric":"p99","class":"high","bad":true,"samples":{"canary":8,"baseline":8}}]}`,
		},
		{
			"sequential: a step", `{"metrics":[` + gauge(step(60, 30, 10, 14), series(60, 10)) + `]}`,
			"", `{"outcome":"fail","failed_at":35,"findings":[{"class":"high","effect_unit":null}]}`,
		},
		{
			"sequential: good passes at the end, however sure it is before", `{"metrics":[` + gauge(series(60, 10), series(60, 10)) + `]}`,
			"", `{"outcome":"pass","score":100,"failed_at":null,"decided_at":60,"reason":"1 metric judged, none bad"}`,
		},
		{
			"sequential: shorter than its minimum", `{"metrics":[` + gauge(series(7, 14), series(7, 10)) + `]}`,
			"", `{"outcome":"inconclusive","score":null,"decided_at":null,"reason":"cannot say: p99 needs 1 more sample of both sides: it has 7"}`,
		},
		{
			"sequential: direction is either when it is not said, and a fall counts", `{"metrics":[{"name":"m","canary":` + series(60, 6) + `,"baseline":` + series(60, 10) + `}]}`,
			"", `{"outcome":"fail","findings":[{"class":"low","bad":true}]}`,
		},
		{
			"sequential: within a tolerance", `{"metrics":[{"name":"m","tolerance":0.6,"canary":` + series(60, 14) + `,"baseline":` + series(60, 10) + `}]}`,
			"", `{"outcome":"pass","decided_at":60}`,
		},
		{
			"sequential: the tolerance is 5 % when it is not said", `{"metrics":[{"name":"m","canary":` + series(60, 10.3) + `,"baseline":` + series(60, 10) + `}]}`,
			"", `{"outcome":"pass","decided_at":60}`,
		},
		{
			"sequential: and may be none", `{"metrics":[{"name":"m","tolerance":0,"canary":` + series(60, 10.3) + `,"baseline":` + series(60, 10) + `}]}`,
			"", `{"outcome":"fail"}`,
		},
		{
			"sequential: min_samples of the other judge does not hold it back", `{"first_look":10,"look_every":5,"metrics":[` + gauge(series(60, 20), series(60, 10)) + `]}`,
			"", `{"outcome":"fail","failed_at":10}`,
		},
		{
			"sequential: history", `{"metrics":[{"name":"m","canary":` + series(60, 10) + `,"baseline":` + series(60, 10.1) + `,"history":{"canary":` +
				strings.Replace(series(90, 10), "10.1", "10.4", 7) + `,"baseline":` + series(90, 10) + `}}]}`,
			"", `{"outcome":"pass","findings":[{"samples":{"canary":60,"baseline":60,"history":90}}]}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lineOf(t, c.line, LineOptions{Judge: c.judge})
			if miss := notPart(tree(t, json.RawMessage(c.want)), got, "result"); len(miss) > 0 {
				t.Error(strings.Join(miss, "\n"))
			}
			for _, field := range []string{"name", "outcome", "score", "failed_at", "decided_at", "findings"} {
				if _, ok := got[field]; !ok {
					t.Errorf("%s is absent", field)
				}
			}
		})
	}
}

// A look must not see what comes after it: cutting the run at the look that failed
// gives the same failure.
func TestLooksSeeOnlyThePast(t *testing.T) {
	for judge, base := range map[analysis.JudgeName]float64{analysis.JudgeKayenta: 10.3, analysis.JudgeSequential: 10.6} {
		opts := LineOptions{Judge: judge}
		line := func(n int) string {
			return `{"first_look":10,"metrics":[{"name":"m","canary":` + series(n, base) + `,"baseline":` + series(n, 10) + `}]}`
		}
		at, ok := lineOf(t, line(60), opts)["failed_at"].(float64)
		if !ok || at < 10 || at >= 60 {
			t.Fatalf("%s: failed at %v", judge, at)
		}
		for n := 10; n <= int(at); n++ {
			got := lineOf(t, line(n), opts)
			if failed := got["failed_at"] != nil; failed != (n == int(at)) {
				t.Errorf("%s, cut at %d: failed_at %v", judge, n, got["failed_at"])
			}
		}
	}
}

func TestKayentaLines(t *testing.T) {
	for _, r := range kayentaRuns(t)[:50] {
		named := append([]byte(`{"name": "x",`), r.Input[1:]...)
		for _, raw := range [][]byte{r.Input, named} {
			out, err := Line(raw, LineOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if miss := notPart(tree(t, r.Expected), tree(t, json.RawMessage(out)), r.Name); len(miss) > 0 {
				t.Error(miss)
			}
		}
	}
	// The words alone do not make a Kayenta line.
	lineOf(t, `{"metrics":[{"name":"canaryConfig","canary":[1],"baseline":[1]}]}`, kayentaLines)
}

func TestLinesThatCannotBeJudged(t *testing.T) {
	metric := func(fields string) string { return `{"metrics":[{"name":"m",` + fields + `}]}` }
	for _, c := range []struct{ line, want string }{
		{``, "line: not JSON: it ends too early"},
		{`{"metrics":[`, "line: not JSON: it ends too early"},
		{`nonsense`, "line: not JSON at byte 2: invalid character 'o' in literal null (expecting 'u')"},
		{metric(`"canary":[1],"baseline":[1]`) + ` {}`, "line: more than one JSON value (try: one analysis a line)"},
		{`[]`, "line: a JSON array does not fit there"},
		{`{"metrics":[]}`, "line: metrics is empty"},
		{`{"metrics":[{"canary":[1]}]}`, "line: metrics[0]: name is missing"},
		{`{"step":5}`, `line: unknown field "step"`},
		{`{"step_seconds":0}`, "line: step_seconds must be above 0, and at most a year"},
		{`{"first_look":0}`, "line: first_look must be at least 1"},
		{`{"look_every":-1}`, "line: look_every must be at least 1"},
		{`{"first_look":"ten"}`, "line: first_look: a JSON string does not fit there"},
		{`{"false_rollback_rate":1}`, "line: false_rollback_rate must be between 0 and 1"},
		{metric(`"baseline":[1]`), `line: metric "m": canary is missing`},
		{metric(`"canary":[1]`), `line: metric "m": baseline is missing`},
		{metric(`"canary":null,"baseline":[1]`), `line: metric "m": canary is missing`},
		{metric(`"kind":"histogram","canary":[1],"baseline":[1]`), `line: metric "m": kind histogram is not gauge, ratio or count`},
		{metric(`"direction":"up","canary":[1],"baseline":[1]`), `line: metric "m": direction up is not increase, decrease or either`},
		{metric(`"kind":"ratio","canary":[1],"baseline":[1]`), `line: metric "m": canary_total is missing: it is a ratio`},
		{
			metric(`"kind":"ratio","canary":[1],"canary_total":[2,3],"baseline":[1],"baseline_total":[2]`),
			`line: metric "m": canary has 1 value, canary_total has 2 values`,
		},
		{
			metric(`"kind":"count","canary":[1],"canary_total":[2],"baseline":[1,2],"baseline_total":[2]`),
			`line: metric "m": baseline has 2 values, baseline_total has 1 value`,
		},
		{metric(`"canary":[1],"canary_total":[2],"baseline":[1]`), `line: metric "m": canary_total does not belong to a gauge`},
		{metric(`"canary":["x"],"baseline":[1]`), `line: number "x": not understood (try: a JSON number, or one of the strings "NaN", "+Inf", "-Inf")`},
		{metric(`"canary":[true],"baseline":[1]`), `line: metrics.canary: a JSON bool does not fit there`},
		{metric(`"canary":[1],"baseline":[1],"weight":0`), `line: metric "m": weight must be above 0`},
		{metric(`"canary":[1],"baseline":[1],"tolerance":-1`), `line: metric "m": tolerance must not be below 0`},
		{metric(`"canary":[1],"baseline":[1],"tolerance":{"absolute":1,"relative":1}`), `line: metric "m": tolerance is either relative or absolute`},
		{metric(`"canary":[1],"baseline":[1],"tolerance":{"percent":1}`), `line: unknown field "percent"`},
		{metric(`"canary":[1],"threshold":{}`), `line: metric "m": threshold has neither max nor min`},
		{metric(`"canary":[1],"threshold":{"max":1,"min":2}`), `line: metric "m": threshold: min is above max`},
		{metric(`"canary":[1],"threshold":{"max":1,"consecutive":0}`), `line: metric "m": threshold: consecutive must be at least 1`},
		{metric(`"canary":[1],"baseline":[1],"history":{"baseline":[1]}`), `line: metric "m": history: canary is missing`},
		{
			`{"metrics":[{"name":"m","canary":[1],"baseline":[1]},{"name":"m","canary":[1],"baseline":[1]}]}`,
			`line: metric "m": there are two of this name`,
		},
		{`{"canaryConfig":{"metrics":[]}}`, "kayenta judgement: canaryConfig.classifier is missing"},
		{`{"canaryConfig":null,"metrics":[]}`, `line: unknown field "canaryConfig"`},
		{`{"canaryConfig":{"metrics":[`, "line: not JSON at byte 28: unexpected end of JSON input"},
	} {
		out, err := Line([]byte(c.line), kayentaLines)
		if analysis.KindOf(err) != analysis.Invalid || err.Error() != c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.line, out, err, c.want)
		}
	}
	line := []byte(metric(`"canary":[1],"baseline":[1]`))
	if _, err := Line(line, LineOptions{Judge: "guess"}); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("unknown judge: %v", err)
	}
	if _, err := Line(line, LineOptions{Judge: analysis.JudgeThreshold}); err == nil || err.Error() != `line: metric "m": threshold is missing` {
		t.Errorf("threshold judge without a threshold: %v", err)
	}
}

func TestLineName(t *testing.T) {
	for line, want := range map[string]string{
		`{"name":"a","metrics":5}`: "a", `{"x":1}`: "", `{"name":7}`: "", `{"name":"a"`: "", ``: "",
	} {
		if got := LineName([]byte(line)); got != want {
			t.Errorf("%s: got %q", line, got)
		}
	}
}

// FuzzLine feeds whatever at it: no panic, and either a result or an error of kind
// Invalid.
func FuzzLine(f *testing.F) {
	f.Add([]byte(kayentaBody))
	f.Add([]byte(`{"first_look":1,"metrics":[{"name":"m","kind":"ratio","canary":[1,null],"canary_total":[0,"NaN"],"baseline":["+Inf",2],"baseline_total":[1,1]}]}`))
	f.Add([]byte(`{"metrics":[{"name":"m","threshold":{"max":1},"canary":[1e308,"-Inf"]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, judge := range []analysis.JudgeName{analysis.JudgeKayenta, analysis.JudgeSequential} {
			out, err := Line(raw, LineOptions{Judge: judge})
			switch {
			case err != nil && analysis.KindOf(err) != analysis.Invalid:
				t.Errorf("%s: %v", raw, err)
			case err == nil && !json.Valid(out):
				t.Errorf("%s: %s", raw, out)
			}
		}
	})
}
