package chart

import (
	"bytes"
	"image/png"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

// anyPicture is whatever a store may hold, and more.
func anyPicture(t *rapid.T) Picture {
	value := rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 10), rapid.SampledFrom([]float64{
		analysis.Missing(), math.NaN(), math.Inf(1), math.Inf(-1), 0, 5e-324, math.MaxFloat64, -math.MaxFloat64, 1e300,
	}))
	few := rapid.SliceOfN(value, 0, 12)
	values := rapid.OneOf(few, rapid.Map(few, func(v []float64) []float64 { return slices.Repeat(v, 70) }), rapid.Just([]float64(nil)))
	samples := func(name string) (s analysis.Samples) {
		s.Values, s.Totals = values.Draw(t, name), values.Draw(t, name+" totals")
		if rapid.Bool().Draw(t, name+" failed") {
			s.Err = analysis.Errorf(analysis.Unavailable, "%s", rapid.String().Draw(t, "error"))
		}
		return s
	}
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return rapid.SampledFrom([]time.Time{{}, began, began.Add(time.Hour), began.AddDate(200, 0, 0), time.Unix(1<<40, 0)}).Draw(t, "time").
			Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "later")))
	})
	number := rapid.Map(value, func(v float64) *analysis.Number { return analysis.Number(v).Ptr() })
	p := Picture{
		Service: rapid.String().Draw(t, "service"), Canary: rapid.String().Draw(t, "version"),
		Metric: analysis.Metric{
			Name:      rapid.String().Draw(t, "metric"),
			Kind:      rapid.SampledFrom([]analysis.MetricKind{analysis.Gauge, analysis.Ratio, analysis.Count, ""}).Draw(t, "kind"),
			Direction: rapid.SampledFrom([]analysis.Direction{analysis.Increase, analysis.Decrease, analysis.Either}).Draw(t, "direction"),
		},
		Against: analysis.Baseline{
			Kind: rapid.SampledFrom([]analysis.BaselineKind{
				analysis.BaselineVersion, analysis.BaselineBefore, analysis.BaselineOffset, analysis.BaselineNone,
			}).Draw(t, "baseline"),
		},
		Pair: analysis.Pair{
			Start: moment.Draw(t, "start"), Canary: samples("canary"), Baseline: samples("baseline"),
			Step: rapid.SampledFrom([]time.Duration{0, 1, time.Second, time.Minute, 7 * day, 100 * 365 * day}).Draw(t, "step"),
		},
		Before:    moment.Draw(t, "before"),
		Tolerance: analysis.Tolerance{Relative: math.Abs(value.Draw(t, "relative")), Absolute: math.Abs(value.Draw(t, "absolute"))},
		Finding:   &analysis.Finding{Reason: rapid.String().Draw(t, "reason"), Expected: number.Draw(t, "expected")},
	}
	for range rapid.IntRange(0, 3).Draw(t, "marks") {
		p.Marks = append(p.Marks, Mark{At: moment.Draw(t, "mark"), Text: rapid.String().Draw(t, "word"), Firm: rapid.Bool().Draw(t, "firm")})
	}
	if rapid.Bool().Draw(t, "limited") {
		limit := value.Draw(t, "limit")
		p.Metric.Threshold = &analysis.Threshold{Max: &limit, Min: new(float64)}
	}
	return p
}

func TestAnythingCanBeDrawn(t *testing.T) { rapid.Check(t, anythingCanBeDrawn) }

func anythingCanBeDrawn(rt *rapid.T) {
	p := anyPicture(rt)
	v := svg(rt, p) // well-formed, with numbers for coordinates
	for _, path := range v.paths {
		for _, at := range path.points {
			if at[0] < -1 || at[0] > v.wide+1 || at[1] < -1 || at[1] > v.high+1 {
				rt.Fatalf("%v lies outside of the paper", at)
			}
		}
	}
	if len(v.texts) > 80 {
		rt.Fatalf("%d texts", len(v.texts))
	}
}

func TestAnythingCanBeDrawnAsPNG(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		if rapid.IntRange(0, 9).Draw(rt, "one of ten") > 0 {
			return // these take a while
		}
		var b bytes.Buffer
		if err := Draw(&b, PNG, anyPicture(rt)); err != nil {
			rt.Fatal(err)
		}
		if _, err := png.DecodeConfig(&b); err != nil {
			rt.Fatal(err)
		}
	})
}
