package ui

import (
	"html/template"
	"math"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// words are the functions that pages may use.
var words = template.FuncMap{
	"time":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"clock":   func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"ago":     func(now, t time.Time) string { return short(now.Sub(t)) },
	"between": func(a, b time.Time) string { return short(b.Sub(a)) },
	"state":   state,
	"number":  number,
	"effect":  effect,
	"percent": func(x float64) string { return strconv.FormatFloat(100*x, 'f', 0, 64) + " %" },
	"score": func(x *float64) string {
		return optional(x, func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) })
	},
}

func optional(x *float64, show func(float64) string) string {
	if x == nil {
		return "–"
	}
	return show(*x)
}

// short prints a duration with at most two units.
func short(d time.Duration) string {
	switch d = d.Abs(); {
	case d < 10*time.Second:
		return analysis.Duration(d.Truncate(100 * time.Millisecond)).String()
	case d < time.Hour:
		d = d.Truncate(time.Second)
	case d < 48*time.Hour:
		d = d.Truncate(time.Minute)
	default:
		d = d.Truncate(time.Hour)
	}
	return analysis.Duration(d).String()
}

// state is one word for where a run stands: its outcome once it has one.
func state(r analysis.Run) string {
	if r.Outcome != nil {
		return string(*r.Outcome)
	}
	return string(r.Status)
}

// number prints a level with three significant digits.
func number(x *analysis.Number) string {
	return optional((*float64)(x), func(v float64) string {
		if v != 0 && (math.Abs(v) >= 1e6 || math.Abs(v) < 1e-4) {
			return strconv.FormatFloat(v, 'e', 2, 64)
		}
		return strconv.FormatFloat(v, 'f', digits(v), 64)
	})
}

// digits is how many of them to show behind the point for three in all.
func digits(v float64) int {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
}

// effect prints a change with its interval.
func effect(f analysis.Finding) string {
	if f.Effect == nil {
		return "–"
	}
	show := func(n analysis.Number) string {
		if f.EffectUnit != "" {
			return number(&n)
		}
		return strconv.FormatFloat(100*float64(n), 'f', 1, 64) + " %"
	}
	out := show(*f.Effect)
	if *f.Effect > 0 {
		out = "+" + out
	}
	if f.Interval != nil {
		out += " (" + show(f.Interval[0]) + " to " + show(f.Interval[1]) + ")"
	}
	return out
}
