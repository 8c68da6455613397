package graphite

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// recordedAt is the start of the windows that testdata was recorded for, from
// graphite-web 1.1.8.
const recordedAt = 1795438500

// recorded gives one answer of testdata to everything but fallbackSeries.
func recorded(t *testing.T, file string, status int) wire {
	t.Helper()
	kind := "application/json"
	if strings.HasSuffix(file, ".html") {
		kind = "text/html; charset=utf-8"
	}
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(filepath.Join("testdata", "line.json"))
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Query().Get("target"), "fallbackSeries") {
			return says(200, "application/json", string(line)), nil
		}
		return says(status, kind, string(body)), nil
	}
}

func TestRecorded(t *testing.T) {
	for _, c := range []struct {
		file   string
		steps  int
		reduce analysis.Reduce
		want   string
	}{
		{"gap.json", 5, "", "target=min.a.x [0,1,2,null,4]"},
		{"several.json", 2, "all", "target=min.a.x [0,1]\ntarget=min.b.x [0,2]\ntarget=min.inf.x [null,\"+Inf\"]"},
		{"several.json", 2, "max", `[0,"+Inf"]`},
		{"tags.json", 2, "all", "pod=a name=min.c [0,1]\npod=b name=min.c [100,101]"},
		{"alias.json", 2, "all", "name=min.a.x target=a [0,1]\nname=min.b.x target=b [0,2]\nname=min.inf.x target=inf [null,\"+Inf\"]"},
		{"grouped.json", 2, "sum", "[100,102]"},
		{"infinite.json", 5, "", `target=min.inf.x [null,"+Inf",null,"-Inf",0]`},
		{"fine.json", 2, "", "target=fine.a [2.5,8.5]"},
		{"coarse.json", 10, "", "target=coarse.a [null,null,null,null,0,null,null,null,null,1] of 5m"},
		{"summarized.json", 3, "", `name=fine.a target=summarize(fine.a, "1min", "sum") [12,51,87]`}, // recorded from the middle of the first bucket,
		{"empty.json", 2, "", ""},
	} {
		start := time.Unix(recordedAt, 0)
		q := minutes(c.steps)
		q.Window = analysis.Window{Start: start, End: start.Add(time.Duration(c.steps) * time.Minute)}
		q.Reduce = c.reduce
		got, err := over(recorded(t, c.file, 200)).Fetch(t.Context(), q)
		if err != nil || show(t, got) != c.want {
			t.Errorf("%s: %s, error %v, want %s", c.file, show(t, got), err, c.want)
		}
	}
}

func TestRecordedErrors(t *testing.T) {
	for file, c := range map[string]struct {
		status int
		kind   analysis.Kind
		text   string
	}{
		"unknown-function.html": {400, analysis.Invalid, `the query was refused: Invalid parameters (Received request for unknown function: nofunc); targets: "nofunc(min.a.x)"`},
		"empty-range.html":      {400, analysis.Invalid, "the query was refused: Invalid parameters (Invalid empty time range)"},
		"missing-argument.html": {500, analysis.Invalid, "the query was refused: TypeError: scale() missing 1 required positional argument: 'factor'"},
		"parse-error.html":      {500, analysis.Invalid, "the query was refused: pyparsing.exceptions.ParseException: , found '('"},
		"one-bucket.json":       {200, analysis.Invalid, "series coarse.a has one sample only"},
	} {
		q := minutes(2)
		q.Window = analysis.Window{Start: time.Unix(recordedAt+120, 0), End: time.Unix(recordedAt+240, 0)}
		tries := 0
		answer := recorded(t, file, c.status)
		got, err := over(func(r *http.Request) (*http.Response, error) {
			tries++
			return answer(r)
		}).Fetch(t.Context(), q)
		if got != nil || analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, error %v, want %s about %q", file, got, err, c.kind, c.text)
		}
		if c.status != 200 && tries != 1 {
			t.Errorf("%s: %d requests, want 1", file, tries)
		}
	}
}

// TestServerTrouble wants exceptions that no query is to blame for to be asked again,
// and secrets in them not to be shown.
func TestServerTrouble(t *testing.T) {
	page := func(exception string) string {
		return "<body>\n<p>Graphite encountered an unexpected error while handling your request.</p>\n<pre>\nTraceback:\n" + exception + "\n\n</pre>"
	}
	for exception, text := range map[string]string{
		"Exception: All requests failed for find": "it answers 500: Exception: All requests failed for find",
		"OSError: [Errno 24] Too many open files": "it answers 500: OSError",
		"MemoryError": "it answers 500: MemoryError",
		"":            "it answers 500: Traceback:",
	} {
		tries := 0
		_, err := over(func(*http.Request) (*http.Response, error) {
			tries++
			return says(500, "text/html", page(exception)), nil
		}).Fetch(t.Context(), minutes(2))
		if analysis.KindOf(err) != analysis.Unavailable || !strings.Contains(err.Error(), text) || tries != 3 {
			t.Errorf("%q: error %v after %d tries, want an unavailable one about %q", exception, err, tries, text)
		}
	}
	_, err := over(func(*http.Request) (*http.Response, error) {
		return says(500, "text/html", "<html>Graphite encountered an unexpected error <pre> cut off"), nil
	}).Fetch(t.Context(), minutes(2))
	if err == nil || err.Error() != "source graphite: it answers 500" {
		t.Errorf("error %v of half a page", err)
	}
}
