package analysis

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Window is a stretch of time (Start, End]: half open at its start, so that
// windows side by side share no sample.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Steps returns how many whole steps fit into the window.
func (w Window) Steps(step time.Duration) int {
	if step <= 0 || !w.End.After(w.Start) {
		return 0
	}
	return int(w.End.Sub(w.Start) / step)
}

// Shift moves the window by d.
func (w Window) Shift(d time.Duration) Window {
	return Window{Start: w.Start.Add(d), End: w.End.Add(d)}
}

// Query is one question to a Source: an expression in the source's own language,
// a window and a step. The answer's sample i belongs to
// (Start+i*Step, Start+(i+1)*Step].
type Query struct {
	Text   string        `json:"text"`
	Window Window        `json:"window"`
	Step   time.Duration `json:"step"`
	// Reduce says how several series become one: "" (several are an error that
	// names their labels), "sum", "mean", "max", "min", or "all" to have all of them.
	Reduce Reduce `json:"reduce,omitempty"`
}

// Reduce is a rule for an answer of several series.
type Reduce string

// The rules. ReduceAll is for callers that want every series with its labels.
const (
	ReduceNone Reduce = ""
	ReduceSum  Reduce = "sum"
	ReduceMean Reduce = "mean"
	ReduceMax  Reduce = "max"
	ReduceMin  Reduce = "min"
	ReduceAll  Reduce = "all"
)

// Series is what a Source answers: one value a step of the query's window.
//
// A step for which the source had no point holds Missing. A NaN or an infinity
// that the source did answer stays what it is. A series with no values at all,
// or no series, is an empty answer; none of these is ever 0.
type Series struct {
	Labels   map[string]string `json:"labels,omitempty"`
	Start    time.Time         `json:"start"` // of the window: the first value belongs to (Start, Start+Step]
	Step     time.Duration     `json:"step"`
	Values   Values            `json:"values"`
	Nulls    int               `json:"nulls,omitempty"`    // of the missing ones: how many the source answered as an explicit null
	Warnings []string          `json:"warnings,omitempty"` // what the source said about its own answer, e.g. that it is partial
	// Rollup is set when the server answered in coarser steps than asked for: how long
	// those were. Each value then stands in the step in which its bucket ends; the
	// steps before it are missing.
	Rollup time.Duration `json:"rollup,omitempty"`
}

// Answer is one Query's share of a batch: its series or its own error.
type Answer struct {
	Series []Series
	Err    error
}

// missingBits is a quiet NaN with a payload of our own. Ordinary NaNs, those of
// arithmetic and those that metric stores answer, never carry it.
const missingBits = 0x7ff8_4841_4c44_0001

// Missing marks a step without a sample. It is a NaN, so arithmetic that forgets
// about it gives NaN, not a number; IsMissing tells it from a NaN that a source
// answered.
func Missing() float64 { return math.Float64frombits(missingBits) }

// IsMissing reports whether v is the mark of a step without a sample.
func IsMissing(v float64) bool { return math.Float64bits(v) == missingBits }

// IsFinite reports whether v is a number one can calculate with.
func IsFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Values are samples in order, one a step. In JSON a missing one is null and
// "NaN", "+Inf", "-Inf" are strings.
type Values []float64

// MarshalJSON implements json.Marshaler.
func (v Values) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	b := make([]byte, 0, 2+8*len(v))
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		if IsMissing(x) {
			b = append(b, "null"...)
		} else {
			b = appendNumber(b, x)
		}
	}
	return append(b, ']'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(b []byte) error {
	var raw []*Number
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if raw == nil {
		*v = nil
		return nil
	}
	out := make(Values, len(raw))
	for i, n := range raw {
		if n == nil {
			out[i] = Missing()
		} else {
			out[i] = float64(*n)
		}
	}
	*v = out
	return nil
}

// Number is a float64 whose JSON form can hold what JSON numbers cannot: NaN and
// the infinities are the strings "NaN", "+Inf" and "-Inf".
type Number float64

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

// UnmarshalJSON implements json.Unmarshaler. Besides its own strings it takes
// "Inf", "Infinity" and "-Infinity", which other tools write.
func (n *Number) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		switch s {
		case "NaN":
			*n = Number(math.NaN())
		case "+Inf", "Inf", "Infinity", "+Infinity":
			*n = Number(math.Inf(1))
		case "-Inf", "-Infinity":
			*n = Number(math.Inf(-1))
		default:
			return Errorf(Invalid, "number %q: not understood", s).
				WithHint(`a JSON number, or one of the strings "NaN", "+Inf", "-Inf"`)
		}
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

func appendNumber(b []byte, x float64) []byte {
	switch {
	case math.IsNaN(x):
		return append(b, `"NaN"`...)
	case math.IsInf(x, 1):
		return append(b, `"+Inf"`...)
	case math.IsInf(x, -1):
		return append(b, `"-Inf"`...)
	case x != 0 && (math.Abs(x) < 1e-6 || math.Abs(x) >= 1e21):
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, x, 'f', -1, 64)
}

// Ptr returns a pointer to a Number, for optional fields.
func (n Number) Ptr() *Number { return &n }
