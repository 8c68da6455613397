package csvfile_test

import (
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/csvfile"
	"github.com/haldane-dev/haldane/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	sourcetest.Exercise(t, sourcetest.Vendor{
		Open: func(t testing.TB, s sourcetest.Setup) analysis.Source {
			c := csvfile.New().(*csvfile.Config)
			c.Path = s.Dir
			source, err := c.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return source
		},
		Query: "samples.csv: value",
		Place: place,
		Without: sourcetest.NeedsServer(map[string]string{
			"warnings":                     "a file says nothing about itself",
			"a warning instead of samples": "a file says nothing about itself",
			"link":                         "a file has no page",
			"no link":                      "a file has no page",
			"batch":                        "a file is read once for all queries, without a batch",
		}),
	})
}

// place writes the samples of an answer: one row each, the labels in columns.
func place(t testing.TB, s sourcetest.Setup, a sourcetest.Answer) {
	names := map[string]bool{}
	for _, one := range a.Series {
		for name := range one.Labels {
			names[name] = true
		}
	}
	labels := slices.Sorted(maps.Keys(names))
	head := append([]string{"time", "value"}, labels...)
	if a.Unknown {
		head = append(head, "another value")
	}
	rows := [][]string{head}
	for _, one := range a.Series {
		for i, v := range one.Values {
			row := []string{one.Start.Add(time.Duration(i+1) * one.Step).Format(time.RFC3339Nano), strconv.FormatFloat(v, 'g', -1, 64)}
			if analysis.IsMissing(v) {
				if !a.Nulls {
					continue
				}
				row[1] = ""
			}
			for _, name := range labels {
				row = append(row, one.Labels[name])
			}
			if a.Unknown {
				row = append(row, strconv.Itoa(i))
			}
			rows = append(rows, row)
		}
	}
	file, err := os.Create(filepath.Join(s.Dir, "samples.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := csv.NewWriter(file).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
}
