package judge

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/haldane-dev/haldane/analysis"
)

// KayentaRequest is the body of Kayenta's remote-judge call. Fields that the judge
// does not read are left out, and ignored in JSON.
type KayentaRequest struct {
	CanaryConfig      *KayentaConfig     `json:"canaryConfig"`
	ScoreThresholds   *KayentaThresholds `json:"scoreThresholds"`
	MetricSetPairList []KayentaPair      `json:"metricSetPairList"`
}

// KayentaConfig is the part of a canary config that the judge reads.
type KayentaConfig struct {
	Metrics    []KayentaMetric `json:"metrics"`
	Classifier *struct {
		GroupWeights map[string]KayentaNumber `json:"groupWeights"`
	} `json:"classifier"`
}

// KayentaMetric is one metric of a canary config.
type KayentaMetric struct {
	Name                   string          `json:"name"`
	Groups                 []string        `json:"groups"`
	AnalysisConfigurations KayentaSettings `json:"analysisConfigurations"`
}

// KayentaThresholds are the scores from which on a run passes or is marginal.
type KayentaThresholds struct {
	Pass     *KayentaNumber `json:"pass"`
	Marginal *KayentaNumber `json:"marginal"`
}

func (t *KayentaThresholds) label(score float64) string {
	switch {
	case score >= float64(*t.Pass):
		return "Pass"
	case score >= float64(*t.Marginal):
		return "Marginal"
	}
	return "Fail"
}

// KayentaPair holds both sides' samples of one metric and one set of tags.
type KayentaPair struct {
	Name   string            `json:"name"`
	ID     string            `json:"id"`
	Tags   map[string]string `json:"tags"`
	Values struct {
		Control    KayentaValues `json:"control"`
		Experiment KayentaValues `json:"experiment"`
	} `json:"values"`
}

// KayentaResult is Kayenta's judge result.
type KayentaResult struct {
	JudgeName   string                `json:"judgeName"`
	Score       KayentaScore          `json:"score"`
	GroupScores []KayentaGroupScore   `json:"groupScores"`
	Results     []KayentaMetricResult `json:"results"`
}

// KayentaScore is the score of the whole run.
type KayentaScore struct {
	Score                KayentaNumber `json:"score"`
	Classification       string        `json:"classification"` // Pass | Marginal | Fail
	ClassificationReason string        `json:"classificationReason"`
}

// KayentaGroupScore is the score of one group. Upstream leaves the texts empty.
type KayentaGroupScore struct {
	Name                 string        `json:"name"`
	Score                KayentaNumber `json:"score"`
	Classification       string        `json:"classification"`
	ClassificationReason string        `json:"classificationReason"`
}

// KayentaMetricResult is the judge's word on one pair. ResultMetadata is absent when
// the classification failed, ClassificationReason when there is nothing to say.
type KayentaMetricResult struct {
	Name                 string                 `json:"name"`
	Tags                 map[string]string      `json:"tags,omitzero"`
	ID                   string                 `json:"id,omitempty"`
	Classification       KayentaLabel           `json:"classification"`
	ClassificationReason string                 `json:"classificationReason,omitempty"`
	Groups               []string               `json:"groups"`
	ExperimentMetadata   KayentaMetadata        `json:"experimentMetadata"`
	ControlMetadata      KayentaMetadata        `json:"controlMetadata"`
	ResultMetadata       *KayentaResultMetadata `json:"resultMetadata,omitempty"`
	Critical             bool                   `json:"critical"`
	Muted                bool                   `json:"muted"`
}

// KayentaMetadata wraps one side's statistics.
type KayentaMetadata struct {
	Stats KayentaStats `json:"stats"`
}

// KayentaStats describe one side after the transform; all 0 when it is empty.
type KayentaStats struct {
	Count int           `json:"count"`
	Mean  KayentaNumber `json:"mean"`
	Min   KayentaNumber `json:"min"`
	Std   KayentaNumber `json:"std"`
	Max   KayentaNumber `json:"max"`
}

// KayentaResultMetadata wraps the ratio of the means, canary to baseline.
type KayentaResultMetadata struct {
	Ratio KayentaNumber `json:"ratio"`
}

// KayentaNumber is a float64 in the JSON of the JVM's usual library: "NaN",
// "Infinity" and "-Infinity" are strings, and a number may come as a string.
type KayentaNumber float64

// MarshalJSON implements json.Marshaler.
func (n KayentaNumber) MarshalJSON() ([]byte, error) {
	v := float64(n)
	switch {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	}
	return json.Marshal(v)
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *KayentaNumber) UnmarshalJSON(b []byte) error {
	v, err := kayentaFloat(b)
	*n = KayentaNumber(v)
	return err
}

// KayentaValues are one side's samples. A missing one is "NaN"; null is refused.
type KayentaValues []float64

// UnmarshalJSON implements json.Unmarshaler. It reads the numbers in one pass: of
// all that a judgement does, decoding would otherwise take longest.
func (v *KayentaValues) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*v = nil
		return nil
	}
	if len(b) < 2 || b[0] != '[' {
		return analysis.Errorf(analysis.Invalid, "values: want a list of numbers")
	}
	out := make(KayentaValues, 0, bytes.Count(b, []byte(","))+1)
	b = skipSpace(b[1:])
	for b[0] != ']' { // the JSON is known to be valid
		end := 0
		for b[end] != ',' && b[end] != ']' && !isSpace(b[end]) {
			end++
		}
		x, err := kayentaFloat(b[:end])
		if err != nil {
			return err
		}
		out = append(out, x)
		if b = skipSpace(b[end:]); b[0] == ',' {
			b = skipSpace(b[1:])
		}
	}
	*v = out
	return nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func skipSpace(b []byte) []byte {
	for isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// kayentaFloat reads one number as the JVM's usual JSON library does.
func kayentaFloat(b []byte) (float64, error) {
	text, isNumber := b, len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9')
	if len(b) > 1 && b[0] == '"' {
		text = b[1 : len(b)-1]
		switch string(text) {
		case "NaN":
			return math.NaN(), nil
		case "Infinity", "INF", "Inf", "+Inf":
			return math.Inf(1), nil
		case "-Infinity", "-INF", "-Inf":
			return math.Inf(-1), nil
		}
		// Go's parser knows more than JSON does: hexadecimal, underscores, "inf".
		isNumber = len(bytes.Trim(text, "0123456789+-.eE")) == 0
	}
	if isNumber {
		v, err := strconv.ParseFloat(string(text), 64)
		if err == nil || math.IsInf(v, 0) { // beyond the range is infinite there, too
			return v, nil
		}
	}
	return 0, analysis.Errorf(analysis.Invalid, "number %.40s: not understood", b).
		WithHint(`a JSON number, or "NaN", "Infinity", "-Infinity"`)
}
