package engine

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// looksOf makes what the looks of a run with a plain metric and one with segments got:
// some looks got nothing, or nothing of one of them.
func looksOf(t *rapid.T) [][]store.Chunk {
	looks := make([][]store.Chunk, rapid.IntRange(1, 12).Draw(t, "looks"))
	plain, segmented, v := 0, 0, 0.0
	values := func(n int) analysis.Values {
		out := make(analysis.Values, n)
		for i := range out {
			v++
			out[i] = v
		}
		return out
	}
	for i := range looks {
		if n := rapid.IntRange(0, 3).Draw(t, "samples"); n > 0 {
			looks[i] = append(looks[i], store.Chunk{Metric: "a", Side: "canary", Part: "value", First: plain, Values: values(n), Warnings: []string{fmt.Sprint(i % 2)}})
			plain += n
		}
		if n := rapid.IntRange(0, 3).Draw(t, "samples by segment"); n > 0 {
			c := store.Chunk{Metric: "b", Side: "canary", Part: "value", First: segmented, Count: n, Segments: map[string]analysis.Values{}}
			for _, segment := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), rapid.ID).Draw(t, "segments") {
				c.Segments[segment] = values(n)
			}
			looks[i] = append(looks[i], c)
			segmented += n
		}
	}
	return looks
}

func samplesOf(chunks []store.Chunk) map[string]map[string]analysis.Values {
	out := map[string]map[string]analysis.Values{}
	for _, m := range []analysis.Metric{{Name: "a"}, {Name: "b", By: []string{"l"}}} {
		p := part{metric: &m, side: "canary", samples: map[string]analysis.Values{}}
		p.recall(chunks)
		out[m.Name] = map[string]analysis.Values{}
		for segment, values := range p.samples {
			values = padded(slices.Clone(values), p.steps)
			for i := range values {
				if analysis.IsMissing(values[i]) {
					values[i] = math.MaxFloat64 // which is equal to itself
				}
			}
			out[m.Name][segment] = values
		}
	}
	return out
}

// What is remembered of looks is what their rows say, however it came together: look by
// look, or several at once; and what was known before does not change by it.
func TestMemoryIsWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		looks := looksOf(t)
		var rows []store.Chunk
		m, k := newMemory(1<<20), known{}
		for i := 0; i < len(looks); {
			before := samplesOf(k.chunks)
			n := rapid.IntRange(1, len(looks)-i).Draw(t, "at once")
			var fetched []store.Chunk
			for range n {
				fetched = append(fetched, looks[i]...)
				i++
			}
			rows = append(rows, fetched...)
			old := k
			m.keep("r", k, i, fetched)
			if k = m.of("r", i); k.looks != i {
				t.Fatalf("remembered %d looks of %d", k.looks, i)
			}
			if want, got := samplesOf(rows), samplesOf(k.chunks); !reflect.DeepEqual(got, want) {
				t.Fatalf("after %d looks %v, in rows %v", i, got, want)
			}
			if got := samplesOf(old.chunks); !reflect.DeepEqual(got, before) {
				t.Fatalf("what was known before changed from %v to %v", before, got)
			}
		}
		if len(m.of("r", len(looks)-1).chunks) != 0 {
			t.Error("it tells an earlier look of a later one")
		}
		if m.forget("r"); m.size != 0 || len(m.runs) != 0 {
			t.Errorf("%d bytes are left", m.size)
		}
	})
}

func TestMemoryHasAnEnd(t *testing.T) {
	t.Parallel()
	m := newMemory(100_000)
	for look := 1; look <= 20; look++ {
		for run := range 50 {
			id := fmt.Sprint(run)
			m.keep(id, m.of(id, look-1), look, []store.Chunk{{Metric: "a", First: look - 1, Values: make(analysis.Values, 100)}})
			if m.size > m.most {
				t.Fatalf("%d bytes of %d", m.size, m.most)
			}
		}
	}
	if m.size < m.most/2 {
		t.Errorf("%d bytes of %d are used", m.size, m.most)
	}
}
