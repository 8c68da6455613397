package judge

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// planCase is one file of testdata/plans. Adding a case is adding a file.
type planCase struct {
	Why   string `json:"why"` // what the case shows
	Plan  analysis.Plan
	Start time.Time  `json:"start"` // of the samples; none: not known
	Pairs []casePair `json:"pairs"`
	At    struct {
		Elapsed analysis.Duration `json:"elapsed"`
		Final   bool              `json:"final"`
	} `json:"at"`
	Want json.RawMessage `json:"want"` // a part of the verdict
}

type casePair struct {
	Metric   string          `json:"metric"`
	Segment  string          `json:"segment"`
	Canary   caseSample      `json:"canary"`
	Baseline caseSample      `json:"baseline"`
	Noise    *analysis.Noise `json:"noise"`
}

type caseSample struct {
	Values   caseValues      `json:"values"`
	Totals   caseValues      `json:"totals"`
	Err      *analysis.Error `json:"error"`
	Warnings []string        `json:"warnings"`
	Query    string          `json:"query"`
	Total    string          `json:"total"`
	Link     string          `json:"link"`
}

func (s caseSample) samples() analysis.Samples {
	return analysis.Samples{
		Values: analysis.Values(s.Values), Totals: analysis.Values(s.Totals), Err: s.Err,
		Warnings: s.Warnings, Query: s.Query, Total: s.Total, Link: s.Link,
	}
}

// caseValues are samples, or {"cycle": [..], "n": 60} for the same ones over and over.
type caseValues analysis.Values

func (v *caseValues) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return json.Unmarshal(b, (*analysis.Values)(v))
	}
	var c struct {
		Cycle analysis.Values `json:"cycle"`
		N     int             `json:"n"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return err
	}
	for i := range c.N {
		*v = append(*v, c.Cycle[i%len(c.Cycle)])
	}
	return nil
}

func readPlanCase(t *testing.T, path string) (planCase, []analysis.Pair) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var c planCase
	if err := d.Decode(&c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if c.Plan.Score == (analysis.Thresholds{}) {
		c.Plan.Score = analysis.Thresholds{Pass: 95, Marginal: 75}
	}
	for i := range c.Plan.Metrics {
		if c.Plan.Metrics[i].Kind == "" {
			c.Plan.Metrics[i].Kind = analysis.Gauge
		}
		if c.Plan.Metrics[i].NoData.Policy == "" {
			c.Plan.Metrics[i].NoData = analysis.NoDataRule{Policy: analysis.NoDataWait, After: analysis.Duration(5 * time.Minute)}
		}
	}
	var pairs []analysis.Pair
	for _, p := range c.Pairs {
		pairs = append(pairs, analysis.Pair{
			Metric: p.Metric, Segment: p.Segment, Start: c.Start, Step: time.Minute, Noise: p.Noise,
			Canary: p.Canary.samples(), Baseline: p.Baseline.samples(),
		})
	}
	return c, pairs
}

func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/plans/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			c, pairs := readPlanCase(t, path)
			before := tree(t, pairs)
			at := At{Elapsed: c.At.Elapsed.Std(), Final: c.At.Final}
			v := Judge(&c.Plan, pairs, at)
			if miss := notPart(tree(t, c.Want), tree(t, v), "verdict"); len(miss) > 0 {
				t.Errorf("%s\n%s", c.Why, strings.Join(miss, "\n"))
			}
			if !reflect.DeepEqual(before, tree(t, pairs)) {
				t.Error("the samples were changed")
			}
			if again := Judge(&c.Plan, pairs, at); !reflect.DeepEqual(tree(t, again), tree(t, v)) {
				t.Error("judging the same samples again gives another verdict")
			}
			rulesOfEveryVerdict(t, c, v)
		})
	}
}

// notPart lists where the wanted tree is not part of the other. Lists have the same
// length; of objects only the wanted keys count.
func notPart(want, got any, path string) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		var miss []string
		for _, k := range slices.Sorted(keys(w)) {
			miss = append(miss, notPart(w[k], g[k], path+"."+k)...)
		}
		return miss
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		var miss []string
		for i := range w {
			miss = append(miss, notPart(w[i], g[i], fmt.Sprintf("%s[%d]", path, i))...)
		}
		return miss
	default:
		if reflect.DeepEqual(want, got) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s:\n got %v\nwant %v", path, got, want)}
}

func keys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// rulesOfEveryVerdict hold whatever the samples are.
func rulesOfEveryVerdict(t *testing.T, c planCase, v analysis.Verdict) {
	t.Helper()
	if v.Reason == "" || strings.Contains(v.Reason, "\n") {
		t.Errorf("the verdict's reason is not one sentence: %q", v.Reason)
	}
	ended := strings.Contains(v.Reason, "the rollout replaced it")
	if c.At.Final == (v.Outcome == analysis.OutcomeContinue) && c.Plan.Judge != analysis.JudgeSequential && !ended &&
		v.Outcome != analysis.OutcomeFail {
		t.Errorf("outcome %s with final %v", v.Outcome, c.At.Final)
	}
	if v.Outcome == analysis.OutcomeFail && len(v.Bad()) == 0 {
		t.Error("a failure without a bad finding")
	}
	for _, f := range v.Findings {
		if f.Reason == "" || !strings.HasPrefix(f.Reason, f.Metric) {
			t.Errorf("the reason of %s does not begin with its name: %q", f.Metric, f.Reason)
		}
		if f.Bad && f.Class == analysis.ClassError {
			t.Errorf("%s is bad for trouble of its source", f.Metric)
		}
	}
}
