package datadog_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/haldane-dev/haldane/analysis"
)

// buckets are those of a request, in milliseconds.
type buckets struct{ from, to, every int64 }

// enlarged makes the interval longer when there would be too many.
func (b buckets) enlarged() buckets {
	for (b.to-b.from)/b.every > 1500 {
		b.every *= 5
	}
	return b
}

// of makes points of a series, each labelled by the start of its bucket: what happened
// from 12:00 until 12:01, and is ours at 12:01, is Datadog's at 12:00.
func (b buckets) of(s *analysis.Series, nulls bool) map[int64]any {
	points := map[int64]any{}
	for i, v := range s.Values {
		t := s.Start.UnixMilli() + int64(i)*s.Step.Milliseconds()
		t -= t % b.every
		switch {
		case t < b.from || t >= b.to:
		case !analysis.IsMissing(v):
			points[t] = json.RawMessage(number(v))
		case nulls:
			points[t] = nil
		}
	}
	return points
}

func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "null"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func tags(labels map[string]string) []string {
	out := []string{}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, key+":"+labels[key])
	}
	return out
}
