package config

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Line is one metric that is worth a look.
type Line struct {
	Metric   string // with its segment
	Critical bool
	Bad      bool   // it counts against the release; else it could not be judged
	What     string // the judge's sentence
	Numbers  string // seen, expected, change, samples
	Link     string // where a person can see it
	Warnings []string
}

// Text returns the line as plain text.
func (l Line) Text() string {
	s := l.Metric
	if l.Critical {
		s += " (critical)"
	}
	s += ": " + l.What
	if l.Numbers != "" {
		s += " [" + l.Numbers + "]"
	}
	for _, w := range l.Warnings {
		s += " Warning: " + w
	}
	if l.Link != "" {
		s += " " + l.Link
	}
	return s
}

// lines picks the findings worth telling: the bad ones, critical ones first, then
// those that could not be judged. A release that passed, or has only begun, has
// none to tell.
func lines(t analysis.EventType, findings []analysis.Finding) []Line {
	if t == analysis.EventRunStarted || t == analysis.EventRunPassed || t == analysis.EventRollbackVerified {
		return nil
	}
	worth := slices.DeleteFunc(slices.Clone(findings), func(f analysis.Finding) bool {
		return !f.Bad && !f.Undecided()
	})
	rank := func(f analysis.Finding) int {
		switch {
		case f.Bad && f.Critical:
			return 0
		case f.Bad:
			return 1
		case f.Critical:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(worth, func(a, b analysis.Finding) int { return cmp.Compare(rank(a), rank(b)) })
	var out []Line
	for _, f := range worth {
		out = append(out, line(f))
	}
	return out
}

func line(f analysis.Finding) Line {
	l := Line{
		Metric: f.Metric, Critical: f.Critical, Bad: f.Bad,
		What: sentence(f.Reason), Numbers: numbers(f), Warnings: f.Warnings,
	}
	if f.Segment != "" {
		l.Metric += " (" + f.Segment + ")"
	}
	if l.What == "" {
		l.What = "Class " + string(f.Class) + "."
	}
	if isWebLink(f.Link) {
		l.Link = f.Link
	}
	return l
}

// numbers says what was measured: "seen 0.042, expected 0.031, change +38 %
// (+21 % to +57 %), 35 samples against 35".
func numbers(f analysis.Finding) string {
	var parts []string
	if f.Seen != nil {
		parts = append(parts, "seen "+number(float64(*f.Seen)))
	}
	if f.Expected != nil {
		parts = append(parts, "expected "+number(float64(*f.Expected)))
	}
	if f.Effect != nil {
		s := "change " + change(float64(*f.Effect), f.EffectUnit)
		if i := f.Interval; i != nil {
			s += " (" + interval(float64(i[0]), float64(i[1]), f.EffectUnit) + ")"
		}
		parts = append(parts, s)
	}
	if s := f.Samples; s.Canary+s.Baseline > 0 {
		parts = append(parts, fmt.Sprintf("%s against %d", count(s.Canary, "sample"), s.Baseline))
	}
	return strings.Join(parts, ", ")
}

// number prints four significant digits without an exponent where people would
// not write one.
func number(x float64) string {
	if a := math.Abs(x); a >= 1e4 && a < 1e15 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// change prints an effect with its sign: as a percentage, or as a number when the
// effect is in the metric's own unit.
func change(x float64, unit string) string {
	s, percent := number(x), ""
	if unit == "" {
		percent = " %"
		s = strconv.FormatFloat(100*x, 'f', 1, 64)
		if math.Abs(100*x) >= 10 {
			s = strconv.FormatFloat(100*x, 'f', 0, 64)
		}
		s = strings.TrimSuffix(s, ".0")
	}
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return s // "+Inf" carries its sign
	}
	if x > 0 {
		s = "+" + s
	}
	return s + percent
}

func interval(lo, hi float64, unit string) string {
	switch {
	case math.IsInf(lo, -1) && math.IsInf(hi, 1):
		return "anything is possible"
	case math.IsInf(hi, 1):
		return change(lo, unit) + " or more"
	case math.IsInf(lo, -1):
		return change(hi, unit) + " or less"
	}
	return change(lo, unit) + " to " + change(hi, unit)
}
