package sourcetest

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// TestAlignedVendor wants windows to start at whole steps for vendors who need that.
func TestAlignedVendor(t *testing.T) {
	v := plainVendor("")
	v.Aligned = true
	v.Answer = func(w http.ResponseWriter, r *http.Request, a Answer) {
		from, _ := strconv.ParseInt(r.FormValue("from"), 10, 64)
		for _, s := range a.Series {
			if step := s.Step.Milliseconds(); from%step != 0 && from != 0 || s.Start.UnixMilli()%step != 0 {
				t.Errorf("asked from %d, samples start at %d, the step is %d ms", from, s.Start.UnixMilli(), step)
			}
		}
		plainServer(w, r, a)
	}
	Exercise(t, v)
}

// TestCarries finds a leak of credentials that only the vendor can tell from the rest.
func TestCarries(t *testing.T) {
	v := plainVendor("shows secrets")
	if len(failures(t, v, "a chatty error")) == 0 {
		t.Error("a leak is not found")
	}
	v = plainVendor("")
	v.Carries = func(r *http.Request) []string { return []string{r.FormValue("query")} }
	if len(failures(t, v, "credentials reach the server")) == 0 {
		t.Error("a request that carries no credentials is not found")
	}
	v.Carries = func(r *http.Request) []string { return []string{"a " + mark + " in another form", "refused"} }
	if found := failures(t, v, "credentials reach the server"); len(found) != 0 {
		t.Errorf("credentials in another form: %v", found)
	}
	if len(failures(t, v, "a wrong query")) == 0 {
		t.Error("words that the request carries are shown, and not found")
	}
}

// filed is a source that reads a file, as that of the plain vendor reads a server.
type filed struct{ plain *plainSource }

func (f filed) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	n := q.Window.Steps(q.Step)
	if n < 1 || q.Reduce == "median" {
		return nil, f.plain.errorf(analysis.Invalid, "window, step or reduce")
	}
	if ctx.Err() != nil {
		return nil, f.plain.errorf(analysis.Unavailable, "given up")
	}
	raw, err := os.ReadFile(filepath.Join(f.plain.setup.Dir, "samples.json"))
	if err != nil {
		return nil, f.plain.errorf(analysis.Unavailable, "the file cannot be read")
	}
	var a plainAnswer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, f.plain.errorf(analysis.Invalid, "the file is no answer")
	}
	for i, s := range a.Series {
		var inside []plainPoint
		for _, p := range s.Points {
			if p.At > q.Window.Start.UnixMilli() && p.At <= q.Window.End.UnixMilli() {
				inside = append(inside, p)
			}
		}
		a.Series[i].Points = inside
	}
	return f.plain.place(q, n, a)
}

func filedVendor(bug string) Vendor {
	return Vendor{
		Open: func(_ testing.TB, s Setup) analysis.Source {
			return filed{&plainSource{setup: s, bug: bug}}
		},
		Query: "samples",
		Place: func(t testing.TB, s Setup, a Answer) {
			raw, err := json.Marshal(plainPart(a, 0, math.MaxInt64))
			if err == nil {
				err = os.WriteFile(filepath.Join(s.Dir, "samples.json"), raw, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		Without: NeedsServer(map[string]string{
			"quote": "it has no query language", "link": "it has no pages", "no link": "it has no pages", "batch": "one file is one answer",
		}),
	}
}

// TestSourceWithoutServer runs what is about samples and series, and finds bugs there.
func TestSourceWithoutServer(t *testing.T) {
	Exercise(t, filedVendor(""))
	for bug, name := range map[string]string{
		"takes gaps for zero":      "gaps stay gaps",
		"takes nulls for zero":     "nulls are not zero",
		"lets the last series win": "several series",
		"drops warnings":           "warnings",
	} {
		if len(failures(t, filedVendor(bug), name)) == 0 {
			t.Errorf("%s: case %q does not find it", bug, name)
		}
	}
	if len(failures(t, filedVendor(""), "a broken server")) == 0 {
		t.Error("a case about a server passes without one")
	}
}
