package datadog

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// recording is an answer of Datadog's, and what must become of it.
type recording struct {
	About  string          `json:"about"`
	API    string          `json:"api"`
	Query  string          `json:"query"`
	Start  int64           `json:"start"` // unix seconds, as End and Step
	End    int64           `json:"end"`
	Step   int64           `json:"step"`
	Reduce analysis.Reduce `json:"reduce"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`

	Want   []string           `json:"want"`   // values of each series
	Count  int                `json:"count"`  // or how many there are
	Steps  map[string]float64 `json:"steps"`  // and in which steps
	Rollup int64              `json:"rollup"` // seconds
	Kind   analysis.Kind      `json:"kind"`   // or an error
	Words  string             `json:"words"`
}

func recordings(t testing.TB) map[string]recording {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d recordings, error %v", len(files), err)
	}
	out := map[string]recording{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".json")] = r
	}
	return out
}

func (r *recording) asks() analysis.Query {
	return analysis.Query{
		Text: r.Query, Step: time.Duration(r.Step) * time.Second, Reduce: r.Reduce,
		Window: analysis.Window{Start: time.Unix(r.Start, 0).UTC(), End: time.Unix(r.End, 0).UTC()},
	}
}

// TestRecorded reads what Datadog has answered.
func TestRecorded(t *testing.T) {
	for name, r := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			s := over(t, settings(r.API), always(r.Status, string(r.Body)))
			got, err := s.Fetch(t.Context(), r.asks())
			switch {
			case r.Kind != "":
				if analysis.KindOf(err) != r.Kind || !strings.Contains(err.Error(), r.Words) {
					t.Errorf("error %v, want %s with %q", err, r.Kind, r.Words)
				}
			case r.Steps != nil:
				wantsSteps(t, got, err, r)
			default:
				wants(t, got, err, r.Want...)
			}
			if r.Rollup != 0 && (len(got) != 1 || got[0].Rollup != time.Duration(r.Rollup)*time.Second) {
				t.Errorf("%v, want a roll-up of %ds", got, r.Rollup)
			}
		})
	}
}

// wantsSteps compares the few values of a long window.
func wantsSteps(t *testing.T, got []analysis.Series, err error, r recording) {
	t.Helper()
	if err != nil || len(got) != 1 {
		t.Fatalf("%d series, error %v", len(got), err)
	}
	have := map[string]float64{}
	for i, v := range got[0].Values {
		if !analysis.IsMissing(v) {
			have[strconv.Itoa(i)] = v
		}
	}
	if !maps.Equal(have, r.Steps) || len(have) != r.Count || got[0].Rollup != 0 {
		t.Errorf("values in steps %v, roll-up %s, want %v", slices.Sorted(maps.Keys(have)), got[0].Rollup, r.Steps)
	}
}
