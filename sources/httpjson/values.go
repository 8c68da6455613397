package httpjson

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// value is one number that an expression has made of an answer.
type value struct {
	labels map[string]string
	at     time.Time
	now    bool // it has no time: it is of the moment of asking
	number float64
	null   bool
}

// forms is the hint for results that are no values.
const forms = "a number, or a list of [time, number] or [time, number, labels]"

// valuesOf reads the result of an expression: a number or nil, which is of now; an
// object {time, value, labels}, of which only value must be there; a list of such
// objects or of [time, number] or [time, number, labels]; a list of such lists; or an
// object whose names are times.
func valuesOf(result any, unit answer.TimeUnit) ([]value, *analysis.Error) {
	switch r := result.(type) {
	case []any:
		return listOf(nil, r, unit)
	case map[string]any:
		if _, single := r["value"]; single {
			break
		}
		values := make([]value, 0, len(r))
		for _, name := range slices.Sorted(maps.Keys(r)) {
			v, err := valueOf([]any{name, r[name]}, unit)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, nil
	case nil, float64, int:
		n, null, err := numberOf(r)
		return []value{{now: true, number: n, null: null}}, err
	}
	v, err := valueOf(result, unit)
	return []value{v}, err
}

// listOf adds the values of a list.
func listOf(values []value, list []any, unit answer.TimeUnit) ([]value, *analysis.Error) {
	for i, item := range list {
		var err *analysis.Error
		if inner, ok := item.([]any); ok && isListOfValues(inner) {
			values, err = listOf(values, inner, unit)
		} else {
			var v value
			v, err = valueOf(item, unit)
			values = append(values, v)
		}
		if err != nil {
			err.Message = fmt.Sprintf("element %d: %s", i, err.Message)
			return nil, err
		}
	}
	return values, nil
}

// isListOfValues tells a list of values from a value: that begins with its time.
func isListOfValues(list []any) bool {
	if len(list) == 0 {
		return true
	}
	switch list[0].(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// valueOf reads one element of a list.
func valueOf(item any, unit answer.TimeUnit) (v value, err *analysis.Error) {
	var at, number, labels any
	switch i := item.(type) {
	case []any:
		if len(i) != 2 && len(i) != 3 {
			return v, odd("a list of %d", len(i))
		}
		at, number = i[0], i[1]
		if len(i) == 3 {
			labels = i[2]
		}
		if at == nil {
			return v, odd("no time")
		}
	case map[string]any:
		var ok bool
		if number, ok = i["value"]; !ok {
			return v, odd("an object without value")
		}
		at, labels = i["time"], i["labels"]
	default:
		_, _, err = numberOf(item)
		if err == nil {
			err = odd("a number without a time, in a list")
		}
		return v, err
	}
	if v.now = at == nil; !v.now {
		if v.at, err = timeOf(at, unit); err != nil {
			return v, err
		}
	}
	if v.number, v.null, err = numberOf(number); err != nil {
		return v, err
	}
	v.labels, err = labelsOf(labels)
	return v, err
}

// numberOf reads a number or nil. What looks like a number is none: that it is meant as
// one is the expression's to say.
func numberOf(v any) (number float64, null bool, err *analysis.Error) {
	switch n := v.(type) {
	case nil:
		return 0, true, nil
	case float64:
		return n, false, nil
	case int:
		return float64(n), false, nil
	case string:
		return 0, false, analysis.Errorf(analysis.Invalid, "%s is a text, not a number", strconv.Quote(n)).WithHint("float(...) around it")
	case bool:
		return 0, false, analysis.Errorf(analysis.Invalid, "%t is no number", n).WithHint("... ? 1 : 0 after it")
	}
	return 0, false, odd("%s", kindOf(v))
}

// kindOf says what something is that is no number.
func kindOf(v any) string {
	switch v.(type) {
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

// labelsOf reads the labels of a value. Those that are nil are not there.
func labelsOf(v any) (map[string]string, *analysis.Error) {
	if v == nil {
		return nil, nil
	}
	given, ok := v.(map[string]any)
	if !ok {
		return nil, odd("labels that are no object")
	}
	labels := map[string]string{}
	for name, v := range given {
		switch l := v.(type) {
		case nil:
		case string:
			labels[name] = l
		case bool, int:
			labels[name] = fmt.Sprint(l)
		case float64:
			labels[name] = strconv.FormatFloat(l, 'f', -1, 64)
		default:
			return nil, odd("label %s that is no text", strconv.Quote(name))
		}
	}
	return labels, nil
}

// odd is the error of a result that is no value.
func odd(format string, args ...any) *analysis.Error {
	return analysis.Errorf(analysis.Invalid, "the expression gives "+format, args...).WithHint("%s", forms)
}

// timeOf reads a time: a number, a text of digits or RFC 3339, or a date of expr.
func timeOf(v any, unit answer.TimeUnit) (time.Time, *analysis.Error) {
	switch at := v.(type) {
	case time.Time:
		return at, nil
	case int:
		return unit.Moment(float64(at))
	case float64:
		return unit.Moment(at)
	case string:
		return unit.Parse(at)
	}
	return time.Time{}, odd("no time")
}
