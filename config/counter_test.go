package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCounterWindows(t *testing.T) {
	for _, c := range []struct{ query, want string }{
		{"up", ""},
		{"rate(x[5m])", "rate 5m"},
		{"sum by (le) (rate (x{a=\"b\"}[1m30s])) / sum(increase(y[1m]))", "rate 1m30s, increase 1m"},
		{"irate(x[90s]) + delta(y[1h]) + idelta(z[2d])", "irate 1m30s, delta 1h, idelta 2d"},
		{"avg_over_time(x[5m])", ""},
		{"deriv(x[5m])", ""},
		{"my_rate(x[5m])", ""},
		{"rate_5m", ""},
		{"rate(x)", ""},
		{`x{a="rate(y[5m])"}`, ""},
		{`x{a='rate(y[5m])'} + rate(z{b="]["}[2m])`, "rate 2m"},
		{"x{a=`rate(y[5m])\\`} + rate(z[2m])", "rate 2m"},
		{`x{a="\"rate(y[5m])"}`, ""},
		{"max_over_time(rate(x[5m])[1h:1m])", "rate 5m"},
		{"rate(sum(x)[1h:1m])", "rate 1h"},
		{"rate(x[5m", ""},
		{"rate(x[$__interval])", ""},
		{"rate", ""},
		{"rate(", ""},
		{`rate("`, ""},
		{"p99:trace{service:rate}", ""},
	} {
		var got []string
		for _, w := range CounterWindows(c.query) {
			got = append(got, fmt.Sprintf("%s %s", w.Function, w.Window))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q instead of %q", c.query, s, c.want)
		}
	}
}

func TestCounterWindowsKnowTheirSelectors(t *testing.T) {
	query := `sum(rate(x{a="]("}[1m])) / sum(increase( y [2m])) + rate(sum(z)[1h:1m])`
	var got []string
	for _, w := range CounterWindows(query) {
		got = append(got, w.Selector)
	}
	if want := []string{`x{a="]("}`, "y", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
