package judge

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// LineOptions say how lines are judged.
type LineOptions struct {
	Judge analysis.JudgeName // of plain lines; "" is sequential
}

// Line judges one line of JSON and returns its result as JSON. A line with
// canaryConfig is a Kayenta judgement: the body of Kayenta's remote-judge call in,
// Kayenta's judge result out. Every other line is a plain analysis: the samples of a
// whole run, judged look after look as if they had come one by one.
//
// The error is an *analysis.Error of kind Invalid: the line cannot be judged. What
// the data say, or that they say nothing, is never an error.
func Line(raw []byte, opts LineOptions) ([]byte, error) {
	if bytes.Contains(raw, []byte(`"canaryConfig"`)) {
		var req KayentaRequest
		if err := json.Unmarshal(raw, &req); err != nil {
			return nil, badJSON(err)
		}
		if req.CanaryConfig != nil {
			res, err := Kayenta(req)
			if err != nil {
				return nil, err
			}
			return json.Marshal(res)
		}
	}
	l, err := decodeLine(raw)
	if err != nil {
		return nil, err
	}
	plan, pairs, err := l.plan(opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(l.replay(plan, pairs))
}

// LineName returns the name of a line, "" if it cannot be read: for the result of a
// line that Line refused.
func LineName(raw []byte) string {
	var l struct{ Name string }
	if json.Unmarshal(raw, &l) != nil {
		return ""
	}
	return l.Name
}

// lineResult is the result of a plain line.
type lineResult struct {
	Name      string                `json:"name"`
	Outcome   analysis.Outcome      `json:"outcome"`
	Score     *float64              `json:"score"`
	FailedAt  *int                  `json:"failed_at"`  // samples seen at the look that failed
	DecidedAt *int                  `json:"decided_at"` // at the one that decided, either way
	Reason    string                `json:"reason"`
	Groups    []analysis.GroupScore `json:"groups,omitempty"`
	Findings  []lineFinding         `json:"findings"`
}

// lineFinding is a Finding in which what the judge did not compute is null.
type lineFinding struct {
	Metric     string              `json:"metric"`
	Group      string              `json:"group,omitempty"`
	Critical   bool                `json:"critical,omitempty"`
	Class      analysis.Class      `json:"class"`
	Bad        bool                `json:"bad"`
	Effect     *analysis.Number    `json:"effect"`
	EffectUnit string              `json:"effect_unit,omitempty"`
	Interval   *[2]analysis.Number `json:"interval"`
	Evidence   *analysis.Number    `json:"evidence"`
	Seen       *analysis.Number    `json:"seen"`
	Expected   *analysis.Number    `json:"expected"`
	Samples    analysis.SampleNote `json:"samples"`
	Reason     string              `json:"reason"`
	Warnings   []string            `json:"warnings,omitempty"`
}

// replay makes the looks of the run: the first after firstLook samples, then one
// every so many, and the final one when all have been seen. It stops at the first
// that decides.
func (l *line) replay(plan *analysis.Plan, pairs []analysis.Pair) lineResult {
	total := l.samples()
	seen := firstLook(plan)
	every := 1
	if l.FirstLook != nil {
		seen = *l.FirstLook
	}
	if l.LookEvery != nil {
		every = *l.LookEvery
	}
	for ; seen < total; seen += min(every, total) { // the largest number of all would overflow
		if v := lookAt(plan, pairs, seen, false); v.Outcome != analysis.OutcomeContinue {
			return l.result(v, seen)
		}
	}
	return l.result(lookAt(plan, pairs, total, true), total)
}

// firstLook is after how many samples a judge can say something.
func firstLook(plan *analysis.Plan) int {
	first := 0
	for i := range plan.Metrics {
		need := 1
		switch m := &plan.Metrics[i]; {
		case m.Threshold != nil:
			need = m.Threshold.Consecutive
		case plan.Judge == analysis.JudgeKayenta:
			need = plan.MinSamples
		case m.Kind == analysis.Gauge:
			need = stats.LevelMin
		}
		if first == 0 || need < first {
			first = need
		}
	}
	return max(1, first)
}

// lookAt judges the first samples of every pair.
func lookAt(plan *analysis.Plan, pairs []analysis.Pair, seen int, final bool) analysis.Verdict {
	cut := make([]analysis.Pair, len(pairs))
	for i, p := range pairs {
		p.Canary, p.Baseline = firstSamples(p.Canary, seen), firstSamples(p.Baseline, seen)
		cut[i] = p
	}
	return Judge(plan, cut, At{Elapsed: time.Duration(seen) * plan.Step.Std(), Final: final})
}

func firstSamples(s analysis.Samples, seen int) analysis.Samples {
	s.Values = s.Values[:min(seen, len(s.Values))]
	s.Totals = s.Totals[:min(seen, len(s.Totals))]
	return s
}

func (l *line) result(v analysis.Verdict, seen int) lineResult {
	r := lineResult{
		Name: l.Name, Outcome: v.Outcome, Score: v.Score, Reason: v.Reason, Groups: v.Groups,
		Findings: make([]lineFinding, len(v.Findings)),
	}
	switch v.Outcome {
	case analysis.OutcomeFail:
		r.FailedAt, r.DecidedAt = &seen, &seen
	case analysis.OutcomePass, analysis.OutcomeMarginal:
		r.DecidedAt = &seen
	}
	for i, f := range v.Findings {
		r.Findings[i] = lineFinding{
			Metric: f.Metric, Group: f.Group, Critical: f.Critical, Class: f.Class, Bad: f.Bad,
			Effect: f.Effect, EffectUnit: f.EffectUnit, Interval: f.Interval, Evidence: f.Evidence,
			Seen: f.Seen, Expected: f.Expected, Samples: f.Samples, Reason: f.Reason, Warnings: f.Warnings,
		}
	}
	return r
}
