package httpjson

import (
	"regexp"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// placeholders lists what may stand in paths, parameters and bodies.
const placeholders = "${start}, ${end} and ${step} in seconds, ${start_ms}, ${end_ms}, ${step_ms}, ${start_rfc3339}, ${end_rfc3339}"

var placeholder = regexp.MustCompile(`\$\{([^{}]*)\}`)

// fill puts the window and the step into a text.
func fill(text string, w analysis.Window, step time.Duration) (string, *analysis.Error) {
	var wrong *analysis.Error
	out := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		value, ok := moment(p[2:len(p)-1], w, step)
		if !ok {
			wrong = analysis.Errorf(analysis.Invalid, "there is no %s", p).WithHint("one of %s", placeholders)
		}
		return value
	})
	return out, wrong
}

func moment(name string, w analysis.Window, step time.Duration) (string, bool) {
	switch name {
	case "start":
		return seconds(w.Start), true
	case "end":
		return seconds(w.End), true
	case "step":
		return strconv.FormatFloat(step.Seconds(), 'f', -1, 64), true
	case "start_ms":
		return strconv.FormatInt(w.Start.UnixMilli(), 10), true
	case "end_ms":
		return strconv.FormatInt(w.End.UnixMilli(), 10), true
	case "step_ms":
		return strconv.FormatInt(step.Milliseconds(), 10), true
	case "start_rfc3339":
		return w.Start.UTC().Format(time.RFC3339Nano), true
	case "end_rfc3339":
		return w.End.UTC().Format(time.RFC3339Nano), true
	}
	return "", false
}

// seconds prints a moment in seconds since 1970, with as many digits as it needs.
func seconds(t time.Time) string {
	return strconv.FormatFloat(unixSeconds(t), 'f', -1, 64)
}

// unixSeconds is exact to the microsecond.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
