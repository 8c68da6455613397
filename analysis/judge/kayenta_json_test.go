package judge

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestKayentaNumbers(t *testing.T) {
	for text, want := range map[string]float64{
		`1`: 1, `-2.5e3`: -2500, `"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1),
		`"INF"`: math.Inf(1), `"-INF"`: math.Inf(-1), `"+Inf"`: math.Inf(1), `"1.5"`: 1.5, `1e999`: math.Inf(1), `-1e999`: math.Inf(-1),
	} {
		var n KayentaNumber
		if err := json.Unmarshal([]byte(text), &n); err != nil || math.Float64bits(float64(n)) != math.Float64bits(want) &&
			!(math.IsNaN(want) && math.IsNaN(float64(n))) {
			t.Errorf("%s: got %v, %v", text, n, err)
		}
	}
	for _, text := range []string{`"nan"`, `"x"`, `""`, `true`, `[]`, `{}`, `"0x10"`, `"0x1p3"`, `"1_0"`, `"1e"`} {
		var n KayentaNumber
		if err := json.Unmarshal([]byte(text), &n); analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("%s: got %v, %v", text, n, err)
		}
	}
	for want, v := range map[string]float64{
		`"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1), `0.1`: 0.1, `1e+21`: 1e21, `-0`: math.Copysign(0, -1),
	} {
		if got, err := json.Marshal(KayentaNumber(v)); err != nil || string(got) != want {
			t.Errorf("%v: got %s, %v", v, got, err)
		}
	}
}

func TestKayentaValues(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: `[]`, `[ ]`: `[]`, `null`: `null`, `[1]`: `[1]`, "[ 1 ,\n\t2\r, \"NaN\" , 3.5 ]": `[1,2,"NaN",3.5]`,
		`["Infinity",-1e-3]`: `["Infinity",-0.001]`,
	} {
		var v KayentaValues
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		numbers := make([]KayentaNumber, len(v))
		for i := range v {
			numbers[i] = KayentaNumber(v[i])
		}
		if v == nil {
			numbers = nil
		}
		if got, _ := json.Marshal(numbers); string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{`[null]`, `[1,"x"]`, `[[1]]`, `{"a":1}`, `5`, `"NaN"`, `[true]`, `["a, b"]`, `[{"a": 1}]`} {
		var v KayentaValues
		if err := json.Unmarshal([]byte(text), &v); analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("%s: got %v, %v", text, v, err)
		}
	}
}

const kayentaBody = `{"canaryConfig": {"metrics": [{"name": "m"}], "classifier": {}},
	"scoreThresholds": {"pass": 95, "marginal": 75},
	"metricSetPairList": [{"name": "m", "values": {"control": [1, 2, 3], "experiment": [1, 2, 3]}}]}`

func TestKayentaSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"classifier": {}`, `"classifier": null`, "canaryConfig.classifier is missing"},
		{`"scoreThresholds"`, `"thresholds"`, "scoreThresholds.pass is missing"},
		{`"pass": 95, `, ``, "scoreThresholds.pass is missing"},
		{`"marginal": 75`, `"marginal": null`, "scoreThresholds.marginal is missing"},
		{`"metricSetPairList"`, `"pairs"`, "metricSetPairList is missing"},
		{`"canaryConfig"`, `"config"`, "canaryConfig is missing"},
		{`"control": [1, 2, 3], `, ``, `metric "m": values.control is missing`},
		{`"experiment": [1, 2, 3]`, `"experiment": null`, `metric "m": values.experiment is missing`},
		{`{"name": "m"}`, `{"name": "n"}`, `metric "m": not in canaryConfig.metrics`},
		{
			`{"name": "m"}`, `{"name": "m", "analysisConfigurations": {"canary": {"critical": "yes"}}}`,
			`metric "m": canary.critical: want true or false, have a text`,
		},
		{`"classifier": {}`, `"classifier": {"groupWeights": {"g": "NaN"}}`, ""},
	} {
		body := strings.Replace(kayentaBody, c.old, c.new, 1)
		if body == kayentaBody {
			t.Fatalf("%s is not in the body", c.old)
		}
		var req KayentaRequest
		decode(t, []byte(body), &req)
		_, err := Kayenta(req)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.new, err)
			}
			continue
		}
		if analysis.KindOf(err) != analysis.Invalid || err.Error() != "kayenta judgement: "+c.want {
			t.Errorf("%s: got %v, want %s", c.new, err, c.want)
		}
	}
}

// What the judge does not read it must not trip over; what belongs to a pair it must
// hand back.
func TestKayentaCarriesAndIgnores(t *testing.T) {
	body := `{"name": "a line", "canaryConfig": {"name": "c", "judge": {"name": "x"}, "metrics": [
			{"name": "m", "query": {"type": "prometheus"}, "scopeName": "default", "groups": ["g", "g"],
			 "analysisConfigurations": {"canary": {"comment": 1}, "other": []}},
			{"name": "m", "groups": ["second of the name"], "analysisConfigurations": {"canary": {"direction": null}}},
			{"name": "unused", "analysisConfigurations": {"canary": {"critical": "never read"}}}],
		"classifier": {"groupWeights": {"g": 100}, "scoreThresholds": {"pass": 1, "marginal": 1}}},
		"scoreThresholds": {"pass": 95, "marginal": 75},
		"metricSetPairList": [{"name": "m", "id": "an-id", "tags": {"zone": "a"}, "scopes": {"control": {"stepMillis": 60000}},
			"attributes": {}, "values": {"control": [1, 2, 3], "experiment": [3, 2, 1]}},
			{"name": "m", "values": {"control": ["NaN"], "experiment": []}}]}`
	var req KayentaRequest
	decode(t, []byte(body), &req)
	res, err := Kayenta(req)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(res)
	want := `{"judgeName":"NetflixACAJudge-v1.0",` +
		`"score":{"score":0,"classification":"Fail","classificationReason":"Canary Failed: 50% or more metrics returned NODATA"},` +
		`"groupScores":[{"name":"g","score":100,"classification":"","classificationReason":""}],` +
		`"results":[{"name":"m","tags":{"zone":"a"},"id":"an-id","classification":"Pass",` +
		`"classificationReason":"The Canary and Baseline data are identical","groups":["g","g"],` +
		`"experimentMetadata":{"stats":{"count":3,"mean":2,"min":1,"std":1,"max":3}},` +
		`"controlMetadata":{"stats":{"count":3,"mean":2,"min":1,"std":1,"max":3}},` +
		`"resultMetadata":{"ratio":1},"critical":false,"muted":false},` +
		`{"name":"m","classification":"Nodata","classificationReason":"Missing data for m","groups":["g","g"],` +
		`"experimentMetadata":{"stats":{"count":0,"mean":0,"min":0,"std":0,"max":0}},` +
		`"controlMetadata":{"stats":{"count":0,"mean":0,"min":0,"std":0,"max":0}},` +
		`"resultMetadata":{"ratio":1},"critical":false,"muted":false}]}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
