package judge

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// kayentaRun is one line of testdata/kayenta-runs.jsonl.gz.
type kayentaRun struct {
	Name     string          `json:"name"`
	Input    json.RawMessage `json:"input"`
	Expected any             `json:"expected"`
}

func kayentaRuns(t testing.TB) []kayentaRun {
	t.Helper()
	f, err := os.Open("testdata/kayenta-runs.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var runs []kayentaRun
	lines := bufio.NewReaderSize(z, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var r kayentaRun
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			runs = append(runs, r)
		}
		if err == io.EOF {
			return runs
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// observation is one case of testdata/kayenta-observed.json.
type observation struct {
	Suite    string          `json:"suite"`
	Name     string          `json:"name"`
	Input    json.RawMessage `json:"input"`
	Expected json.RawMessage `json:"expected"`
}

func observations(t testing.TB, suite string) []observation {
	t.Helper()
	b, err := os.ReadFile("testdata/kayenta-observed.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []observation
	decode(t, b, &all)
	all = slices.DeleteFunc(all, func(o observation) bool { return o.Suite != suite })
	if len(all) == 0 {
		t.Fatalf("no observations of suite %s", suite)
	}
	return all
}

func decode(t testing.TB, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v in %.200s", err, b)
	}
}

// tree turns a value into what its JSON is, with the groups in one order: upstream's
// is that of a hash table.
func tree(t testing.TB, v any) any {
	t.Helper()
	b, ok := v.(json.RawMessage)
	if !ok {
		var err error
		if b, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	var out any
	decode(t, b, &out)
	if m, ok := out.(map[string]any); ok {
		if groups, ok := m["groupScores"].([]any); ok {
			slices.SortFunc(groups, func(a, b any) int {
				return cmp.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
			})
		}
	}
	return out
}

func judgeRaw(t testing.TB, input []byte) KayentaResult {
	t.Helper()
	var req KayentaRequest
	decode(t, input, &req)
	res, err := Kayenta(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestKayentaAgreesOnWholeRuns(t *testing.T) {
	runs := kayentaRuns(t)
	metrics := 0
	for _, r := range runs {
		res := judgeRaw(t, r.Input)
		metrics += len(res.Results)
		if got, want := tree(t, res), tree(t, r.Expected); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", r.Name, got, want)
		}
	}
	if len(runs) != 600 || metrics != 2265 {
		t.Errorf("%d runs with %d metrics, want 600 with 2265", len(runs), metrics)
	}
}

func TestKayentaAgreesOnObservedJudgements(t *testing.T) {
	threw := 0
	for _, o := range observations(t, "observed-upstream-judge") {
		var exception struct{ Error string }
		decode(t, o.Expected, &exception)
		if exception.Error != "" {
			threw++
			var req KayentaRequest
			decode(t, o.Input, &req)
			if res, err := Kayenta(req); analysis.KindOf(err) != analysis.Invalid {
				t.Errorf("%s: got %v and error %v, upstream throws %s", o.Name, res, err, exception.Error)
			}
			continue
		}
		if got, want := tree(t, judgeRaw(t, o.Input)), tree(t, o.Expected); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", o.Name, got, want)
		}
	}
	if threw != 5 {
		t.Errorf("%d judgements in which upstream throws, want 5", threw)
	}
}

// classified is the input and the answer of the cases that go straight to the
// classifier.
type classified struct {
	Experiment        KayentaValues `json:"experiment"`
	Control           KayentaValues `json:"control"`
	Tolerance         float64       `json:"tolerance"`
	ConfLevel         float64       `json:"confLevel"`
	Direction         string        `json:"direction"`
	IsCriticalMetric  bool          `json:"isCriticalMetric"`
	EffectSizeMeasure string        `json:"effectSizeMeasure"`
	AllowedIncrease   float64       `json:"allowedIncrease"`
	AllowedDecrease   float64       `json:"allowedDecrease"`
	CriticalIncrease  float64       `json:"criticalIncrease"`
	CriticalDecrease  float64       `json:"criticalDecrease"`
}

func (c classified) rule() KayentaRule {
	return KayentaRule{
		Direction: c.Direction, Critical: c.IsCriticalMetric, CLES: c.EffectSizeMeasure == "cles",
		AllowedIncrease: c.AllowedIncrease, AllowedDecrease: c.AllowedDecrease,
		CriticalIncrease: c.CriticalIncrease, CriticalDecrease: c.CriticalDecrease,
		Tolerance: c.Tolerance, Quantile: stats.NormalQuantile((1 - c.ConfLevel) / 2),
	}
}

type classifiedAs struct {
	Classification KayentaLabel   `json:"classification"`
	Reason         string         `json:"reason"`
	Critical       bool           `json:"critical"`
	Deviation      *KayentaNumber `json:"deviation"`
	Low            *KayentaNumber `json:"ciLow"`
	High           *KayentaNumber `json:"ciHigh"`
	Estimate       *KayentaNumber `json:"estimate"`
	EffectSize     *KayentaNumber `json:"effectSize"`
}

func TestKayentaAgreesOnObservedClassifications(t *testing.T) {
	var w stats.MannWhitney
	for _, suite := range []string{"observed-upstream-random", "observed-upstream-edge"} {
		for _, o := range observations(t, suite) {
			var in classified
			decode(t, o.Input, &in)
			rule := in.rule()
			c := rule.Classify(&w, "m", in.Experiment, in.Control)

			got := classifiedAs{Classification: c.Label, Reason: c.Reason, Critical: c.Critical}
			if c.Label != KayentaError {
				got.Deviation = number(c.Ratio)
			}
			if c.Compared {
				got.Low, got.High, got.Estimate = number(c.Shift.Low), number(c.Shift.High), number(c.Shift.Estimate)
				got.EffectSize = number(c.Effect)
			}
			var want classifiedAs
			decode(t, o.Expected, &want)
			if suite == "observed-upstream-random" {
				got.Reason = "" // not recorded there
			}
			if distinct(in.Experiment) == 1 && distinct(in.Control) == 1 && got.Low != nil {
				// Upstream's noise: the numbers are only about right.
				for _, pair := range [][2]*KayentaNumber{
					{got.Deviation, want.Deviation},
					{got.Low, want.Low},
					{got.High, want.High},
					{got.Estimate, want.Estimate},
					{got.EffectSize, want.EffectSize},
				} {
					if math.Abs(float64(*pair[0] / *pair[1])-1) > 1e-4 {
						t.Errorf("%s: %s: got %v, want about %v", suite, o.Name, *pair[0], *pair[1])
					}
					*pair[0] = *pair[1]
				}
			}
			// Through JSON, so that NaN equals NaN.
			if g, w := tree(t, got), tree(t, want); !reflect.DeepEqual(g, w) {
				t.Errorf("%s: %s:\n got %v\nwant %v", suite, o.Name, g, w)
			}
		}
	}
}

func distinct(values []float64) int {
	return len(slices.Compact(slices.Sorted(slices.Values(values))))
}

func number(v float64) *KayentaNumber {
	n := KayentaNumber(v)
	return &n
}

func TestKayentaAgreesOnObservedOutliers(t *testing.T) {
	for _, o := range observations(t, "observed-upstream-iqr") {
		var in struct {
			OutlierFactor float64       `json:"outlierFactor"`
			Values        KayentaValues `json:"values"`
		}
		var want KayentaValues
		decode(t, o.Input, &in)
		decode(t, o.Expected, &want)
		rule := KayentaRule{RemoveOutliers: true, OutlierFactor: in.OutlierFactor}
		if got := rule.Transform(nil, in.Values); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", o.Name, got, want)
		}
	}
}

func TestKayentaAgreesOnObservedQuantiles(t *testing.T) {
	levels := map[string]float64{"(1-0.9)/2": 0.9, "(1-0.95)/2": 0.95, "(1-0.99)/2": 0.99}
	for _, o := range observations(t, "observed-upstream") {
		var in struct{ Fn, P string }
		var want float64
		decode(t, o.Input, &in)
		decode(t, o.Expected, &want)
		level, ok := levels[strings.TrimSpace(in.P)]
		if !ok || in.Fn != "inverseNormal" {
			t.Fatalf("%s: not understood: %s", o.Name, o.Input)
		}
		if got := stats.NormalQuantile((1 - level) / 2); got != want {
			t.Errorf("%s: got %v, want %v", o.Name, got, want)
		}
	}
	level := 0.98
	if got := stats.NormalQuantile((1 - level) / 2); got != kayentaQuantile {
		t.Errorf("quantile of the judge: computed %v, written down %v", got, kayentaQuantile)
	}
}
