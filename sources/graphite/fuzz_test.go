package graphite

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
	"github.com/haldane-dev/haldane/sources/sourcetest"
)

// FuzzFetch answers anything at all. There is no panic, no error without a kind of ours,
// no series that is not on the grid, no value that was not answered, and no request
// without end.
func FuzzFetch(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for i, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(200), body, uint8(i))
		f.Add(uint16(500), body, uint8(i))
	}
	f.Add(uint16(200), []byte(points(`[1,1795438440],[2,1795438500],["3",1795438560]`)), uint8(0))
	for _, odd := range []string{
		`[1,1795438440],[2,1099511627776]`, `[1,-1099511627776],[2,1795438500],[3,1099511627776]`, `[1,1795438440],[2,10000000000]`,
		`["NaN",1795438440],["-Inf",1795438500],[1e999,1795438560]`, `[null,1795438440],[1,1795438440.5],[2,1795438500.5]`,
	} {
		f.Add(uint16(200), []byte(points(odd)), uint8(3))
	}
	reduces := []analysis.Reduce{analysis.ReduceNone, analysis.ReduceSum, analysis.ReduceMax, analysis.ReduceAll}
	f.Fuzz(func(t *testing.T, status uint16, body []byte, how uint8) {
		requests := 0
		set := settings("http://graphite:8080")
		set.Consolidate = answer.ConsolidateMax // the mean of what was answered was not answered
		s := overWith(set, wire(func(*http.Request) (*http.Response, error) {
			requests++
			return says(int(status%600), "text/html", string(body)), nil
		}))
		q := minutes(3)
		q.Window = analysis.Window{Start: time.Unix(recordedAt, 0), End: time.Unix(recordedAt+180, 0)}
		q.Reduce = reduces[int(how)%len(reduces)]
		got, err := s.Fetch(t.Context(), q)
		if requests > 20 {
			t.Fatalf("%d requests", requests)
		}
		if err != nil {
			var own *analysis.Error
			if !errors.As(err, &own) || own.Kind == "" || own.Kind == analysis.Internal || own.Kind == analysis.NoData || !strings.HasPrefix(own.Message, "source graphite: ") {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if status%600/100 != 2 {
			t.Fatalf("status %d is taken for an answer", status%600)
		}
		if q.Reduce != analysis.ReduceAll && len(got) > 1 {
			t.Fatalf("%d series", len(got))
		}
		if invented := sourcetest.Invented(body, got); len(invented) > 0 && q.Reduce != analysis.ReduceSum {
			t.Fatalf("%v was not answered", invented)
		}
		for _, one := range got {
			if len(one.Values) != 3 || !one.Start.Equal(q.Window.Start) || one.Step != q.Step {
				t.Fatalf("series %+v is not on the grid", one)
			}
		}
	})
}

// FuzzOneTarget checks what holds for every target: a good one stays good inside a
// function, which is how batches ask, and brackets that are left open are found.
func FuzzOneTarget(f *testing.F) {
	for _, seed := range []string{"a.b", "sum(a.{b,c}, 'x')|f()", `alias(a, "\"")`, "a\\(", "a b", "(", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := oneTarget(text)
		if err != nil {
			if err.Kind != analysis.Invalid || err.Message == "" {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if err := oneTarget("aliasSub(" + text + `,"^","0 ")`); err != nil {
			t.Fatalf("%q inside a function: %v", text, err)
		}
		if oneTarget("f("+text) == nil || oneTarget(text+")") == nil {
			t.Fatalf("%q with one bracket more is no target", text)
		}
	})
}
