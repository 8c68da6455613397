package analysis

// Noise is what earlier good runs say about how far a metric's two sides differ by
// chance alone, and for how long. judge.Learn makes it of a run, judge.Pool of
// several; in a Pair it is an input of the sequential judge, which never trusts it
// beyond the number of its samples.
type Noise struct {
	Metric  string     `json:"metric"`
	Segment string     `json:"segment,omitempty"`
	Kind    MetricKind `json:"kind"`
	Scale   NoiseScale `json:"scale"`
	Spacing Duration   `json:"spacing"` // between the values that were compared: the step, or several when it is short
	Runs    int        `json:"runs"`
	Samples int        `json:"samples"` // values behind it

	Mean         float64   `json:"mean"` // of the differences of canary and baseline
	SD           float64   `json:"sd"`
	Correlations []float64 `json:"correlations,omitempty"` // between values 1, 2, .. apart
}

// NoiseScale says how the sides were compared.
type NoiseScale string

// The scales.
const (
	NoiseLog    NoiseScale = "log"    // logarithm of canary over baseline
	NoiseLinear NoiseScale = "linear" // difference, in units of the baseline's mean
)
