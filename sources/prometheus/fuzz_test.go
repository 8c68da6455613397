package prometheus

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzFetch answers anything at all. There is no panic, no error without a kind of
// ours, and no series that is not on the grid.
func FuzzFetch(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	reduces := []analysis.Reduce{analysis.ReduceNone, analysis.ReduceSum, analysis.ReduceMax, analysis.ReduceAll}
	for i, file := range files {
		r := read(f, file)
		f.Add(uint16(r.Status), []byte(r.Body), uint8(i))
	}
	f.Add(uint16(200), []byte(two), uint8(0))
	f.Fuzz(func(t *testing.T, status uint16, body []byte, how uint8) {
		s := over(func(*http.Request) (*http.Response, error) {
			return says(int(status%600), string(body)), nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		q := minutes(3)
		q.Reduce = reduces[int(how)%len(reduces)]
		got, err := s.Fetch(ctx, q)
		if err != nil {
			var own *analysis.Error
			if !errors.As(err, &own) || own.Kind == "" || own.Kind == analysis.Internal || own.Kind == analysis.NoData || own.Message == "" {
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
		for _, one := range got {
			if len(one.Values) != 3 || !one.Start.Equal(q.Window.Start) || one.Step != q.Step {
				t.Fatalf("series %+v is not on the grid", one)
			}
		}
		if err := s.Check(ctx); err != nil && analysis.KindOf(err) == analysis.Internal {
			t.Fatalf("check: %#v", err)
		}
	})
}
