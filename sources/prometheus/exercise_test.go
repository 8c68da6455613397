package prometheus_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/prometheus"
	"github.com/haldane-dev/haldane/sources/sourcetest"
	"github.com/haldane-dev/haldane/sources/web"
)

func TestExercise(t *testing.T) {
	sourcetest.Exercise(t, sourcetest.Vendor{
		Open:   open,
		Query:  `sum(rate(http_requests_total{app="shop"}[1m]))`,
		Answer: answer,
		Refuse: refuse,
		Without: map[string]string{
			"nulls are not zero": "Prometheus leaves out what it does not have",
			"a series of nulls":  "Prometheus leaves out what it does not have",
			"batch":              "Prometheus answers one query a request",
		},
	})
}

func open(t testing.TB, s sourcetest.Setup) analysis.Source {
	t.Helper()
	c := prometheus.New().(*prometheus.Config)
	c.URL = s.URL
	c.BasicAuth = web.BasicAuth{Username: "haldane", Password: config.NewSecret(s.Secret)}
	c.Headers = map[string]config.Secret{"X-Scope-OrgID": config.NewSecret(s.Token)}
	c.Timeout = analysis.Duration(s.Timeout)
	c.MaxConcurrent = s.MaxConcurrent
	c.MaxResponse = web.Size(s.MaxResponse)
	c.ExternalURL = s.ExternalURL
	source, err := c.Open(s.Env)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// body is Prometheus's answer, https://prometheus.io/docs/prometheus/latest/querying/api/.
type body struct {
	Status    string   `json:"status"`
	Data      *data    `json:"data,omitempty"`
	ErrorType string   `json:"errorType,omitempty"`
	Error     string   `json:"error,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Infos     []string `json:"infos,omitempty"`
	Unknown   any      `json:"fromALaterVersion,omitempty"`
}

type data struct {
	ResultType string `json:"resultType"`
	Result     any    `json:"result"`
	Unknown    any    `json:"stats,omitempty"`
}

type stream struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
}

func reply(w http.ResponseWriter, code int, b body) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(b)
}

// answer does what Prometheus does with a range query: it evaluates at start,
// start+step and so on up to end, at most 11,000 intervals.
func answer(w http.ResponseWriter, r *http.Request, a sourcetest.Answer) {
	raw, _ := io.ReadAll(r.Body)
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		form, _ = url.ParseQuery(string(raw))
	}
	if r.URL.Path == "/api/v1/query" && form.Get("query") == "vector(1)" {
		reply(w, 200, body{Status: "success", Data: &data{ResultType: "vector", Result: []any{
			map[string]any{"metric": map[string]string{}, "value": [2]any{1714564800.25, "1"}},
		}}})
		return
	}
	start, end, step := millis(form.Get("start")), millis(form.Get("end")), millis(form.Get("step"))
	switch {
	case r.URL.Path != "/api/v1/query_range":
		http.NotFound(w, r)
		return
	case step <= 0 || end < start || (end-start)/step > 11000:
		refuse(w, r, sourcetest.Refusal{Trouble: sourcetest.WrongQuery, Words: fmt.Sprint("bad range ", form)})
		return
	}
	streams := []any{}
	for _, s := range a.Series {
		if st, ok := evaluate(s, start, end, step); ok {
			streams = append(streams, st)
		}
	}
	b := body{Status: "success", Data: &data{ResultType: "matrix", Result: streams}, Warnings: a.Warnings}
	if a.Unknown {
		b.Unknown, b.Data.Unknown = map[string]any{"a": []int{1}}, map[string]any{"samples": 7}
	}
	reply(w, 200, b)
}

// millis reads float seconds the way Prometheus does, down to whole milliseconds.
func millis(s string) int64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return -1
	}
	whole, part := math.Modf(f)
	part = math.Round(part*1000) / 1000
	return time.Unix(int64(whole), int64(part*float64(time.Second))).UnixMilli()
}

func evaluate(s analysis.Series, start, end, step int64) (stream, bool) {
	st := stream{Metric: s.Labels}
	if st.Metric == nil {
		st.Metric = map[string]string{}
	}
	for at := start; at <= end; at += step {
		since := at - s.Start.UnixMilli()
		i := since/s.Step.Milliseconds() - 1
		if since%s.Step.Milliseconds() != 0 || i < 0 || i >= int64(len(s.Values)) || analysis.IsMissing(s.Values[i]) {
			continue
		}
		st.Values = append(st.Values, [2]any{float64(at) / 1000, strconv.FormatFloat(s.Values[i], 'g', -1, 64)})
	}
	return st, len(st.Values) > 0
}

// refuse answers errors as Prometheus does, and as the proxies before it do.
func refuse(w http.ResponseWriter, _ *http.Request, e sourcetest.Refusal) {
	switch e.Trouble {
	case sourcetest.WrongQuery:
		reply(w, 400, body{Status: "error", ErrorType: "bad_data", Error: `invalid parameter "query": ` + e.Words})
	case sourcetest.WrongCredentials:
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	case sourcetest.Forbidden:
		http.Error(w, "no org id", http.StatusForbidden)
	case sourcetest.SlowDown:
		w.Header().Set("Retry-After", strconv.Itoa(int(e.Wait/time.Second)))
		http.Error(w, e.Words, http.StatusTooManyRequests)
	case sourcetest.Broken:
		reply(w, 503, body{Status: "error", ErrorType: "timeout", Error: "query timed out in expression evaluation"})
	case sourcetest.InsideOK:
		reply(w, 200, body{Status: "error", ErrorType: "execution", Error: e.Words})
	}
}
