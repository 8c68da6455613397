package prometheus

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

var record = flag.Bool("record", false, "write what the real Prometheus answers into testdata")

// recording is one file of testdata: an answer, word for word, and what it means.
type recording struct {
	Origin string            `json:"origin"` // who answered, or after whose documentation it was written
	Query  analysis.Query    `json:"query"`
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body"`
	Kind   analysis.Kind     `json:"kind,omitempty"`
	Error  string            `json:"error,omitempty"`
	Series []analysis.Series `json:"series"`
}

// TestRecorded adds a case by adding a file.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d recordings, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			r := read(t, file)
			var got []analysis.Series
			var err error
			synctest.Test(t, func(t *testing.T) { // for the waits between tries
				got, err = over(func(*http.Request) (*http.Response, error) {
					resp := says(r.Status, r.Body)
					for name, value := range r.Header {
						resp.Header.Set(name, value)
					}
					return resp, nil
				}).Fetch(context.Background(), r.Query)
			})
			if analysis.KindOf(err) != r.Kind || err != nil && err.Error() != r.Error {
				t.Errorf("error %v, want %s", err, r.Error)
			}
			is, _ := json.MarshalIndent(got, "", " ")
			want, _ := json.MarshalIndent(r.Series, "", " ")
			if !bytes.Equal(is, want) {
				t.Errorf("got %s\nwant %s", is, want)
			}
		})
	}
}

func read(t testing.TB, file string) recording {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return r
}

// TestRecord makes the recordings of Debian's Prometheus anew: go test -run
// TestRecord -record. What it writes is what the source understood today, so read
// the difference before keeping it.
func TestRecord(t *testing.T) {
	if !*record {
		return // not a test: a tool for writing testdata
	}
	url := real(t)
	now := time.Now().Truncate(time.Second)
	for name, q := range map[string]analysis.Query{
		"rate":               {Text: `sum(rate(http_requests_total{version="1"}[10s]))`},
		"quantile":           {Text: `histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket[10s])))`},
		"empty":              {Text: `http_requests_total{version="3"}`},
		"not-a-number":       {Text: `rate(idle_total[10s]) / rate(idle_total[10s])`},
		"infinite":           {Text: `vector(-1) / 0`},
		"gap":                {Text: `vector(7) and vector(time() % 2) == 0`},
		"several":            {Text: `http_requests_total`},
		"several-summed":     {Text: `http_requests_total{version="1"} > 0`, Reduce: analysis.ReduceSum},
		"all":                {Text: `sum by (code, version) (http_requests_total) * 0`, Reduce: analysis.ReduceAll},
		"native-histogram":   {Text: `native_seconds`},
		"parse-error":        {Text: `sum(rate(x[1m])`},
		"execution-error":    {Text: `http_requests_total * on(job) http_requests_total`},
		"half-second-steps":  {Text: `vector(time())`, Step: 500 * time.Millisecond},
		"invalid-expression": {Text: `http_requests_total[1m]`},
	} {
		q.Window = analysis.Window{Start: now.Add(-3 * time.Second).UTC(), End: now.UTC()}
		if q.Step == 0 {
			q.Step = time.Second
		}
		r := recording{Origin: "Prometheus 2.42.0", Query: q}
		s := overWith(settings(url), wire(func(req *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			raw, err := io.ReadAll(resp.Body)
			r.Status, r.Body = resp.StatusCode, string(raw)
			resp.Body = io.NopCloser(bytes.NewReader(raw))
			return resp, err
		}))
		var err error
		if r.Series, err = s.Fetch(t.Context(), q); err != nil {
			r.Kind, r.Error = analysis.KindOf(err), err.Error()
		}
		raw, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata", name+".json"), append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
