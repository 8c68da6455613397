package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// line is a plain line. Fields beyond these are mistakes.
type line struct {
	Name              string       `json:"name"`
	StepSeconds       *float64     `json:"step_seconds"` // default 60
	FirstLook         *int         `json:"first_look"`   // samples; default: the judge's own minimum
	LookEvery         *int         `json:"look_every"`   // samples; default 1
	FalseRollbackRate *float64     `json:"false_rollback_rate"`
	Metrics           []lineMetric `json:"metrics"`
}

type lineMetric struct {
	Name      string              `json:"name"`
	Kind      analysis.MetricKind `json:"kind"`      // default gauge
	Direction analysis.Direction  `json:"direction"` // default either
	lineSeries
	Tolerance *lineTolerance `json:"tolerance"` // default 5 %
	Critical  bool           `json:"critical"`
	Weight    *float64       `json:"weight"`
	Group     string         `json:"group"`
	Threshold *lineThreshold `json:"threshold"`
	History   *lineSeries    `json:"history"` // samples of good releases, for judges that learn from them
}

// lineSeries are both sides' samples; for ratios and counts with their totals.
type lineSeries struct {
	Canary        analysis.Values `json:"canary"`
	CanaryTotal   analysis.Values `json:"canary_total"`
	Baseline      analysis.Values `json:"baseline"`
	BaselineTotal analysis.Values `json:"baseline_total"`
}

type lineThreshold struct {
	Max         *float64 `json:"max"`
	Min         *float64 `json:"min"`
	Consecutive *int     `json:"consecutive"` // default 1
}

// lineTolerance is a fraction, or {"relative": 0.1}, or {"absolute": 0.002}.
type lineTolerance struct{ analysis.Tolerance }

// UnmarshalJSON implements json.Unmarshaler.
func (t *lineTolerance) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '{' {
		return json.Unmarshal(b, &t.Relative)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(&t.Tolerance)
}

func decodeLine(raw []byte) (*line, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var l line
	if err := d.Decode(&l); err != nil {
		return nil, badJSON(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, analysis.Errorf(analysis.Invalid, "line: more than one JSON value").WithHint("one analysis a line")
	}
	return &l, l.check()
}

// badJSON puts a decoder's error into the house's words.
func badJSON(err error) error {
	var (
		own    *analysis.Error
		syntax *json.SyntaxError
		typed  *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &own):
		e := analysis.Errorf(own.Kind, "line: %s", own.Message)
		e.Hint = own.Hint
		return e
	case errors.As(err, &typed):
		field := ""
		if typed.Field != "" {
			field = strings.ReplaceAll(typed.Field, "lineSeries.", "") + ": "
		}
		return analysis.Errorf(analysis.Invalid, "line: %sa JSON %s does not fit there", field, typed.Value)
	case errors.As(err, &syntax):
		return analysis.Errorf(analysis.Invalid, "line: not JSON at byte %d: %s", syntax.Offset, syntax.Error())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return analysis.Errorf(analysis.Invalid, "line: not JSON: it ends too early")
	}
	return analysis.Errorf(analysis.Invalid, "line: %s", strings.TrimPrefix(err.Error(), "json: "))
}
