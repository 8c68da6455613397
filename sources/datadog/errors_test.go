package datadog

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// TestErrors is every way in which an answer is none.
func TestErrors(t *testing.T) {
	tests := map[string]struct {
		api    string // "" for both
		status int
		body   string
		kind   analysis.Kind
		words  string
		tries  int
	}{
		"400":              {"", 400, `{"errors":["Error parsing query"]}`, analysis.Invalid, "the query was refused: Error parsing query", 1},
		"400, JSON:API":    {"", 400, `{"errors":[{"status":"400","title":"Bad Request","detail":"unknown metric"}]}`, analysis.Invalid, "Bad Request: unknown metric", 1},
		"400, two errors":  {"", 400, `{"errors":["one","two"]}`, analysis.Invalid, "one; two", 1},
		"400, one text":    {"", 400, `{"errors":"one"}`, analysis.Invalid, "refused: one", 1},
		"400, older form":  {"", 400, `{"status":"error","error":"Error parsing query"}`, analysis.Invalid, "refused: Error parsing query", 1},
		"400, odd form":    {"", 400, `{"errors":[{"code":7}]}`, analysis.Invalid, "an error of unknown form", 1},
		"400, plain":       {"", 400, `{}`, analysis.Invalid, "the query was refused", 1},
		"422":              {"", 422, `{"errors":["no"]}`, analysis.Invalid, "refused: no", 1},
		"401":              {"", 401, `{"errors":["Unauthorized"]}`, analysis.Denied, "check --online, which tells which of api_key and app_key", 1},
		"403":              {"", 403, `{"errors":["Forbidden"]}`, analysis.Denied, "timeseries_query", 1},
		"500":              {"", 500, `{"errors":["Internal error"]}`, analysis.Unavailable, "it answers 500: Internal error", 3},
		"504":              {"", 504, `<html>`, analysis.Unavailable, "it answers 504", 3},
		"200, v1 error":    {apiV1, 200, `{"status":"error","error":"Error parsing query: rule 'scope_expr' didn't match","series":[]}`, analysis.Invalid, "refused: Error parsing query", 1},
		"200, v1 status":   {apiV1, 200, `{"status":"error","series":[]}`, analysis.Invalid, "status error", 1},
		"200, v1 errors":   {apiV1, 200, `{"errors":["no"]}`, analysis.Invalid, "refused: no", 1},
		"200, v1 timeout":  {apiV1, 200, `{"status":"error","error":"Query timed out"}`, analysis.Unavailable, "could not answer: Query timed out", 3},
		"200, v1 nothing":  {apiV1, 200, `{}`, analysis.Unavailable, "not Datadog's", 1},
		"200, at the top":  {apiV2, 200, `{"errors":"no such data source","data":{"type":"timeseries_response","attributes":{"times":[],"values":[],"series":[]}}}`, analysis.Invalid, "no such data source", 1},
		"200, list on top": {apiV2, 200, `{"errors":["no such data source"]}`, analysis.Invalid, "no such data source", 1},
		"200, inside data": {apiV2, 200, `{"data":{"errors":"bad formula","type":"timeseries_response","attributes":{"series":[]}}}`, analysis.Invalid, "bad formula", 1},
		"200, deeper":      {apiV2, 200, `{"data":{"type":"timeseries_response","attributes":{"errors":[{"title":"bad formula"}],"series":[]}}}`, analysis.Invalid, "bad formula", 1},
		"200, for a while": {apiV2, 200, `{"errors":"backend unavailable, please retry"}`, analysis.Unavailable, "backend unavailable", 3},
		"200, other type":  {apiV2, 200, `{"data":{"type":"scalar_response","attributes":{"columns":[]}}}`, analysis.Unavailable, "not Datadog's", 1},
		"200, no row":      {apiV2, 200, `{"data":{"type":"timeseries_response","attributes":{"times":[1],"values":[],"series":[{"query_index":0}]}}}`, analysis.Unavailable, "series without values", 1},
		"200, short row":   {apiV2, 200, `{"data":{"type":"timeseries_response","attributes":{"times":[1,2],"values":[[1]],"series":[{"query_index":0}]}}}`, analysis.Unavailable, "values without times", 1},
		"200, odd index":   {apiV2, 200, `{"data":{"type":"timeseries_response","attributes":{"times":[1],"values":[[1]],"series":[{"query_index":1}]}}}`, analysis.Unavailable, "not asked for", 1},
		"200, below zero":  {apiV2, 200, `{"data":{"type":"timeseries_response","attributes":{"times":[1],"values":[[1]],"series":[{"query_index":-1}]}}}`, analysis.Unavailable, "not asked for", 1},
		"200, v1 index":    {apiV1, 200, `{"status":"ok","series":[{"query_index":1,"pointlist":[[1,2]]}]}`, analysis.Unavailable, "not asked for", 1},
		"200, v1 point":    {apiV1, 200, `{"status":"ok","series":[{"pointlist":[[1]]}]}`, analysis.Unavailable, "values without times", 1},
		"200, v1 no time":  {apiV1, 200, `{"status":"ok","series":[{"pointlist":[[null,1]]}]}`, analysis.Unavailable, "values without times", 1},
		"200, a text":      {"", 200, `{"data":{"attributes":{"values":[["1"]]}},"series":"x"}`, analysis.Unavailable, "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eachAPI(t, func(t *testing.T, api string) {
				if tt.api != "" && tt.api != api {
					return // the other version's
				}
				var tries atomic.Int32
				s := over(t, settings(api), func(*http.Request) (*http.Response, error) {
					tries.Add(1)
					return says(tt.status, tt.body), nil
				})
				got, err := s.Fetch(t.Context(), minutes(3, "avg:cpu{*}"))
				if analysis.KindOf(err) != tt.kind || got != nil || !strings.Contains(err.Error(), tt.words) {
					t.Errorf("%v, error %v, want %s with %q", got, err, tt.kind, tt.words)
				}
				if int(tries.Load()) != tt.tries {
					t.Errorf("asked %d times, want %d", tries.Load(), tt.tries)
				}
			})
		})
	}
}

// TestNoErrors: what looks like a place for errors and holds none.
func TestNoErrors(t *testing.T) {
	for _, errors := range []string{`null`, `""`, `[]`, `{}`, `[null]`, `[""]`} {
		s := over(t, settings(apiV2), always(200, `{"errors":`+errors+`,"data":{"type":"timeseries_response","attributes":{"times":[1714564800000],"values":[[7]],"series":[{"group_tags":[],"query_index":0}]}}}`))
		got, err := s.Fetch(t.Context(), minutes(1, "avg:cpu{*}"))
		wants(t, got, err, "[7]")
	}
}

// TestKeysStayHidden in words that repeat them, also as they stand in JSON.
func TestKeysStayHidden(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		for _, status := range []int{200, 400, 403, 500} {
			s := over(t, settings(api), always(status, `{"status":"error","error":"the-api-key of the-app-key","errors":["the-api-key of the-app-key"]}`))
			_, err := s.Fetch(t.Context(), minutes(3, "avg:cpu{*}"))
			if err == nil || strings.Contains(err.Error(), "the-api-key") || strings.Contains(err.Error(), "the-app-key") || !strings.Contains(err.Error(), "<secret> of <secret>") {
				t.Errorf("%d: %v", status, err)
			}
		}
	})
}

// TestAnswersOfAnotherTime than the one asked for are no answers.
func TestAnswersOfAnotherTime(t *testing.T) {
	eachAPI(t, func(t *testing.T, api string) {
		s := over(t, settings(api), always(200, body(api, time.Minute, answered{values: map[int]string{-300: "1", -299: "2"}})))
		_, err := s.Fetch(t.Context(), minutes(3, "avg:cpu{*}"))
		if analysis.KindOf(err) != analysis.Unavailable || !strings.Contains(err.Error(), "another time") {
			t.Errorf("error %v", err)
		}
	})
}
