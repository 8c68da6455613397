package judge

import (
	"math"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Sentences are read by tired people: numbers have three significant digits, shares
// and changes are percent, and the metric's name comes first.

// who names what a pair is about.
func who(p *analysis.Pair) string {
	if p.Segment != "" {
		return p.Metric + " in " + p.Segment
	}
	return p.Metric
}

// figures writes a number with so many significant digits, without an exponent
// where people can do without.
func figures(v float64, digits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "infinite"
	case math.IsInf(v, -1):
		return "-infinite"
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if abs := math.Abs(short); abs != 0 && (abs < 1e-4 || abs >= 1e15) {
		return strconv.FormatFloat(short, 'e', -1, 64)
	}
	return strconv.FormatFloat(short+0, 'f', -1, 64) // +0: no "-0"
}

// unit writes values of a metric: shares as percent, others as they are.
type unit struct{ share bool }

func unitOf(m *analysis.Metric) unit { return unit{share: m.Kind == analysis.Ratio} }

func (u unit) digits(v float64, digits int) string {
	if u.share {
		return figures(v*100, digits) + " %"
	}
	return figures(v, digits)
}

// value writes one value.
func (u unit) value(v float64) string { return u.digits(v, 3) }

// values writes two values with as many digits as it takes to tell them apart.
func (u unit) values(a, b float64) (string, string) {
	for digits := 3; digits < 9; digits++ {
		if sa, sb := u.digits(a, digits), u.digits(b, digits); sa != sb {
			return sa, sb
		}
	}
	return u.value(a), u.value(b)
}

// difference writes the ends of an interval of differences.
func (u unit) difference(low, high float64) string {
	if u.share {
		return figures(low*100, 3) + " to " + figures(high*100, 3) + " percentage points"
	}
	return figures(low, 3) + " to " + figures(high, 3)
}

// percent writes a share.
func percent(v float64) string { return figures(v*100, 3) + " %" }

// change writes a relative change as "38 % higher than".
func change(effect float64) string {
	switch {
	case effect >= 9:
		return figures(effect+1, 3) + " times as high as"
	case effect > 0:
		return percent(effect) + " higher than"
	}
	return percent(-effect) + " lower than"
}

// plural writes "1 sample", "3 samples".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// list joins at most three texts and says how many more there are.
func list(texts []string) string {
	const most = 3
	if len(texts) <= most {
		return strings.Join(texts, "; ")
	}
	return strings.Join(texts[:most], "; ") + "; and " + strconv.Itoa(len(texts)-most) + " more"
}
