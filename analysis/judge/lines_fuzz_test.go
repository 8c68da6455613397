package judge

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzLineNumbers judges sound lines of any numbers, by every judge. There is a verdict,
// in JSON, and the same each time; a failure names a bad metric; and neither a side
// without numbers nor one that is the other's copy is a reason to roll back.
func FuzzLineNumbers(f *testing.F) {
	ramp := make([]byte, 0, 160)
	for i := range byte(160) {
		ramp = append(ramp, i)
	}
	for shape := range uint16(64) {
		f.Add(shape*37, ramp, 1.5, 60.0, 5, 1)
	}
	f.Add(uint16(0), bytes.Repeat([]byte{255, 254, 253, 252}, 30), 1e308, 1e-300, 1, math.MaxInt)
	f.Add(uint16(7), []byte{}, math.NaN(), 3e7, math.MaxInt, math.MaxInt)
	f.Add(uint16(2), slices.Repeat([]byte{3}, 99), 5e-324, 1e-9, 1, 1)
	f.Fuzz(func(t *testing.T, shape uint16, raw []byte, unit, step float64, first, every int) {
		raw = raw[:min(len(raw), 240)]
		if every > 0 {
			every = max(every, len(raw)/32) // eight looks are enough
		}
		judge := []analysis.JudgeName{analysis.JudgeSequential, analysis.JudgeKayenta, analysis.JudgeThreshold}[shape%3]
		kind := []analysis.MetricKind{analysis.Gauge, analysis.Ratio, analysis.Count}[shape/3%3]
		direction := []analysis.Direction{analysis.Increase, analysis.Decrease, analysis.Either}[shape/9%3]
		copied, silent := shape/27%2 == 1, shape/54%2 == 1
		var sides [4]analysis.Values
		for i, b := range raw {
			v := analysis.Missing()
			if !silent || i%2 == 1 { // 0 and 2 are the canary's
				v = anyNumber(b, unit)
			}
			sides[i%4] = append(sides[i%4], v)
		}
		if copied {
			sides[1], sides[3] = sides[0], sides[2]
		}
		n := min(len(sides[0]), len(sides[1]), len(sides[2]), len(sides[3]))
		of := func(side int) analysis.Values { return append(analysis.Values{}, sides[side][:n]...) } // never null
		metric := map[string]any{"name": "m", "kind": kind, "direction": direction, "canary": of(0), "baseline": of(1)}
		if kind.HasTotal() {
			metric["canary_total"], metric["baseline_total"] = of(2), of(3)
		}
		if judge == analysis.JudgeThreshold {
			metric["threshold"] = map[string]any{"max": 1, "consecutive": 1 + int(shape/108%3)}
		}
		l := map[string]any{"name": "n", "first_look": first, "look_every": every, "metrics": []any{metric}}
		if analysis.IsFinite(step) {
			l["step_seconds"] = step
		}
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		out, err := Line(text, LineOptions{Judge: judge})
		if err != nil {
			if sound := first > 0 && every > 0 && step > 0 && step <= maxStepSeconds; analysis.KindOf(err) != analysis.Invalid || sound {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		var got struct {
			Name     string
			Outcome  analysis.Outcome
			Findings []analysis.Finding
		}
		if err := json.Unmarshal(out, &got); err != nil || got.Name != "n" || len(got.Findings) != 1 {
			t.Fatalf("%s: %s, error %v", text, out, err)
		}
		switch bad := got.Findings[0].Bad; got.Outcome {
		case analysis.OutcomeFail:
			if !bad || judge != analysis.JudgeThreshold && copied || silent {
				t.Fatalf("%s: a failure: %s", text, out)
			}
		case analysis.OutcomePass, analysis.OutcomeMarginal, analysis.OutcomeInconclusive:
		default:
			t.Fatalf("%s: outcome %s", text, got.Outcome)
		}
		if again, err := Line(text, LineOptions{Judge: judge}); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%s: %s, and then %s, error %v", text, out, again, err)
		}
	})
}

// anyNumber makes any kind of value of a byte: most are a few units.
func anyNumber(b byte, unit float64) float64 {
	switch b {
	case 255:
		return analysis.Missing()
	case 254:
		return math.NaN()
	case 253:
		return math.Inf(1)
	case 252:
		return math.Inf(-1)
	case 251:
		return math.MaxFloat64
	case 250:
		return -unit
	}
	return float64(b) * unit
}
