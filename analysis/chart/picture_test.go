package chart

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func TestPictureShowsWhatWasMeasured(t *testing.T) {
	m := newRun(analysis.Gauge, 30)
	v := svg(t, m.picture())
	for _, want := range []string{
		"checkout: p99 - canary 2.0.1 against 1.9.4", "canary", "baseline", "tolerance: 10 % above",
		"a sample each 1m - time (UTC), 2026-01-02", m.finding.Reason, "12:05",
	} {
		if !v.says(want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	canary, baseline := v.lines(canaryColor, false), v.lines(baselineColor, false)
	if len(canary) != 1 || len(canary[0].points) != 30 || len(baseline) != 1 || len(baseline[0].points) != 30 {
		t.Fatalf("%d and %d lines", len(canary), len(baseline))
	}
	if n := v.dots(canaryColor); n != 30 {
		t.Errorf("%d dots", n)
	}
	// A sample lies at the end of its step: the tenth at 12:10.
	if x := canary[0].points[9][0]; !near(x, v.centre(t, "12:10")) {
		t.Errorf("the tenth sample lies at %g, 12:10 at %g", x, v.centre(t, "12:10"))
	}
	// Heights are linear in the values, the same for both sides.
	a, b := canary[0].points, baseline[0].points
	va, vb := m.pair.Canary.Values, m.pair.Baseline.Values
	unit := (a[0][1] - a[1][1]) / (va[0] - va[1])
	for i := range va {
		if got, want := b[i][1]-a[i][1], unit*(vb[i]-va[i]); !near(got, want) {
			t.Fatalf("sample %d: the sides are %g apart, want %g", i, got, want)
		}
	}
}

func TestBandIsTheTolerance(t *testing.T) {
	for name, c := range map[string]struct {
		direction  analysis.Direction
		tolerance  analysis.Tolerance
		over, less float64 // of a baseline of 2, in its unit
	}{
		"increase":          {analysis.Increase, analysis.Tolerance{Relative: 0.1}, 0.2, 0},
		"decrease":          {analysis.Decrease, analysis.Tolerance{Relative: 0.1}, 0, 0.2},
		"either, absolute":  {analysis.Either, analysis.Tolerance{Absolute: 0.5}, 0.5, 0.5},
		"a rise of so much": {analysis.Increase, analysis.Tolerance{Absolute: 0.3}, 0.3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := newRun(analysis.Gauge, 4)
			m.pair.Canary.Values, m.pair.Baseline.Values = analysis.Values{1, 3, 1, 3}, analysis.Values{2, 2, 2, 2}
			m.metric().Direction, m.metric().Tolerance = c.direction, c.tolerance
			v := svg(t, m.picture())
			bands, line := v.areas(toleranceColor), v.lines(baselineColor, false)[0].points
			canary := v.lines(canaryColor, false)[0].points
			if len(bands) != 1 {
				t.Fatalf("%d bands", len(bands))
			}
			unit := (canary[1][1] - canary[0][1]) / 2
			top, bottom := math.Inf(-1), math.Inf(1)
			for _, p := range bands[0].points {
				top, bottom = max(top, p[1]), min(bottom, p[1])
			}
			if !near(top-line[0][1], unit*c.over) || !near(line[0][1]-bottom, unit*c.less) {
				t.Errorf("the band is from %g to %g, the baseline at %g, a unit %g", bottom, top, line[0][1], unit)
			}
		})
	}
}

func TestBandOnlyWhereItMeansSomething(t *testing.T) {
	for name, spoil := range map[string]func(m *made){
		"no tolerance":      func(m *made) { m.metric().Tolerance = analysis.Tolerance{} },
		"a judge without":   func(m *made) { m.run.Snapshot.Judge = analysis.JudgeKayenta },
		"nothing beside it": func(m *made) { m.run.Snapshot.Baseline.Kind = analysis.BaselineNone },
		"no baseline":       func(m *made) { m.pair.Baseline = analysis.Samples{} },
	} {
		t.Run(name, func(t *testing.T) {
			m := newRun(analysis.Gauge, 10)
			spoil(m)
			if v := svg(t, m.picture()); len(v.areas(toleranceColor)) > 0 || v.says("tolerance") {
				t.Error("there is a band")
			}
		})
	}
}

func TestTitles(t *testing.T) {
	limit := 0.5
	for want, change := range map[string]func(m *made){
		"checkout: p99 - canary 2.0.1 against 1.9.4":             func(*made) {},
		"checkout: p99 (region=eu) - canary 2.0.1 against 1.9.4": func(m *made) { m.pair.Segment = "region=eu" },
		"checkout: p99 - canary 2.0.1 against its limit":         func(m *made) { m.metric().Threshold = &analysis.Threshold{Max: &limit} },
		"checkout: p99 - canary 2.0.1":                           func(m *made) { m.run.Snapshot.Baseline.Kind = analysis.BaselineNone },
		"checkout: p99 - canary 2.0.1 against 7d earlier": func(m *made) {
			m.run.BaselineVersion = ""
			m.run.Snapshot.Baseline = analysis.Baseline{Kind: analysis.BaselineOffset, Shift: analysis.Duration(7 * day)}
		},
		"checkout: gone - canary 2.0.1 against 1.9.4": func(m *made) { m.pair.Metric = "gone" },
	} {
		m := newRun(analysis.Gauge, 5)
		change(m)
		if v := svg(t, m.picture()); v.texts[0].words != want {
			t.Errorf("got %q, want %q", v.texts[0].words, want)
		}
	}
}

func TestMarks(t *testing.T) {
	m := newRun(analysis.Gauge, 40).worse(30, 1.5).ended(analysis.OutcomeFail, 41*time.Minute)
	m.finding.Since = 31
	v := svg(t, m.picture())
	verdict, change := v.lines(ink, false), v.lines(ink, true)
	if len(verdict) != 1 || len(change) != 1 || !v.says("failed 12:41") || !v.says("change began 12:30") {
		t.Fatalf("%d and %d marks, %v", len(verdict), len(change), v.texts)
	}
	canary := v.lines(canaryColor, false)[0].points
	step := canary[1][0] - canary[0][0]
	if x := verdict[0].points[0][0]; !near(x, canary[39][0]+step) {
		t.Errorf("the verdict lies at %g", x)
	}
	if x := change[0].points[0][0]; !near(x, canary[29][0]) {
		t.Errorf("the change began at %g, after the last good sample %g", x, canary[29][0])
	}
}

func TestEndings(t *testing.T) {
	for name, c := range map[string]struct {
		outcome analysis.Outcome
		bad     bool
		after   time.Duration
		says    string
		lines   int
	}{
		"pass":                 {analysis.OutcomePass, false, 30 * time.Minute, "passed 12:30", 1},
		"another metric's":     {analysis.OutcomeFail, false, 31 * time.Minute, "run failed 12:31", 1},
		"marginal":             {analysis.OutcomeMarginal, false, 31 * time.Minute, "run marginal 12:31", 1},
		"much later":           {analysis.OutcomeInconclusive, false, 6 * time.Hour, "run inconclusive 18:00 →", 0},
		"later, another day":   {analysis.OutcomeInconclusive, false, 20 * time.Hour, "run inconclusive 01-03 08:00 →", 0},
		"before the samples":   {analysis.OutcomeFail, true, -time.Hour, "", 0},
		"in the middle of all": {analysis.OutcomeFail, true, 15 * time.Minute, "failed 12:15", 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := newRun(analysis.Gauge, 30).ended(c.outcome, c.after)
			m.finding.Bad = c.bad
			v := svg(t, m.picture())
			if !v.says(c.says) || len(v.lines(ink, false)) != c.lines {
				t.Errorf("%d lines, %v", len(v.lines(ink, false)), v.texts)
			}
		})
	}
	m := newRun(analysis.Gauge, 30).ended(analysis.OutcomeFail, 30*time.Minute)
	m.run.Outcome, m.run.Status = nil, analysis.StatusCancelled
	if !svg(t, m.picture()).says("run cancelled 12:30") {
		t.Error("the picture does not say that the run was cancelled")
	}
}

func TestLimits(t *testing.T) {
	low, high, far := 0.25, 0.4, 1000.0
	m := newRun(analysis.Gauge, 20)
	m.pair.Baseline = analysis.Samples{}
	m.because("p99 is below its limit").metric().Threshold = &analysis.Threshold{Max: &high, Min: &low}
	v := svg(t, m.picture())
	lines := v.lines(limitColor, true)
	if len(lines) != 2 || !v.says("limit: at most 0.4") || !v.says("limit: at least 0.25") {
		t.Fatalf("%d limits, %v", len(lines), v.texts)
	}
	at := func(label string) float64 {
		i := slices.IndexFunc(v.texts, func(s text) bool { return s.words == label })
		return v.texts[i].y + textSize/3
	}
	if unit := (at("0.30") - at("0.25")) / 0.05; !near(lines[0].points[0][1]-at("0.30"), unit*0.1) {
		t.Errorf("the upper limit is at %g", lines[0].points[0][1])
	}
	if len(v.lines(baselineColor, false)) > 0 || v.says("baseline") {
		t.Error("a metric with a limit has a baseline")
	}
	m.metric().Threshold = &analysis.Threshold{Max: &far}
	if v := svg(t, m.picture()); len(v.lines(limitColor, true)) > 0 || !v.says("limit: at most 1000") {
		t.Error("a limit far off is drawn, or not told")
	}
}

func TestBaselineBeforeTheRun(t *testing.T) {
	m := newRun(analysis.Gauge, 20)
	m.run.Snapshot.Baseline = analysis.Baseline{Kind: analysis.BaselineBefore, Shift: analysis.Duration(time.Hour)}
	m.pair.Baseline.Values = nil
	for range 60 {
		m.pair.Baseline.Values = append(m.pair.Baseline.Values, 0.3)
	}
	m.finding.Expected = analysis.Number(0.31).Ptr()
	v := svg(t, m.picture())
	before, level, canary := v.lines(baselineColor, false), v.lines(baselineColor, true), v.lines(canaryColor, false)[0].points
	if len(before) != 1 || len(before[0].points) != 30 || len(level) != 1 {
		t.Fatalf("%d lines, %d levels", len(before), len(level))
	}
	// The baseline ends where the run began, a minute before its first sample's step.
	if x := before[0].points[29][0]; !near(x, canary[0][0]-2*(canary[1][0]-canary[0][0])) {
		t.Errorf("the baseline ends at %g, the canary's first sample is at %g", x, canary[0][0])
	}
	if level[0].points[0][0] < before[0].points[29][0] || !v.says("baseline, before the run") {
		t.Error("the level is not drawn through the run")
	}
}
