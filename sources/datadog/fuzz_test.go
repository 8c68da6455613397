package datadog

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/sourcetest"
)

func FuzzV1(f *testing.F) { fuzz(f, apiV1) }

func FuzzV2(f *testing.F) { fuzz(f, apiV2) }

// fuzz answers anything at all to two queries of a batch. There is no panic, no error
// without a kind of ours, no series that is not on the grid, and no value that was not
// answered.
func fuzz(f *testing.F, api string) {
	for _, r := range recordings(f) {
		f.Add(uint16(r.Status), []byte(r.Body), r.Start, r.Step)
	}
	f.Add(uint16(200), []byte(body(api, 5*time.Minute, answered{values: map[int]string{0: "1", 5: "null", 10: "3"}})), noon().Unix(), int64(60))
	for _, interval := range []string{"60", "1e15", "9.3e15", "-1", "0.0001", "1e300"} {
		f.Add(uint16(200), []byte(`{"status":"ok","series":[{"tag_set":["a:b"],"interval":`+interval+`,"pointlist":[[1714564800000,1],[1714564860000,null],[-9223372036854775808,3]]}]}`), noon().Unix(), int64(59))
	}
	f.Add(uint16(200), []byte(`{"data":{"type":"timeseries_response","attributes":{"times":[1e300,-1,0],"values":[[1,2,3]],"series":[{}]}}}`), int64(0), int64(1))
	f.Fuzz(func(t *testing.T, status uint16, raw []byte, start, step int64) {
		s := over(t, settings(api), always(int(status%600), string(raw)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		q := analysis.Query{Text: "avg:a{*}", Step: time.Duration(1+uint64(step)%600) * time.Second}
		q.Window.Start = time.Unix(start%(1<<33), 0)
		q.Window.End = q.Window.Start.Add(4 * q.Step)
		all := q
		all.Text, all.Reduce = "avg:b{*}.rollup(600)", analysis.ReduceAll
		for i, a := range s.FetchAll(ctx, []analysis.Query{q, all}) {
			if a.Err != nil {
				var own *analysis.Error
				if !errors.As(a.Err, &own) || own.Kind == "" || own.Kind == analysis.Internal || own.Kind == analysis.NoData || own.Message == "" {
					t.Fatalf("error %#v", a.Err)
				}
				continue
			}
			if status%600/100 != 2 {
				t.Fatalf("status %d is taken for an answer", status%600)
			}
			if i == 0 && len(a.Series) > 1 {
				t.Fatalf("%d series", len(a.Series))
			}
			if invented := sourcetest.Invented(raw, a.Series); len(invented) > 0 {
				t.Fatalf("%v was not answered", invented)
			}
			for _, one := range a.Series {
				if one.Rollup < 0 || one.Nulls > 4 {
					t.Fatalf("series %+v", one)
				}
				if len(one.Values) != 4 || !one.Start.Equal(q.Window.Start) || one.Step != q.Step {
					t.Fatalf("series %+v is not on the grid", one)
				}
			}
		}
	})
}
