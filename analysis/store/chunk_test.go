package store

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
)

func someValues() *rapid.Generator[analysis.Values] {
	one := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}))
	return rapid.Custom(func(t *rapid.T) analysis.Values { return rapid.SliceOfN(one, 1, 20).Draw(t, "values") })
}

func someChunks() *rapid.Generator[[]Chunk] {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) Chunk {
		c := Chunk{
			Metric: rapid.String().Draw(t, "metric"), Side: rapid.SampledFrom([]string{"canary", "baseline"}).Draw(t, "side"),
			Part: rapid.SampledFrom([]string{"value", "total"}).Draw(t, "part"), First: rapid.IntRange(0, 1e6).Draw(t, "first"),
			Warnings: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "warnings"),
		}
		if rapid.Bool().Draw(t, "by segment") {
			c.Segments = rapid.MapOf(rapid.String(), someValues()).Draw(t, "segments")
			c.Count = rapid.IntRange(0, 1e6).Draw(t, "count")
		} else {
			c.Values = someValues().Draw(t, "values")
		}
		return c
	}))
}

func TestChunksKeepAllTheyHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		chunks := someChunks().Draw(t, "chunks")
		got, err := unpack(pack(chunks))
		if err != nil {
			t.Fatal(err)
		}
		if len(chunks) > 0 && !reflect.DeepEqual(got, chunks) {
			t.Errorf("%+v became %+v", chunks, got)
		}
		old, err := json.Marshal(chunks)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := unpack(string(old)); err != nil || len(got) != len(chunks) {
			t.Errorf("as JSON: %d of %d, %v", len(got), len(chunks), err)
		}
	})
}

// A missing sample, and a NaN that a source answered, stay what they are.
func TestChunksKeepKindsOfNaN(t *testing.T) {
	t.Parallel()
	got, err := unpack(pack([]Chunk{{Values: analysis.Values{analysis.Missing(), math.NaN()}}}))
	if err != nil || !analysis.IsMissing(got[0].Values[0]) || analysis.IsMissing(got[0].Values[1]) || !math.IsNaN(got[0].Values[1]) {
		t.Errorf("%v, %v", got, err)
	}
}

// What is cut off or spoilt is an error, and asks for no more room than its length.
func TestDamagedChunksAreRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := pack(rapid.SliceOfN(someChunks(), 1, 1).Draw(t, "chunks")[0])
		cut := whole[:rapid.IntRange(0, len(whole)-1).Draw(t, "cut")]
		if got, err := unpack(cut); err == nil {
			t.Errorf("%q, cut off, became %+v", whole, got)
		}
		if got, err := unpack(rapid.String().Draw(t, "anything")); err == nil && len(got) > 20 {
			t.Errorf("became %d chunks", len(got))
		}
	})
}

// BenchmarkChunks reads what a run has after an hour of a sample each 30 s, look by look.
func BenchmarkChunks(b *testing.B) {
	var rows [120]string
	for i := range rows {
		var chunks []Chunk
		for range 5 {
			for _, side := range []string{"canary", "baseline"} {
				chunks = append(chunks, Chunk{Metric: "latency-p99", Side: side, Part: "value", First: i, Values: analysis.Values{rapid.Float64().Example(i)}})
			}
		}
		rows[i] = pack(chunks)
	}
	b.ReportMetric(float64(len(rows[0])), "B/look")
	b.ReportAllocs()
	for b.Loop() {
		for _, row := range rows {
			if _, err := unpack(row); err != nil {
				b.Fatal(err)
			}
		}
	}
}
