package datadog_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/sources/sourcetest"
)

// standIn answers as Datadog's API does, by its reference and by the answers that its
// clients' tests have recorded: keys in headers, a body without fields that are not
// known, buckets that begin at whole multiples of the interval within [from, to), at
// most 1,500 of them, limits in the headers of every answer.
type standIn struct{ apiKey, appKey string }

func (d standIn) answer(w http.ResponseWriter, r *http.Request, a sourcetest.Answer) {
	d.limits(w, 1599)
	known := r.Header.Get("DD-API-KEY") == d.apiKey
	both := known && r.Header.Get("DD-APPLICATION-KEY") == d.appKey
	switch path := r.URL.Path; {
	case r.Method != http.MethodGet && path != "/api/v2/query/timeseries", r.Method != http.MethodPost && path == "/api/v2/query/timeseries":
		refused(w, 400, `{"errors":[{"status":"400","title":"Bad Request","detail":"HTTP method is invalid"}]}`)
	case path == "/api/v1/validate" && known:
		reply(w, 200, map[string]any{"valid": true})
	case path == "/api/v2/validate_keys" && both:
		reply(w, 200, map[string]any{"status": "ok"})
	case !both:
		refused(w, 403, `{"status":"error","code":403,"errors":["Forbidden"],"statuspage":"http://status.datadoghq.com"}`)
	case path == "/api/v1/query":
		answerV1(w, r, a)
	case path == "/api/v2/query/timeseries":
		answerV2(w, r, a)
	default:
		refused(w, 404, `{"errors":["Not found"]}`)
	}
}

func (d standIn) limits(w http.ResponseWriter, left int) {
	h := w.Header()
	h.Set("X-RateLimit-Limit", "1600")
	h.Set("X-RateLimit-Period", "3600")
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	h.Set("X-RateLimit-Reset", "1800")
	h.Set("X-RateLimit-Name", "query_timeseries")
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func refused(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

func answerV1(w http.ResponseWriter, r *http.Request, a sourcetest.Answer) {
	v := r.URL.Query()
	from, err1 := strconv.ParseInt(v.Get("from"), 10, 64)
	to, err2 := strconv.ParseInt(v.Get("to"), 10, 64)
	m := rolledUp.FindStringSubmatch(v.Get("query"))
	if err1 != nil || err2 != nil || from > 1e11 || from >= to || m == nil || len(v) != 3 {
		reply(w, 400, map[string]any{"status": "error", "errors": []string{"bad request " + r.URL.RawQuery}})
		return
	}
	interval, _ := strconv.ParseInt(m[1], 10, 64)
	b := buckets{from * 1000, to * 1000, interval * 1000}.enlarged()
	series := []map[string]any{}
	for q := range strings.Count(v.Get("query"), ".rollup(") {
		for i := range a.Series {
			points, list := b.of(&a.Series[i], a.Nulls), [][]any{}
			for _, t := range slices.Sorted(maps.Keys(points)) {
				list = append(list, []any{json.RawMessage(fmt.Sprintf("%d.0", t)), points[t]})
			}
			one := map[string]any{
				"metric": "shop.errors", "tag_set": tags(a.Series[i].Labels), "interval": b.every / 1000,
				"query_index": q, "pointlist": list, "length": len(list), "unit": nil, "aggr": nil,
			}
			if a.Unknown {
				one["later"] = []int{1}
			}
			series = append(series, one)
		}
	}
	out := map[string]any{
		"status": "ok", "resp_version": 1, "res_type": "time_series", "message": "", "query": v.Get("query"),
		"from_date": from * 1000, "to_date": to * 1000, "series": series, "times": []int{}, "values": []int{}, "group_by": []string{},
	}
	if a.Unknown {
		out["later"] = 7
	}
	reply(w, 200, out)
}

// rolledUp is a query that ends with a roll-up.
var rolledUp = regexp.MustCompile(`\.rollup\((?:[a-z]+, *)?(\d+)\)$`)

// refuse answers errors as Datadog does.
func (d standIn) refuse(w http.ResponseWriter, r *http.Request, e sourcetest.Refusal) {
	d.limits(w, 1598)
	body := func(words string) string {
		b, _ := json.Marshal(map[string]any{"errors": []string{words}})
		return string(b)
	}
	switch e.Trouble {
	case sourcetest.WrongQuery:
		refused(w, 400, body("Error parsing query: "+e.Words))
	case sourcetest.WrongCredentials:
		refused(w, 401, body("Unauthorized"))
	case sourcetest.Forbidden:
		refused(w, 403, body("Failed permission authorization checks"))
	case sourcetest.SlowDown:
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.Itoa(int(e.Wait/time.Second)))
		refused(w, 429, body(e.Words))
	case sourcetest.Broken:
		refused(w, 500, body("Internal error"))
	case sourcetest.InsideOK:
		if strings.HasPrefix(r.URL.Path, "/api/v1") {
			reply(w, 200, map[string]any{"status": "error", "error": e.Words, "series": []int{}, "res_type": "time_series"})
		} else {
			reply(w, 200, map[string]any{"errors": e.Words})
		}
	}
}
