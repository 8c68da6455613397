package judge

import (
	"math"

	"github.com/haldane-dev/haldane/analysis"
)

// leaning is the share of the evidence it takes to fail the run from which on a
// metric is said to look bad.
const leaning = 0.1

// words writes a finding's sentence. The headline is what a person has to know; the
// reason adds what they may ask next.
func (s *sequential) words(o *opinion, final bool) {
	e := o.evidence
	m, _ := s.plan.Metric(o.Metric)
	t := telling{evidence: e, unit: unitOf(&m), than: thanBaseline(s.plan.Baseline)}
	name := who(&analysis.Pair{Metric: o.Metric, Segment: o.Segment})
	share := percent(twoDigits(float64(*o.Evidence)))
	open := o.state == collecting
	o.leans = !o.Bad && *o.Evidence >= leaning
	switch {
	case o.Bad:
		o.headline = name + " is " + t.all()
	case o.leans:
		o.headline = name + " looks " + t.all()
		if open && final {
			o.headline += ", and needs " + e.wait
		}
	case open:
		o.headline = name + " needs " + e.wait
	case e.pass >= -math.Log(passRate):
		o.headline = name + " shows no " + changeBeyond(&m, t.unit) + t.because()
	default:
		o.headline = name + " shows no clear " + changeBeyond(&m, t.unit) + t.because()
	}
	if open && final && e.fine != "" {
		o.headline += "; " + e.fine
	}
	o.Reason = o.headline
	switch {
	case o.leans, o.Bad && !s.failed:
		o.Reason += "; that is " + share + " of the evidence it takes to fail the run"
	case open:
		o.Reason += t.soFar()
	}
	if e.note != "" {
		o.Reason += "; " + e.note
	}
	o.Warnings = append(o.Warnings, e.warnings...)
}

// changeBeyond names what counts: "rise beyond 5 %".
func changeBeyond(m *analysis.Metric, u unit) string {
	text := "change"
	switch m.Direction {
	case analysis.Increase:
		text = "rise"
	case analysis.Decrease:
		text = "fall"
	}
	switch t := m.Tolerance; {
	case t.Absolute > 0:
		text += " beyond " + telling{unit: u}.amount(t.Absolute)
	case t.Relative > 0:
		text += " beyond " + percent(t.Relative)
	}
	return text
}

// thanBaseline says what the canary is compared with.
func thanBaseline(b analysis.Baseline) string {
	switch b.Kind {
	case analysis.BaselineOffset:
		return b.Shift.String() + " earlier"
	case analysis.BaselineBefore:
		return "in the " + b.Shift.String() + " before the run"
	}
	return "the baseline"
}

// telling puts an effect into words.
type telling struct {
	*evidence
	unit unit
	than string // "the baseline"
}

// all is "38 % higher than the baseline (between 21 % and 57 %) since sample 31: 0.41
// against 0.3".
func (t telling) all() string {
	text := t.change() + t.interval()
	if t.since > 0 {
		text += " since sample " + figures(float64(t.since+1), 15)
	}
	if math.IsNaN(t.seen) || math.IsNaN(t.expected) {
		return text
	}
	seen, expected := t.unit.values(t.seen, t.expected)
	return text + ": " + seen + " against " + expected
}

// because is ": 1.2 % higher than the baseline (between 2 % lower and 4 % higher)",
// or nothing while that is not known.
func (t telling) because() string {
	if math.IsNaN(t.effect) {
		return ""
	}
	return ": " + t.change() + t.interval()
}

// soFar is "; so far 1.2 % higher than the baseline (..)", or nothing.
func (t telling) soFar() string {
	if math.IsNaN(t.effect) {
		return ""
	}
	return "; so far " + t.change() + t.interval()
}

// farOff is an end of an interval that tells nobody anything: a thousand times.
const farOff = 1000

// change is "38 % higher than the baseline".
func (t telling) change() string {
	effect := twoDigits(t.effect)
	switch {
	case math.IsNaN(t.effect):
		return "changed against " + t.than
	case effect == 0 || t.evidence.unit == "" && math.Abs(effect) < 0.0005:
		return "the same as " + t.than
	case t.evidence.unit == "":
		if t.times() {
			effect = twoDigits(t.effect+1) - 1
		}
		return change(effect) + " " + t.than
	case effect > 0:
		return t.amount(effect) + " higher than " + t.than
	}
	return t.amount(-effect) + " lower than " + t.than
}

// times reports whether an effect is so large that percent say less than "12 times".
func (t telling) times() bool { return t.evidence.unit == "" && t.effect >= 9 }

// interval is " (between 21 % and 57 %)", of a size with the effect's own sign when
// that is clear, else " (between 2 % lower and 9 % higher)".
func (t telling) interval() string {
	lo, hi := t.lo, t.hi
	if math.IsNaN(lo) || math.IsNaN(hi) || math.IsInf(lo, -1) && math.IsInf(hi, 1) {
		return ""
	}
	switch {
	case t.times():
		if hi > farOff {
			return " (at least " + figures(lo+1, 2) + " times)"
		}
		return " (between " + figures(lo+1, 2) + " and " + figures(hi+1, 2) + " times)"
	case t.effect > 0 && lo >= 0:
		return bounds(t.amount(lo), t.amount(hi), math.IsInf(hi, 1))
	case t.effect < 0 && hi <= 0:
		return bounds(t.amount(-hi), t.amount(-lo), math.IsInf(lo, -1))
	case math.IsInf(lo, -1):
		return " (at most " + t.side(hi) + ")"
	case math.IsInf(hi, 1):
		return " (at least " + t.side(lo) + ")"
	}
	return " (between " + t.side(lo) + " and " + t.side(hi) + ")"
}

func bounds(low, high string, open bool) string {
	if open {
		return " (at least " + low + ")"
	}
	return " (between " + low + " and " + high + ")"
}

// side writes one end of an interval that holds 0.
func (t telling) side(v float64) string {
	if v < 0 {
		return t.amount(-v) + " lower"
	}
	return t.amount(v) + " higher"
}

// amount writes the size of an effect in two digits.
func (t telling) amount(v float64) string {
	switch {
	case t.evidence != nil && t.evidence.unit == "":
		return percent(twoDigits(v))
	case t.unit.share:
		return figures(v*100, 2) + " percentage points"
	}
	return figures(v, 2)
}

// twoDigits rounds to two significant digits.
func twoDigits(v float64) float64 {
	if v == 0 || !analysis.IsFinite(v) {
		return v
	}
	scale := math.Pow(10, 1-math.Floor(math.Log10(math.Abs(v))))
	if r := math.Round(v*scale) / scale; analysis.IsFinite(r) {
		return r
	}
	return v
}
