package prometheus

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/haldane-dev/haldane/analysis"
)

// fetchOnce answers a fetch with one and the same response, and returns its error
// and how often was asked.
func fetchOnce(t *testing.T, make func() *http.Response) (tries int, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { // for the waits between tries
		_, err = over(func(*http.Request) (*http.Response, error) {
			tries++
			return make(), nil
		}).Fetch(context.Background(), minutes(2))
	})
	return tries, err
}

// TestAnswers is the table of what a server may say, and what a person is told.
func TestAnswers(t *testing.T) {
	problem := func(kind, text string) string {
		return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, text)
	}
	parse := `1:5: parse error: unexpected right parenthesis ")"`
	for _, c := range []struct {
		code    int
		body    string
		headers []string
		kind    analysis.Kind
		tries   int
		text    string
	}{
		{400, problem("bad_data", `invalid parameter "query": `+parse), nil, analysis.Invalid, 1, "source prom: the query was refused: " + parse},
		{422, problem("execution", "found duplicate series for the match group"), nil, analysis.Invalid, 1, "the query was refused: found duplicate series"},
		{400, problem("timeout", "query timed out"), nil, analysis.Unavailable, 3, "it could not answer: query timed out"},
		{422, problem("internal", "store is gone"), nil, analysis.Unavailable, 3, "it could not answer: store is gone"},
		{422, problem("422", "cannot parse"), nil, analysis.Invalid, 1, "the query was refused: cannot parse"}, // VictoriaMetrics
		{422, problem("422", "timeout exceeded during query execution: 20.000 seconds"), nil, analysis.Unavailable, 3, "it gave up on the query: timeout exceeded during query execution"},
		{422, problem("execution", "label timeout exceeded is twice there"), nil, analysis.Invalid, 1, "the query was refused"},
		{400, "Client sent an HTTP request to an HTTPS server.\n", []string{"Content-Type", "text/plain"}, analysis.Invalid, 1, "(try: https:// in its url)"},
		{400, "<html>bad</html>", nil, analysis.Invalid, 1, "source prom: the query was refused"},
		{401, "no org id\n", []string{"Content-Type", "text/plain; charset=utf-8"}, analysis.Denied, 1, "credentials are missing or wrong: no org id (try: check basic_auth"},
		{403, "", nil, analysis.Denied, 1, "the credentials may not query"},
		{407, "", nil, analysis.Denied, 1, "the proxy wants credentials"},
		{404, "404 page not found", []string{"Content-Type", "text/plain"}, analysis.Invalid, 1, "there is no Prometheus API at its url: 404 page not found (try: the address before /api/v1"},
		{405, "", nil, analysis.Invalid, 1, "there is no Prometheus API"},
		{408, "", nil, analysis.Unavailable, 3, "it gave up on the query"},
		{413, "", nil, analysis.Invalid, 1, "too long"},
		{414, "", nil, analysis.Invalid, 1, "too long"},
		{418, "", nil, analysis.Invalid, 1, "it refuses the request with status 418"},
		{429, "", nil, analysis.Limited, 1, "it asks to slow down"},
		{499, problem("canceled", "context canceled"), nil, analysis.Unavailable, 3, "it gave up on the query: context canceled"},
		{500, problem("internal", "boom"), nil, analysis.Unavailable, 3, "it answers 500: boom"},
		{501, "", nil, analysis.Invalid, 1, "there is no Prometheus API"},
		{502, "<html><h1>Bad gateway", []string{"Content-Type", "text/html"}, analysis.Unavailable, 3, "source prom: it answers 502"},
		{503, problem("timeout", "query timed out in expression evaluation"), nil, analysis.Unavailable, 3, "it answers 503: query timed out in expression evaluation"},
		{301, "", []string{"Location", "https://user:pw@prom.example.com/base/api/v1/query_range?token=1#x"}, analysis.Unavailable, 1, "it redirects: to https://prom.example.com/base/api/v1/query_range (try: the final address as url)"},
		{302, "", []string{"Location", "/login"}, analysis.Unavailable, 1, "it redirects: to http://prometheus:9090/login"},
		{304, "", nil, analysis.Unavailable, 1, "it redirects (try"},

		{200, problem("bad_data", parse), nil, analysis.Invalid, 1, "the query was refused: " + parse},
		{200, problem("execution", "multiple matches"), nil, analysis.Invalid, 1, "the query was refused: multiple matches"},
		{200, problem("timeout", "query timed out"), nil, analysis.Unavailable, 3, "it could not answer: query timed out"},
		{200, problem("canceled", "query was canceled"), nil, analysis.Unavailable, 3, "it could not answer: query was canceled"},
		{200, problem("internal", "boom"), nil, analysis.Unavailable, 3, "it could not answer: boom"},
		{200, problem("unavailable", "starting"), nil, analysis.Unavailable, 3, "it could not answer: starting"},
		{200, problem("not_found", "no such thing"), nil, analysis.Unavailable, 1, "it could not answer: no such thing"},
		{200, problem("too_many_requests", "slow down"), nil, analysis.Limited, 1, "it asks to slow down: slow down"},
		{200, problem("", ""), nil, analysis.Unavailable, 1, "source prom: it could not answer"},
		{200, `{"status":"error","errorType":"internal","error":"half","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1714564860,"1"]]}]}}`, nil, analysis.Unavailable, 3, "it could not answer: half"},

		{200, two[:len(two)/2], nil, analysis.Unavailable, 3, "its answer is cut off"},
		{204, "", nil, analysis.Unavailable, 3, "its answer is cut off"},
		{200, "<!DOCTYPE html>", nil, analysis.Unavailable, 1, "it answers with a web page"},
		{200, "hello", nil, analysis.Unavailable, 1, "its answer is not Prometheus's"},
		{200, `{"status":"success"}`, nil, analysis.Unavailable, 1, "its answer holds no data"},
		{200, `{"status":"success","data":null}`, nil, analysis.Unavailable, 1, "its answer holds no data"},
		{200, `{"status":"success","data":{"resultType":"vector","result":[]}}`, nil, analysis.Unavailable, 1, "it answers a range query with a vector"},
		{200, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`, nil, analysis.Unavailable, 1, "it answers a range query with a scalar"},
		{200, `{"status":"success","data":{"resultType":"string","result":[1,"1"]}}`, nil, analysis.Unavailable, 1, "its answer is not Prometheus's"},
		{200, `{"status":"success","data":{"resultType":"matrix","result":{}}}`, nil, analysis.Unavailable, 1, "its answer is not Prometheus's"},
		{200, `{"status":"success","data":{"resultType":"matrix","result":[null]}}`, nil, analysis.Unavailable, 1, "its answer is not Prometheus's"},
		{200, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1714564860,1]]}]}}`, nil, analysis.Unavailable, 1, "its answer is not Prometheus's"},
	} {
		tries, err := fetchOnce(t, func() *http.Response {
			resp := says(c.code, c.body, c.headers...)
			resp.Request, _ = http.NewRequest(http.MethodGet, "http://prometheus:9090/api/v1/query_range", nil)
			return resp
		})
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%d %s:\nerror %v, %s\nwant  %s, %s", c.code, c.body, err, analysis.KindOf(err), c.text, c.kind)
		}
		if tries != c.tries {
			t.Errorf("%d %s: %d tries, want %d", c.code, c.body, tries, c.tries)
		}
	}
}

// TestCheckRefuses wants vector(1) to be 1 and nothing else.
func TestCheckRefuses(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1714564860.1,"1"]}]}}`:                           true,
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1714564860.1,"0"]}]}}`:                           false,
		`{"status":"success","data":{"resultType":"vector","result":[]}}`:                                                                   false,
		`{"status":"success","data":{"resultType":"vector","result":[null]}}`:                                                               false,
		`{"status":"success","data":{"resultType":"scalar","result":[1714564860.1,"1"]}}`:                                                   false,
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]},{"metric":{"a":"b"},"value":[1,"1"]}]}}`: false,
		`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[]}]}]}}`: false,
		`{"status":"success"}`:  false,
		`{"data":"everything"}`: false,
	} {
		s := over(func(r *http.Request) (*http.Response, error) {
			if q := r.URL.Query(); q.Get("query") != "vector(1)" || q.Has("time") {
				t.Errorf("asked for %v", q)
			}
			return says(200, body), nil
		})
		err := s.Check(context.Background())
		if ok && err != nil || !ok && analysis.KindOf(err) != analysis.Unavailable {
			t.Errorf("%s: error %v", body, err)
		}
	}
}
