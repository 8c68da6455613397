package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/sourcetest"
)

// FuzzFetch answers anything at all. There is no panic, no error without a kind of
// ours, no series that is not on the grid, and no value that was not answered; and one
// series that was answered is read to the last sample.
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
	for _, values := range []string{
		`[1714564860,"1"],[1714564920,"2"]`, `[1714564860,"NaN"],[1714564920,"+Inf"],[1714564980,"-Inf"]`, `[1714564860.001,"1e-300"]`,
		`[1714564860,"0x1p-2"],[1714564920,"1_0"]`, `[1e300,"1"]`, `[-9223372036854775808,"1"]`, `[1714564860,"1"],[1714564860,"2"]`, `[1714564980,"-0"]`,
	} {
		for i := range reduces {
			f.Add(uint16(200), []byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[`+values+`]}]}}`), uint8(i))
		}
	}
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
		if invented := sourcetest.Invented(body, got); len(invented) > 0 && q.Reduce != analysis.ReduceSum {
			t.Fatalf("%v was not answered", invented)
		}
		if want, ok := plainly(body, q.Window); ok && (len(got) != 1 || show(t, got[0].Values) != show(t, want)) {
			t.Fatalf("read %v, want %v", got, want)
		}
		if err := s.Check(ctx); err != nil && analysis.KindOf(err) == analysis.Internal {
			t.Fatalf("check: %#v", err)
		}
	})
}

// plainly reads an answer of one series in another way; ok is false for what is not as
// simple as that, or has nothing within the window.
func plainly(body []byte, w analysis.Window) (want analysis.Values, ok bool) {
	var answer struct {
		Data struct {
			ResultType string
			Result     []struct{ Values [][2]any }
		}
	}
	if json.Unmarshal(body, &answer) != nil || answer.Data.ResultType != "matrix" || len(answer.Data.Result) != 1 {
		return nil, false
	}
	want = analysis.Values{analysis.Missing(), analysis.Missing(), analysis.Missing()}
	for _, pair := range answer.Data.Result[0].Values {
		at, isTime := pair[0].(float64)
		text, isText := pair[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if !isTime || !isText || err != nil || at != math.Trunc(at) {
			return nil, false
		}
		if i := int(math.Ceil((at-float64(w.Start.Unix()))/60)) - 1; i >= 0 && i < len(want) {
			want[i] = v
		}
	}
	return want, slices.ContainsFunc(want, func(v float64) bool { return !analysis.IsMissing(v) })
}

// show tells missing from NaN.
func show(t *testing.T, v analysis.Values) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzQuote: whatever a name is, it does not break out of the string in double quotes that
// it stands in, and PromQL reads it from there as what it is.
func FuzzQuote(f *testing.F) {
	for _, name := range []string{"1.4.2", `1"} or up{a="`, `\`, "\\\"", "`", "a\x00\n\u2028", "\xff", "{{.Version}}", "😀", "\ufeff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		quoted := (*Source)(nil).Quote(name)
		back, err := strconv.Unquote(`"` + quoted + `"`) // PromQL's rules are Go's
		if err != nil || back != name {
			t.Fatalf("%q in double quotes is %s, read as %q, error %v", name, quoted, back, err)
		}
	})
}
